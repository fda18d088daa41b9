"""The year of the benchmark of reports can be filled: with calls of every kind, all of them in the year."""

from __future__ import annotations

from sqlalchemy import func, select

from bench.reports import YEAR, Size, fill
from ivr.vocabulary import CaseKind
from models.cases import CaseRow
from models.database import Database
from models.queries.reports import places
from models.scope import EVERYWHERE


async def test_the_year_of_the_benchmark(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    street = await fill(db, Size(calls=300, elders=30, services=20, complaints=5))
    async with db.read() as session:
        kinds = dict((await session.execute(select(CaseRow.kind, func.count()).group_by(CaseRow.kind))).all())
        first, last = (await session.execute(select(func.min(CaseRow.opened_at), func.max(CaseRow.opened_at)))).one()
        assert street in {place.id for place in await places(session, scope=EVERYWHERE)}
    await db.close()
    assert kinds.keys() == set(CaseKind)
    assert sum(kinds.values()) == 300
    assert YEAR.since <= first < last < YEAR.until
