"""The people of the town: elders, seats (the agents' telephones), relatives and services.

A person may have several calls, one after the other; `line` is the present one. Nothing here knows the platform's
inside: what a person knows is what arrived on the telephone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from drill.behaviour import Behaviour, RingsOn
from drill.chronicle import PATIENCE, Note, NotSeen
from drill.line import Line

if TYPE_CHECKING:
    from drill.town import Town

REGISTRATION_WAIT = 15.0


async def people_talk(seconds: float) -> None:
    """The conversation goes on. Not a wait for something to happen: the sound of these seconds is what is heard."""
    await asyncio.sleep(seconds)


class Person:
    """`name` is how the chronicle calls them."""

    def __init__(self, town: Town, name: str) -> None:
        self.name = name
        self.lines: list[Line] = []
        self._town = town

    @property
    def line(self) -> Line:
        """The present call, or the last one. Raises NotSeen when there was none."""
        if not self.lines:
            raise NotSeen(f"{self.name} has had no call")
        return self.lines[-1]

    @property
    def notes(self) -> list[Note]:
        """What is on record about this person."""
        return [note for note in self._town.chronicle.notes if note.who == self.name]

    async def sees(self, what: str, *, within: float = PATIENCE, after: float = 0.0, detail: str | None = None) -> Note:
        """Wait for a note about this person: rang, answered, pressed, ended. Raises NotSeen."""
        return await self._town.chronicle.wait(self.name, what, within=within, after=after, detail=detail)

    async def say(self, voice: str) -> None:
        await self.line.say(voice)

    async def press(self, keys: str) -> None:
        await self.line.press(keys)

    async def listens(self, seconds: float) -> None:
        """Stay on the line, and do nothing."""
        await asyncio.sleep(seconds)

    async def hang_up(self) -> None:
        """Put down and wait until the call is over."""
        await self.line.hang_up()
        await self.line.ended(within=5)

    def meets(self, line: Line) -> Behaviour:
        """What this person does with a call that arrives."""
        raise NotImplementedError

    def takes(self, line: Line) -> Behaviour:
        """A call has arrived for this person; told by the town."""
        line.person = self.name
        self.lines.append(line)
        return self.meets(line)


class Elder(Person):
    """`number` is the line of the terminal; `shown_as` the form in which the carrier sends it."""

    def __init__(self, town: Town, number: str, *, voice: str, name: str) -> None:
        super().__init__(town, name)
        self.number = number
        self.voice = voice
        self.when_called: Behaviour = RingsOn()

    async def press_key(
        self,
        *,
        shown_as: str | None = None,
        display: str = "",
        headers: dict[str, str] | None = None,
        number: str = "96890",
        silent: bool = False,
        within: float = PATIENCE,
    ) -> Line:
        """Press the SOS key, wait for the pick-up, and speak (or not). Raises NotSeen.

        `display` and `headers` are sent as they are: it is the platform which must bear what people write there.
        """
        line = await self.dial(shown_as=shown_as, display=display, headers=headers, number=number)
        await line.picked_up(within=within)
        if not silent:
            await line.say(self.voice)
        return line

    async def dial(
        self,
        *,
        shown_as: str | None = None,
        display: str = "",
        headers: dict[str, str] | None = None,
        number: str = "96890",
    ) -> Line:
        """The call alone: returns at once, nobody speaks. `number` "*99" is the terminal's test."""
        caller = self.number if shown_as is None else shown_as
        variables = {f"PJSIP_HEADER(add,{name})": value for name, value in (headers or {}).items()}
        if display:
            variables["CALLERID(name)"] = display
        line = await self._town.dial(self, number, endpoint="carrier", caller=f"<{caller}>", variables=variables)
        self.lines.append(line)
        return line

    def meets(self, line: Line) -> Behaviour:
        return self.when_called


class Seat(Person):
    """An agent's SIP telephone; `auto_answer` in seconds after the first ring, None: by hand."""

    def __init__(self, town: Town, extension: str, *, voice: str) -> None:
        super().__init__(town, f"seat {extension}")
        self.extension = extension
        self.voice = voice
        self.auto_answer: float | None = None

    async def rings(self, *, within: float = PATIENCE, after: float = 0.0) -> Note:
        """Until the telephone rings. Raises NotSeen."""
        return await self.sees("rang", within=within, after=after)

    async def answer(self, *, within: float = PATIENCE) -> Line:
        """Pick up the call that rings, waiting for it when need be, and speak."""
        ringing = next((line for line in self.lines if line.answered is None and line.over is None), None)
        if ringing is None:
            rung_before = max((note.clock for note in self.notes if note.what == "rang"), default=0.0)
            seen = await self.rings(within=within, after=rung_before)
            ringing = next(line for line in self.lines if line.id == seen.line)
        await ringing.answer()
        if self.voice:
            await ringing.say(self.voice)
        return ringing

    async def dial(self, code: str, *, within: float = PATIENCE) -> Line:
        """Call the platform from this telephone, for example `*41`; waits for the answer and stays on the line."""
        line = await self._town.dial(self, code, endpoint=f"seat-{self.extension}", caller=f"<{self.extension}>")
        self.lines.append(line)
        await line.picked_up(within=within)
        return line

    async def unplug(self) -> None:
        """The telephone is gone: it signs off, and calls in progress end."""
        for line in self.lines:
            await line.hang_up()
        await self._town.asterisk(f"pjsip send unregister {self.extension}")
        await self._until_registered(False)
        self._note("unplugged")

    async def plug_in(self) -> None:
        """The telephone signs on again."""
        await self._town.asterisk(f"pjsip send register {self.extension}")
        await self._until_registered(True)
        self._note("plugged in")

    async def registered(self) -> bool:
        """Whether the platform has accepted the telephone, as the telephone knows."""
        return " Registered" in await self._town.asterisk(f"pjsip show registration {self.extension}")

    async def _until_registered(self, wanted: bool) -> None:
        try:
            async with asyncio.timeout(REGISTRATION_WAIT):
                while await self.registered() is not wanted:  # noqa: ASYNC110 (another process has no event for us)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise NotSeen(f"{self.name}: {'not ' if wanted else 'still '}registered") from None

    def meets(self, line: Line) -> Behaviour:
        return _SeatRings(self)

    def _note(self, what: str) -> None:
        self._town.chronicle.write(Note(self.name, what))


class _SeatRings:
    """Rings; the telephone picks up by itself when it is told to."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def meet(self, line: Line) -> None:
        await line.ring()
        if self._seat.auto_answer is not None:
            await asyncio.sleep(self._seat.auto_answer)
            await line.answer()
            if self._seat.voice:
                await line.say(self._seat.voice)


class Callee(Person):
    """Anybody whom the platform may ring: a relative, a neighbour, 120. The same plan for each call."""

    def __init__(self, town: Town, number: str, *, behaviour: Behaviour, name: str) -> None:
        super().__init__(town, name)
        self.number = number
        self.behaviour = behaviour

    def meets(self, line: Line) -> Behaviour:
        return self.behaviour
