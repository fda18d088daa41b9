"""Recording truth: whatever happens to the disk, the case says within seconds that it is not recorded, maintenance is
told, what can be recorded again is, and the people on the line notice nothing.

Every fault is a real one. One house for all; each day begins with one agent ready.
"""

from __future__ import annotations

import asyncio
import errno
import io
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ari_app import tape_watch
from drill.ear import Ear
from home.asterisk import prompts_dir, recordings_dir
from home.programs import Program
from home.sound_files import examine, hash_of, sound_files
from ivr.vocabulary import Place
from models.cases import RecordingRow
from models.recordings import settle

from .aftermath import all_come_to_an_end, nothing_is_left
from .house import ELDER_LINE, House, grandmother, open_house

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

SMALL = 12 << 20  # bytes of a disk that is full soon
QUICK = {
    "YJT_POLICY__SEAT_RING": "3",
    "YJT_POLICY__SILENCE": "60",
    "YJT_POLICY__WRAP_UP": "0",
    "YJT_RECORDINGS_ROOM": "20",  # MB
}
NOTICED = 30.0  # seconds, for a busy machine; a few are what it takes


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, program: Program) -> AsyncIterator[House]:
    home = tmp_path_factory.mktemp("house")
    async with open_house(home, program, elders=[grandmother()], environment=QUICK) as house:
        yield house


@pytest.fixture(scope="module")
def program(asterisk_program: Program) -> Iterator[Program]:
    """The folder is looked at more often than every ten seconds, so that nobody has to wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tape_watch, "FOLDER_EVERY", 0.5)
        yield asterisk_program


class Day:
    def __init__(self, house: House) -> None:
        self.house = house
        self.folder = recordings_dir(house.settings)
        self.elder = house.town.elder(ELDER_LINE)
        self.agent = house.town.seat("801", voice="agent_a")
        self.case = ""

    async def talking(self) -> None:
        await self.elder.press_key()
        await self.agent.answer()
        self.case = (await self.house.case(within=NOTICED, state="talking"))["id"]
        await self.house.happens("speech_heard", within=NOTICED)

    async def recorded(self, number: int) -> Path:
        """The file of this recording of the case (from 0), once there is sound in it."""
        async with asyncio.timeout(NOTICED):
            while len(tapes := self.house.controller.runs[self.case].case.tapes) <= number:
                await self.house.next_message()
            path = self.folder / tapes[number].file
            while not path.exists() or path.stat().st_size <= 44:  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.05)
        return path

    async def failed(self, detail: str) -> None:
        await self.house.told("alarm", NOTICED, alarm="recording_failed", case=self.case, detail=detail)

    async def degraded(self, *, by: str) -> None:
        """What consoles are told does not work: this part, or (empty) nothing."""
        async with asyncio.timeout(NOTICED):
            while True:
                async with self.house.http.get("/ready") as answer:
                    body = await answer.json()
                assert answer.status == 200, body  # calls are handled all the same
                parts = [what.partition(":")[0] for what in body["degraded"]]
                if parts == ([by] if by else []):
                    return
                await asyncio.sleep(0.1)

    def still_talk(self) -> None:
        case = self.house.controller.runs[self.case].case
        there = {leg.id for leg in case.live() if leg.up and leg.place is Place.ELDER}
        assert there >= {"elder", "a-1"}
        assert self.elder.line.over is None
        assert self.agent.line.over is None

    async def closed(self) -> list[RecordingRow]:
        """Everybody hangs up; what stands in the table, once every file was looked at."""
        await self.elder.hang_up()
        await self.house.case(within=NOTICED, id=self.case, state="wrapping_up")
        status, answer = await self.house.agent("801").asks("close", case=self.case, outcome="other", note="")
        assert status == 200, answer
        async with asyncio.timeout(NOTICED):
            while any(row["seconds"] is None for row in self.house.latest(self.case)["recordings"]):
                await self.house.next_message()
        latest = self.house.latest(self.case)
        await self.house.on_record(self.case, latest["timeline"][-1]["seq"])
        async with self.house.database.read() as session:
            rows = [await session.get(RecordingRow, row["id"]) for row in latest["recordings"]]
        return [row for row in rows if row is not None]

    def alarms(self) -> list[dict[str, Any]]:
        alarms: list[dict[str, Any]] = self.house.latest(self.case)["alarms"]
        return [alarm for alarm in alarms if alarm["kind"] == "recording_failed"]


@pytest_asyncio.fixture(loop_scope="module")
async def day(house: House) -> AsyncIterator[Day]:
    house.messages.clear()
    await house.agent("801").is_ready()
    try:
        yield Day(house)
    finally:
        await all_come_to_an_end(house)
    await nothing_is_left(house)


async def test_the_folder_is_removed_while_they_talk(day: Day) -> None:
    await day.talking()
    await day.recorded(0)
    shutil.rmtree(day.folder)
    await day.failed("folder_gone")
    await day.recorded(1)  # in the bridge, in a folder that was made again
    day.still_talk()
    lost, again = await day.closed()
    assert (lost.problem, lost.sha256) == ("folder_gone", "")
    assert (again.problem, again.place, again.people) == ("", "elder", ["elder", "a-1"])
    assert again.seconds is not None
    assert again.seconds > 1
    assert again.sha256 == hash_of(day.folder / again.path)
    assert len(day.alarms()) == 1
    heard = await asyncio.to_thread(Ear.of_the_town(prompts=prompts_dir(day.house.settings)).listen, day.elder.line.ear)
    assert heard.longest_silence().seconds < 3, str(heard)
    assert heard.voice("agent_a") > 3, str(heard)


async def test_a_file_stands_in_the_place_of_the_folder(day: Day) -> None:
    """Neither MixMonitor nor the recording of a bridge can begin, and both are said; then somebody mends it."""
    shutil.rmtree(day.folder)
    day.folder.write_text("not a folder")
    try:
        await day.degraded(by="recordings_folder_gone")  # before anybody calls
        await day.talking()
        await day.failed("folder_gone")
        day.house.town.service("120")
        status, answer = await day.house.agent("801").asks("call", case=day.case, target="120")
        assert status == 200, answer
        await day.failed("not_started")
        day.still_talk()
    finally:
        day.folder.unlink()
    await day.degraded(by="")
    await day.recorded(2)
    day.still_talk()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """The recordings on a disk of their own. Yields a file that fills what is left of it."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder / "filler"
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how},size={SMALL}", folder], check=True)


