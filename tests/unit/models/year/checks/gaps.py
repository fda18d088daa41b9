"""Services that fewer than two firms do in a community (H6)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.queries.service_gaps import list_gaps
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount

LEAST = 2


async def too_few(session: AsyncSession, life: Life, recount: Recount) -> None:
    expected = {}
    for service in life.log.services:
        for place, around in life.log.around.items():
            there = [
                facts.name
                for firm, facts in sorted(life.log.firms.items())
                if recount.firms.works(firm) and service in facts.prices and facts.areas & around
            ]
            if len(there) < LEAST:
                expected[service, place] = tuple(there)
    shown = {}
    for service in life.log.services:
        for gap in (
            await list_gaps(session, scope=EVERYWHERE, today=local_today(), service=service, limit=10_000)
        ).items:
            shown[gap.service, gap.unit] = gap.suppliers
    assert shown == expected
