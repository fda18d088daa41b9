"""An elder's file in the browser: papers with scans, forms to sign, repairs, history, the month's list, merging."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from home import scans
from models.audit import AuditEntry
from models.base import utc_now
from models.cases import CaseRow
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import Elder, ElderStatus, Terminal
from models.journal import write
from models.papers import Paper
from models.register import create_elder
from tests.web import stories
from tests.web.conftest import House, bearer, csrf_of, log_in

LINE = "02110000001"
TODAY = utc_now().astimezone().date()
PDF = b"%PDF-1.7 a scan of an agreement"
FORM = ElderForm(
    name="演示·王一",
    home_phone=LINE,
    compound="示例新村",
    building="3",
    room="401",
    illnesses="高血压",
    allergies="青霉素",
    contacts=(ContactForm("演示·女", phones=("12000000001",)),),
    terminals=(TerminalForm(LINE, "T1", "S-1", TODAY),),
)


async def _elder(house: House, form: ElderForm = FORM) -> int:
    async with house.db.write() as session:
        return (await create_elder(session, form, by="user:1", area_code="021")).id


async def _post(house: House, path: str, **fields: str) -> aiohttp.ClientResponse:
    data = {"csrf_token": (await csrf_of(house.client))["X-CSRF-Token"], **fields}
    return await house.client.post(path, data=data, allow_redirects=False)


async def _upload(house: House, path: str, body: bytes, name: str, **fields: str) -> aiohttp.ClientResponse:
    data = aiohttp.FormData({"csrf_token": (await csrf_of(house.client))["X-CSRF-Token"], **fields})
    data.add_field("scan", BytesIO(body), filename=name, content_type="application/octet-stream")
    return await house.client.post(path, data=data, allow_redirects=False)


async def _text(house: House, path: str) -> str:
    answer = await house.client.get(path)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


def _kept(house: House) -> list[Path]:
    return [path for path in (house.settings.home / scans.FOLDER).rglob("*") if path.is_file()]


async def _actions(house: House) -> list[str]:
    async with house.db.read() as session:
        return list(await session.scalars(select(AuditEntry.action)))


@pytest.mark.clause("S7")
@pytest.mark.clause("S1.10")
async def test_a_paper_is_printed_signed_and_its_scan_kept_for_those_who_may_see_it(sqlite_house: House) -> None:
    house, elder = sqlite_house, await _elder(sqlite_house)
    await log_in(house.client)
    assert "演示·王一" in await _text(house, "/elder-papers?lack=agreement")
    printed = await _text(house, f"/elders/{elder}/print/agreement")
    for words in ("data:image/svg+xml", "演示·王一", "021 1000 0001", "120 0000 0001", "签名", "授权"):
        assert words in printed
    assert "青霉素" in await _text(house, f"/elders/{elder}/print/registration")
    assert (await house.client.get(f"/elders/{elder}/print/other")).status == 404

    papers = f"/elders/{elder}/papers"
    signed = {"kind": "agreement", "issued_on": TODAY.isoformat(), "number": "协2026-1"}
    for body, name, words in (
        (b"MZ no paper", "agreement.pdf", "只接受PDF"),
        (b"", "empty.pdf", "请选择文件"),
        (PDF + b" " * scans.LARGEST, "large.pdf", "超过10MB"),
    ):
        answer = await _upload(house, papers, body, name, **signed)
        page = await answer.text()
        assert (answer.status, words in page, "协2026-1" in page) == (422, True, True), name
    assert (await _upload(house, papers, PDF + b" " * 2 * scans.LARGEST, "bomb.pdf", **signed)).status == 413
    answer = await _upload(house, papers, PDF, "a.pdf", **{**signed, "issued_on": "2990-01-01"})
    assert answer.status == 422
    assert _kept(house) == [], "what came with a form that was refused is not kept"
    assert (await _upload(house, papers, PDF, "../../a.exe", **signed)).status == 303
    (file,) = _kept(house)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (PDF, 0o600)
    async with house.db.read() as session:
        (paper,) = (await session.scalars(select(Paper))).all()
        assert (await session.get_one(Elder, elder)).agreement_signed_on == TODAY
    assert "演示·王一" not in await _text(house, "/elder-papers?lack=agreement")

    scan = f"{papers}/{paper.id}/scan"
    read = await house.client.get(scan)
    assert (read.headers["Content-Type"], await read.read()) == ("application/pdf", PDF)
    assert "attachment" in read.headers["Content-Disposition"]
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    await log_in(house.client, "lead")
    assert (await house.client.get(scan)).status == 403, "masked until they have said why"
    await log_in(house.client, "reader")
    assert (await house.client.get(scan)).status == 403
    await log_in(house.client)
    assert (await house.client.get(f"/elders/999/papers/{paper.id}/scan")).status == 404
    other = await _elder(house, ElderForm(name="演示·李二"))
    assert (await house.client.get(f"/elders/{other}/papers/{paper.id}/scan")).status == 404
    jpeg = b"\xff\xd8\xff\xe0 another scan"
    assert (await _upload(house, scan, jpeg, "b.jpg", version="1")).status == 303
    assert (await _upload(house, scan, jpeg, "b.jpg", version="1")).status == 409
    assert [path.read_bytes() for path in _kept(house)] == [jpeg], "the old one is gone"
    assert (await _post(house, f"{papers}/{paper.id}/delete", version="2")).status == 303
    assert _kept(house) == []
    assert {"elder.print", "paper.add", "paper.read", "paper.scan", "paper.remove"} <= set(await _actions(house))


async def test_a_scan_goes_in_and_out_by_the_api(sqlite_house: House) -> None:
    house, elder = sqlite_house, await _elder(sqlite_house)
    lead, agent = await bearer(house.client, "lead"), await bearer(house.client)
    path = f"/api/v1/elders/{elder}/papers"
    answer = await house.client.post(path, json={"kind": "notice", "issued_on": TODAY.isoformat()}, headers=agent)
    paper = (await answer.json())["id"]
    scan = f"{path}/{paper}/scan"

    async def put(body: bytes, media: str = "application/octet-stream", *, version: int = 1, to: str = scan) -> int:
        head = {**agent, "Content-Type": media}
        return (await house.client.put(to, params={"version": version}, data=BytesIO(body), headers=head)).status

    other = await _elder(house, ElderForm(name="演示·李二"))
    assert (await house.client.get(scan, headers=agent)).status == 404, "there is none yet"
    assert await put(PDF, "text/html") == 415
    assert await put(b"MZ no paper", "application/pdf") == 422
    assert await put(b"") == 422
    assert await put(PDF + b" " * scans.LARGEST) == 413
    assert await put(PDF, version=9) == 409
    assert await put(PDF, to=scan.replace(f"/{elder}/", f"/{other}/")) == 404
    stranger = await house.client.put(scan, params={"version": 1}, data=BytesIO(PDF + b" " * 1024 * 1024))
    assert stranger.status in (401, 413), "a large body is read from who has logged in only"
    assert _kept(house) == []
    assert await put(PDF) == 200
    jpeg = b"\xff\xd8\xff\xe0 another scan"
    assert await put(jpeg, version=1) == 409
    assert [file.read_bytes() for file in _kept(house)] == [PDF], "what came too late is not kept"
    assert await put(jpeg, "image/jpeg", version=2) == 200
    assert [file.read_bytes() for file in _kept(house)] == [jpeg]
    (listed,) = (await (await house.client.get(path, headers=agent)).json())["items"]
    assert (listed["scan_type"], listed["scan_size"], listed["version"]) == ("image/jpeg", len(jpeg), 3)

    assert (await house.client.get(scan, headers=lead)).status == 403, "masked until they have said why"
    reveal = {"record": f"elder:{elder}", "reason": "complaint"}
    assert (await house.client.post("/api/v1/reveals", json=reveal, headers=lead)).status in (200, 201)
    read = await house.client.get(scan, headers=lead)
    assert (read.status, read.headers["Content-Type"], await read.read()) == (200, "image/jpeg", jpeg)
    assert "attachment" in read.headers["Content-Disposition"]
    assert [action for action in await _actions(house) if action.startswith("paper.")] == [
        *("paper.add", "paper.scan", "paper.scan", "paper.read"),
    ]


async def test_a_file_that_is_deleted_takes_its_scans_along(sqlite_house: House) -> None:
    house, elder = sqlite_house, await _elder(sqlite_house)
    await log_in(house.client)
    form = {"kind": "notice", "issued_on": TODAY.isoformat()}
    await _upload(house, f"/elders/{elder}/papers", PDF, "a.pdf", **form)
    assert len(_kept(house)) == 1
    assert (await _post(house, f"/elders/{elder}/delete", version="2", confirm="yes")).status == 303
    assert _kept(house) == []


@pytest.mark.clause("X8")
@pytest.mark.clause("X7")
async def test_repairs_deaths_and_the_months_list_from_page_to_page(sqlite_house: House) -> None:
    house, elder = sqlite_house, await _elder(sqlite_house)
    async with house.db.read() as session:
        (terminal,) = (await session.scalars(select(Terminal.id))).all()
    await log_in(house.client)
    assert (await _post(house, f"/elders/{elder}/repairs", terminal=str(terminal), fault="  ")).status == 422
    fault = await _post(house, f"/elders/{elder}/repairs", terminal=str(terminal), fault="按键<b>失灵</b>")
    assert fault.status == 303
    page = await _text(house, f"/elders/{elder}")
    for words in ("按键&lt;b&gt;失灵", "保修内", "待修", "终端报修", str(TODAY.year + 2)):
        assert words in page
    await log_in(house.client, "keeper")
    assert "按键&lt;b&gt;" in await _text(house, "/repairs")
    done = {"version": "1", "done_on": TODAY.isoformat(), "repairer": "演示维护员", "remedy": "换按键", "cost": "35.5"}
    for wrong in ({"cost": "-1"}, {"cost": "免费"}, {"done_on": "2990-01-01"}, {"remedy": ""}):
        answer = await _post(house, "/repairs/1", **{**done, **wrong})
        page = await answer.text()
        assert (answer.status, "演示维护员" in page, "field-errors" in page) == (422, True, True), wrong
    assert (await _post(house, "/repairs/1", **done)).status == 303
    assert "¥35.50" in await _text(house, "/repairs?state=done")
    assert (await _post(house, f"/terminals/{terminal}/collected")).status == 404, "the elder is there still"

    await log_in(house.client)
    edit = await _text(house, f"/elders/{elder}/edit")
    fields = dict(re.findall(r'name="((?:contacts|terminals)-[0-9]+-[a-z_]+)"[^>]*value="([^"]*)"', edit))
    kinds = {f"contacts-{n}-kind": "other" for n in range(3)}
    form = {**fields, **kinds, "version": "1", "name": "演示·王一", "language": "zh", "service_class": "3"}
    form |= {"home_phone": LINE, "compound": "示例新村", "building": "3", "room": "401", "sex": "", "lives_alone": ""}
    form |= {"org_unit_id": "", "blood_type": "", "status": "died", "status_since": "2026-03-04", "allergies": "青霉素"}
    answer = await _post(house, f"/elders/{elder}/edit", **{**form, "status_until": "2026-03-05"})
    assert (answer.status, "只有外出" in await answer.text()) == (422, True)
    saved = await _post(house, f"/elders/{elder}/edit", **form)
    assert saved.status == 303, await saved.text()
    page = await _text(house, f"/elders/{elder}")
    assert "登记为已去世" in page
    assert "2026-03-04" in page
    late = await _post(house, f"/elders/{elder}/edit", **{**form, "room": "999"})
    page = await late.text()
    assert (late.status, "您填写的内容" in page, "999" in page) == (409, True, True), "the second sees what differs"
    assert 'name="version" type="hidden" value="2"' in page

    month = await _text(house, f"/elder-changes?month={TODAY:%Y-%m}&group=died")
    for words in ("演示·王一", "去世", "2026-03-04", "演示坐席甲"):
        assert words in month
    assert "没有变更" in await _text(house, "/elder-changes?month=2020-01")
    assert (await house.client.get("/elder-changes?month=2020-13")).status == 422
    assert (await _post(house, "/elder-changes/export")).status == 403
    await log_in(house.client, "lead")
    answer = await _post(house, "/elder-changes/export", month=f"{TODAY:%Y-%m}")
    rows = CalamineWorkbook.from_filelike(BytesIO(await answer.read())).get_sheet_by_index(0).to_python()
    assert rows[0][:2] == ["分类", "姓名"]
    assert ["去世", "演示·王一"] in [row[:2] for row in rows]
    assert "青霉素" not in str(rows), "masked"
    assert "演示·王一" in await _text(house, "/terminals?state=collect")
    assert (await _post(house, f"/terminals/{terminal}/collected")).status == 303
    assert "演示·王一" not in await _text(house, "/terminals?state=collect")
    history = await _text(house, f"/elders/{elder}/history")
    assert "去世" in history
    assert "青霉素" not in history, "masked until revealed"
    assert "终端报修" in await _text(house, f"/elders/{elder}/timeline")


async def test_two_files_side_by_side_become_one_and_the_old_address_leads_there(sqlite_house: House) -> None:
    house = sqlite_house
    first, second = await _elder(house), await _elder(house, ElderForm(name="演示·王一", home_phone=LINE, room="402"))
    third = await _elder(house, ElderForm(name="演示·王一", compound="示例新村", building="3", room="401"))
    await log_in(house.client)
    page = await _text(house, "/duplicates")
    assert f"/duplicates/{first}/{second}" in page
    assert f"/duplicates/{first}/{third}" in page
    assert (await _post(house, f"/duplicates/{first}/{third}/different")).status == 303
    assert f"/duplicates/{first}/{third}" not in await _text(house, "/duplicates")
    page = await _text(house, f"/duplicates/{first}/{second}")
    assert 'name="take.room" value="other"' in page
    assert "402" not in page, "masked"
    merge = {"version": "1", "other_version": "1", "take.room": "other"}
    assert (await _post(house, f"/duplicates/{first}/{second}", **merge)).status == 400
    stale = {**merge, "confirm": "yes", "other_version": "7"}
    assert (await _post(house, f"/duplicates/{first}/{second}", **stale)).status == 409
    assert (await _post(house, f"/duplicates/{first}/{second}", **merge, confirm="yes")).status == 303
    led = await house.client.get(f"/elders/{second}/timeline", allow_redirects=False)
    assert (led.status, led.headers["Location"]) == (308, f"/elders/{first}/timeline")
    assert (await house.client.get(f"/api/v1/elders/{second}")).url.path == f"/api/v1/elders/{first}"
    async with house.db.read() as session:
        assert (await session.get_one(Elder, first)).room == "402"


async def test_the_agent_sees_at_once_whose_line_it_was_and_what_harms_them(sqlite_house: House) -> None:
    """On the page of a case on record, as on the desk: both show the same part of the file."""
    house = sqlite_house
    elder = await _elder(house, ElderForm(name="演示·王一", allergies="青霉素", status=ElderStatus.DIED))
    case = stories.closed(stories.talking(stories.ringing("c9", file=None)))
    async with house.db.write() as session:
        await write(session, stories.entries(case), area_code="021")
    async with house.db.write() as session:
        (await session.get_one(CaseRow, "c9")).elder_id = elder
    await log_in(house.client)
    headers = await csrf_of(house.client)
    body = {"record": "case:c9", "reason": "回访核对"}
    assert (await house.client.post("/api/v1/reveals", json=body, headers=headers)).status == 201
    page = await _text(house, "/cases/c9")
    assert 'data-elder-status="died"' in page
    assert "青霉素" in page