def fill(path: Path) -> None:
    """Until there is no room for another byte."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError) as full:
        _write_for_ever(file)
    assert full.value.errno == errno.ENOSPC


def _write_for_ever(file: io.FileIO) -> None:
    while True:
        file.write(bytes(4096))


async def test_the_disk_is_full(day: Day) -> None:
    with small_disk(day.folder) as filler:
        await day.degraded(by="recordings_low")
        remount(day.folder, "ro")  # nobody may write, not even root
        await day.degraded(by="recordings_not_writable")
        remount(day.folder, "rw")
        await day.degraded(by="recordings_low")
        await day.talking()
        await day.recorded(0)
        fill(filler)
        await day.degraded(by="recordings_disk_full")
        await day.failed("disk_full")
        day.still_talk()
        filler.unlink()
        await day.recorded(1)
        day.still_talk()
        lost, again = await day.closed()
        assert (lost.problem, again.problem) == ("disk_full", "")
        assert lost.sha256 == hash_of(day.folder / lost.path)  # what is there of it
        assert len(day.alarms()) == 1


async def test_asterisk_dies_and_no_case_knows_of_the_call(tmp_path: Path, asterisk_program: Program) -> None:
    """No controller has taken it; its header tells no length. The next controller's housekeeping repairs it."""
    async with open_house(tmp_path, asterisk_program, seats=(), controller=False) as house:
        folder = recordings_dir(house.settings)
        await house.town.elder(ELDER_LINE).press_key()
        path = await _with_sound(folder)
        await house.asterisk.kill()
        assert path.read_bytes()[40:44] == bytes(4)
        await settle(house.database, folder, at=datetime.now(UTC) + timedelta(minutes=2))
    found = examine(path, repair=False)
    assert (found.problem, found.sha256) == ("", hash_of(path))
    assert found.seconds == pytest.approx((path.stat().st_size - 44) / 16000)


async def _with_sound(folder: Path) -> Path:
    """The only recording that there is, once a first part of it is on the disk."""
    async with asyncio.timeout(NOTICED):
        while not any((folder / name).stat().st_size > 44 for name in sound_files(folder)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    (name,) = sound_files(folder)
    return folder / name
