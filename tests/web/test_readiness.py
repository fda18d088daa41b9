"""Staffing (S10), emergency plans and drills (S12), as stories on their pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import select

from home import scans
from models.base import utc_now
from models.cases import CaseLegRow, CaseRow
from models.journal import write
from models.readiness.drill_files import FOLDER, DrillStep, run_of
from models.readiness.drill_files import write as leave
from models.readiness.drill_reports import DrillReport
from models.readiness.plans import EmergencyPlan
from models.staffing.shifts import PlannedShift
from tests.web import stories
from tests.web.conftest import House, csrf_field, log_in

TODAY = utc_now().astimezone().date()
PDF = b"%PDF-1.4 demo"


async def _send(house: House, path: str, *, file: bytes = b"", **form: Any) -> tuple[int, str]:
    data = FormData([(name, str(one)) for name, v in form.items() for one in (v if isinstance(v, list) else [v])])
    for name, value in (await csrf_field(house.client)).items():
        data.add_field(name, value)
    if file:
        data.add_field("file", file, filename="plan.pdf", content_type="application/pdf")
    answer = await house.client.post(path, data=data, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or await answer.text()


@pytest.mark.clause("S10")
async def test_seats_follow_the_calls_of_the_past_weeks(house: House) -> None:
    """24 calls at ten past nine of a Monday, two weeks ago, of 200 s each."""
    monday = TODAY - timedelta(days=TODAY.weekday() + 14)
    at = datetime(monday.year, monday.month, monday.day, 9, 10).astimezone()
    async with house.db.write() as session:
        for number in range(24):
            case = stories.closed(stories.talking(stories.ringing(f"k{number}")))
            await write(session, stories.entries(case), area_code="021")
            (await session.get_one(CaseRow, case.id)).opened_at = at
            for leg in await session.scalars(select(CaseLegRow).where(CaseLegRow.case_id == case.id)):
                leg.answered_at, leg.ended_at = at, at + timedelta(seconds=200)
    await log_in(house.client, "lead")
    page = await (await house.client.get("/staffing?day=0")).text()
    assert ("共 24 个" in page, "4:20" in page, "10 秒内接听 80%" in page) == (True, True, True)
    shift = {"begins": "08:00", "ends": "25:00", "seats": 9, "who": "演示早班"}
    status, page = await _send(house, "/staffing/shifts", weekdays=["0", "2"], **shift)
    assert (status, "时间应为" in page, 'value="演示早班"' in page) == (422, True, True)
    assert (await _send(house, "/staffing/shifts", weekdays=["0", "2"], **{**shift, "ends": "16:00"}))[0] == 303
    async with house.db.read() as session:
        rows = list(await session.scalars(select(PlannedShift).order_by(PlannedShift.weekday)))
    assert [(row.weekday, row.begins, row.ends, row.seats) for row in rows] == [(0, 480, 960, 9), (2, 480, 960, 9)]
    path = f"/staffing/shifts/{rows[1].id}"
    changed = {**shift, "weekday": 2, "ends": "16:30", "version": 1}
    assert (await _send(house, path, **changed))[0] == 303
    assert (await _send(house, path, **changed))[0] == 409
    assert (await _send(house, f"{path}/remove", weekday=2, version=2))[0] == 303
    answer = await house.client.post("/staffing/export", data={"format": "csv", **await csrf_field(house.client)})
    table = [line.split(",") for line in (await answer.read()).decode("utf-8-sig").splitlines()]
    assert len(table) == 1 + 7 * 96
    busy = next(row for row in table if row[:2] == ["星期一", "09:00"])
    assert busy[2:4] == ["3.00", "3"], (
        "three calls on an average Monday of eight; two people would answer 75 % of them in 10 s"
    )
    assert busy[4:7] == ["5", "9", "0"], "five on the roster, nine are planned"
    assert float(busy[7]) > 99
    quiet = next(row for row in table if row[:2] == ["星期二", "09:00"])
    assert quiet[2:] == ["0.00", "2", "3", "0", "3", ""]


@pytest.mark.clause("S12")
async def test_a_plan_has_an_owner_and_dates_and_shouts_when_it_is_old(house: House) -> None:
    await log_in(house.client, "lead")
    form = {"title": "演示：停电", "owner": 3, "valid_from": TODAY - timedelta(days=400), "text": ""}
    due = {"review_due": TODAY - timedelta(days=3)}
    status, page = await _send(house, "/emergency-plans", **form, **due)
    assert (status, "请填写正文或上传文件" in page, 'value="演示：停电"' in page) == (422, True, True)
    status, page = await _send(house, "/emergency-plans", file=b"MZ no plan", **form, **due)
    assert (status, "只接受PDF" in page) == (422, True)
    status, path = await _send(house, "/emergency-plans", file=PDF, **form, **due)
    assert status == 303
    listed = await (await house.client.get("/emergency-plans")).text()
    assert ("1 个预案复审超期" in listed, "复审超期 3 天" in listed, "从未演练" in listed) == (True, True, True)
    answer = await house.client.get(f"{path}/file")
    assert (await answer.read(), answer.content_type) == (PDF, "application/pdf")

    assert (await _send(house, f"{path}/reviewed", version=1, due=TODAY))[0] == 422
    assert (await _send(house, f"{path}/reviewed", version=1, due=TODAY + timedelta(days=300)))[0] == 303
    assert "复审超期" not in await (await house.client.get("/emergency-plans")).text()
    other = {**form, "text": "一、报告", "review_due": TODAY + timedelta(days=90)}
    assert (await _send(house, path, version=1, file=PDF + b"2", **other))[0] == 409
    assert (await _send(house, path, version=2, file=PDF + b"2", **other))[0] == 303
    async with house.db.read() as session:
        plan = (await session.scalars(select(EmergencyPlan))).one()
    assert (plan.text, plan.reviewed_on, plan.version) == ("一、报告", TODAY, 3)
    kept = [found.name for found in (house.settings.home / scans.PLANS).glob("*/*")]
    assert kept == [plan.file], "neither the file before nor one that was refused stays"

    await log_in(house.client)
    page = await (await house.client.get(path)).text()
    assert ("一、报告" in page, "修改预案" in page) == (True, False), "agents read it"
    assert (await _send(house, path, version=3, **other))[0] == 403


@pytest.mark.clause("S12")
async def test_a_drill_leaves_a_report_to_be_signed(sqlite_house: House) -> None:
    house = sqlite_house
    began = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    steps = [
        DrillStep(zh="坐席接听", en="an agent answers", good=True, at=began, value="2.9 s"),
        DrillStep(zh="呼叫联系人", en="contacts are rung", good=False, value="无人"),
    ]
    path = leave(house.settings.home, run_of("sos", began, steps, passed=False, name="sos"))
    assert path.stat().st_mode & 0o777 == 0o600
    (house.settings.home / FOLDER / "20261120-broken.json").write_text('{"format": 2}')
    await log_in(house.client, "keeper")
    assert "有 2 次演练结果待收录" in await (await house.client.get("/drill-reports")).text()
    status, where = await _send(house, "/drill-reports/take-in")
    assert (status, where) == (303, "/drill-reports?unreadable=1")
    await _send(house, "/drill-reports/take-in")
    async with house.db.read() as session:
        report = (await session.scalars(select(DrillReport))).one()
    assert (report.kind, report.passed, report.began_at) == ("sos", False, began)
    page = f"/drill-reports/{report.id}"
    status, text = await _send(house, page, version=1, plan="", findings=" ", signers="演示班长")
    assert (status, "演练未通过，请写明" in text, "演示班长" in text) == (422, True, True)
    signed = {"plan": "", "findings": "演示：补充联系人", "signers": "演示班长\n\n演示维护员"}
    assert (await _send(house, page, version=1, **{**signed, "plan": 9}))[0] == 422
    assert (await _send(house, page, version=1, **signed))[0] == 303
    assert (await _send(house, page, version=1, **signed))[0] == 409
    printed = await (await house.client.get(f"{page}/print")).text()
    for words in ("未通过", "坐席接听", "2.9 s", "✗", "演示：补充联系人", "签字： 演示班长", "签字： 演示维护员"):
        assert words in printed, words
    assert printed.count('class="sign"') == 2
