"""Figures are what their definitions say, sums equal the calls (K6), lists have the rows that were counted, and what is
kept by day is what a recount finds: on a made-up week, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update

from ivr.vocabulary import CaseKind, CaseState
from models.cases import CaseRow
from models.database import Database
from models.elders import Elder, ElderChange
from models.office_hours import OfficeHours
from models.people import User
from models.quality.draws import QualityDraw
from models.queries.answering import TARGETS, answers, share
from models.queries.report_rows import list_report_rows
from models.queries.reports import DAILY, Report, report
from models.reports.definitions import FIGURES, PARTS
from models.reports.figures import Source, Unit
from models.reports.keeping import keep, missing, renew_basis
from models.reports.periods import between, day_of, midnight, parse
from models.scope import EVERYWHERE, Scope
from models.seats import Seat
from models.tables import metadata
from models.versions import NoSuchRecord

from .world import TREE, World, put

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 6)
DAYS = between(FIRST, LAST)
CALLS = 14
NOW = midnight(LAST + timedelta(days=2))
OFFICE = OfficeHours(9, 17)
ALL: dict[str, Any] = {"scope": EVERYWHERE, "office": OFFICE, "now": NOW}


async def _made(db: Database) -> World:
    made = World(db, random.Random(26))
    await made.settle()
    await made.days(FIRST, LAST, calls=CALLS)
    async with db.write() as session:
        for number in range(4):
            day = FIRST + timedelta(days=number)
            session.add(made.report_of(f"c-{day}-{number}", midnight(day)))
        session.add(User(id=1, username="agent", password_hash="-", name="演示", roles=["agent"]))
        session.add(QualityDraw(id=1, month=f"{FIRST:%Y-%m}", seed=1, drawn_by="test", unclear=0, lots=[]))
        await session.flush()
        for number in range(5):
            await put(session, made.reviews_of(f"c-{FIRST}-{number}", midnight(FIRST), draw=1))
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def template(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """The days are written once, and copied."""
    path = tmp_path_factory.mktemp("reports") / "days.db"
    shutil.copy(migrated_sqlite, path)
    db = Database(f"sqlite:///{path}")
    made = await _made(db)
    await db.close()
    return path, made


@pytest_asyncio.fixture
async def world(template: tuple[Path, World], tmp_path: Path) -> AsyncIterator[World]:
    path, made = template
    shutil.copy(path, tmp_path / "days.db")
    db = Database(f"sqlite:///{tmp_path / 'days.db'}")
    yield replace(made, db=db)
    await db.close()


async def _report(world: World, unit: int | None = None, text: str = DAYS.text, **more: Any) -> Report:
    async with world.db.read() as session:
        return await report(
            session, unit, parse(text), scope=more.pop("scope", EVERYWHERE), office=OFFICE, now=NOW, **more
        )


async def _keep_all(world: World) -> list[bool | None]:
    await renew_basis(world.db)
    async with world.db.read() as session:
        days = await missing(session, today=LAST + timedelta(days=1))
    return [await keep(world.db, day) for day in days]


def _told(one: Report) -> dict[str, Any]:
    """All numbers of a report."""
    parts = {(part.unit, part.name): dict(part.figures.numbers) for part in one.parts}
    days = {part.day: dict(part.figures.numbers) for part in one.days}
    return {"whole": dict(one.figures.numbers), "parts": parts, "days": days}


@pytest.mark.clause("K6", "X11", "T6")
async def test_sums_of_the_report_are_sums_of_the_calls(world: World) -> None:
    """Of kinds, classes, outcomes; of all places on each level of the tree; of all days."""
    whole = await _report(world)
    async with world.db.read() as session:
        cases = (await session.scalars(select(CaseRow))).all()
    assert whole.figures["calls"] + whole.figures["outbound"] == len(cases) == CALLS * 6
    assert whole.figures["calls"] == sum(case.kind != CaseKind.OUTBOUND for case in cases)
    assert whole.figures["emergencies"] == sum(case.emergency_at is not None for case in cases) > 0
    for unit in (None, *(world.units[name] for name in TREE)):
        one = await _report(world, unit)
        for parts in PARTS:
            assert sum(one.figures[name] for name in parts.parts) == one.figures[parts.whole], (unit, parts.name)
        if one.parts:
            for name in FIGURES:
                assert sum(part.figures[name] for part in one.parts) == one.figures[name], (unit, name)
        assert sum(day.figures["calls"] for day in one.days) == one.figures["calls"]
    single = [await _report(world, text=f"{day}") for day in DAYS.days]
    for name, figure in FIGURES.items():
        if figure.source is not Source.ELDERS:  # they belong to no day
            assert sum(day.figures[name] for day in single) == whole.figures[name], name


@pytest.mark.clause("K1", "K6")
async def test_answered_in_time_is_what_the_wallboard_says(world: World) -> None:
    whole = await _report(world)
    async with world.db.read() as session:
        alarms = await answers(session, since=DAYS.since, until=DAYS.until)
        later = await report(session, None, DAYS, scope=EVERYWHERE, office=OFFICE, now=alarms[-1].opened_at)
    for seconds in TARGETS:
        found = share(alarms, seconds, NOW)
        counted = (whole.figures[f"answered_{seconds}"], whole.figures[f"alarms_known_{seconds}"])
        assert counted == (found.answered, found.alarms)
        assert (whole.figures.share(f"share_{seconds}"), whole.figures.missed(f"share_{seconds}")) == (
            found.value,
            found.missed,
        )
        still = share(alarms, seconds, alarms[-1].opened_at)
        assert later.figures[f"alarms_known_{seconds}"] == still.alarms
    waited = [answer.after for answer in alarms if answer.after is not None]
    assert whole.figures.mean("mean_answer") == pytest.approx(sum(waited) / len(waited))
    for seconds in DAILY:
        by_day = [share([one for one in alarms if day_of(one.opened_at) == day], seconds, NOW) for day in DAYS.days]
        missed = [day for day, one in zip(DAYS.days, by_day, strict=True) if one.missed]
        assert whole.days_missed(seconds) == missed


@pytest.mark.clause("K3", "K4", "S13")
async def test_rescue_arrival_and_stations(world: World) -> None:
    """One emergency of which everything is known, on a day of its own."""
    day = date(2026, 2, 20)
    at = midnight(day) + timedelta(hours=9)
    case, *_ = world.call("known", at, elder=world.elders[0], after=4)
    assert isinstance(case, CaseRow)
    case.kind, case.emergency_at, case.arrived_at = CaseKind.SOS, at + timedelta(seconds=30), at + timedelta(minutes=46)
    legs = [
        world.leg("known", "s-1", "seat", "811", at, at + timedelta(seconds=2)),
        world.leg("known", "s-2", "seat", "801", at, None),
        world.leg("known", "r-1", "contact", "021", at - timedelta(seconds=1), None),  # before anybody had decided
        world.leg("known", "r-2", "service", "120", at + timedelta(seconds=90), None),
    ]
    async with world.db.write() as session:
        await put(session, [case, *legs])
    figures = (await _report(world, world.units["elm-1"], f"{day}")).figures
    names = ("emergencies", "rescue_called", "rescue_in_time", "arrived", "arrived_45", "arrived_60")
    assert [figures[name] for name in names] == [1, 1, 1, 1, 0, 1]
    assert [figures[f"station_{name}"] for name in ("rung", "answered")] == [1, 1]
    assert [figures[f"centre_{name}"] for name in ("rung", "answered")] == [1, 0]
    assert figures.mean("mean_station") == pytest.approx(6.25)
    assert figures.mean("mean_arrival") == pytest.approx(46 * 60 - 30)
    assert figures.mean("mean_centre") is None


@pytest.mark.clause("T6")
async def test_every_number_opens_into_its_rows(world: World) -> None:
    seen = 0
    for unit in (None, world.units["elm"]):
        one = await _report(world, unit)
        for name, figure in FIGURES.items():
            assert (figure.unit is Unit.ROWS) is (figure.sums is None), name
            if figure.unit is Unit.ROWS:
                async with world.db.read() as session:
                    total, page = await list_report_rows(session, name, unit, DAYS, **ALL, limit=500)
                assert total == len(page.items) == one.figures[name], name
                seen += total
    assert seen > 500
    async with world.db.read() as session:
        total, first = await list_report_rows(
            session, "calls", None, DAYS, scope=EVERYWHERE, office=OFFICE, limit=50, now=NOW
        )
        _, second = await list_report_rows(session, "calls", None, DAYS, **ALL, limit=50, after=int(first.next or 0))
    rows = [row.record for row in (*first.items, *second.items)]
    assert len(set(rows)) == len(rows) == total


@pytest.mark.clause("K6", "H11")
async def test_what_is_kept_is_what_a_recount_finds(world: World) -> None:
    units = [None, *world.units.values()]
    counted = [_told(await _report(world, unit)) for unit in units]
    assert await _keep_all(world) == [False] * 6
    kept = [await _report(world, unit) for unit in units]
    assert [one.counted_days for one in kept] == [0] * len(units)
    assert [_told(one) for one in kept] == counted
    assert [await keep(world.db, day) for day in DAYS.days] == [False] * 6  # and finds no difference
    part = await _report(world, text="2026-03-05..2026-03-20")
    assert part.counted_days == 2  # of those after them that have begun


async def _change(world: World, what: str) -> None:
    """Something because of which calls of the past count in another way."""
    moved = update(Elder).where(Elder.id == world.elders[0])
    async with world.db.write() as session:
        if what == "moves away":
            await session.execute(moved.values(org_unit_id=world.units["west"]))
            session.add(ElderChange(elder_id=world.elders[0], by="test", field="org_unit_id", old="", new=""))
        elif what == "another class":
            await session.execute(moved.values(service_class=3))
            session.add(ElderChange(elder_id=world.elders[0], by="test", field="service_class", old="1", new="3"))
        elif what == "taken out of the register":
            await session.execute(delete(Elder).where(Elder.id == world.elders[0]))
        elif what == "a call that comes late on record":
            await put(session, world.call("late", midnight(FIRST) + timedelta(hours=3), elder=world.elders[0]))
        else:
            assert what == "a seat of another place"
            await session.execute(update(Seat).where(Seat.extension == "811").values(org_unit_id=None))


@pytest.mark.clause("K6")
@pytest.mark.parametrize(
    "what",
    [
        "moves away",
        "another class",
        "taken out of the register",
        "a call that comes late on record",
        "a seat of another place",
    ],
)
async def test_a_day_that_has_changed_is_counted_anew(world: World, what: str) -> None:
    city = world.units["city"]
    await _keep_all(world)
    before = await _report(world, city)
    await _change(world, what)
    after, whole = await _report(world, city), await _report(world)
    assert after.counted_days > 0
    await _keep_all(world)
    assert [await keep(world.db, day) for day in DAYS.days] == [False] * 6  # what is kept is a recount
    again = await _report(world, city)
    async with world.db.write() as session:
        for table in ("report_counts", "report_days"):
            await session.execute(delete(metadata.tables[table]))
    fresh = await _report(world, city)
    assert fresh.counted_days == 6
    assert _told(after) == _told(again) == _told(fresh) != _told(before)
    assert _told(whole) == _told(await _report(world))


@pytest.mark.clause("H11")
async def test_a_day_that_is_not_over_is_not_kept(world: World) -> None:
    async with world.db.write() as session:
        one = update(CaseRow).where(CaseRow.id == f"c-{LAST}-0").values(state=CaseState.TALKING)
        await session.execute(one)
    await renew_basis(world.db)
    assert await keep(world.db, LAST) is None  # a case of it goes on
    assert await keep(world.db, day_of(NOW) + timedelta(days=36_500)) is None
    assert await keep(world.db, FIRST) is False
    assert (await _report(world)).counted_days == 5


async def test_postgresql_counts_the_same(world: World, postgres_url: str) -> None:
    db = Database(postgres_url)
    try:
        there = await _made(db)
        told = _told(await _report(world))
        assert _told(await _report(there)) == told
        assert await _keep_all(there) == [False] * 6
        kept = await _report(there)
        assert (kept.counted_days, _told(kept)) == (0, told)
        async with db.read() as session:
            for name in ("answered_10", "rescue_in_time", "station_rung", "elders_new", "exceptions"):
                total, page = await list_report_rows(
                    session, name, None, DAYS, scope=EVERYWHERE, office=OFFICE, limit=200, now=NOW
                )
                assert total == len(page.items) == kept.figures[name]
    finally:
        await db.close()


@pytest.mark.clause("H3", "S14")
async def test_a_report_is_for_those_whose_place_contains_it(world: World) -> None:
    units = world.units
    street = Scope(units=frozenset({units["elm"], units["elm-1"], units["elm-2"]}))
    assert (await _report(world, units["elm-1"], scope=street)).figures["calls"] > 0
    for unit in (None, units["east"], units["oak-1"], 999_999):
        with pytest.raises(NoSuchRecord):
            await _report(world, unit, scope=street)
        with pytest.raises(NoSuchRecord):
            async with world.db.read() as session:
                await list_report_rows(session, "calls", unit, DAYS, **{**ALL, "scope": street})
    whole = await _report(world)
    assert whole.parts[-1].unit is None  # callers of no place are told beside the places
