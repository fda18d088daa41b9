"""Which calls that came in have come into a case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialplan.agi.record import Record
from models.cases import CaseRow, RecordingRow

AT_ONCE = 500  # calls in one statement
# How long before and after its arrival a call may be taken into a case: clocks differ, and whoever waits may wait long.
EARLIER, LATER = timedelta(minutes=10), timedelta(days=1)


async def calls_on_record(session: AsyncSession, calls: Iterable[Record]) -> set[str]:
    """The channels of those that a case has: it was opened by the call, or has its recording (H12)."""
    known: set[str] = set()
    ordered = sorted(calls, key=lambda call: call.arrived_at)
    for at in range(0, len(ordered), AT_ONCE):
        some = ordered[at : at + AT_ONCE]
        taped = {call.recording: call.channel for call in some if call.recording}
        opened = select(CaseRow.channel).where(CaseRow.channel.in_([call.channel for call in some]))
        recorded = select(RecordingRow.path).where(
            RecordingRow.path.in_(list(taped)),
            RecordingRow.started_at.between(some[0].arrived_at - EARLIER, some[-1].arrived_at + LATER),
        )
        known.update(await session.scalars(opened))
        known.update(taped[path] for path in await session.scalars(recorded))
    return known
