"""The run of a month: its lines become what they should be. Run again, it changes nothing unless something has changed;
two at once wait for each other, elder by elder; it never touches a locked month.

What differs is read first; only where something does is anything written, a few elders at a time (`pace.py`): nobody
who writes down an alarm waits for a statement. Before it is written, it is looked at again, with the month held.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.audit import audit
from models.database import Database
from models.months import month_of
from models.pace import Pace
from models.refusing import refuse
from models.settlement.facts import Pair, elders_of, owed_corrections
from models.settlement.months import held, locked_through, month_after, month_before
from models.settlement.reckoning import Difference, differences
from models.settlement.records import SettlementLine, SettlementMonth
from models.settlement.shares import Terms

READ_AT_ONCE: Final = 100  # elders: pages wait for no more than that
FURTHEST: Final = 12  # months that may be reckoned afterwards; what lies before is a typing mistake


@dataclass(slots=True)
class Done:
    """How many lines a run has added, changed and taken away."""

    added: int = 0
    changed: int = 0
    removed: int = 0


async def run(database: Database, month: str, *, policy: Policy, by: str, now: datetime) -> Done:
    """Reckon this month, by the terms of the policy; the first month after the locked ones corrects those.

    Raises:
        FormRefused: it is locked, before one that is, too long ago, or yet to come (field `month`).
    """
    if month < month_before(month_of(now), FURTHEST):
        refuse("month", f"只能结算最近{FURTHEST}个月", f"only the last {FURTHEST} months can be reckoned")
    async with database.write() as session:
        await held(session, month, terms=Terms.of(policy))
    async with database.read() as session:
        through = await locked_through(session)
        corrects = through is not None and month_after(through) == month
        corrections = await owed_corrections(session, month) if corrects else set()
        elders = sorted(await elders_of(session, month) | {elder for elder, _ in corrections})
    done, pace = Done(), Pace(rests=database.is_sqlite)
    for at in range(0, len(elders), READ_AT_ONCE):
        unlike = await _unlike(database, month, elders[at : at + READ_AT_ONCE], corrections)
        while unlike:
            some, unlike = unlike[: pace.size], unlike[pace.size :]
            begun = time.monotonic()
            await _write(database, month, some, corrections, done, by=by, now=now)
            await pace.took(time.monotonic() - begun, len(some))
    async with database.write() as session:
        row = await held(session, month)
        row.run_at, row.run_by = now, by
        counts = {"added": done.added, "changed": done.changed, "removed": done.removed}
        audit(session, by, "settlement.run", f"settlement:{month}", counts=counts)
    return done


async def _unlike(
    database: Database, month: str, elders: Sequence[int], corrections: Collection[Pair]
) -> Sequence[int]:
    """Those of the elders who have a line that is not what it should be."""
    async with database.read() as session:
        row = await session.get_one(SettlementMonth, month)
        return list(dict.fromkeys(one.elder for one in await differences(session, row, elders, corrections)))


async def _write(
    database: Database,
    month: str,
    elders: Sequence[int],
    corrections: Collection[Pair],
    done: Done,
    *,
    by: str,
    now: datetime,
) -> None:
    async with database.write() as session:
        row = await held(session, month)
        for one in await differences(session, row, elders, corrections):
            await _apply(session, month, one, done, by=by, now=now)


async def _apply(session: AsyncSession, month: str, one: Difference, done: Done, *, by: str, now: datetime) -> None:
    """What is taken back or changed before the month is locked stands on the audit log with its amounts."""
    line, wanted = one.line, one.wanted
    if line is None and wanted is not None:
        session.add(
            SettlementLine(month=month, subject=wanted.subject, made_at=now, made_by=by, reason="", **wanted.columns())
        )
        done.added += 1
    elif line is not None:
        before = [line.government, line.own]
        after = None if wanted is None else [wanted.parts.government, wanted.parts.own]
        told = {"month": month, "before": before, "after": after}
        audit(session, by, "settlement.line", line.subject, elder=line.elder_id, **told)
        if wanted is None:
            await session.delete(line)
            done.removed += 1
        else:
            for name, value in wanted.columns().items():
                setattr(line, name, value)
            done.changed += 1
