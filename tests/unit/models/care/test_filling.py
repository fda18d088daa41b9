"""The planner's table: every call once, whatever dies meanwhile; what must not be made is not; nothing is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select

from models.care.bulletins import BulletinForm, issue, withdraw
from models.care.calls import (
    CareCall,
    CareReason,
    CareState,
    Outcome,
    close_late,
    dialled,
    end,
    go_on_with,
    left_by_others,
    put_off,
    take_from,
)
from models.care.filling import claim, fill
from models.care.halting import set_halted
from models.care.planning import CareKind, Hours, Weather, moment
from models.care.plans import PlanForm, change_plan, create_plan, form_of, halt_plan
from models.care.wishes import CareWishes, WishesForm, set_wishes
from models.database import Database
from models.elders import Elder, ElderStatus
from models.merging import merge
from models.pace import Pace
from models.register import FormRefused
from tests.unit.models.care.year import lived

pytestmark = pytest.mark.clause("S5")
TODAY = date.today()  # noqa: DTZ011 - the local day, as the planner has it
TOMORROW = TODAY + timedelta(days=1)
HOURS = Hours()
DAILY = PlanForm(CareKind.REGULAR, "每日问候", TODAY, ("09:00",))


@pytest_asyncio.fixture
async def records(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


async def _elder(db: Database, number: int = 1, **more: object) -> int:
    async with db.write() as session:
        session.add(Elder(id=number, name="演示·甲", home_phone="10000001", **more))
        await session.flush()
        session.add(CareWishes(elder_id=number, consent_on=TODAY, consent_by="演示"))
    return number


async def _planned(db: Database, form: PlanForm = DAILY) -> int:
    """A plan, written down for tomorrow."""
    async with db.write() as session:
        plan = (await create_plan(session, form, by="test")).id
    await fill(db, now=moment(TOMORROW, 60), hours=HOURS)
    return plan


async def _tomorrow(db: Database) -> list[CareCall]:
    async with db.read() as session:
        rows = select(CareCall).where(CareCall.day == TOMORROW).order_by(CareCall.due_at, CareCall.elder_id)
        return list(await session.scalars(rows))


async def _claim(db: Database, minute: int, *, caller: str = "first", limit: int = 10) -> list[int]:
    async with db.write() as session:
        return [one.id for one in await claim(session, now=moment(TOMORROW, minute), limit=limit, caller=caller)]


@pytest.mark.clause("K8")
async def test_months_are_played_and_every_call_is_made_once(records: Database) -> None:
    year = await lived(records, elders=30, days=130)
    made = await year.made()
    assert made.keys() == await year.expected()
    assert set(year.rang.values()) == {1}
    assert year.deaths > 1
    assert {row.state for row in made.values()} <= {CareState.REACHED, CareState.MISSED, CareState.NOT_REACHED}
    for row in made.values():
        assert (row.id in year.rang) == (row.state is not CareState.MISSED)
        assert (row.state is CareState.NOT_REACHED) == (row.reason is CareReason.BROKE_OFF)
        if row.state is CareState.MISSED:
            assert row.reason is CareReason.TOO_LATE
        if row.kind is CareKind.BIRTHDAY and row.day in year.up:
            assert row.state is not CareState.MISSED  # said the same day, however late it had become
    assert any(row.day not in year.up and row.state is CareState.MISSED for row in made.values())


async def test_of_two_controllers_one_gets_the_call(records: Database) -> None:
    await _elder(records)
    await _planned(records)
    assert await _claim(records, 539) == []  # not yet
    (call,) = await _claim(records, 541)
    assert await _claim(records, 541, caller="second") == []
    async with records.write() as session:
        for step in (
            dialled(session, call, caller="second", at=moment(TOMORROW, 541)),
            end(session, call, Outcome(CareState.REACHED), caller="second", at=moment(TOMORROW, 541)),
        ):
            assert not await step


async def test_what_was_put_off_is_made_later_or_closed_in_the_evening(records: Database) -> None:
    await _elder(records)
    await _planned(records)
    (call,) = await _claim(records, 541)
    until = moment(TOMORROW, 600)
    async with records.write() as session:
        assert await put_off(session, call, caller="first", until=until, reason=CareReason.EMERGENCY)
    assert await _claim(records, 599) == []
    assert await _claim(records, 601) == [call]
    async with records.write() as session:
        assert await put_off(session, call, caller="first", until=until, reason=CareReason.LINES_BUSY)
    assert await close_late(records, at=moment(TOMORROW, 1300), halted=False) == 1
    (row,) = await _tomorrow(records)
    assert (row.state, row.reason) == (CareState.MISSED, CareReason.TOO_LATE)


@pytest.mark.clause("K8")
async def test_what_is_too_late_is_closed_a_few_at_a_time(records: Database) -> None:
    """SQLite has one writer, and the journal of the alarms needs it."""

    class Watched(Pace):
        async def took(self, seconds: float, rows: int) -> None:
            batches.append(rows)

    batches: list[int] = []
    for number in range(1, 31):
        await _elder(records, number)
    await _planned(records)
    assert await close_late(records, at=moment(TOMORROW, 1300), halted=True, pace=Watched(rests=False, size=7)) == 30
    assert (max(batches), sum(batches)) == (7, 30)
    assert {(row.state, row.reason) for row in await _tomorrow(records)} == {(CareState.MISSED, CareReason.HALTED)}
    assert await close_late(records, at=moment(TOMORROW, 1300), halted=True) == 0


async def test_nobody_is_rung_twice_for_what_a_dead_controller_had_dialled(records: Database) -> None:
    for number in (1, 2):
        await _elder(records, number)
    await _planned(records)
    first, second = await _claim(records, 541)
    now = moment(TOMORROW, 541)
    async with records.write() as session:
        assert await dialled(session, first, caller="first", at=now)
        assert await take_from(session, "first", at=now) == (1, 1)
    assert await _claim(records, 542, caller="second") == [second]
    row = (await _tomorrow(records))[0]
    assert (row.state, row.reason, row.tries) == (CareState.NOT_REACHED, CareReason.BROKE_OFF, 1)


async def test_a_call_that_is_still_going_on_is_taken_from_a_dead_controller_alone(records: Database) -> None:
    for number in (1, 2):
        await _elder(records, number)
    await _planned(records)
    first, second = await _claim(records, 541)
    now = moment(TOMORROW, 541)
    async with records.write() as session:
        assert await dialled(session, first, caller="first", at=now)
    async with records.write() as session:
        assert await left_by_others(session, caller="first") == []
        left = await left_by_others(session, caller="second")
        assert [(one.id, one.dialled, one.tries) for one in left] == [(first, True, 1), (second, False, 0)]
        assert await go_on_with(session, left[0], caller="second")
        assert not await go_on_with(session, left[0], caller="third")
        assert await take_from(session, "first", at=now, only=second) == (1, 0)
        assert not await end(session, first, Outcome(CareState.REACHED), caller="first", at=now)
        assert await end(session, first, Outcome(CareState.REACHED), caller="second", at=now)


async def test_a_result_is_a_result(records: Database) -> None:
    await _elder(records)
    await _planned(records)
    (call,) = await _claim(records, 541)
    async with records.write() as session:
        with pytest.raises(ValueError, match="put_off"):
            await end(session, call, Outcome(CareState.PUT_OFF), caller="first", at=moment(TOMORROW, 541))


async def test_the_stop_button_stops_everything_at_once(records: Database) -> None:
    await _elder(records)
    await _planned(records)
    async with records.write() as session:
        await set_halted(session, True, version=0, by="user:1")
    assert await _claim(records, 541) == []
    async with records.write() as session:
        await set_halted(session, False, version=1, by="user:1")
    assert len(await _claim(records, 542)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": ElderStatus.DIED}, CareReason.GONE),
        ({"status": ElderStatus.AWAY}, CareReason.AWAY),
        ({"home_phone": ""}, CareReason.NO_NUMBER),
    ],
)
async def test_the_file_is_looked_at_once_more_before_the_call(
    records: Database, change: dict[str, object], reason: CareReason
) -> None:
    await _elder(records)
    await _planned(records)
    async with records.write() as session:
        elder = await session.get_one(Elder, 1)
        for name, value in change.items():
            setattr(elder, name, value)
    assert await _claim(records, 541) == []
    (row,) = await _tomorrow(records)
    assert (row.state, row.reason) == (CareState.CANCELLED, reason)


@pytest.mark.clause("S14")
async def test_without_consent_nothing_is_planned_and_who_says_stop_is_not_called(records: Database) -> None:
    async with records.write() as session:
        session.add(Elder(id=1, name="演示·甲", home_phone="10000001"))
    await _planned(records)
    assert await _tomorrow(records) == []
    agreed = WishesForm(consent_on=TODAY, consent_by="本人")
    async with records.write() as session:
        await set_wishes(session, await session.get_one(Elder, 1), agreed, version=0, by="user:1")
    await fill(records, now=moment(TOMORROW, 61), hours=HOURS)
    assert len(await _tomorrow(records)) == 1
    async with records.write() as session:
        stopped = WishesForm(consent_on=TODAY, consent_by="本人", stopped=True)
        await set_wishes(session, await session.get_one(Elder, 1), stopped, version=1, by="user:1")
    assert await _tomorrow(records) == []


async def test_a_changed_plan_is_planned_anew_and_a_halted_one_is_not_made(records: Database) -> None:
    await _elder(records)
    plan = await _planned(records)
    async with records.write() as session:
        form = PlanForm(CareKind.REGULAR, "每日问候", TODAY, ("10:00",))
        await change_plan(session, plan, form, version=1, by="user:1")
    await fill(records, now=moment(TOMORROW, 61), hours=HOURS)
    assert [row.due_at for row in await _tomorrow(records)] == [moment(TOMORROW, 600)]
    async with records.write() as session:
        await halt_plan(session, plan, halted=True, version=2, by="user:1")
    assert await fill(records, now=moment(TOMORROW, 62), hours=HOURS) == 0
    assert await _tomorrow(records) == []


async def test_weather_that_is_called_off_is_not_told_of_later_either(records: Database) -> None:
    """Also not in a call that had begun, and was put off for an alarm."""
    await _elder(records)
    async with records.write() as session:
        heat = await issue(session, BulletinForm(Weather.HEAT, TOMORROW, TOMORROW, "高温"), by="user:1")
    await _planned(records, PlanForm(CareKind.WEATHER, "高温提醒", TODAY, ("09:00",), on_days=("heat",)))
    (call,) = await _claim(records, 541)
    async with records.write() as session:
        later = moment(TOMORROW, 600)
        assert await put_off(session, call, caller="first", until=later, reason=CareReason.EMERGENCY)
        await withdraw(session, heat.id, by="user:1")
    assert await _claim(records, 601) == []
    (row,) = await _tomorrow(records)
    assert (row.state, row.reason) == (CareState.CANCELLED, CareReason.PLAN_ENDED)


async def test_planning_again_writes_nothing_new(records: Database) -> None:
    await _elder(records)
    await _planned(records)
    assert await fill(records, now=moment(TOMORROW, 61), hours=HOURS) == 0


async def test_two_files_that_become_one_are_called_once(records: Database) -> None:
    for number in (1, 2):
        await _elder(records, number)
    await _planned(records)
    made = await _claim(records, 541)
    async with records.write() as session:
        assert await end(session, made[1], Outcome(CareState.REACHED), caller="first", at=moment(TOMORROW, 541))
        (await session.get_one(CareWishes, 2)).stopped_on = TODAY
    async with records.write() as session:
        await merge(session, 1, 2, take=frozenset(), versions=(1, 1), by="user:1", area_code="021")
    assert [row.elder_id for row in await _tomorrow(records)] == [1]
    async with records.read() as session:
        assert (await session.get_one(CareWishes, 1)).stopped_on == TODAY
        assert await session.get(CareWishes, 2) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"times": ()}, "times"),
        ({"times": ("25:00",)}, "times"),
        ({"times": ("08:00", "09:00"), "kind": CareKind.BIRTHDAY}, "times"),
        ({"on_days": ("8",)}, "on_days"),
        ({"kind": CareKind.FESTIVAL}, "on_days"),
        ({"kind": CareKind.CHECK_UP, "on_days": ("2027-02-30",)}, "on_days"),
        ({"kind": CareKind.MEDICINE}, "elder_id"),
        ({"elder_id": 1, "service_class": 2}, "elder_id"),
        ({"elder_id": 99}, "elder_id"),
        ({"org_unit_id": 99}, "org_unit_id"),
        ({"ends_on": TODAY - timedelta(days=1)}, "ends_on"),
        ({"service_class": 4}, "service_class"),
        ({"text": "字" * 501}, "text"),
    ],
)
async def test_what_a_plan_may_not_say(records: Database, changes: dict[str, object], field: str) -> None:
    values = {"kind": CareKind.REGULAR, "title": "问候", "starts_on": TODAY, "times": ("09:00",), **changes}
    with pytest.raises(FormRefused) as refused:
        async with records.write() as session:
            await create_plan(session, PlanForm(**values), by="user:1")  # type: ignore[arg-type]
    assert field in [problem.field for problem in refused.value.problems]


async def test_a_plan_keeps_what_its_form_says(records: Database) -> None:
    form = PlanForm(CareKind.REGULAR, " 晨晚问候 ", TODAY, ("20:00", "08:00", "8:00"), on_days=("2", "2"))
    with pytest.raises(FormRefused):
        async with records.write() as session:
            await create_plan(session, form, by="user:1")
    good = PlanForm(CareKind.REGULAR, " 晨晚问候 ", TODAY, ("20:00", "08:00"), on_days=("2", "2"), must_answer=True)
    async with records.write() as session:
        row = await create_plan(session, good, by="user:1")
        kept = form_of(row)
    assert (kept.title, kept.times, kept.on_days, kept.must_answer) == ("晨晚问候", ("08:00", "20:00"), ("2",), True)
