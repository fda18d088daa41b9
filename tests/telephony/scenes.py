"""Scenes of a call: stretches in which people talk, and afterwards who heard whom in each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drill.ear import Ear
from drill.hearing import Hearing
from drill.people import Elder, Person, Seat, people_talk

from .house import House

SILENCE_OF_OURS = 3.0  # seconds: promise 2
LONG = 4.0  # seconds in which a voice is surely recognised
SETTLED = 0.5  # seconds at both ends that an ear may count to the neighbouring scene
HEARD, NOT_HEARD = 1.2, 0.3  # seconds of a voice from which on it was heard, up to which it was not


@dataclass(frozen=True, slots=True)
class Scene:
    """For each person on the line: the recording of their ear, and the seconds of it that are the scene."""

    spans: Mapping[str, tuple[Path, float, float]]


@dataclass(slots=True)
class Scenes:
    """`people` by the names that a test calls them: seats by extension, `elder`, services by number."""

    house: House
    ear: Ear
    people: Mapping[str, Person]
    _heard: dict[Path, Hearing] = field(default_factory=dict)

    def seat(self, extension: str) -> Seat:
        seat = self.people[extension]
        assert isinstance(seat, Seat)
        return seat

    @property
    def elder(self) -> Elder:
        elder = self.people["elder"]
        assert isinstance(elder, Elder)
        return elder

    async def play(self) -> Scene:
        """Everybody goes on speaking for a while."""
        begin = {name: person.line.seconds for name, person in self.people.items() if self._on_the_line(person)}
        await people_talk(LONG)
        return Scene(
            {
                name: (self.people[name].line.ear, start + SETTLED, self.people[name].line.seconds - SETTLED)
                for name, start in begin.items()
            }
        )

    @staticmethod
    def _on_the_line(person: Person) -> bool:
        return bool(person.lines) and person.line.answered is not None and person.line.over is None

    async def hearing(self, scene: Scene, name: str) -> Hearing:
        """All that this person heard in their call of the scene. Only when that call is over."""
        path, _, _ = scene.spans[name]
        if path not in self._heard:
            self._heard[path] = await asyncio.to_thread(self.ear.listen, path)
        return self._heard[path]

    async def heard(self, scene: Scene, name: str) -> set[str]:
        """The voices that this person heard in the scene, and `music` or a prompt by its name. A moment that the ear
        could not tell (a packet that came late) is nobody's."""
        _, start, end = scene.spans[name]
        hearing = await self.hearing(scene, name)
        seconds: dict[str, float] = {}
        for item in hearing.heard:
            if item.kind == "unknown":
                continue
            what = "music" if item.kind == "music" else item.name
            seconds[what] = seconds.get(what, 0.0) + max(0.0, min(item.end, end) - max(item.start, start))
        doubtful = {what: length for what, length in seconds.items() if NOT_HEARD < length < HEARD}
        assert not doubtful, f"{name} between {start:.2f} and {end:.2f}: {doubtful}\n{hearing}"
        return {what for what, length in seconds.items() if length >= HEARD}
