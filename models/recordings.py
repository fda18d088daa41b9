"""Recordings on record and in the folder: how long each is kept, what is over age, what does not fit together.

The law: nothing of an open case, or of one that an open complaint may be about, is ever removed; the row stays, and
says when the file went. A file that no row tells of is never removed: a person has to look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from home import sound_files
from home.settings import Settings
from ivr.vocabulary import CaseKind, CaseState
from models.audit import audit
from models.cases import CaseRow, RecordingRow
from models.complaints import OPEN, Complaint
from models.database import Database

log = structlog.get_logger(__name__)
BATCH: Final = 100  # rows of one transaction
SETTLED: Final = timedelta(minutes=10)  # after which the controller has looked at every recording of a closed case
STILL: Final = 60.0  # seconds without a write, after which a file is nobody's
ACTOR: Final = "system"


class KeptAs(StrEnum):
    """Which of the three periods counts for a recording."""

    ORDINARY = "ordinary"
    EMERGENCY = "emergency"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Keep:
    """How long recordings are kept. Complaints are archived by year (H8): until the end of that many further years."""

    ordinary_days: int
    emergency_days: int
    complaint_years: int

    @classmethod
    def of(cls, settings: Settings) -> Keep:
        """As this platform was told to keep them."""
        return cls(
            ordinary_days=settings.keep_ordinary_days,
            emergency_days=settings.keep_emergency_days,
            complaint_years=settings.keep_complaint_years,
        )

    def until(self, started_at: datetime, kept_as: KeptAs) -> datetime:
        match kept_as:
            case KeptAs.ORDINARY:
                return started_at + timedelta(days=self.ordinary_days)
            case KeptAs.EMERGENCY:
                return started_at + timedelta(days=self.emergency_days)
            case KeptAs.COMPLAINT:
                return datetime(started_at.year + self.complaint_years + 1, 1, 1, tzinfo=UTC)

    @property
    def shortest(self) -> timedelta:
        """No recording younger than this is over age."""
        return timedelta(days=min(self.ordinary_days, self.emergency_days, 365 * self.complaint_years))


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that has a file, or should have one; `held`: an open case or complaint keeps it whatever its age."""

    id: str
    case: str
    path: str
    started_at: datetime
    seconds: float | None
    problem: str
    sha256: str
    kept_as: KeptAs
    until: datetime
    held: bool


class Trouble(StrEnum):
    """What does not fit together between the rows and the folder."""

    MISSING = "missing"
    CHANGED = "changed"
    UNFINISHED = "unfinished"
    STRAY = "stray"


@dataclass(frozen=True, slots=True)
class Finding:
    """`recording` is empty for a file that no row tells of."""

    trouble: Trouble
    path: str
    recording: str = ""


async def kept(
    database: Database, keep: Keep, *, case: str = "", before: datetime | None = None
) -> AsyncIterator[Kept]:
    """The recordings that were not removed, in the order of their ids; only of this case, only those begun `before`."""
    query = _recordings().where(RecordingRow.removed_at.is_(None))
    if case:
        query = query.where(RecordingRow.case_id == case)
    if before is not None:
        query = query.where(RecordingRow.started_at < before)
    after = ""
    while True:
        async with database.read() as session:
            page = query.where(RecordingRow.id > after).order_by(RecordingRow.id).limit(BATCH)
            rows = [_kept(*row, keep=keep) for row in await session.execute(page)]
        for one in rows:
            yield one
        if len(rows) < BATCH:
            return
        after = rows[-1].id


async def over_age(database: Database, keep: Keep, *, at: datetime) -> AsyncIterator[Kept]:
    """Those whose time is over and that nothing holds."""
    async for one in kept(database, keep, before=at - keep.shortest):
        if not one.held and one.until <= at:
            yield one


async def prune(database: Database, folder: Path, keep: Keep, *, at: datetime, dry_run: bool = False) -> list[Kept]:
    """Delete the files that are over age, and say so in their rows. Returns what was removed (or would be).

    The file goes first, and only who deleted it says so: what was lost before, or is elsewhere, was not removed.
    """
    due = (one async for one in over_age(database, keep, at=at) if await asyncio.to_thread(_is_there, folder, one))
    if dry_run:
        return [one async for one in due]
    removed: list[Kept] = []
    batch: list[Kept] = []
    async for one in due:  # what holds a recording was looked at just before its batch, not at the beginning
        batch.append(one)
        if len(batch) == BATCH:
            removed += await _remove(database, folder, batch, at)
            batch = []
    return removed + await _remove(database, folder, batch, at)


async def _remove(database: Database, folder: Path, due: Sequence[Kept], at: datetime) -> list[Kept]:
    gone = await asyncio.to_thread(_delete, folder, due)
    async with database.write() as session:
        for one in gone:
            (await session.get_one(RecordingRow, one.id)).removed_at = at
            audit(session, ACTOR, "recording.remove", f"recording:{one.id}", kept_as=one.kept_as.value)
    return gone


def _is_there(folder: Path, one: Kept) -> bool:
    return sound_files.is_inside(one.path) and (folder / one.path).exists()


