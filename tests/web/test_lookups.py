"""Who looked at what: every look is on record, and found by person, by elder and by day, in the reader's places."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from models.base import utc_now
from models.elder_forms import ElderForm, TerminalForm
from models.journal import write
from models.org import OrgKind, get_or_create
from models.people import User
from models.queries.register import file_of
from models.register import create_elder
from tests.web import stories
from tests.web.conftest import HASH, House, bearer
from web.keys import MIRROR

pytestmark = pytest.mark.clause("S14")


@pytest.fixture
async def looked(house: House) -> House:
    """Agent 801 opens the file and the case of the first elder and reveals the file; the reviewer opens that case too;
    maintenance exports the terminals. The lead of the other district has her own elder, whom nobody looked at."""
    async with house.db.write() as session:
        here, there = [(await get_or_create(session, OrgKind.DISTRICT, name)).id for name in ("这里", "那里")]
        for number, unit in enumerate((here, there), 1):
            terminal = TerminalForm(f"0211000000{number}", "演示一键通")
            form = ElderForm(name=f"演示·{number}", org_unit_id=unit, terminals=(terminal,))
            await create_elder(session, form, by="test", area_code="021")
        for name, role, unit in (("near", "lead", here), ("far", "lead", there), ("watcher", "auditor", None)):
            person = User(username=name, password_hash=HASH, name=f"演示{name}", roles=[role], org_unit_id=unit)
            session.add(person)
        file = await file_of(session, 1)
    async with house.db.write() as session:
        await write(session, stories.entries(stories.closed(stories.ringing(file=file))))
    agent, reader = await bearer(house.client), await bearer(house.client, "reader")
    body = {"record": "elder:1", "reason": "回访, 电话12000000009"}
    for path in ("/elders/1", "/api/v1/elders/1/contacts", "/cases/c1", "/cases/c1", "/api/v1/cases/c1"):
        assert (await house.client.get(path, headers=agent)).status == 200
    assert (await house.client.post("/api/v1/reveals", json=body, headers=agent)).status == 201
    assert (await house.client.get("/api/v1/cases/c1/messages", headers=reader)).status == 200
    keeper, wanted = await bearer(house.client, "keeper"), {"format": "csv", "state": "all"}
    text = await (await house.client.post("/terminals/export", data=wanted, headers=keeper)).text()
    assert "02110000001" not in text
    assert "演示·1" in text
    return house


async def _get(house: House, path: str, username: str) -> Any:
    answer = await house.client.get(path, headers=await bearer(house.client, username))
    assert answer.status == 200, await answer.text()
    return await (answer.json() if path.startswith("/api") else answer.text())


async def _kinds(house: House, query: str = "", username: str = "lead") -> list[str]:
    return [look["kind"] for look in (await _get(house, f"/api/v1/lookups{query}", username))["items"]]


async def test_every_look_is_found(looked: House) -> None:
    agents = ["personal.reveal", "case.read", "elder.read", "elder.read"]
    assert await _kinds(looked) == ["export", "case.read", *agents]
    assert await _kinds(looked, "?actor=user:1") == agents
    assert await _kinds(looked, "?elder=1") == ["case.read", *agents]
    assert await _kinds(looked, "?kind=export") == ["export"]
    assert await _kinds(looked, "?elder=2") == await _kinds(looked, "?to=2026-01-01T00:00:00Z") == []
    first = await _get(looked, "/api/v1/lookups?limit=2", "lead")
    assert len(await _kinds(looked, f"?cursor={first['next']}")) == 4
    revealed = (await _get(looked, "/api/v1/lookups?kind=personal.reveal", "lead"))["items"][0]
    assert (revealed["name"], revealed["elder_name"]) == ("演示坐席甲", "演示·1")
    assert revealed["reason"] == "回访, 电话120****0009"
    files = (await _get(looked, "/api/v1/lookups?kind=elder.read", "lead"))["items"]
    assert {look["shown"] for look in files} == {"masked"}


async def test_looks_are_counted_by_person_elder_and_day(looked: House) -> None:
    async def counted(query: str) -> list[tuple[str, int, int, int]]:
        items = (await _get(looked, f"/api/v1/lookups/summary?{query}", "lead"))["items"]
        return [(one["key"], one["total"], one["elders"], one["people"]) for one in items]

    assert await counted("by=person") == [("user:1", 4, 1, 1), ("user:4", 1, 0, 1), ("user:5", 1, 1, 1)]
    assert await counted("by=elder") == [("1", 5, 1, 2)]
    today = utc_now().astimezone().date()
    days = await counted("by=day")
    assert (days[0], len(days)) == ((today.isoformat(), 6, 1, 3), 30)
    assert {day[1] for day in days[1:]} == {0}
    before = today - timedelta(days=1)
    assert await counted(f"by=day&from={before}&to={before}") == [(before.isoformat(), 0, 0, 0)]
    person = (await _get(looked, "/api/v1/lookups/summary", "lead"))["items"][0]
    assert person["looks"] == {"file": 2, "case": 1, "revealed": 1, "heard": 0, "exported": 0}


async def test_each_reader_sees_their_own_places(looked: House) -> None:
    assert await _kinds(looked, username="far") == []
    assert len(await _kinds(looked, username="near")) == 5  # the export is of all places
    for by in ("person", "elder", "day"):
        items = (await _get(looked, f"/api/v1/lookups/summary?by={by}", "far"))["items"]
        assert [one["total"] for one in items if one["total"]] == []
    auditors = await _get(looked, "/api/v1/lookups?elder=1", "watcher")
    assert {look["elder_name"] for look in auditors["items"]} == {""}  # who keeps the records knows no elders
    assert "演示·1" not in json.dumps(await _get(looked, "/api/v1/lookups/summary?by=elder", "watcher"))


async def test_the_pages(looked: House) -> None:
    assert 'href="/lookups?elder=1"' in await _get(looked, "/elders/1", "lead")
    for query, word in (
        ("", "查看个人信息"),
        ("?by=person", "演示坐席甲"),
        ("?by=elder", "演示·1"),
        ("?by=day", "合计"),
    ):
        page = await _get(looked, f"/lookups{query}", "lead")
        assert word in page, query
        assert "12000000009" not in page
    assert "演示·1" not in await _get(looked, "/lookups", "watcher")
    assert "/lookups" not in await _get(looked, "/elders/1", "agent801")
    assert "没有符合条件的查阅" in await _get(looked, "/lookups?elder=2", "lead")


async def test_the_agent_whose_seat_has_the_case_looks_at_it_unnoted(sqlite_house: House) -> None:
    await sqlite_house.control.case(stories.case_json(stories.ringing()))
    await sqlite_house.until(lambda: "c1" in sqlite_house.app[MIRROR].cases, "the case")
    for username, looks in (("agent801", 0), ("agent802", 1)):
        headers = await bearer(sqlite_house.client, username)
        assert (await sqlite_house.client.get("/cases/c1", headers=headers)).status == 200
        assert len(await _kinds(sqlite_house)) == looks
