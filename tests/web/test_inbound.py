"""What gateways hand in beside alarms: text messages and warnings of the weather, each taken once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.audit import REVEAL, AuditEntry
from models.care.bulletins import CareBulletin
from models.device_reports import DeviceReportRow
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import Terminal
from models.org import OrgKind, get_or_create
from models.register import create_elder
from tests.web.conftest import House, bearer, csrf_field, csrf_of, log_in
from tests.web.test_alarms import gateway, reports

AT = "2026-11-22T08:00:00+08:00"
LINE = "12000000001"
TODAY = date.today()  # noqa: DTZ011 - the local day, as bulletins have it


async def post(house: House, path: str, head: dict[str, str], **what: Any) -> tuple[int, dict[str, Any]]:
    answer = await house.client.post(f"/api/v1{path}", headers=head, json=what)
    return answer.status, await answer.json()


async def with_handset(house: House) -> None:
    form = ElderForm(name="演示·王奶奶", terminals=(TerminalForm(line=LINE, serial="S-7"),))
    async with house.db.write() as session:
        await create_elder(session, form, by="test", area_code="021")


@pytest.mark.clause("H12", "H14", "K7", "X5")
async def test_a_text_of_a_handset_reaches_its_case_once(sqlite_house: House) -> None:
    house = sqlite_house
    await with_handset(house)
    head = await gateway(house)
    cry = {"id": "m-1", "sender": f"+86{LINE}", "at": AT, "text": "SOS 31.2304,121.4737"}
    status, said = await post(house, "/inbound-texts", head, **cry)
    assert (status, said["handed"]) == (201, True)
    assert (await post(house, "/inbound-texts", head, **cry))[0] == 200  # repeated by the gateway
    assert (await post(house, "/inbound-texts", head, **{**cry, "id": "m-2", "text": "SOS"}))[0] == 201  # same second
    place = {**cry, "id": "m-3", "at": "2026-11-22T09:00:00+08:00", "text": "位置 31.3304,121.5737"}
    assert (await post(house, "/inbound-texts", head, **place))[0] == 201
    for number, (sender, text) in enumerate(
        [("12000000077", "好的"), ("10690001", "SOS 大促销"), ("BANK", "验证码"), ("12000000078", "妈妈没开门")]
    ):
        at = f"2026-11-22T10:00:0{number}+08:00"
        assert (await post(house, "/inbound-texts", head, id=f"n-{number}", sender=sender, at=at, text=text))[0] == 201
    told = reports(house.control)
    assert [one["kind"] for one in told] == ["sms", "sms", "location", "sms"]
    assert (told[0]["position"]["latitude"], told[0]["words"]) == (31.2304, cry["text"])
    assert told[0]["at"] != told[1]["at"]
    assert [one["device"] for one in told[:3]] == [LINE, LINE, "S-7"]  # as open cases know them
    assert told[3]["device"] == "12000000078"  # an unknown number is helped too
    async with house.db.read() as session:
        terminal = (await session.scalars(select(Terminal))).one()
        kept = list(await session.scalars(select(DeviceReportRow.said).order_by(DeviceReportRow.id)))
    assert terminal.position is not None
    assert terminal.position["latitude"] == 31.3304
    assert kept == ["sms", "sms", "location", "note", "note", "note", "sms"]


@pytest.mark.clause("X2", "S14")
async def test_texts_that_are_no_alarms_are_read_by_people(sqlite_house: House) -> None:
    house = sqlite_house
    daughter = ContactForm("演示·女", phones=("12000000077",))
    form = ElderForm(name="演示·王奶奶", contacts=(daughter,), terminals=(TerminalForm(line=LINE, serial="S-7"),))
    async with house.db.write() as session:
        elder = (await create_elder(session, form, by="test", area_code="021")).id
    head = await gateway(house)
    sent = ((LINE, "SOS"), (LINE, "位置 31.3304,121.5737"), ("12000000077", "好的"), ("10690001", "请回电12000000055"))
    for number, (sender, text) in enumerate(sent):
        at = f"2026-11-22T10:00:0{number}+08:00"
        assert (await post(house, "/inbound-texts", head, id=f"t-{number}", sender=sender, at=at, text=text))[0] == 201
    reader = await bearer(house.client, "reader")
    told = await (await house.client.get("/api/v1/inbound-texts?limit=1", headers=reader)).json()
    rest = await (await house.client.get(f"/api/v1/inbound-texts?cursor={told['next']}", headers=reader)).json()
    found = [(one["said"], one["elder"], one["number"], one["words"]) for one in told["items"] + rest["items"]]
    assert found == [
        ("note", None, "021****0001", "请回电120****0055"),
        ("note", elder, "120****0077", "好的"),
    ]  # the cry for help is a case, to which the position belongs
    at = f"/inbound-texts/{told['items'][0]['id']}"
    refused = await house.client.patch(f"/api/v1{at}", json={"seen": True}, headers=reader)
    assert refused.status == 403  # who reads changes nothing

    await log_in(house.client)
    page = await (await house.client.get("/inbound-texts?sender=known")).text()
    assert (f"/elders/{elder}" in page, at in page) == (True, False)
    assert "12000000055" not in await (await house.client.get(at)).text()
    reason = {"record": at.replace("/inbound-texts/", "text:"), "reason": "演示"}
    answer = await house.client.post("/api/v1/reveals", json=reason, headers=await csrf_of(house.client))
    assert (answer.status, "12000000055" in await (await house.client.get(at)).text()) == (201, True)
    form_sent = {**await csrf_field(house.client), "seen": "1"}
    assert (await house.client.post(at, data=form_sent, allow_redirects=False)).status == 303
    pages = [await (await house.client.get(f"/inbound-texts?state={state}")).text() for state in ("new", "seen")]
    assert [at in page for page in pages] == [False, True]
    assert "演示坐席甲" in pages[1]
    async with house.db.read() as session:
        done = select(AuditEntry.action).where(AuditEntry.record == reason["record"]).order_by(AuditEntry.id)
        assert list(await session.scalars(done)) == [REVEAL, "inbound_text.seen"]


async def test_a_text_waits_for_the_controller_and_what_is_wrong_is_named(sqlite_house: House) -> None:
    house = sqlite_house
    head = await gateway(house)
    text = {"id": "m-1", "sender": LINE, "at": AT, "text": "救命"}
    for wrong, field in (
        ({"id": ""}, "id"),
        ({"sender": " "}, "sender"),
        ({"at": "now"}, "at"),
        ({"text": None}, "text"),
    ):
        status, said = await post(house, "/inbound-texts", head, **{**text, **wrong})
        assert (status, list(said["error"]["fields"])) == (422, [field])
    await house.control.stop()
    assert (await post(house, "/inbound-texts", head, **text))[0] == 202
    await house.control.start()
    await house.until(lambda: not house.control.asked.empty(), "the text")
    assert [one["words"] for one in reports(house.control)] == ["救命"]
    assert (await post(house, "/inbound-texts", await bearer(house.client, "reader"), **text))[0] == 403


@pytest.mark.clause("S5")
async def test_weather_from_outside_is_a_bulletin_once_and_can_be_taken_back(sqlite_house: House) -> None:
    house = sqlite_house
    async with house.db.write() as session:
        city = await get_or_create(session, OrgKind.CITY, "演示市")
        district = await get_or_create(session, OrgKind.DISTRICT, "示范区", parent=city.id)
        where = district.id
    head, day = await gateway(house), TODAY + timedelta(days=1)
    warning = {"id": "w-1", "kind": "cold", "level": "orange", "area": "示范区", "text": "寒潮将至"}
    warning |= {"starts_at": f"{day}T08:00:00+08:00", "ends_at": f"{day}T20:00:00+08:00"}
    status, said = await post(house, "/weather", head, **warning)
    assert (status, said["withdrawn_at"]) == (201, None)
    assert (await post(house, "/weather", head, **warning))[0] == 200
    for wrong, field in (
        ({"text": "又一条"}, "id"),
        ({"id": "w-2", "area": "无此区"}, "area"),
        ({"id": "w-2", "kind": "meteor"}, "kind"),
        ({"id": "w-2", "ends_at": f"{TODAY}T01:00:00+08:00"}, "ends_at"),
    ):
        status, said = await post(house, "/weather", head, **{**warning, **wrong})
        assert (status, list(said["error"]["fields"])) == (422, [field])
    async with house.db.read() as session:
        (row,) = await session.scalars(select(CareBulletin))
    assert (row.org_unit_id, row.level, row.starts_on) == (where, "orange", day)
    assert (await post(house, "/weather/withdrawals", head, id="w-9"))[0] == 404
    assert (await post(house, "/weather/withdrawals", head, id="w-1"))[1]["withdrawn_at"] is not None
