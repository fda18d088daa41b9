"""Open cases of the boot before: read back from the journal, so that nothing that was begun is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ivr.case import Case
from ivr.decide import decide
from ivr.events import Event
from ivr.policy import Policy
from ivr.serial import SerialError, from_json
from models.cases import TimelineRow
from models.database import Database
from models.journal_entry import JournalEntry
from models.queries.journals import open_journals

log = structlog.get_logger(__name__)


async def open_cases(database: Database, policy: Policy) -> list[tuple[Case, list[JournalEntry]]]:
    """Every case without an end, replayed from its entries; one that cannot be replayed is logged, never dropped from
    the records."""
    async with database.read() as session:
        journals = await open_journals(session)
    found = []
    for case_id, rows in journals.items():
        try:
            found.append(_replayed(case_id, rows, policy))
        except (SerialError, AssertionError) as problem:
            log.error("an open case cannot be taken over", case=case_id, reason=str(problem))
    return found


def _replayed(case_id: str, rows: Sequence[TimelineRow], policy: Policy) -> tuple[Case, list[JournalEntry]]:
    """The procedure is pure: the same events lead to the same case and the same commands."""
    case = Case(id=case_id)
    entries = []
    for row in rows:
        case, commands = decide(case, from_json(Event, row.data), policy)
        entries.append(
            JournalEntry(
                case=case,
                seq=row.seq,
                at=row.at,
                event=row.event,
                actor=row.actor,
                cause=row.cause,
                data=row.data,
                commands=commands,
            )
        )
    return case, entries