def _delete(folder: Path, due: Sequence[Kept]) -> list[Kept]:
    gone = []
    for one in due:
        try:
            if sound_files.remove(folder, one.path):
                gone.append(one)
        except OSError as problem:
            log.error("a recording cannot be removed", recording=one.id, reason=type(problem).__name__)
    return gone


async def settle(database: Database, folder: Path, *, at: datetime) -> int:
    """Look at what nobody has looked at: recordings of closed cases whose end is not on record, and files that no row
    tells of, as a crash leaves them. Headers are repaired. Returns how many rows were completed."""
    closed = and_(CaseRow.state == CaseState.CLOSED, CaseRow.closed_at < at - SETTLED)
    async with database.read() as session:
        query = select(RecordingRow.id, RecordingRow.path).join(CaseRow, CaseRow.id == RecordingRow.case_id)
        unfinished = list(await session.execute(query.where(RecordingRow.seconds.is_(None), closed)))
    for start in range(0, len(unfinished), BATCH):
        batch = [(recording, path) for recording, path in unfinished[start : start + BATCH]]
        found = await asyncio.to_thread(_examined, folder, batch)
        async with database.write() as session:
            for recording, file in found:
                row = await session.get_one(RecordingRow, recording)
                row.seconds, row.problem, row.sha256 = file.seconds, row.problem or file.problem, file.sha256
    async with database.read() as session:
        known = set(await session.scalars(select(RecordingRow.path)))
    await asyncio.to_thread(_repair_strays, folder, known, at.timestamp())
    return len(unfinished)


def _examined(folder: Path, recordings: Sequence[tuple[str, str]]) -> list[tuple[str, sound_files.SoundFile]]:
    missing = sound_files.SoundFile(0.0, "missing")
    return [
        (recording, sound_files.examine(folder / path, repair=True) if sound_files.is_inside(path) else missing)
        for recording, path in recordings
    ]


def _repair_strays(folder: Path, known: set[str], now: float) -> None:
    for name in sound_files.sound_files(folder):
        path = folder / name
        try:
            still = name not in known and now - path.stat().st_mtime >= STILL
            repaired = still and sound_files.repair_header(path)
        except OSError:  # it may have gone meanwhile
            continue
        if repaired:
            log.warning("a recording that no case tells of was left unfinished and is repaired", recording=name)


async def check(database: Database, folder: Path, keep: Keep, *, at: datetime) -> AsyncIterator[Finding]:
    """Every row against its file, by the hash, and every file against the rows; a file that is over age by now may be
    missing. Changes nothing."""
    known = set[str]()
    async for one in kept(database, keep):
        known.add(one.path)
        trouble = await asyncio.to_thread(_trouble, folder, one)
        expected = one.held or one.until > at
        if trouble is not None and (expected or trouble is not Trouble.MISSING):
            yield Finding(trouble, one.path, one.id)
    for name in await asyncio.to_thread(lambda: list(sound_files.sound_files(folder))):
        if name not in known:
            yield Finding(Trouble.STRAY, name)


def _trouble(folder: Path, one: Kept) -> Trouble | None:
    path = folder / one.path
    if not _is_there(folder, one):
        return Trouble.MISSING if one.seconds is not None else Trouble.UNFINISHED
    if one.seconds is None:
        return Trouble.UNFINISHED
    try:
        return Trouble.CHANGED if one.sha256 and sound_files.hash_of(path) != one.sha256 else None
    except OSError:
        return Trouble.MISSING


# --- which period, and what holds a recording -------------------------------------------------------------------------


def _recordings() -> Select[RecordingRow, CaseRow, bool, bool]:
    return select(RecordingRow, CaseRow, _complained(), _held()).join(CaseRow, CaseRow.id == RecordingRow.case_id)


def _complained() -> ColumnElement[bool]:
    return or_(CaseRow.kind == CaseKind.COMPLAINT, exists().where(Complaint.case_id == CaseRow.id))


def _held() -> ColumnElement[bool]:
    """The case is open, or another one that follows it; or a complaint is, that came in with it or from its elder."""
    later = aliased(CaseRow)
    follows = exists().where(later.again_of == CaseRow.id, later.state != CaseState.CLOSED)
    of_it = or_(Complaint.case_id == CaseRow.id, Complaint.elder_id == CaseRow.elder_id)
    complaint = exists().where(Complaint.state.in_(sorted(OPEN)), of_it)
    return or_(CaseRow.state != CaseState.CLOSED, follows, complaint)


def _kept(row: RecordingRow, case: CaseRow, complained: bool, held: bool, *, keep: Keep) -> Kept:
    urgent = case.kind in {CaseKind.SOS, CaseKind.SENSOR} or case.emergency_at is not None
    kept_as = KeptAs.COMPLAINT if complained else KeptAs.EMERGENCY if urgent else KeptAs.ORDINARY
    return Kept(
        id=row.id,
        case=case.id,
        path=row.path,
        started_at=row.started_at,
        seconds=row.seconds,
        problem=row.problem,
        sha256=row.sha256,
        kept_as=kept_as,
        until=keep.until(row.started_at, kept_as),
        held=held,
    )
