"""Open cases of the boot before: read back from the journal, so that nothing that was begun is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from ivr.case import Case
from ivr.commands import FindSeat, Play, StartMusic, StartTimer, StopSound, StopTimer, Timer
from ivr.decide import decide
from ivr.events import Event
from ivr.policy import Policy
from ivr.serial import from_json
from ivr.vocabulary import CaseState, Role
from models.cases import TimelineRow
from models.database import Database
from models.journal_entry import JournalEntry
from models.queries.journals import open_journals

log = structlog.get_logger(__name__)
TIMER_FIRED = "timer_fired"


async def open_cases(
    database: Database, policy: Policy, waiting: Iterable[JournalEntry] = ()
) -> list[tuple[Case, list[JournalEntry]]]:
    """Every case without an end, replayed from its entries, also from those that still wait to be put on record; one
    that cannot be replayed is logged, never dropped from the records."""
    waits: dict[str, list[JournalEntry]] = {}
    for entry in waiting:
        waits.setdefault(entry.case.id, []).append(entry)
    async with database.read() as session:
        journals = await open_journals(session, also=waits)
    found = []
    for case_id in {**journals, **waits}:
        written = journals.get(case_id, ())
        last = written[-1].seq if written else 0
        rows: list[TimelineRow | JournalEntry] = [
            *written,
            *(entry for entry in waits.get(case_id, ()) if entry.seq > last),
        ]
        try:
            case, entries = replayed(case_id, rows, policy)
            if case.state is not CaseState.CLOSED:
                found.append((case, entries))
        except Exception:  # the outermost guard of one case: it must not keep us from all the others
            log.exception("an open case cannot be taken over", case=case_id)
    return found


def replayed(
    case_id: str, rows: Sequence[TimelineRow | JournalEntry], policy: Policy
) -> tuple[Case, list[JournalEntry]]:
    """The case of these entries, and all of them with what was decided. The procedure is pure: the same events, each
    decided by the policy of its time, lead to the same case and the same commands. `policy` is for entries from before
    policies were on record.

    Raises:
        SerialError: an event that this version does not know.
    """
    case = Case(id=case_id)
    entries = []
    for row in rows:
        if row.policy is not None:
            policy = Policy.recorded(row.policy)
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
                policy=row.policy,
            )
        )
    if len(rows) != rows[-1].seq:
        log.error("an open case was taken over with entries missing", case=case_id, missing=rows[-1].seq - len(rows))
    return case, entries


@dataclass(slots=True)
class LeftRunning:
    """What was going on beside the case itself: when timers are due, which legs hear music, which seats are looked for
    and since when."""

    timers: dict[Timer, datetime] = field(default_factory=dict)
    music: set[str] = field(default_factory=set)
    searches: dict[Role, tuple[FindSeat, datetime]] = field(default_factory=dict)


def left_running(entries: Iterable[JournalEntry]) -> LeftRunning:
    """Found by reading all that was decided, in order."""
    left = LeftRunning()
    for entry in entries:
        if entry.event == TIMER_FIRED:
            left.timers.pop(from_json(Timer, entry.data["timer"]), None)
        for command in entry.commands:
            match command:
                case StartTimer(timer, seconds):
                    left.timers[timer] = entry.at + timedelta(seconds=seconds)
                case StopTimer(timer):
                    left.timers.pop(timer, None)
                case StartMusic(leg):
                    left.music.add(leg)
                case Play(leg=leg) | StopSound(leg=leg):
                    left.music.discard(leg)
                case FindSeat(role=role):
                    left.searches[role] = (command, entry.at)
                case _:
                    pass
    return left
