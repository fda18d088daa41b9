"""The watch over what is being recorded: every way in which a file may stop telling the truth, and every way back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio

from ari_app import tape_watch
from ari_app.ari import Client
from ari_app.ari.errors import NotFound
from ari_app.lines import Lines
from ari_app.runner import CaseRun
from ari_app.tape_watch import TapeWatch
from home import sound_files
from home.sound_files import Folder
from ivr.case import Case, Leg, Tape
from ivr.events import Event, RecordingLost, RecordingPossible
from ivr.vocabulary import CaseState, LegKind, LegState, Place

START = datetime(2026, 1, 5, tzinfo=UTC)
NAME = "2026/01/05/r.wav"
STEP = 32_768


@dataclass
class Phones:
    """Asterisk's counters: `packets` of the line each way; None: the line is gone."""

    packets: int | None = 0

    async def rtpstatistics(self, *, channelId: str) -> Any:
        if self.packets is None:
            raise NotFound(404, "Not Found", method="GET", uri="channels/c")
        return SimpleNamespace(rxcount=self.packets, txcount=self.packets)


@dataclass
class Watching:
    """A house with one call, and a clock that a test turns."""

    folder: Path
    clock: float = 100.0
    link_problem: str = ""
    phones: Phones = field(default_factory=Phones)
    told: list[Event] = field(default_factory=list)
    runs: dict[str, CaseRun] = field(default_factory=dict)
    room: int = 0

    def __post_init__(self) -> None:
        elder = Leg(id="elder", kind=LegKind.ELDER, number="1", channel="c", state=LegState.ANSWERED)
        self.case = Case(id="case", state=CaseState.TALKING, legs=(elder,), tapes=(Tape(NAME, START, leg="elder"),))
        client = cast(Client, SimpleNamespace(channels=self.phones))
        self.watch = TapeWatch(self.folder, self, client, Lines(), room=self.room)

    def now(self) -> datetime:
        return START

    def post(self, case: str, event: Event) -> None:
        """As the case would take it."""
        assert case == "case"
        self.told.append(event)
        if isinstance(event, RecordingLost):
            (tape,) = (one for one in self.case.tapes if one.file == event.recording)
            self.change(tapes=tuple(replace(one, problem=event.problem) if one is tape else one for one in [tape]))

    def change(self, **changes: Any) -> None:
        self.case = replace(self.case, **changes)
        self.runs["case"] = cast(CaseRun, SimpleNamespace(case=self.case))

    async def look(self, *, after: float = 1.0, packets: int = 50) -> list[Event]:
        """What the case is told at the next look, when so much time has passed and so much sound has come."""
        self.clock += after
        if self.phones.packets is not None:
            self.phones.packets += packets
        before = len(self.told)
        await self.watch.look()
        return self.told[before:]

    def write(self, size: int = STEP, name: str = NAME) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(bytes(size))
        return path


def problems(events: list[Event]) -> list[str]:
    return [event.problem for event in events if isinstance(event, RecordingLost)]


@pytest_asyncio.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    made = Watching(tmp_path / "recordings")
    made.change()
    made.folder.mkdir()
    monkeypatch.setattr(TapeWatch, "_now", property(lambda _: made.clock))
    yield made
    made.watch._disk.close()


async def test_a_file_that_grows_is_no_news(house: Watching) -> None:
    for _ in range(20):
        house.write()
        assert await house.look(after=2.0) == []


async def test_a_file_that_never_appears(house: Watching) -> None:
    assert await house.look() == []
    assert await house.look(after=tape_watch.APPEARS_WITHIN - 0.1) == []
    assert problems(await house.look(after=0.2)) == ["missing"]


async def test_a_line_that_is_not_up_yet_has_no_file(house: Watching) -> None:
    (elder,) = house.case.legs
    house.change(legs=(replace(elder, state=LegState.RINGING),))
    assert await house.look(after=60) == []
    assert await house.look(after=60) == []


async def test_a_file_that_is_removed_is_missed_at_the_next_look(house: Watching) -> None:
    path = house.write()
    await house.look()
    path.unlink()
    assert problems(await house.look()) == ["missing"]


async def test_a_file_that_is_another_one(house: Watching) -> None:
    path = house.write()
    await house.look()
    house.write(name="new").rename(path)
    assert problems(await house.look()) == ["replaced"]


async def test_a_file_into_which_nothing_comes_although_there_is_sound(house: Watching) -> None:
    house.write()
    await house.look()
    assert await house.look(after=tape_watch.SUSPECT_AFTER - 0.1) == []
    assert await house.look(after=0.1) == []
    assert problems(await house.look()) == ["stalled"]


