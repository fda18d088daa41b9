"""The desk beside the call: notes, sub-codes, calls of one's own, what the day brought, who was faster."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ivr.vocabulary import CaseState, FollowUpKind, LegKind, LegState, Outcome, Result
from models import journal
from models.complaint_rules import Person
from models.complaints import Complaint
from models.dispositions import DispositionCode
from models.follow_ups import FollowUp
from models.queries.desk_day import drafts_of, follow_ups_of_seat, missed_calls
from models.scope import EVERYWHERE
from tests.web import stories
from tests.web.conftest import House, bearer, csrf_of, log_in
from tests.web.test_pages import take_away
from tests.web.test_personal import new_elder
from web.keys import MIRROR


async def _with_case(house: House, case_id: str = "c1") -> None:
    await house.control.case(stories.case_json(stories.talking(stories.ringing(case_id))))
    await house.until(lambda: case_id in house.app[MIRROR].cases)


async def _post(house: House, path: str, body: dict[str, Any], who: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = await house.client.post(f"/api/v1/{path}", json=body, headers=who)
    return answer.status, await answer.json()


async def test_each_has_a_note_of_their_own_and_nothing_is_overwritten_unseen(house: House) -> None:
    await _with_case(house)
    a, b = await bearer(house.client), await bearer(house.client, "agent802")
    status, first = await _post(house, "cases/c1/notes", {"text": "老人说胸痛"}, a)
    assert (status, first["version"], first["mine"]) == (200, 1, True)
    status, second = await _post(house, "cases/c1/notes", {"text": "老人说胸痛，120已出发", "version": 1}, a)
    assert (status, second["version"]) == (200, 2)
    for stale in ({"text": "另一台机器"}, {"text": "另一台机器", "version": 1}):
        status, problem = await _post(house, "cases/c1/notes", stale, a)
        assert (status, problem["error"]["code"]) == (409, "version")
    await _post(house, "cases/c1/notes", {"text": "已通知女儿"}, b)
    notes = (await (await house.client.get("/api/v1/cases/c1/notes", headers=a)).json())["items"]
    assert [(note["text"], note["mine"]) for note in notes] == [("老人说胸痛，120已出发", True), ("已通知女儿", False)]
    assert (await _post(house, "cases/nothing/notes", {"text": "x"}, a))[0] == 404
    assert (await _post(house, "cases/c1/notes", {"text": "x" * 2001}, a))[0] == 422
    await log_in(house.client)
    page = await (await house.client.get("/cases/c1")).text()
    assert "120已出发" in page
    assert "已通知女儿" in page


async def test_a_sub_code_belongs_to_its_outcome_and_may_be_left_out(house: House) -> None:
    await _with_case(house)
    async with house.db.write() as session:
        await session.merge(DispositionCode(outcome=Outcome.RESCUED, code="fall", zh="跌倒", en="fall"))
    who = await bearer(house.client)
    codes = (await (await house.client.get("/api/v1/dispositions", headers=who)).json())["items"]
    fall = {"outcome": "rescued", "code": "fall", "zh": "跌倒", "en": "fall", "active": True}
    assert fall.items() <= next(code for code in codes if code["code"] == "fall").items()
    status, problem = await _post(
        house, "cases/c1/actions", {"action": "close", "outcome": "other", "code": "fall"}, who
    )
    assert (status, set(problem["error"]["fields"])) == (422, {"code"})
    for code in ({"code": "fall"}, {}):
        status, _ = await _post(house, "cases/c1/actions", {"action": "close", "outcome": "rescued", **code}, who)
        assert status == 200
        assert (await house.control.next_asked()).body.get("code") == code.get("code")
    case = replace(stories.closed(stories.ringing("c8")), outcome=Outcome.RESCUED, code="fall")
    async with house.db.write() as session:
        await journal.write(session, stories.entries(case))
    await log_in(house.client)
    assert "跌倒" in await (await house.client.get("/cases/c8")).text()


async def test_a_number_that_stands_somewhere_is_rung_with_the_file_on_the_screen(house: House) -> None:
    who = await bearer(house.client)
    house.control.called = stories.case_json(stories.ringing("c5"))
    elder = await new_elder(house)
    status, body = await _post(house, "calls", {"to": f"elder:{elder}"}, who)
    assert (status, body["case"]["id"]) == (200, "c5")
    asked = (await house.control.next_asked()).body
    assert (asked["extension"], asked["file"]["id"], asked["actor"][:5]) == ("801", elder, "user:")
    assert asked["number"] in {asked["file"]["home_phone"], *asked["file"]["lines"]}
    await _post(house, "calls", {"to": "number:1000 0099"}, who)
    assert (await house.control.next_asked()).body["number"] == "02110000099"
    for to, expected in (("elder:999999", 404), ("case:nothing", 404), ("nobody", 422), ("number:1", 422)):
        assert (await _post(house, "calls", {"to": to}, who))[0] == expected, to
    house.control.called = None
    status, problem = await _post(house, "calls", {"to": f"elder:{elder}"}, who)
    assert (status, problem["error"]["code"]) == (409, "seat_offline")


async def test_the_day_shows_who_hung_up_and_what_became_of_it_and_what_is_due(house: House) -> None:
    now = datetime.now(UTC)
    missed = _missed("m1", now)
    async with house.db.write() as session:
        await journal.write(session, stories.entries(missed))
        await journal.write(session, stories.entries(_missed("m2", now, spoken=True)))
        session.add(FollowUp(case_id="m1", kind=FollowUpKind.EMERGENCY, due_at=now))
        about = {"case_id": "m2", "case_seq": 1, "drafted_at": now, "drafted_by": "user:1"}
        session.add(Complaint(**about, about="", words="送餐晚了"))
    async with house.db.read() as session:
        found = {one.case: one for one in await missed_calls(session, now - timedelta(hours=1), scope=EVERYWHERE)}
    assert (found["m1"].became, found["m1"].tries, found["m1"].waited) == ("not_reached", 1, 8.0)
    assert found["m2"].became == "spoken"
    async with house.db.read() as session:
        assert await missed_calls(session, now + timedelta(hours=1), scope=EVERYWHERE) == []
        assert [one.case for one in await follow_ups_of_seat(session, "899", now + timedelta(hours=1))] == ["m1"]
        assert await follow_ups_of_seat(session, "899", now - timedelta(hours=1)) == []
        assert await follow_ups_of_seat(session, "801", now + timedelta(days=30)) == []
        assert [one.words for one in await drafts_of(session, Person(1, "801", frozenset()))] == ["送餐晚了"]
        assert await drafts_of(session, Person(2, None, frozenset())) == []
    await log_in(house.client)
    page = await (await house.client.get("/desk")).text()
    assert "未联系上" in page
    assert 'data-dial="case:m1"' in page


def _missed(case_id: str, at: datetime, *, spoken: bool = False) -> Any:
    """The caller hung up after 8 s and was rung back once."""
    opened = at - timedelta(minutes=5)
    case = stories.closed(stories.ringing(case_id, seat="899"))
    first = replace(case.legs[0], dialled_at=opened, ended_at=opened + timedelta(seconds=8))
    back = replace(first, id="elder-2", kind=LegKind.ELDER, state=LegState.ENDED, result=Result.NO_ANSWER)
    return replace(
        case,
        opened_at=opened,
        answered_at=opened + timedelta(seconds=20) if spoken else None,
        abandoned=True,
        state=CaseState.CLOSED,
        outcome=Outcome.MISSED,
        legs=(first, *case.legs[1:], back),
    )


async def test_who_was_a_moment_slower_is_told_who_was_faster(sqlite_house: House) -> None:
    house = sqlite_house
    await log_in(house.client, "agent802")
    other = (await (await house.client.get("/api/v1/me")).json())["id"]
    house.client.session.cookie_jar.clear()
    case = stories.case_json(stories.emergency(stories.talking(stories.ringing())))
    entry = {"seq": 99, "event": "emergency_requested", "actor": f"user:{other}", "cause": None, "data": {}}
    case["timeline"] = [*case["timeline"], {**entry, "at": datetime.now(UTC).isoformat()}]
    await house.control.case(case)
    await house.until(lambda: "c1" in house.app[MIRROR].cases)
    who = await bearer(house.client)
    house.control.refuse = (409, "not_in_this_state")
    status, problem = await _post(house, "cases/c1/actions", {"action": "emergency"}, who)
    assert (status, problem["error"]["code"]) == (409, "not_in_this_state")
    assert "抢先" in problem["error"]["message"]
    assert "启动应急" in problem["error"]["message"]


async def test_while_the_database_is_away_nothing_is_said_to_be_saved_and_the_call_is_on_the_screen(
    sqlite_house: House,
) -> None:
    await _with_case(sqlite_house)
    await log_in(sqlite_house.client)
    token = await csrf_of(sqlite_house.client)
    take_away(sqlite_house)
    status, problem = await _post(sqlite_house, "cases/c1/notes", {"text": "x"}, token)
    assert (status, problem["error"]["code"]) == (503, "database")
    today = await sqlite_house.client.get("/fragments/desk/today")
    assert (today.status, "数据库暂不可用" in await today.text()) == (200, True)
    assert "data-shows-case" in await (await sqlite_house.client.get("/fragments/desk")).text()
