"""Personal data is masked until somebody says why; the agent whose seat has the case never has to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from ivr.case import ElderFile
from models.audit import REVEAL, AuditEntry
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.register import create_elder
from tests.web import stories
from tests.web.conftest import House, bearer, log_in
from web import reveals
from web.keys import MIRROR

pytestmark = pytest.mark.clause("S14")
PHONE, CARD, MOBILE = "02110000001", "310101194103050022", "12000000001"
SECRETS = (PHONE, "021 1000 0001", CARD, MOBILE, "120 0000 0001", "高血压", "西五零一", "备用钥匙")


async def new_elder(house: House) -> int:
    form = ElderForm(
        name="演示·李一",
        home_phone=PHONE,
        compound="安康小区",
        building="3",
        room="西五零一",
        way_in="邻居有备用钥匙",
        health="高血压",
        contacts=(ContactForm("演示·女", phones=(MOBILE,)),),
        terminals=(TerminalForm(PHONE, "演示一键通"),),
    )
    async with house.db.write() as session:
        return (await create_elder(session, form, by="test", area_code="021")).id


async def _reveal(house: House, record: str, headers: dict[str, str], reason: str = "回访前核对") -> int:
    answer = await house.client.post("/api/v1/reveals", json={"record": record, "reason": reason}, headers=headers)
    return answer.status


async def _get(house: House, path: str, headers: dict[str, str]) -> str:
    answer = await house.client.get(path, headers=headers)
    assert answer.status == 200, path
    return await answer.text()


def _told(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


async def test_files_and_lists_are_masked(sqlite_house: House) -> None:
    elder, headers = await new_elder(sqlite_house), await bearer(sqlite_house.client)
    parts = (f"/api/v1/elders/{elder}/contacts", f"/api/v1/elders/{elder}/terminals")
    for path in ("/elders", f"/elders/{elder}", "/api/v1/elders", f"/api/v1/elders/{elder}", *parts):
        text = await _get(sqlite_house, path, headers)
        assert _told(text) == [], path
        assert "演示·李一" in text or "contacts" in path or "terminals" in path


async def test_a_reveal_says_why_and_shows_all(house: House) -> None:
    elder, headers = await new_elder(house), await bearer(house.client)
    assert await _reveal(house, f"elder:{elder}", headers, "案件回访, 电话12000000009") == 201
    page = await _get(house, f"/elders/{elder}", headers)
    assert {"021 1000 0001", "120 0000 0001", "高血压", "西五零一"} <= set(_told(page))
    assert json.loads(await _get(house, f"/api/v1/elders/{elder}", headers))["contacts"][0]["phones"] == [MOBILE]
    async with house.db.read() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == REVEAL))).one()
    assert (entry.actor, entry.record, entry.elder, entry.origin) == ("user:1", f"elder:{elder}", elder, "127.0.0.1")
    assert entry.data == {"reason": "案件回访, 电话120****0009"}
    other = await bearer(house.client, "agent802")
    assert _told(await _get(house, f"/elders/{elder}", other)) == []  # it was said by one person, for one person


async def test_a_reveal_ends(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    elder, headers = await new_elder(sqlite_house), await bearer(sqlite_house.client)
    monkeypatch.setattr(reveals, "REVEALED_FOR", 0.0)
    assert await _reveal(sqlite_house, f"elder:{elder}", headers) == 201
    assert _told(await _get(sqlite_house, f"/elders/{elder}", headers)) == []


async def test_who_may_not_or_does_not_say_why_sees_nothing(sqlite_house: House) -> None:
    elder = await new_elder(sqlite_house)
    reader, agent = await bearer(sqlite_house.client, "reader"), await bearer(sqlite_house.client)
    assert await _reveal(sqlite_house, f"elder:{elder}", reader) == 403
    for reason in ("", " ", "x"):
        assert await _reveal(sqlite_house, f"elder:{elder}", agent, reason) == 422
    assert await _reveal(sqlite_house, "elder:999", agent) == 404
    assert await _reveal(sqlite_house, "case:nothing", agent) == 404
    assert await _reveal(sqlite_house, "user:1", agent) == 422
    assert _told(await _get(sqlite_house, f"/elders/{elder}", agent)) == []
    page = await _get(sqlite_house, f"/elders/{elder}", reader)
    assert "您的岗位无需查看" in page
    assert "data-reveal" not in page


async def _call_for(house: House, elder: int) -> None:
    """The elder's call rings seat 801; all that is known of the elder came with it."""
    file = ElderFile(elder, "演示·李一", home_phone=PHONE, address="演示路1号西五零一室", health="高血压")
    await house.control.case(stories.case_json(stories.ringing(file=file)))
    await house.control.say("screen", {"case": "c1", "extension": "801"})
    await house.until(lambda: house.app[MIRROR].on_screen("801") is not None, "the screen")


