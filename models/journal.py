"""The journal: many entries, one transaction, few statements. What was decided about records is done in it too.

Each entry may come twice, and an old batch after a newer one: the record is the same afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.case import ElderFile, Leg
from ivr.commands import (
    BookFollowUp,
    DraftComplaint,
    DraftOrder,
    OpenExceptionReport,
    OpenProvisionalFile,
    SendMessage,
)
from models.cases import CaseLegRow, CaseRow, RecordingRow, TimelineRow
from models.complaints import Complaint
from models.elders import Elder
from models.exception_reports import ExceptionReport
from models.follow_ups import FollowUp, said_of_call
from models.journal_entry import RECORDING_ENDED, JournalEntry, command_json, place_of_tape, recording_id
from models.messages import NO_MOBILE, MessageRow, MessageStatus
from models.orders.work_orders import WorkOrder
from models.provisional import open_file
from models.upsert import dialect_insert, insert_or_ignore

__all__ = ["JournalEntry", "Written", "write"]


@dataclass(frozen=True, slots=True)
class Written:
    """A provisional file was made (or found) for this case's caller: feed it back as `CallerIdentified`."""

    case: str
    file: ElderFile


async def write(session: AsyncSession, entries: Sequence[JournalEntry], *, area_code: str = "021") -> list[Written]:
    """Put the entries on record, and do what they say about records. Idempotent by case id and seq.

    Returns one `Written` for each OpenProvisionalFile among the commands, in their order.
    """
    if not entries:
        return []
    written = [one async for one in _provisional_files(session, entries, area_code)]
    made = {one.case: one.file.id for one in written}
    elders = await _known_elders(session, entries)
    latest = _latest(entries)
    await _upsert(session, CaseRow, [_case_row(*pair, elders=elders, made=made) for pair in latest.values()])
    await _upsert(session, CaseLegRow, [row for _, entry in latest.values() for row in _leg_rows(entry)])
    await insert_or_ignore(session, TimelineRow, [_timeline_row(entry) for entry in entries])
    await _write_recordings(session, latest.values(), entries)
    await insert_or_ignore(session, ExceptionReport, [row for entry in entries for row in _exception_reports(entry)])
    await insert_or_ignore(session, FollowUp, [row for entry in entries for row in _follow_ups(entry, elders, made)])
    await insert_or_ignore(session, MessageRow, [row for entry in entries for row in _messages(entry)])
    await insert_or_ignore(session, WorkOrder, [row for entry in entries for row in _orders(entry, elders, made)])
    await insert_or_ignore(session, Complaint, [row for entry in entries for row in _complaints(entry, elders, made)])
    return written


async def _provisional_files(
    session: AsyncSession, entries: Iterable[JournalEntry], area_code: str
) -> AsyncIterator[Written]:
    for entry in entries:
        for command in entry.commands:
            if isinstance(command, OpenProvisionalFile):
                case = entry.case.id
                yield Written(case, await open_file(session, command.caller, case=case, area_code=area_code))


async def _known_elders(session: AsyncSession, entries: Iterable[JournalEntry]) -> frozenset[int]:
    """Those of the named elders that the register has: a file deleted in mid-call must not cost us the record."""
    named = {entry.case.file.id for entry in entries if entry.case.file is not None}
    if not named:
        return frozenset()
    return frozenset(await session.scalars(select(Elder.id).where(Elder.id.in_(named))))


Span = tuple[JournalEntry, JournalEntry]


def _latest(entries: Iterable[JournalEntry]) -> dict[str, Span]:
    """For each case its first and its last entry in this batch."""
    spans: dict[str, Span] = {}
    for entry in entries:
        first, last = spans.get(entry.case.id, (entry, entry))
        spans[entry.case.id] = min(first, entry, key=_seq), max(last, entry, key=_seq)
    return spans


def _seq(entry: JournalEntry) -> int:
    return entry.seq


def _case_row(
    first: JournalEntry, last: JournalEntry, *, elders: frozenset[int], made: Mapping[str, int]
) -> dict[str, Any]:
    case = last.case
    return {
        "id": case.id,
        "last_seq": last.seq,
        "kind": case.kind,
        "state": case.state,
        "caller": case.caller,
        "dialled": case.dialled,
        "channel": case.channel,
        "elder_id": _elder(last, elders, made),
        "opened_at": case.opened_at or first.at,
        "answered_at": case.answered_at,
        "emergency_at": case.emergency_at,
        "arrived_at": case.arrived_at,
        "closed_at": case.closed_at,
        "abandoned": case.abandoned,
        "topic": case.topic,
        "again": case.again,
        "again_of": case.again_of,
        "grade": case.grade,
        "outcome": case.outcome,
        "code": case.code,
        "note": case.note,
    }


def _elder(entry: JournalEntry, elders: frozenset[int], made: Mapping[str, int]) -> int | None:
    file = entry.case.file
    return file.id if file is not None and file.id in elders else made.get(entry.case.id)


def _leg_rows(entry: JournalEntry) -> Iterator[dict[str, Any]]:
    for position, leg in enumerate(entry.case.legs):
        yield {"case_id": entry.case.id, "last_seq": entry.seq, "position": position, **_leg_row(leg)}


