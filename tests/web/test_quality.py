"""Quality as a story (S9, K5): two of an agent's calls are drawn, scored by the sheet, answered, replied to; calibrated
by several; summed up by agent and month."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import select

from models.cases import CaseLegRow, CaseRow, RecordingRow, TimelineRow
from models.journal import write
from models.months import this_month
from models.people import User
from models.quality.candidates import candidates_of
from models.quality.drawing import draw_for
from models.quality.draws import QualityDraw, draw
from models.quality.reviews import QualityReview
from models.quality.score_sheets import SheetKind, items_of, newest
from models.scope import EVERYWHERE
from tests.web import stories
from tests.web.conftest import HASH, House, bearer, csrf_field, log_in

pytestmark = [pytest.mark.clause("K5"), pytest.mark.clause("S9")]
MONTH = this_month()


async def reviewed_calls(house: House, *names: str, urgent: int = 0, seat: str = "801") -> None:
    """Closed calls of this seat with whole recordings, the first of them emergencies."""
    async with house.db.write() as session:
        for at, name in enumerate(names):
            case = stories.closed(stories.talking(stories.ringing(name, seat=seat)))
            await write(session, stories.entries(case), area_code="021")
            row = await session.get_one(CaseRow, name)
            row.emergency_at = row.opened_at + timedelta(seconds=9) if at < urgent else None
            tape = (await session.scalars(select(RecordingRow).where(RecordingRow.case_id == name))).one()
            tape.seconds, tape.problem = 42.0, ""


async def _reviews(house: House) -> list[QualityReview]:
    async with house.db.read() as session:
        return list(await session.scalars(select(QualityReview).order_by(QualityReview.id)))


async def _send(house: House, path: str, **form: Any) -> tuple[int, str]:
    data = FormData([(name, str(one)) for name, v in form.items() for one in (v if isinstance(v, list) else [v])])
    for name, value in (await csrf_field(house.client)).items():
        data.add_field(name, value)
    answer = await house.client.post(path, data=data, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or await answer.text()


async def _full(house: House, kind: SheetKind) -> dict[str, Any]:
    async with house.db.read() as session:
        sheet = await newest(session, kind)
    points = {f"points.{item.key}": item.points for item in items_of(sheet) if not item.fatal}
    return {"sheet": sheet.id, "comment": "", **points}


async def test_from_the_draw_to_the_reply(house: House) -> None:
    await reviewed_calls(house, "k1", "k2", "k3", "k4", urgent=1)
    await log_in(house.client, "reader")
    assert (await _send(house, "/quality-draws", month="2026-13"))[0] == 422
    status, where = await _send(house, "/quality-draws", month=MONTH)
    assert status == 303
    page = await (await house.client.get(where)).text()
    assert "没有可抽的通话" in page, "the agent of the other seat has no calls"
    drawn = await _reviews(house)
    assert len(drawn) == 2
    assert [one.case_id for one in drawn if one.emergency] == ["k1"]
    async with house.db.read() as session:
        row = (await session.scalars(select(QualityDraw))).one()
        calls, unclear = await candidates_of(session, MONTH, scope=EVERYWHERE)
    again = draw_for(drawn[0].agent_id, calls, seed=row.seed, month=MONTH)
    assert [one.recording for one, _ in again.drawn] == [one.recording_id for one in drawn], "the draw can be repeated"
    assert (again.fingerprint, unclear) == (row.lots[0]["fingerprint"], 0)
    await _send(house, "/quality-draws", month=MONTH)
    assert len(await _reviews(house)) == 2, "a second draw has nothing to fill up"
    async with house.db.write() as session:
        found = await draw(session, MONTH, calls, unclear=unclear, by="user:1", of_all=False)
    assert [lot.agent for lot in found.lots] == [drawn[0].agent_id], "of whom no call was seen, nothing is said"

    first = next(one for one in drawn if one.emergency)
    path = f"/quality-reviews/{first.id}"
    form = await _full(house, SheetKind.EMERGENCY)
    status, page = await _send(house, path, version=1, **{**form, "points.2": 21, "comment": "演示：语气"})
    assert (status, "应为0至20分" in page, "演示：语气" in page, 'value="21"' in page) == (422, True, True, True)
    status, page = await _send(house, path, version=1, missed=["8"], **form)
    assert (status, "请填写" in page) == (422, True), "a fatal item needs a word"
    assert (await _send(house, path, version=1, **form, missed=[]))[0] == 303
    status, page = await _send(house, path, version=1, **form)
    assert (status, "已被他人修改" in page) == (409, True)
    status, page = await _send(house, path, version=2, **form)
    assert (status, "已完成评分" in page) == (422, True)

    await log_in(house.client, "agent802")
    assert (await house.client.get(f"/my-reviews/{first.id}")).status == 404
    await log_in(house.client, "agent801")
    assert (await house.client.get(path)).status == 403
    assert f"/my-reviews/{first.id}" in await (await house.client.get("/my-reviews")).text()
    mine = await (await house.client.get(f"/my-reviews/{first.id}")).text()
    assert '<span class="score">100</span>' in mine
    told = {"version": 2, "answer": "演示：当时线路有杂音，回电02110000099"}
    assert (await _send(house, f"/my-reviews/{first.id}/answer", version=2, answer=" "))[0] == 422
    assert (await _send(house, f"/my-reviews/{first.id}/answer", **told))[0] == 303
    status, page = await _send(house, f"/my-reviews/{first.id}/answer", **{**told, "version": 3})
    assert (status, "只能反馈一次" in page) == (422, True)

    await log_in(house.client, "reader")
    page = await (await house.client.get(path)).text()
    assert "当时线路有杂音" in page
    assert "02110000099" not in page, "a number that somebody wrote is masked"
    assert "待答复" in await (await house.client.get("/quality-reviews")).text()
    assert (await _send(house, f"{path}/reply", version=3, reply="演示：已核实"))[0] == 303
    assert (await _send(house, f"{path}/reply", version=4, reply="再说"))[0] == 422
    async with house.db.read() as session:
        kept = await session.get_one(QualityReview, first.id)
    assert (kept.score, kept.reply, kept.sheet_id) == (100, "演示：已核实", form["sheet"])


async def test_a_finished_review_keeps_its_sheet(sqlite_house: House) -> None:
    house = sqlite_house
    await reviewed_calls(house, "k1", "k2")
    await log_in(house.client, "reader")
    await _send(house, "/quality-draws", month=MONTH)
    first, second = await _reviews(house)
    form = await _full(house, SheetKind.ORDINARY)
    status, _ = await _send(
        house, f"/quality-reviews/{first.id}", version=1, missed=["7"], **{**form, "comment": "演示"}
    )
    assert status == 303
    changed = {"text.1": "应答", "points.1": 60, "text.4": "安抚", "points.4": 39, "text.5": "延误", "fatal": ["5"]}
    status, page = await _send(house, "/score-sheets/ordinary", version=1, **changed)
    assert (status, "现为99" in page, 'value="39"' in page) == (422, True, True)
    assert (await _send(house, "/score-sheets/ordinary", version=1, **{**changed, "points.4": 40}))[0] == 303
    assert (await _send(house, "/score-sheets/ordinary", version=1, **{**changed, "points.4": 40}))[0] == 409
    before = await (await house.client.get(f"/quality-reviews/{first.id}")).text()
    after = await (await house.client.get(f"/quality-reviews/{second.id}")).text()
    assert ("听清并复述老人的需求" in before, "听清并复述老人的需求" in after, "安抚" in after) == (True, False, True)
    assert re.search(r'score-bad">0<', before), "one fatal item makes the whole score 0"
    async with house.db.read() as session:
        assert (await newest(session, SheetKind.ORDINARY)).number == 2


async def test_marks_by_the_reviewer_only_and_until_the_end(sqlite_house: House) -> None:
    house = sqlite_house
    await reviewed_calls(house, "k1")
    await log_in(house.client, "reader")
    await _send(house, "/quality-draws", month=MONTH)
    (review,) = await _reviews(house)
    head = await bearer(house.client, "reader")
    path = f"/api/v1/quality-reviews/{review.id}/marks"
    for body, fields in (({"at": 43.5, "note": "x"}, ["at"]), ({"at": 1, "note": " "}, ["note"])):
        answer = await house.client.post(path, json=body, headers=head)
        assert (answer.status, list((await answer.json())["error"]["fields"])) == (422, fields)
    mark = await (await house.client.post(path, json={"at": 12.5, "note": "演示"}, headers=head)).json()
    assert (mark["at"], mark["note"]) == (12.5, "演示")
    assert (await house.client.delete(f"{path}/{mark['id']}", headers=head)).status == 200
    assert (await house.client.delete(f"{path}/{mark['id']}", headers=head)).status == 404
    peaks = await (await house.client.get(f"/api/v1/recordings/{review.recording_id}/peaks", headers=head)).json()
    assert peaks == {"seconds": 0.0, "peaks": []}, "the file is not there"
    listed = await (await house.client.get("/api/v1/quality-reviews?state=open", headers=head)).json()
    assert [item["id"] for item in listed["items"]] == [review.id]
    await log_in(house.client, "reader")
    await _send(house, f"/quality-reviews/{review.id}", version=1, **await _full(house, SheetKind.ORDINARY))
    lead = await bearer(house.client, "lead")
    for header in (head, lead):
        assert (await house.client.post(path, json={"at": 1, "note": "x"}, headers=header)).status == 422


async def test_calibration_is_blind_until_ones_own_is_finished(sqlite_house: House) -> None:
    house = sqlite_house
    await reviewed_calls(house, "k1", urgent=1)
    await log_in(house.client, "reader")
    await _send(house, "/quality-draws", month=MONTH)
    (drawn,) = await _reviews(house)
    _, page = await _send(house, f"/quality-reviews/{drawn.id}/calibrate")
    assert page == "/calibrations/1"
    form = await _full(house, SheetKind.EMERGENCY)
    for who, less, missed in (("reader", 0, []), ("lead", 5, ["8"])):
        await log_in(house.client, who)
        assert "才能看到他人的结果" in await (await house.client.get("/calibrations/1")).text()
        _, own = await _send(house, "/calibrations/1/join")
        given = {**form, "points.1": form["points.1"] - less, "comment": f"演示·{who}", "missed": missed}
        assert (await _send(house, own, version=1, **given))[0] == 303
    page = await (await house.client.get("/calibrations/1")).text()
    assert ("演示·reader" in page, "不一致" in page) == (True, True)
    assert re.search(r">10</td><td class=\"num\">5</td><td class=\"num\"><b>5</b>", page), "item by item"
    assert "<b>100</b></td>\n" in page or page.count("<b>100</b>") == 2, "the score and the spread"
    theirs = (await _reviews(house))[1]
    assert (await house.client.get(f"/quality-reviews/{theirs.id}")).status == 404
    await log_in(house.client, "agent801")
    assert (await house.client.get(f"/my-reviews/{theirs.id}")).status == 404
    await log_in(house.client, "lead")
    assert (await _send(house, "/calibrations/1/close", version=1))[0] == 303
    results = await (await house.client.get("/quality-results")).text()
    assert "100.0" not in results, "a calibration counts for nobody"


async def test_results_and_their_table(house: House) -> None:
    await reviewed_calls(house, "k1", "k2", "k3", urgent=1)
    await log_in(house.client, "reader")
    await _send(house, "/quality-draws", month=MONTH)
    for review, kind in zip(await _reviews(house), (SheetKind.EMERGENCY, SheetKind.ORDINARY), strict=True):
        form = await _full(house, kind)
        await _send(
            house, f"/quality-reviews/{review.id}", version=1, **{**form, "points.1": 5 if review.emergency else 10}
        )
    page = await (await house.client.get("/quality-results")).text()
    assert ("97.5" in page, "达到" in page) == (True, True)
    data = {"format": "csv", **await csrf_field(house.client)}
    answer = await house.client.post("/quality-results/export", data=data)
    table = (await answer.read()).decode("utf-8-sig").splitlines()
    assert table[1].split(",")[:9] == [MONTH, "演示坐席甲", "2", "2", "1", "达到", "97.5", "95", "0"]
    assert len(table) == 2


async def test_who_shares_a_seat_and_who_was_not_heard(sqlite_house: House) -> None:
    """Two people sit at 802 in turn: what one of them did something in is theirs, the rest is nobody's."""
    house = sqlite_house
    await reviewed_calls(house, "k1", "k2", urgent=1, seat="802")
    await reviewed_calls(house, "short", "open", "listened")
    async with house.db.write() as session:
        session.add(User(username="night", password_hash=HASH, name="演示夜班", roles=["agent"], seat="802"))
        (await session.scalars(select(RecordingRow).where(RecordingRow.case_id == "short"))).one().seconds = 4.0
        (await session.get_one(CaseRow, "open")).state = stories.talking(stories.ringing()).state
        for leg in await session.scalars(select(CaseLegRow).where(CaseLegRow.case_id == "listened")):
            leg.mode = stories.Mode.LISTEN
        await session.flush()
        night = await session.scalar(select(User.id).where(User.username == "night"))
        entry = (await session.scalars(select(TimelineRow).where(TimelineRow.case_id == "k2").limit(1))).one()
        entry.actor = f"user:{night}"
    async with house.db.write() as session:
        calls, unclear = await candidates_of(session, MONTH, scope=EVERYWHERE)
        found = await draw(session, MONTH, calls, unclear=unclear, by="user:1", seed=5)
    assert found.draw.unclear == 1
    assert {lot.agent: lot.calls for lot in found.lots if lot.calls} == {night: 1}