@pytest.mark.clause("S1.3")
async def test_an_emergency_never_waits_for_a_click(sqlite_house: House) -> None:
    elder = await new_elder(sqlite_house)
    await _call_for(sqlite_house, elder)
    mine, other = await bearer(sqlite_house.client), await bearer(sqlite_house.client, "agent802")
    for path in ("/desk", "/board", "/cases/c1", "/api/v1/cases/c1", "/api/v1/cases?state=open"):
        told = _told(await _get(sqlite_house, path, mine))
        assert "021 1000 0001" in told or PHONE in told, path
    assert "高血压" in _told(await _get(sqlite_house, f"/elders/{elder}", mine))  # the whole file, without a reason
    for path in ("/board", "/cases", "/cases/c1", "/api/v1/cases/c1", "/api/v1/cases?state=open", f"/elders/{elder}"):
        assert _told(await _get(sqlite_house, path, other)) == [], path
    assert await _reveal(sqlite_house, "case:c1", other, "事件 c1") == 201
    assert {"021 1000 0001", "高血压"} <= set(_told(await _get(sqlite_house, "/cases/c1", other)))
    assert _told(await _get(sqlite_house, f"/elders/{elder}", other)) == []  # the case was revealed, not the file


async def _live(house: House, headers: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state that a live client is told first, and the next change of a case."""
    async with house.client.ws_connect("/api/v1/live", headers=headers) as socket, asyncio.timeout(10):
        state = await socket.receive_json()
        await _call_for(house, 1)
        while (message := await socket.receive_json())["kind"] != "case":
            pass
    return state, message


async def test_the_live_stream_is_masked_too(sqlite_house: House) -> None:
    await _call_for(sqlite_house, 1)
    mine, other = await bearer(sqlite_house.client), await bearer(sqlite_house.client, "agent802")
    for message in await _live(sqlite_house, mine):
        assert PHONE in _told(json.dumps(message, ensure_ascii=False))
    for message in await _live(sqlite_house, other):
        text = json.dumps(message, ensure_ascii=False)
        assert _told(text) == []
        assert "演示·李一" in text


async def test_opening_the_form_is_put_on_record(sqlite_house: House) -> None:
    elder = await new_elder(sqlite_house)
    await log_in(sqlite_house.client)
    assert PHONE in await (await sqlite_house.client.get(f"/elders/{elder}/edit")).text()
    assert "高血压" in await (await sqlite_house.client.get(f"/elders/{elder}")).text()  # what was changed can be read
    async with sqlite_house.db.read() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == REVEAL))).one()
    assert (entry.record, entry.data) == (f"elder:{elder}", {"reason": "edit"})


async def test_what_is_masked_cannot_be_saved(sqlite_house: House) -> None:
    elder, headers = await new_elder(sqlite_house), await bearer(sqlite_house.client)
    path = f"/api/v1/elders/{elder}"
    seen = json.loads(await _get(sqlite_house, path, headers))
    for name in ("home_phone", "health", "room", "way_in"):
        body = {"version": seen["version"], name: seen[name]}
        answer = await sqlite_house.client.patch(path, json=body, headers=headers)
        assert (answer.status, list((await answer.json())["error"]["fields"])) == (422, [name])
    contacts = {"version": seen["version"], "contacts": [{"name": "演示·女", "phones": seen["contacts"][0]["phones"]}]}
    assert (await sqlite_house.client.patch(path, json=contacts, headers=headers)).status == 422
