"""A year's report of a district of 500 000 calls, on both databases: filled with calls, their legs, orders,
complaints and follow-ups, kept day by day as the web does it, then asked for over and over. Beside it what a month's
report takes when nothing is kept and every call is counted.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from home.postgres import PrivatePostgres
from home.settings import Settings
from ivr.vocabulary import Aid, CaseKind, CaseState, FollowUpKind, LegKind, LegState, Outcome, Place, Role
from models import demo_crowd
from models.base import Base, utc_now
from models.cases import CaseLegRow, CaseRow
from models.complaints import Complaint, ComplaintState
from models.database import Database, upgrade
from models.elders import Elder
from models.follow_ups import Ended, FollowUp
from models.office_hours import OfficeHours
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.queries.reports import Report, report
from models.reports.keeping import keep, renew_basis
from models.reports.periods import Period, parse
from models.reports.records import ReportCount, ReportDay
from models.scope import EVERYWHERE
from models.seats import Seat


@dataclass(frozen=True, slots=True)
class Size:
    """`services`: orders, and as many follow-ups."""

    calls: int
    elders: int
    services: int
    complaints: int


WHOLE: Final = Size(calls=500_000, elders=20_000, services=60_000, complaints=5_000)
CALLS: Final = WHOLE.calls
COMMUNITIES: Final = 112  # H15
ROUNDS: Final = 7
TARGET: Final = 2.0  # seconds
YEAR: Final = parse(str(utc_now().year - 1))
MONTH: Final = parse(f"{YEAR.first.year}-06")
KINDS: Final = {
    CaseKind.SOS: 48, CaseKind.ORDINARY: 38, CaseKind.COMPLAINT: 2, CaseKind.SENSOR: 3, CaseKind.CARE: 5,
    CaseKind.OUTBOUND: 4,
}  # fmt: skip
OFFICE: Final = OfficeHours(9, 17)
_CHUNK: Final = 5_000
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds on one database: reports from what is kept, the month counted anew, keeping one day. `calls`: how
    many the report has found; `equal`: both ways of the month's report say the same."""

    database: str
    year: float
    street: float
    month: float
    today: float
    anew: float
    keeping: float
    calls: int
    equal: bool


async def run(*, size: Size = WHOLE, kinds: Sequence[str] = ("SQLite", "PostgreSQL")) -> list[Timed]:
    found = []
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        for kind in kinds:
            async with _database(kind, Path(folder)) as url:
                await upgrade(url)
                db = Database(url)
                try:
                    found.append(await _timed(db, kind, size))
                finally:
                    await db.close()
    return found


def markdown(found: Sequence[Timed]) -> str:
    names = ("database", "year, district s", "year, street s", "month s", "a day that runs s")
    head = f"| {' | '.join(names)} | month, counted anew s | keeping a day s |"
    rows = [
        f"| {f.database} | {f.year:.2f} | {f.street:.2f} | {f.month:.2f} | {f.today:.2f} "
        f"| {f.anew:.1f} | {f.keeping:.2f} |"
        for f in found
    ]
    same = "the same numbers both ways" if all(f.equal for f in found) else "NOT the same numbers both ways"
    verdict = "met" if met(found) else "MISSED"
    target = f"Target: the year's report of {CALLS} calls below {TARGET:.0f} s; {verdict}, {same}."
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|", *rows, "", target])


def met(found: Sequence[Timed]) -> bool:
    return all(f.year < TARGET and f.equal for f in found)


async def _timed(db: Database, kind: str, size: Size) -> Timed:
    street = await fill(db, size)
    await renew_basis(db)
    keeping = [await _seconds_to_keep(db, day) for day in YEAR.days]
    first, year = await _asked(db, None, YEAR)
    _, of_street = await _asked(db, street, YEAR)
    of_month, month = await _asked(db, None, MONTH)
    async with db.write() as session:
        last = ReportDay.day == YEAR.last
        await session.execute(delete(ReportDay).where(last))
        await session.execute(delete(ReportCount).where(ReportCount.day == YEAR.last))
    _, today = await _asked(db, None, parse(f"{YEAR.last}"))
    async with db.write() as session:
        await session.execute(delete(ReportDay))
        await session.execute(delete(ReportCount))
    began = time.perf_counter()
    async with db.read() as session:
        anew = await report(session, None, MONTH, scope=EVERYWHERE, office=OFFICE)
    took = time.perf_counter() - began
    equal = anew.figures.numbers == of_month.figures.numbers and anew.counted_days == len(MONTH.days)
    told = first.figures["calls"] + first.figures["outbound"]
    mean = statistics.mean(keeping)
    return Timed(kind, year, of_street, month, today, took, mean, told, equal and told == size.calls)


