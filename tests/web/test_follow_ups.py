"""The queue of follow-ups: taken, tried again, closed, passed on to the complaint; the visits that are drawn (T5)."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from home.settings import Settings
from ivr.policy import Policy
from ivr.vocabulary import Aid, FollowUpKind
from models.base import utc_now
from models.complaint_rules import Person
from models.complaints import Complaint, ComplaintState
from models.elder_forms import ElderForm
from models.elders import Elder, ElderStatus
from models.follow_ups import FollowUp
from models.house_policy import Fixed
from models.journal import write
from models.office_hours import OfficeHours
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.people import User
from models.queries.desk_day import complaints_of, follow_ups_of_seat
from models.queries.follow_ups import follow_ups_of_orders
from models.register import create_elder
from models.visit_samples import VisitSample, draw
from tests.web import stories
from tests.web.conftest import House, bearer, csrf_field, log_in
from web.sampling import draw_if_due


async def _booked(house: House, kind: FollowUpKind, *, days: float = 1, case: str = "c1") -> None:
    at = utc_now()
    async with house.db.write() as session:
        await write(session, stories.entries(stories.closed(stories.ringing(case, file=None))))
        session.add(FollowUp(case_id=case, kind=kind, due_at=at + timedelta(days=days)))


async def _ask(house: House, method: str, path: str, who: dict[str, str], body: Any = None) -> tuple[int, Any]:
    answer = await house.client.request(method, f"/api/v1{path}", json=body, headers=who)
    return answer.status, await answer.json()


async def _user(house: House, name: str) -> int:
    async with house.db.read() as session:
        return (await session.scalars(select(User.id).where(User.username == name))).one()


async def _drawn(house: House, day: date) -> list[FollowUp]:
    async with house.db.read() as session:
        rows = select(FollowUp).where(FollowUp.sample_day == day).order_by(FollowUp.id)
        return list(await session.scalars(rows))


@pytest.mark.clause("S1.8", "S4.7")
async def test_who_takes_it_rings_at_other_hours_and_says_when_nobody_was_reached(sqlite_house: House) -> None:
    house = sqlite_house
    await _booked(house, FollowUpKind.EMERGENCY, days=-0.5)
    mine, other = await _user(house, "agent801"), await _user(house, "agent802")
    agent, lead = await bearer(house.client, "agent801"), await bearer(house.client, "lead")
    path = "/follow-ups/1"
    assert (await _ask(house, "PUT", f"{path}/agent", agent, {"version": 1, "agent": other}))[0] == 403
    assert (await _ask(house, "PUT", f"{path}/agent", agent, {"version": 1, "agent": mine}))[1]["agent"] == mine
    assert (await _ask(house, "PUT", f"{path}/agent", lead, {"version": 2, "agent": 9_999}))[0] == 422
    status, told = await _ask(house, "GET", f"/follow-ups?agent={mine}&overdue=true&kind=emergency", agent)
    assert (status, [one["id"] for one in told["items"]], told["items"][0]["overdue"]) == (200, [1], True)
    async with house.db.read() as session:
        until = utc_now() + timedelta(days=1)
        assert [one.id for one in await follow_ups_of_seat(session, "899", until, user=mine)] == [1]

    status, told = await _ask(house, "POST", f"{path}/tries", agent, {"version": 2, "result": "no_answer"})
    now = utc_now()
    again = datetime.fromisoformat(told["next_try_at"])
    assert (told["tries"], told["done_at"]) == (1, None)
    assert again.astimezone().hour != now.astimezone().hour
    assert again - now >= timedelta(hours=2.9)
    async with house.db.read() as session:
        assert await follow_ups_of_seat(session, "899", until, user=mine) == []  # not before that hour
    await _ask(house, "POST", f"{path}/tries", agent, {"version": 3, "result": "busy"})
    status, told = await _ask(house, "POST", f"{path}/tries", agent, {"version": 4, "result": "switched_off"})
    assert (told["tries"], told["ended"], told["next_try_at"]) == (3, "not_reached", None)
    assert told["done_at"]
    assert (await _ask(house, "POST", f"{path}/tries", agent, {"version": 5, "result": "busy"}))[0] == 422
    await log_in(house.client)
    page = await (await house.client.get("/follow-ups/1")).text()
    assert all(word in page for word in ("无人接听", "占线", "关机", "未联系上"))


@pytest.mark.clause("S2.2", "S3.4", "H8")
async def test_the_form_is_that_of_its_kind_and_who_is_dissatisfied_opens_the_complaint_again(
    sqlite_house: House,
) -> None:
    house = sqlite_house
    await _booked(house, FollowUpKind.COMPLAINT)
    await _booked(house, FollowUpKind.LIFE_SERVICE, case="c2")
    drafted = {"case_id": "c1", "case_seq": 1, "drafted_at": utc_now(), "drafted_by": "user:1"}
    async with house.db.write() as session:
        session.add(Complaint(**drafted, about="", words="太慢", state=ComplaintState.CLOSED))
        order = {**drafted, "case_id": "c2", "state": OrderState.FINISHED}
        session.add(WorkOrder(**order, aid=Aid.MEALS, wish="午饭"))
    await log_in(house.client)
    token = await csrf_field(house.client)
    page = await (await house.client.get("/follow-ups/1")).text()
    assert "投诉是否解决" in page
    assert "服务人员是否上门" not in page
    form = {"version": "1", "result": "", "satisfaction": "dissatisfied", "answers.settled": "no", **token}
    answer = await house.client.post("/follow-ups/1", data=form)
    page = await answer.text()
    assert (answer.status, 'value="no" checked' in page, 'value="dissatisfied" checked' in page) == (422, True, True)
    wrong = {**form, "result": "仍不满意", "answers.came": "yes"}
    assert (await house.client.post("/follow-ups/1", data=wrong)).status == 422
    assert (await house.client.post("/follow-ups/1", data={**form, "result": "仍不满意"})).status == 200
    form = {"version": "1", "result": "按时", "satisfaction": "satisfied", "answers.came": "yes", **token}
    assert (await house.client.post("/follow-ups/2", data=form)).status == 200
    async with house.db.read() as session:
        row = await session.get_one(Complaint, 1)
        assert (row.state, row.level, row.satisfaction) == (ComplaintState.DRAFT, 2, "dissatisfied")
        done = await session.get_one(FollowUp, 1)
        assert (done.answers, done.satisfaction, done.ended) == ({"settled": "no"}, "dissatisfied", "reached")
        (of_order,) = (await follow_ups_of_orders(session, [1]))[1]
        assert (of_order.result, of_order.satisfaction) == ("按时", "satisfied")
        assert await complaints_of(session, Person(1, None, frozenset()), office=OfficeHours(9, 17)) == []
    answer = await house.client.get("/cases/c2")
    assert "按时" in await answer.text()


@pytest.mark.clause("H8")
async def test_a_complaint_ends_when_nobody_can_be_asked_and_counts_what_is_said_later(sqlite_house: House) -> None:
    house, who = sqlite_house, await bearer(sqlite_house.client, "lead")
    await _booked(house, FollowUpKind.COMPLAINT)
    drafted = {"case_id": "c1", "case_seq": 1, "drafted_at": utc_now(), "drafted_by": "user:1"}
    async with house.db.write() as session:
        session.add(Complaint(**drafted, about="", words="太慢", state=ComplaintState.ANSWERED))

    async def became() -> tuple[str, str | None]:
        async with house.db.read() as session:
            row = await session.get_one(Complaint, 1)
            return row.state, row.satisfaction

    for version in (1, 2, 3):
        assert (await became())[0] == "answered"
        body = {"version": version, "result": "no_answer"}
        assert (await _ask(house, "POST", "/follow-ups/1/tries", who, body))[0] == 200
    assert await became() == ("closed", "not_said")
    said = {"version": 4, "result": "回电", "satisfaction": "satisfied"}
    assert (await _ask(house, "PATCH", "/follow-ups/1", who, said))[0] == 200
    assert await became() == ("closed", "satisfied")
    said |= {"version": 5, "satisfaction": "dissatisfied"}
    assert (await _ask(house, "PATCH", "/follow-ups/1", who, said))[0] == 200
    assert (await became())[0] == "draft"


@pytest.mark.clause("H8")
async def test_the_call_is_owed_again_once_there_is_an_answer(sqlite_house: House) -> None:
    house, who = sqlite_house, await bearer(sqlite_house.client, "lead")
    lead = await _user(house, "lead")
    await _booked(house, FollowUpKind.COMPLAINT)
    drafted = {"case_id": "c1", "case_seq": 1, "drafted_at": utc_now(), "drafted_by": "user:1", "assigned_to": lead}
    async with house.db.write() as session:
        session.add(Complaint(**drafted, about="", words="太慢", state=ComplaintState.APPROVED))
    for version in (1, 2, 3):
        body = {"version": version, "result": "no_answer"}
        status, told = await _ask(house, "POST", "/follow-ups/1/tries", who, body)
    assert (status, told["ended"]) == (200, "not_reached")
    body = {"version": 1, "step": "answered", "note": "已改派"}
    status, told = await _ask(house, "POST", "/complaints/1/steps", who, body)
    assert (status, told["complaint"]["state"]) == (200, "answered")
    status, told = await _ask(house, "GET", "/follow-ups/1", who)
    assert (told["ended"], told["done_at"], told["overdue"]) == (None, None, False)


@pytest.mark.clause("H8")
async def test_who_is_complained_about_does_not_ask_whether_the_answer_satisfies(sqlite_house: House) -> None:
    house = sqlite_house
    await _booked(house, FollowUpKind.COMPLAINT)
    meant, other = await _user(house, "agent801"), await _user(house, "agent802")
    drafted = {"case_id": "c1", "case_seq": 1, "drafted_at": utc_now(), "drafted_by": "user:1"}
    about = {"about": "", "about_kind": "user", "about_id": str(meant)}
    async with house.db.write() as session:
        session.add(Complaint(**drafted, **about, words="态度不好", state=ComplaintState.ANSWERED))
    agent, lead = await bearer(house.client, "agent801"), await bearer(house.client, "lead")
    satisfied = {"version": 1, "result": "满意", "satisfaction": "satisfied"}
    for who, method, path, body in (
        (agent, "PUT", "/follow-ups/1/agent", {"version": 1, "agent": meant}),
        (lead, "PUT", "/follow-ups/1/agent", {"version": 1, "agent": meant}),
        (agent, "POST", "/follow-ups/1/tries", {"version": 1, "result": "busy"}),
        (agent, "PATCH", "/follow-ups/1", satisfied),
    ):
        status, told = await _ask(house, method, path, who, body)
        assert (status, "应当回避" in str(told)) == (422, True), (path, told)
    async with house.db.read() as session:
        assert (await session.get_one(Complaint, 1)).state is ComplaintState.ANSWERED
        row = await session.get_one(FollowUp, 1)
        assert (row.done_at, row.agent_id, row.tries) == (None, None, 0)
    assert (await _ask(house, "PUT", "/follow-ups/1/agent", lead, {"version": 1, "agent": other}))[0] == 200
    dissatisfied = {"version": 2, "result": "不满意", "satisfaction": "dissatisfied"}
    assert (await _ask(house, "PATCH", "/follow-ups/1", lead, dissatisfied))[0] == 200
    async with house.db.write() as session:
        complaint = await session.get_one(Complaint, 1)
        assert (complaint.state, complaint.level) == (ComplaintState.DRAFT, 2)
        complaint.state = ComplaintState.ANSWERED  # one level up, to be asked about once more
    corrected = {**dissatisfied, "version": 3, "note": "更正错字"}
    assert (await _ask(house, "PATCH", "/follow-ups/1", lead, corrected))[0] == 200
    async with house.db.read() as session:
        complaint = await session.get_one(Complaint, 1)
        assert (complaint.state, complaint.level) == (ComplaintState.ANSWERED, 2)  # nobody was asked about that answer


@pytest.mark.clause("T5")
async def test_each_day_some_are_drawn_as_anybody_can_draw_them_again_and_nobody_twice(house: House) -> None:
    policy, today = Policy(visit_sample=5), utc_now().astimezone().date()
    async with house.db.write() as session:
        for number in range(9):
            elder = await create_elder(session, ElderForm(name=f"演示·{number}"), by="test", area_code="021")
            if number == 8:
                (await session.get_one(Elder, elder.id)).status = ElderStatus.DIED
            for _ in range(2 if number < 7 else 1):
                at = utc_now() - timedelta(days=40 if number == 7 else 0)
                order = {"elder_id": elder.id, "drafted_at": at, "drafted_by": "user:1"}
                session.add(WorkOrder(**order, aid=Aid.CLEANING, wish="擦窗", state=OrderState.FINISHED))
    assert await draw(house.db, today, policy=policy, by="user:1") == 5
    booked = await _drawn(house, today)
    first = [one.elder_id for one in booked]
    newest = {one.elder_id: one.order_id for one in booked}
    agent = await bearer(house.client)
    told = (await _ask(house, "GET", f"/visit-samples/{today}", agent))[1]
    ranked = sorted(told["candidates"], key=lambda one: hashlib.sha256(f"{told['seed']}:{one}".encode()).hexdigest())
    assert told["drawn"] == ranked[:5] == first
    assert len(told["candidates"]) == 7  # one has died, the last order of another is too old
    async with house.db.read() as session:
        orders = {row.id: row.elder_id for row in await session.scalars(select(WorkOrder))}
    assert all(orders[order] == elder for elder, order in newest.items() if order is not None)
    assert (await _ask(house, "GET", "/visit-samples/never", agent))[0] == 404
    await log_in(house.client, "lead")
    token = await csrf_field(house.client)
    assert (await house.client.post("/visit-samples", data=token)).status == 409
    assert told["seed"] in await (await house.client.get(f"/visit-samples?day={today}")).text()
    for later, drawn in ((timedelta(days=1), 2), (timedelta(days=2), 0)):
        assert await draw(house.db, today + later, policy=policy, by="user:1") == drawn
        again = await _drawn(house, today + later)
        assert len(again) == drawn
        assert not {one.elder_id for one in again} & set(first)


@pytest.mark.clause("T5")
async def test_the_platform_draws_by_itself_once_the_day_has_begun(sqlite_house: House) -> None:
    house, fixed = sqlite_house, Fixed.of(Settings.load({"YJT_HOME": str(sqlite_house.settings.home)}))
    morning = datetime(2026, 11, 26, 9, 5).astimezone()
    assert await draw_if_due(house.db, fixed, now=morning - timedelta(hours=1)) is None
    assert await draw_if_due(house.db, fixed, now=morning) == 0
    assert await draw_if_due(house.db, fixed, now=morning) is None
    none = Fixed({"visit_sample": 0})
    assert await draw_if_due(house.db, none, now=morning + timedelta(days=1)) is None
    async with house.db.read() as session:
        assert list(await session.scalars(select(VisitSample.day))) == [date(2026, 11, 26)]
