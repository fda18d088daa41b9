"""How long recordings are kept, what is removed when, and what does not fit together between rows and files."""

from __future__ import annotations

import os
import struct
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ari_app.keeping import tidy
from home.sound_files import hash_of
from ivr.vocabulary import CaseKind, CaseState
from models.audit import AuditEntry
from models.cases import CaseRow, RecordingRow
from models.complaints import Complaint
from models.database import Database
from models.elders import Elder
from models.recordings import Finding, Keep, KeptAs, Trouble, check, kept, prune, settle

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEEP = Keep(ordinary_days=100, emergency_days=1000, complaint_years=5)


def sound(path: Path, seconds: float = 1.0) -> str:
    """Made; its hash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\1\2" * int(8000 * seconds))
    return hash_of(path)


@dataclass
class Archive:
    db: Database
    folder: Path

    async def case(
        self,
        case: str,
        *,
        days: int,
        kind: CaseKind = CaseKind.ORDINARY,
        state: CaseState = CaseState.CLOSED,
        elder: int | None = None,
        again_of: str = "",
        emergency: bool = False,
    ) -> Path:
        """A call of so many days ago with one whole recording; its file."""
        at = NOW - timedelta(days=days)
        name = f"{at:%Y/%m/%d}/{case}.wav"
        digest = sound(self.folder / name)
        async with self.db.write() as session:
            session.add(
                CaseRow(
                    id=case,
                    last_seq=1,
                    kind=kind,
                    state=state,
                    caller="02110000001",
                    dialled="",
                    channel="",
                    elder_id=elder,
                    opened_at=at,
                    emergency_at=at if emergency else None,
                    closed_at=at if state is CaseState.CLOSED else None,
                    abandoned=False,
                    again_of=again_of,
                    note="",
                )
            )
            await session.flush()
            session.add(
                RecordingRow(
                    id=f"{case}-1",
                    case_id=case,
                    last_seq=1,
                    path=name,
                    place="",
                    people=[],
                    started_at=at,
                    seconds=1.0,
                    problem="",
                    sha256=digest,
                )
            )
        return self.folder / name

    async def complaint(self, *, case: str | None = None, elder: int | None = None) -> None:
        async with self.db.write() as session:
            session.add(
                Complaint(case_id=case, elder_id=elder, drafted_at=NOW, drafted_by="user:1", about="", words="w")
            )

    async def elder(self) -> int:
        async with self.db.write() as session:
            elder = Elder(name="演示·甲", home_phone="02110000001")
            session.add(elder)
            await session.flush()
            return elder.id

    async def pruned(self, *, dry_run: bool = False) -> list[str]:
        return [one.case for one in await prune(self.db, self.folder, KEEP, at=NOW, dry_run=dry_run)]

    async def row(self, recording: str) -> RecordingRow:
        async with self.db.read() as session:
            return await session.get_one(RecordingRow, recording)

    async def findings(self) -> list[Finding]:
        return [finding async for finding in check(self.db, self.folder, KEEP, at=NOW)]


@pytest.fixture
def archive(db: Database, tmp_path: Path) -> Archive:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return Archive(db, folder)


async def test_what_is_over_age_goes_and_its_row_says_so(archive: Archive) -> None:
    old = await archive.case("old", days=101)
    young = await archive.case("young", days=99)
    assert await archive.pruned(dry_run=True) == ["old"]
    assert old.exists()
    assert await archive.pruned() == ["old"]
    assert not old.exists()
    assert not old.parent.exists()
    assert young.exists()
    assert (await archive.row("old-1")).removed_at == NOW
    assert await archive.pruned() == []
    async with archive.db.read() as session:
        (entry,) = await session.scalars(select(AuditEntry).where(AuditEntry.action == "recording.remove"))
    assert (entry.actor, entry.record, entry.data) == ("system", "recording:old-1", {"kept_as": "ordinary"})


async def test_alarms_emergencies_and_complaints_are_kept_longer(archive: Archive) -> None:
    await archive.case("alarm", days=999, kind=CaseKind.SOS)
    await archive.case("device", days=999, kind=CaseKind.SENSOR)
    await archive.case("became one", days=999, emergency=True)
    await archive.case("complaint", days=1001, kind=CaseKind.COMPLAINT)
    await archive.case("alarm of old", days=1001, kind=CaseKind.SOS)
    found = {one.case: one.kept_as async for one in kept(archive.db, KEEP)}
    assert found == {
        "alarm": KeptAs.EMERGENCY,
        "device": KeptAs.EMERGENCY,
        "became one": KeptAs.EMERGENCY,
        "complaint": KeptAs.COMPLAINT,
        "alarm of old": KeptAs.EMERGENCY,
    }
    assert await archive.pruned() == ["alarm of old"]


@pytest.mark.clause("H8")
def test_complaints_are_archived_by_year() -> None:
    assert KEEP.until(datetime(2026, 2, 3, tzinfo=UTC), KeptAs.COMPLAINT) == datetime(2032, 1, 1, tzinfo=UTC)


async def test_nothing_of_an_open_case_is_removed(archive: Archive) -> None:
    await archive.case("open", days=5000, state=CaseState.WRAPPING_UP)
    await archive.case("earlier", days=5000)
    await archive.case("follows", days=1, state=CaseState.TALKING, again_of="earlier")
    assert await archive.pruned() == []


@pytest.mark.clause("H8")
async def test_nothing_that_an_open_complaint_may_be_about_is_removed(archive: Archive) -> None:
    elder, other = await archive.elder(), await archive.elder()
    await archive.case("its own", days=5000)
    await archive.complaint(case="its own")
    await archive.case("of this elder", days=5000, elder=elder)
    await archive.complaint(elder=elder)
    await archive.case("of another", days=5000, elder=other)
    await archive.case("of nobody", days=5000)
    assert await archive.pruned() == ["of another", "of nobody"]


async def test_a_file_that_was_lost_before_is_not_said_to_be_removed(archive: Archive) -> None:
    (await archive.case("a", days=200)).unlink()
    stands = await archive.case("b", days=200)
    assert await archive.pruned() == ["b"]
    assert not stands.exists()
    assert (await archive.row("a-1")).removed_at is None
    assert await archive.findings() == []  # nobody misses what is over age


async def test_a_file_that_cannot_be_deleted_keeps_its_row(archive: Archive) -> None:
    path = await archive.case("a", days=200)
    path.unlink()
    path.mkdir()  # as good as any reason for the system to refuse
    assert await archive.pruned() == []
    assert (await archive.row("a-1")).removed_at is None


async def test_every_file_is_held_against_its_row(archive: Archive) -> None:
    await archive.case("whole", days=1)
    (await archive.case("lost", days=1)).unlink()
    with (await archive.case("changed", days=1)).open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\0")
    unfinished = await archive.case("unfinished", days=1)
    async with archive.db.write() as session:
        (await session.get_one(RecordingRow, "unfinished-1")).seconds = None
    sound(archive.folder / "2026/05/05/nobody.wav")
    day = f"{NOW - timedelta(days=1):%Y/%m/%d}"
    assert await archive.findings() == [
        Finding(Trouble.CHANGED, f"{day}/changed.wav", "changed-1"),
        Finding(Trouble.MISSING, f"{day}/lost.wav", "lost-1"),
        Finding(Trouble.UNFINISHED, f"{day}/unfinished.wav", "unfinished-1"),
        Finding(Trouble.STRAY, "2026/05/05/nobody.wav"),
    ]
    assert unfinished.exists()


async def test_what_a_crash_left_is_repaired_and_completed(archive: Archive) -> None:
    """Rows without an end, and files that no row tells of; what is being written is not touched."""
    mine = await archive.case("mine", days=1)
    stray, runs = archive.folder / "2026/05/31/stray.wav", archive.folder / "2026/06/01/runs.wav"
    for path in (stray, runs):
        sound(path)
    for path in (mine, stray, runs):
        with path.open("r+b") as file:
            file.seek(40)
            file.write(bytes(4))
        os.utime(path, (NOW.timestamp() - 3600,) * 2)
    os.utime(runs, (NOW.timestamp() - 1,) * 2)
    async with archive.db.write() as session:
        row = await session.get_one(RecordingRow, "mine-1")
        row.seconds, row.sha256 = None, ""
    assert await settle(archive.db, archive.folder, at=NOW) == 1
    row = await archive.row("mine-1")
    assert (row.seconds, row.problem, row.sha256) == (1.0, "", hash_of(mine))
    length = struct.pack("<I", 16000)
    assert [path.read_bytes()[40:44] for path in (mine, stray, runs)] == [length, length, bytes(4)]
    assert await settle(archive.db, archive.folder, at=NOW) == 0


async def test_a_case_that_has_just_ended_is_left_to_the_controller(archive: Archive) -> None:
    await archive.case("fresh", days=0)
    async with archive.db.write() as session:
        (await session.get_one(RecordingRow, "fresh-1")).seconds = None
    assert await settle(archive.db, archive.folder, at=NOW) == 0


async def test_housekeeping_completes_and_removes_in_one_go(archive: Archive) -> None:
    gone = await archive.case("old", days=5000)
    fresh = await archive.case("unfinished", days=-1000)
    async with archive.db.write() as session:
        (await session.get_one(RecordingRow, "unfinished-1")).seconds = None
        (await session.get_one(CaseRow, "unfinished")).closed_at = NOW
    assert await tidy(archive.db, archive.folder, KEEP)
    assert not gone.exists()
    assert ((await archive.row("unfinished-1")).seconds, fresh.exists()) == (1.0, True)


async def test_housekeeping_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path / 'no such folder/records.db'}")
    assert not await tidy(away, tmp_path, KEEP)
    await away.close()