async def _asked(db: Database, unit: int | None, period: Period) -> tuple[Report, float]:
    """The report, and the median of so many rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        async with db.read() as session:
            found = await report(session, unit, period, scope=EVERYWHERE, office=OFFICE)
        times.append(time.perf_counter() - began)
    return found, statistics.median(times)


async def _seconds_to_keep(db: Database, day: date) -> float:
    began = time.perf_counter()
    assert await keep(db, day) is False
    return time.perf_counter() - began


# --- what is on record ----------------------------------------------------------------------------------------------


async def fill(db: Database, size: Size) -> int:
    """The register, its places, a year of calls; the id of a street."""
    await demo_crowd.add(db, size.elders)
    async with db.write() as session:
        street, communities = await _places(session)
        for number, unit in enumerate(communities):
            mine = update(Elder).where(Elder.id % len(communities) == number).values(org_unit_id=unit)
            await session.execute(mine)
        session.add(Seat(extension="801", skills=["agent"], sip_password="-"))
        session.add(Seat(extension="811", skills=["agent"], sip_password="-", org_unit_id=communities[0]))
        elders = list(await session.scalars(select(Elder.id)))
    chance = random.Random(1)
    cases = _cases(chance, elders, size.calls)
    while some := list(islice(cases, _CHUNK)):
        await _insert(db, CaseRow, [case for case, _ in some])
        await _insert(db, CaseLegRow, [leg for _, legs in some for leg in legs])
    kinds = (
        (WorkOrder, _orders(chance, elders, size.services)),
        (FollowUp, _follow_ups(chance, elders, size.services)),
        (Complaint, _complaints(chance, elders, size.complaints)),
    )
    for table, rows in kinds:
        while some_rows := list(islice(rows, _CHUNK)):
            await _insert(db, table, some_rows)
    async with db.write() as session:
        await session.execute(text("ANALYZE"))  # as a database that lives does by itself
    return street


async def _insert(db: Database, table: type[Base], rows: list[_Row]) -> None:
    """By the table, without its objects: half a million calls are not to take an hour."""
    async with db.write() as session:
        await session.execute(insert(table.__table__), rows)


async def _places(session: AsyncSession) -> tuple[int, list[int]]:
    district = await get_or_create(session, OrgKind.DISTRICT, "示例区")
    communities, street = [], 0
    for number in range(COMMUNITIES):
        if number % 8 == 0:
            street = (await get_or_create(session, OrgKind.STREET, f"示例{number // 8}街道", parent=district.id)).id
        below = await get_or_create(session, OrgKind.COMMUNITY, f"示例{number}社区", parent=street)
        communities.append(below.id)
    return street, communities


def _moments(chance: random.Random, count: int) -> Iterator[datetime]:
    """In order, at any time of the year."""
    whole = (YEAR.until - YEAR.since).total_seconds()
    for number in range(count):
        yield YEAR.since + timedelta(seconds=whole * (number + chance.random()) / count)


def _cases(
    chance: random.Random, elders: list[int], count: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    outcomes = list(Outcome)
    for number, at in enumerate(_moments(chance, count)):
        case = f"b-{number:07d}"
        answered = at + timedelta(seconds=chance.expovariate(0.25)) if chance.random() < 0.98 else None
        emergency = answered + timedelta(seconds=40) if answered and chance.random() < 0.1 else None
        row = {
            "id": case, "last_seq": number, "kind": chance.choices(tuple(KINDS), tuple(KINDS.values()))[0],
            "state": CaseState.CLOSED, "caller": "", "dialled": "", "channel": case,
            "elder_id": chance.choice(elders) if chance.random() < 0.95 else None, "opened_at": at,
            "answered_at": answered, "emergency_at": emergency,
            "arrived_at": emergency + timedelta(minutes=chance.uniform(5, 70)) if emergency else None,
            "closed_at": at + timedelta(minutes=5), "abandoned": False, "topic": None,
            "outcome": chance.choice(outcomes), "note": "",
        }  # fmt: skip
        legs = [
            _leg(case, "elder", LegKind.ELDER, "", at, answered),
            _leg(case, "a", LegKind.SEAT, "801", at, answered),
        ]
        if number % 5 == 0:
            legs.append(_leg(case, "station", LegKind.SEAT, "811", at, answered))
        if emergency:
            dialled = emergency + timedelta(seconds=chance.uniform(5, 90))
            legs.append(_leg(case, "rescue", LegKind.SERVICE, "120", dialled, None))
        yield row, legs


def _leg(case: str, leg: str, kind: LegKind, number: str, at: datetime, answered: datetime | None) -> _Row:
    return {
        "case_id": case, "id": leg, "last_seq": 0, "position": 0, "kind": kind, "role": Role.A, "mode": None,
        "number": number, "name": "", "contact": None, "phone_index": 0, "state": LegState.ENDED,
        "place": Place.NOWHERE, "result": None, "dialled_at": at, "answered_at": answered, "ended_at": at, "cause": 16,
    }  # fmt: skip


def _orders(chance: random.Random, elders: list[int], count: int) -> Iterator[_Row]:
    aids, states = list(Aid), list(OrderState)
    for at in _moments(chance, count):
        yield {
            "elder_id": chance.choice(elders), "drafted_at": at, "drafted_by": "user:1", "aid": chance.choice(aids),
            "wish": "", "state": chance.choice(states),
        }  # fmt: skip


def _follow_ups(chance: random.Random, elders: list[int], count: int) -> Iterator[_Row]:
    for at in _moments(chance, count):
        yield {
            "elder_id": chance.choice(elders), "kind": FollowUpKind.CONSULTATION, "due_at": at, "done_at": at,
            "booked_at": at, "ended": Ended.REACHED, "satisfaction": "satisfied",
        }  # fmt: skip


def _complaints(chance: random.Random, elders: list[int], count: int) -> Iterator[_Row]:
    for at in _moments(chance, count):
        hours = chance.expovariate(0.2)
        yield {
            "elder_id": chance.choice(elders), "drafted_at": at, "drafted_by": "user:1", "opened_at": at, "about": "",
            "words": "", "state": ComplaintState.CLOSED, "contacted_at": at + timedelta(hours=hours),
            "answered_at": at + timedelta(hours=4 * hours),
        }  # fmt: skip


@asynccontextmanager
async def _database(kind: str, folder: Path) -> AsyncIterator[str]:
    if kind == "SQLite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    async with PrivatePostgres(Settings.load({"YJT_HOME": str(folder / "home")})) as url:
        yield url