def _leg_row(leg: Leg) -> dict[str, Any]:
    return {
        "id": leg.id,
        "kind": leg.kind,
        "role": leg.role,
        "mode": leg.mode,
        "number": leg.number,
        "name": leg.name,
        "contact": leg.contact,
        "phone_index": leg.phone_index,
        "state": leg.state,
        "place": leg.place,
        "result": leg.result,
        "dialled_at": leg.dialled_at,
        "answered_at": leg.answered_at,
        "ended_at": leg.ended_at,
        "cause": leg.cause,
    }


def _timeline_row(entry: JournalEntry) -> dict[str, Any]:
    return {
        "case_id": entry.case.id,
        "seq": entry.seq,
        "at": entry.at,
        "event": entry.event,
        "actor": entry.actor,
        "cause": entry.cause,
        "data": entry.data,
        "commands": [command_json(command) for command in entry.commands],
        "policy": None if entry.policy is None else dict(entry.policy),
    }


def _exception_reports(entry: JournalEntry) -> Iterator[dict[str, Any]]:
    for command in entry.commands:
        if isinstance(command, OpenExceptionReport):
            since = entry.at - timedelta(seconds=command.seconds)
            yield {"case_id": entry.case.id, "waiting_since": since, "opened_at": entry.at}


def _follow_ups(entry: JournalEntry, elders: frozenset[int], made: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for command in entry.commands:
        if isinstance(command, BookFollowUp):
            yield {
                "case_id": entry.case.id,
                "elder_id": _elder(entry, elders, made),
                "kind": command.kind,
                "due_at": entry.at + timedelta(days=command.days),
                **said_of_call(command.kind, entry.case.grade, entry.case.graded_at),
            }


def _messages(entry: JournalEntry) -> Iterator[dict[str, Any]]:
    """Who has no number for it is on record as well: an agent must see that they were not told."""
    file = entry.case.file
    for command in entry.commands:
        if isinstance(command, SendMessage):
            yield {
                "case_id": entry.case.id,
                "contact": command.contact,
                "kind": command.kind,
                "name": command.name,
                "number": command.number,
                "parameters": {"elder": file.name if file else "", "place": file.address if file else ""},
                "status": MessageStatus.WAITING if command.number else MessageStatus.SKIPPED,
                "tries": 0,
                "asked_at": entry.at,
                "due_at": entry.at,
                "sent_at": None,
                "reference": "",
                "problem": "" if command.number else NO_MOBILE,
            }


def _orders(entry: JournalEntry, elders: frozenset[int], made: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for command in entry.commands:
        if isinstance(command, DraftOrder):
            yield {**_draft(entry, elders, made), "aid": command.aid, "wish": command.wish}


def _complaints(entry: JournalEntry, elders: frozenset[int], made: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for command in entry.commands:
        if isinstance(command, DraftComplaint):
            yield {**_draft(entry, elders, made), "about": command.about, "words": command.words}


def _draft(entry: JournalEntry, elders: frozenset[int], made: Mapping[str, int]) -> dict[str, Any]:
    return {
        "case_id": entry.case.id,
        "case_seq": entry.seq,
        "elder_id": _elder(entry, elders, made),
        "drafted_at": entry.at,
        "drafted_by": entry.actor,
    }


async def _write_recordings(session: AsyncSession, spans: Iterable[Span], entries: Iterable[JournalEntry]) -> None:
    started = [
        {
            "id": recording_id(last.case.id, number),
            "case_id": last.case.id,
            "last_seq": last.seq,
            "path": tape.file,
            "place": place_of_tape(tape),
            "people": list(tape.people),
            "started_at": tape.started_at,
            "seconds": None,
            "problem": tape.problem,
            "sha256": "",
            "removed_at": None,
        }
        for _, last in spans
        for number, tape in enumerate(last.case.tapes, 1)
    ]
    await _upsert(session, RecordingRow, started, keep=frozenset({"seconds", "sha256", "removed_at"}))
    for entry in entries:
        for number, tape in enumerate(entry.case.tapes, 1):
            if entry.event == RECORDING_ENDED and entry.data.get("recording") == tape.file:
                seconds, problem, sha256 = entry.recorded
                row = await session.get_one(RecordingRow, recording_id(entry.case.id, number))
                row.seconds, row.problem, row.sha256 = seconds, row.problem or problem, sha256
    await session.flush()


async def _upsert(
    session: AsyncSession, table: type[Any], rows: Sequence[Mapping[str, Any]], *, keep: frozenset[str] = frozenset()
) -> None:
    """The newer state wins, by `last_seq`, but for the columns to keep; an elder once known to be the caller is not
    forgotten."""
    if not rows:
        return
    statement = dialect_insert(session, table)
    keys = [column.name for column in table.__table__.primary_key]
    new: Mapping[str, ColumnElement[Any]] = statement.excluded
    changes = {name: new[name] for name in rows[0] if name not in keys and name not in keep}
    if "elder_id" in changes:
        changes["elder_id"] = func.coalesce(new["elder_id"], table.elder_id)
    changes.pop("opened_at", None)
    statement = statement.on_conflict_do_update(
        index_elements=keys, set_=changes, where=table.last_seq <= new["last_seq"]
    )
    await session.execute(statement, list(rows))
