"""Reports as people get them: an official of a street reads the month, opens a number into its rows, takes it away and
prints it; a lead signs it off, and it stays as it was."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from sqlalchemy import update

from ivr.vocabulary import CaseKind
from models.base import local_today
from models.cases import CaseRow
from models.complaints import Complaint
from models.elders import Elder
from models.org import OrgKind, get_or_create
from models.people import User
from models.reports.definitions import FIGURES
from models.reports.figures import Unit
from models.reports.periods import PeriodKind, of_day
from tests.web.conftest import HASH, House, csrf_field, log_in
from web.report_keeping import keep_what_is_over

MONTH = of_day(PeriodKind.MONTH, local_today()).before
LINKS = re.compile(r'href="(/reports/rows\?[^"]+)">(\d+)<')


async def _settle(house: House) -> dict[str, int]:
    """Two streets with calls of last month, one call of nobody; an official of the first street."""
    units: dict[str, int] = {}
    async with house.db.write() as session:
        city = await get_or_create(session, OrgKind.CITY, "演示市")
        for number, name in enumerate(("东街", "西街")):
            street = await get_or_create(session, OrgKind.STREET, name, parent=city.id)
            community = await get_or_create(session, OrgKind.COMMUNITY, f"{name}社区", parent=street.id)
            elder = Elder(name=f"演示·{name}人", org_unit_id=community.id, service_class=number + 1)
            session.add(elder)
            await session.flush()
            units[name] = street.id
            drafted = {"drafted_at": MONTH.since + timedelta(days=2), "drafted_by": "user:1", "elder_id": elder.id}
            session.add(
                Complaint(about="", words="演示", contacted_at=MONTH.since + timedelta(days=2, hours=3), **drafted)
            )
            for call in range(3 + number):
                session.add(
                    _call(f"{name}-{call}", MONTH.since + timedelta(days=call, hours=9), elder.id, 5.0 + 6 * call)
                )
        session.add(_call("nobody", MONTH.since + timedelta(days=3), None, None))
        official = {"username": "official", "name": "演示街道", "roles": ["official"], "org_unit_id": units["东街"]}
        session.add(User(password_hash=HASH, **official))
    return units


def _call(case: str, at: datetime, elder: int | None, after: float | None) -> CaseRow:
    told: dict[str, Any] = {"caller": "", "dialled": "", "channel": case, "abandoned": False, "note": ""}
    answered = None if after is None else at + timedelta(seconds=after)
    return CaseRow(
        id=case,
        last_seq=1,
        kind=CaseKind.SOS,
        state="closed",
        elder_id=elder,
        opened_at=at,
        answered_at=answered,
        emergency_at=None,
        arrived_at=None,
        closed_at=at,
        outcome=None,
        topic=None,
        **told,
    )


def _article(page: str) -> str:
    return page.partition("<article")[2].partition("</article>")[0]


async def _pdf(house: House, path: str) -> list[str]:
    """The lines of all its pages; Chinese letters are in the file, or of the font that every reader knows."""
    answer = await house.client.get(path)
    assert (answer.status, answer.content_type) == (200, "application/pdf"), path
    pages = PdfReader(io.BytesIO(await answer.read())).pages
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    assert any(
        font["/BaseFont"] == "/STSong-Light" or "/FontFile2" in font.get("/FontDescriptor", ()) for font in fonts
    )
    return [line for page in pages for line in page.extract_text().splitlines()]


async def _get(house: House, path: str) -> str:
    answer = await house.client.get(path, allow_redirects=False)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


@pytest.mark.clause("T6", "H3", "K6")
async def test_an_official_reads_opens_takes_away_and_prints(sqlite_house: House) -> None:
    house, units = sqlite_house, await _settle(sqlite_house)
    await log_in(house.client, "official")
    page = await _get(house, f"/reports?period={MONTH.text}")
    assert "演示市" not in page
    links = [(unescape(path), int(number)) for path, number in LINKS.findall(page)]
    assert {path.split("figure=")[1].split("&")[0]: number for path, number in links}["alarms"] == 3
    for path, number in dict(links).items():
        rows = await _get(house, path)
        body = rows.partition("<tbody>")[2].partition("</tbody>")[0]
        assert body.count("<tr>") == number, path
        assert "西街" not in rows
    for other in ("all", units["西街"], 999):
        for path in ("/reports", "/reports/print", "/reports/rows", "/api/v1/reports"):
            answer = await house.client.get(path, params={"unit": str(other), "period": MONTH.text})
            assert answer.status == 404, (path, other)
    printed = await _get(house, f"/reports/print?unit={units['东街']}&period={MONTH.text}")
    assert printed.count('class="sign"') == 2
    assert "33.33 %" in printed  # of three alarms one was answered within 10 s
    paper = await _pdf(house, f"/reports/pdf?unit={units['东街']}&period={MONTH.text}")
    assert {"33.33 %", "东街社区", "求助电话", "制表人", "审核人"} <= set(paper)
    assert (await house.client.get("/reports/pdf?unit=all")).status == 404
    field = await csrf_field(house.client)
    form = {"unit": str(units["东街"]), "period": MONTH.text, "format": "xlsx", **field}
    answer = await house.client.post("/reports/export", data=form)
    assert answer.status == 200
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(await answer.read())).get_sheet_by_index(0).to_python()
    assert sheet[0][3:] == ["东街", "东街社区"]
    told = {row[1]: row[2:] for row in sheet}
    assert told["求助电话"] == ["", "3", "3"]
    assert told["24 小时联系率"] == ["≥ 100 %", "100 %", "100 %"]
    assert (told["逾 1 个工作日答复"], told["抽取录音"]) == (["", "1", "1"], ["", "0", "0"])
    assert (await house.client.post("/reports/sign", data=form, allow_redirects=False)).status == 403
    day = await _get(house, f"/reports?period={MONTH.first}")
    assert "逐刻钟明细" in day
    for wrong in ("period=2026-13", "from=2026-11-02&to=2026-11-01", "from=2026-11-02"):
        assert (await house.client.get(f"/reports?{wrong}")).status == 422
    assert (await house.client.get("/reports/rows?figure=nothing")).status == 404
    assert (await house.client.get("/reports/rows?figure=follow_ups")).status == 403


@pytest.mark.clause("T6", "H11", "X11")
async def test_what_was_signed_off_stays_as_it_was(sqlite_house: House) -> None:
    house, units = sqlite_house, await _settle(sqlite_house)
    await log_in(house.client, "lead")
    assert await keep_what_is_over(house.db, most=5) == 5
    page = await _get(house, f"/reports?unit=all&period={MONTH.text}")
    assert "其他（未归入下级区域）" in page
    field = await csrf_field(house.client)
    form = {"unit": "all", "period": MONTH.text, "remark": "演示签存", **field}
    early = await house.client.post("/reports/sign", data={**form, "period": str(local_today())})
    assert (early.status, "演示签存" in await early.text()) == (422, False)  # there is no form for it either
    answer = await house.client.post("/reports/sign", data=form, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    path = answer.headers["Location"]
    before = _article(await _get(house, path))
    assert "演示班长" in before
    async with house.db.write() as session:
        await session.execute(update(Elder).values(service_class=3))
        session.add(_call("late", MONTH.since + timedelta(days=5), None, None))
    assert _article(await _get(house, path)) == before
    assert path in await _get(house, f"/reports?unit=all&period={MONTH.text}")
    paper = await _pdf(house, f"{path}/pdf")
    assert paper[paper.index("求助电话") + 1] == "8"
    assert any("演示班长" in line and "演示签存" in line for line in paper)
    async with house.db.write() as session:
        await session.execute(update(User).where(User.username == "official").values(org_unit_id=units["西街"]))
    await log_in(house.client, "official")
    assert (await house.client.get(path)).status == 404  # of a place above theirs


@pytest.mark.clause("T6", "K1", "H8")
async def test_the_api_says_the_same(sqlite_house: House) -> None:
    house, units = sqlite_house, await _settle(sqlite_house)
    await log_in(house.client, "official")
    query = {"unit": str(units["东街"]), "period": MONTH.text}
    told = await (await house.client.get("/api/v1/reports", params=query)).json()
    assert (told["figures"]["alarms"], told["figures"]["answered_10"], told["is_over"]) == (3, 1, True)
    assert told["shares"]["share_10"] == pytest.approx(1 / 3)
    assert (told["shares"]["share_contact"], told["shares"]["share_answer"]) == (1.0, 0.0)
    assert (told["figures"]["answer_late"], told["means"]["mean_score"]) == (1, None)
    assert told["means"]["mean_answer"] == pytest.approx((5 + 11 + 17) / 3)
    assert sum(day["figures"]["alarms"] for day in told["days"]) == 3
    assert [(part["name"], part["figures"]["alarms"]) for part in told["parts"]] == [("东街社区", 3)]
    rows = await (
        await house.client.get("/api/v1/reports/rows", params={**query, "figure": "answered_15", "limit": "1"})
    ).json()
    assert (rows["total"], len(rows["items"]), rows["next"]) == (2, 1, "1")
    known = await (await house.client.get("/api/v1/reports/definitions")).json()
    assert {one["name"] for one in known["figures"]} == FIGURES.keys()
    assert all(one["word"] and one["how"] for one in known["figures"])
    for wrong in ({"period": "x"}, {"unit": "none"}):
        assert (await house.client.get("/api/v1/reports", params={**query, **wrong})).status == 422
    summed = next(name for name, figure in FIGURES.items() if figure.unit is Unit.MICROSECONDS)
    asked = {"unit": str(units["东街"]), "period": MONTH.text, "figure": summed}
    assert (await house.client.get("/api/v1/reports/rows", params=asked)).status == 422
