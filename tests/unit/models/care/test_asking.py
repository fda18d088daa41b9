"""Calls that ask how something was, and messages instead of calls or about them: booked, made, written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ivr.care.vocabulary import CareQuestion
from ivr.policy import Policy
from ivr.vocabulary import Aid, FollowUpKind, Rating
from models.care.answers import end_call
from models.care.asking import book_questions, when_to_ask
from models.care.calls import CareCall, CareReason, CareState, Outcome
from models.care.filling import ClaimedCall, claim, fill
from models.care.planning import CareKind, Hours, moment
from models.care.plans import PlanForm, create_plan
from models.care.texting import CareText, CareTextRow
from models.care.wishes import CareWishes, WishesForm, set_wishes
from models.database import Database
from models.elders import Contact, ContactPhone, Elder
from models.follow_up_work import BY_KEY
from models.follow_ups import Ended, FollowUp
from models.messages import MessageStatus
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.register import FormRefused

TODAY = date.today()  # noqa: DTZ011 - the local day, as the planner has it
TOMORROW = TODAY + timedelta(days=1)
HOURS, POLICY = Hours(), Policy()
NINE = moment(TOMORROW, 540)
RESTS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda rest: rest[0] != rest[1]), max_size=3
)


@pytest_asyncio.fixture
async def records(sqlite_url: str) -> AsyncIterator[Database]:
    """Two elders who agree to be rung."""
    opened = Database(sqlite_url)
    async with opened.write() as session:
        session.add_all(Elder(id=number, name="演示·甲", home_phone="12000000001") for number in (1, 2))
        await session.flush()
        session.add_all(CareWishes(elder_id=number, consent_on=TODAY, consent_by="演示") for number in (1, 2))
    yield opened
    await opened.close()


async def _owed(
    db: Database, kind: FollowUpKind = FollowUpKind.CONSULTATION, *, elder: int = 1, order: int | None = None
) -> int:
    async with db.write() as session:
        row = FollowUp(kind=kind, elder_id=elder, order_id=order, due_at=NINE + timedelta(days=2))
        session.add(row)
        await session.flush()
        return row.id


async def _visited(db: Database) -> int:
    async with db.write() as session:
        order = WorkOrder(
            elder_id=1, aid=Aid.CLEANING, state=OrderState.FINISHED, drafted_at=NINE, drafted_by="test", wish=""
        )
        session.add(order)
        await session.flush()
        return order.id


async def _rung(db: Database, *, at: datetime = NINE + timedelta(hours=3)) -> list[ClaimedCall]:
    async with db.write() as session:
        return await claim(session, now=at, limit=10, caller="first")


async def _ended(db: Database, call: int, answer: str, state: CareState = CareState.REACHED) -> None:
    async with db.write() as session:
        outcome = Outcome(state, answer=answer)
        assert await end_call(session, call, outcome, caller="first", at=NINE, policy=POLICY)
        assert not await end_call(session, call, outcome, caller="first", at=NINE, policy=POLICY)


async def _follow_up(db: Database, number: int) -> FollowUp:
    async with db.read() as session:
        return await session.get_one(FollowUp, number)


async def _calls(db: Database) -> list[CareCall]:
    async with db.read() as session:
        return list(await session.scalars(select(CareCall).order_by(CareCall.id)))


@pytest.mark.clause("S5", "H4")
@given(st.integers(0, 3 * 1440), RESTS, st.frozensets(st.sampled_from([TODAY + timedelta(days=n) for n in range(4)])))
@settings(max_examples=60, deadline=None)
def test_an_elder_is_asked_within_hours_and_outside_rests(
    begins: int, rests: list[tuple[int, int]], taken: frozenset[date]
) -> None:
    start = moment(TODAY, 0) + timedelta(minutes=begins)
    until = start + timedelta(days=2)
    slot = when_to_ask(start, until, rests, HOURS, taken=taken)
    if slot is None:
        return
    assert start < slot.at < slot.latest <= until
    assert slot.day not in taken
    assert slot.at == moment(slot.day, round((slot.at - moment(slot.day, 0)).total_seconds() / 60))
    for at in (slot.at, slot.latest - timedelta(seconds=1)):
        minute = int((at - moment(slot.day, 0)).total_seconds() // 60)
        assert HOURS.opens <= minute < HOURS.closes
        for first, last in rests:
            assert not (first <= minute < last if first < last else minute >= first or minute < last)


@pytest.mark.clause("S3.4", "H4", "T5")
@pytest.mark.parametrize(("key", "grade"), [("1", Rating.SATISFIED), ("2", Rating.FAIRLY_SATISFIED)])
async def test_a_key_completes_the_follow_up_and_rates_the_order(records: Database, key: str, grade: Rating) -> None:
    order = await _visited(records)
    owed = await _owed(records, FollowUpKind.LIFE_SERVICE, order=order)
    for _ in range(2):  # as often as anybody likes
        await book_questions(records, now=NINE, policy=POLICY)
    (call,) = await _calls(records)
    assert (call.kind, call.due_at) == (CareKind.SATISFACTION, moment(TOMORROW, 540 + 121))
    assert await _rung(records, at=NINE) == []
    (claimed,) = await _rung(records)
    assert (claimed.id, claimed.number, claimed.question) == (call.id, "12000000001", CareQuestion.SERVICE)
    await _ended(records, call.id, key)
    row = await _follow_up(records, owed)
    assert (row.said, row.satisfaction, row.ended, row.done_by) == (grade, grade, Ended.REACHED, BY_KEY)
    async with records.read() as session:
        rated = await session.get_one(WorkOrder, order)
    assert (rated.grade, rated.graded_by, rated.state) == (grade, BY_KEY, OrderState.CHECKED)


@pytest.mark.clause("S2.2", "T7")
async def test_who_is_dissatisfied_or_says_nothing_is_left_to_the_agents(records: Database) -> None:
    order = await _visited(records)
    first = await _owed(records, FollowUpKind.LIFE_SERVICE, order=order)
    second = await _owed(records, elder=2)
    assert await book_questions(records, now=NINE, policy=POLICY) == 2
    one, other = await _rung(records)
    assert {one.question, other.question} == {CareQuestion.SERVICE, CareQuestion.CONSULTATION}
    await _ended(records, one.id, "3", CareState.ASKED_FOR_HELP)  # and then talked to an agent
    await _ended(records, other.id, "", CareState.NOT_REACHED)
    row = await _follow_up(records, first)
    assert (row.said, row.done_at, row.satisfaction) == (Rating.DISSATISFIED, None, "")
    async with records.read() as session:
        assert (await session.get_one(WorkOrder, order)).grade is Rating.DISSATISFIED
    row = await _follow_up(records, second)
    assert (row.said, row.done_at) == (None, None)
    assert await book_questions(records, now=NINE, policy=POLICY) == 0  # nobody is rung by the machine again


@pytest.mark.clause("S14", "H4")
async def test_nobody_is_asked_who_need_not_or_must_not_be(records: Database) -> None:
    await _owed(records, FollowUpKind.EMERGENCY)  # asked by a person, always
    await _owed(records, FollowUpKind.LIFE_SERVICE)  # nothing was done yet
    taken = await _owed(records)
    async with records.write() as session:
        (await session.get_one(CareWishes, 2)).prefers_sms = True
    await _owed(records, elder=2)
    assert await book_questions(records, now=NINE, policy=POLICY) == 1
    twice = await _owed(records, FollowUpKind.CONSULTATION)
    assert await book_questions(records, now=NINE, policy=POLICY) == 1  # the second one a day later
    assert [call.day for call in await _calls(records)] == [TOMORROW, TOMORROW + timedelta(days=1)]
    async with records.write() as session:
        row = await session.get_one(FollowUp, taken)
        row.tries = 1  # an agent has rung in vain
    assert await _rung(records) == []
    off = Policy.of({"care_asks": 0})
    assert await book_questions(records, now=NINE, policy=off) == 0
    first, second = await _calls(records)
    assert (first.state, first.reason) == (CareState.CANCELLED, CareReason.ASKED_ALREADY)
    assert (second.state, second.reason, second.follow_up_id) == (CareState.CANCELLED, CareReason.SWITCHED_OFF, twice)


@pytest.mark.clause("S5")
async def test_what_is_booked_does_not_hide_days_that_were_never_planned(records: Database) -> None:
    async with records.write() as session:
        await create_plan(session, PlanForm(CareKind.REGULAR, "问候", TODAY, ("09:00",)), by="test")
    assert await fill(records, now=moment(TODAY, 1), hours=HOURS) in (2, 4)
    await _owed(records)
    await book_questions(records, now=moment(TODAY + timedelta(days=2), 600), policy=POLICY)
    await fill(records, now=moment(TODAY + timedelta(days=4), 1), hours=HOURS)
    days = {call.day for call in await _calls(records) if call.kind is CareKind.REGULAR}
    assert days >= {TODAY + timedelta(days=n) for n in range(1, 6)}


async def _contacts(db: Database) -> list[int]:
    """A daughter with a mobile, a neighbour without."""
    async with db.write() as session:
        session.add_all(Contact(id=number, elder_id=1, name=f"演示·{number}") for number in (1, 2, 3))
        await session.flush()
        for number, phone in ((1, "12000000009"), (2, "02110000009"), (3, "12000000008")):
            session.add(ContactPhone(contact_id=number, number=phone, canonical=f"+86{phone.lstrip('0')}"))
        return [1, 2]


@pytest.mark.clause("S5", "S14")
async def test_family_hears_once_a_day_and_only_who_wants_to(records: Database) -> None:
    told = tuple(await _contacts(records))
    wishes = WishesForm(consent_on=TODAY, consent_by="本人", tells_family=True, told=told)
    async with records.write() as session:
        elder = await session.get_one(Elder, 1)
        with pytest.raises(FormRefused, match="told"):
            await set_wishes(session, elder, WishesForm(told=(99,)), version=1, by="user:1")
        await set_wishes(session, elder, wishes, version=1, by="user:1")
        form = PlanForm(CareKind.REGULAR, "问候", TODAY, ("09:00", "10:00"))
        await create_plan(session, form, by="test")
    await fill(records, now=moment(TOMORROW, 1), hours=HOURS)
    mine = [call for call in await _rung(records) if call.elder == 1]
    await _ended(records, mine[0].id, "1")
    await _ended(records, mine[1].id, "speech")
    async with records.read() as session:
        daughter, neighbour = await session.scalars(select(CareTextRow).order_by(CareTextRow.contact_id))
    assert (daughter.kind, daughter.number, daughter.status) == (
        CareText.CARE_WELL,
        "12000000009",
        MessageStatus.WAITING,
    )
    assert daughter.parameters == {"elder": "演示·甲", "time": "09:00"}
    assert (neighbour.status, neighbour.number) == (MessageStatus.SKIPPED, "")


@pytest.mark.clause("X2")
async def test_who_prefers_messages_gets_one_unless_an_answer_is_promised(records: Database) -> None:
    async with records.write() as session:
        for number in (1, 2):
            (await session.get_one(CareWishes, number)).prefers_sms = True
        (await session.get_one(Elder, 2)).home_phone = "02110000001"  # takes no messages, so it is rung
        await create_plan(session, PlanForm(CareKind.REGULAR, "问候", TODAY, ("09:00",), text="天冷了"), by="test")
        must = PlanForm(CareKind.REGULAR, "报平安", TODAY, ("09:00",), elder_id=1, must_answer=True)
        await create_plan(session, must, by="test")
    await fill(records, now=moment(TOMORROW, 1), hours=HOURS)
    rung = await _rung(records, at=NINE + timedelta(minutes=1))
    assert sorted((call.elder, call.number) for call in rung) == [(1, "12000000001"), (2, "02110000001")]
    texted = [call for call in await _calls(records) if call.state is CareState.TEXTED]
    assert [(call.elder_id, call.day) for call in texted] == [(1, TOMORROW)]
    async with records.read() as session:
        (message,) = await session.scalars(select(CareTextRow))
    assert (message.kind, message.number, message.parameters) == (
        CareText.CARE_NOTE,
        "12000000001",
        {"words": "天冷了"},
    )
    assert message.asked_at.tzinfo is UTC