async def test_it_is_seen_sooner_when_the_disk_is_known_to_be_full(
    house: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.write()
    await house.look()
    monkeypatch.setattr(sound_files, "examine_folder", lambda folder: Folder("disk_full"))
    house.watch._looked_at = 0.0  # the next look is at the folder as well
    assert await house.look(after=tape_watch.SUSPECT_SOONER) == []
    assert house.watch.problems == ["recordings_disk_full"]
    assert problems(await house.look()) == ["disk_full"]


async def test_a_line_without_sound_has_nothing_to_be_recorded(house: Watching) -> None:
    house.write()
    await house.look()
    for _ in range(30):
        assert await house.look(packets=0) == []
    assert problems([event for _ in range(2) for event in await house.look()]) == ["stalled"]


async def test_a_line_that_has_just_gone_is_no_news(house: Watching) -> None:
    house.write()
    await house.look()
    house.phones.packets = None
    for _ in range(30):
        assert await house.look() == []


async def test_nothing_is_said_while_asterisk_cannot_be_asked(house: Watching) -> None:
    house.write().unlink()
    house.link_problem = "gone"
    assert await house.look(after=60) == []
    assert await house.look(after=60) == []


async def test_a_folder_that_is_gone_is_made_again_and_the_case_told_of_both(house: Watching) -> None:
    path = house.write()
    await house.look()
    path.unlink()
    path.parent.rmdir()
    (house.folder / "2026/01").rmdir()
    (house.folder / "2026").rmdir()
    house.folder.rmdir()
    assert problems(await house.look()) == ["folder_gone"]
    assert house.folder.is_dir()
    assert await house.look() == [RecordingPossible(at=START, actor="system")]
    assert await house.look(after=60) == []  # once
    assert house.watch.problems == []


async def test_a_folder_that_cannot_be_made_is_said_until_it_is_mended(house: Watching) -> None:
    house.folder.rmdir()
    house.folder.write_text("in the way")
    await house.look()
    assert house.watch.problems == ["recordings_folder_gone"]
    assert problems(await house.look(after=tape_watch.APPEARS_WITHIN)) == ["folder_gone"]
    assert await house.look() == []
    house.folder.unlink()
    assert await house.look() == [RecordingPossible(at=START, actor="system")]
    assert house.watch.problems == []


async def test_too_little_room_is_said_before_it_is_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_files, "examine_folder", lambda folder: Folder("", free=1_400_000_000))
    house = Watching(tmp_path, room=2_000_000_000)
    await house.watch.look()
    assert house.watch.problems == ["recordings_low: 1.4 GB"]
    house.watch._disk.close()


async def test_a_machine_without_the_recordings_says_so_and_misses_nothing(house: Watching) -> None:
    house.watch.here = False
    house.folder.rmdir()
    assert await house.look(after=60) == []
    assert await house.look(after=60) == []
    assert house.watch.problems == ["recordings_elsewhere"]
    assert not house.folder.exists()


async def test_nothing_is_said_of_a_folder_that_was_not_looked_at(tmp_path: Path) -> None:
    house = Watching(tmp_path, room=2_000_000_000)
    assert house.watch.problems == []
    house.watch._disk.close()


async def test_a_disk_that_hangs_is_said_and_holds_up_nothing(house: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    house.write()
    await house.look()
    answers = threading.Event()
    monkeypatch.setattr(tape_watch, "DISK_ANSWERS", 0.01)
    monkeypatch.setattr(tape_watch, "_sizes", lambda *_: answers.wait(10) and {})
    try:
        assert problems(await house.look()) == ["disk_silent"]
        assert house.watch.problems == ["recordings_disk_silent"]
        house.change(tapes=(Tape("second.wav", START, leg="elder"),))
        assert problems(await house.look()) == ["disk_silent"]  # the first question still waits: none is added
    finally:
        answers.set()
    house.change(tapes=())
    async with asyncio.timeout(5):
        while house.watch.problems:
            await house.look()


async def test_a_bridge_is_watched_while_somebody_is_in_it(house: Watching) -> None:
    (elder,) = house.case.legs
    house.change(tapes=(Tape(NAME, START, place=Place.ELDER),))
    assert await house.look(after=60) == []
    assert await house.look(after=60) == []
    house.change(legs=(replace(elder, place=Place.ELDER),))
    await house.look()
    assert problems(await house.look(after=tape_watch.APPEARS_WITHIN)) == ["missing"]
