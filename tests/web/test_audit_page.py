"""The audit log as page, spreadsheet and list, for those whose duty it is; and what else is on it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models import audit as audit_module
from models.audit import AuditEntry
from models.audit_proof import KEPT, verify
from models.base import utc_now
from models.database import Database
from models.elder_forms import ElderForm
from models.people import User
from models.register import create_elder
from models.sheets import read_sheet
from tests.web.conftest import HASH, PASSWORD, House, bearer, csrf_in, log_in
from web import keeping


@pytest.fixture
async def watched(sqlite_house: House) -> House:
    """A house with an administrator and an auditor in which an agent has opened a file from an address outside."""
    async with sqlite_house.db.write() as session:
        for name, role in (("root1", "admin"), ("watcher", "auditor")):
            session.add(User(username=name, password_hash=HASH, name=f"演示{name}", roles=[role]))
        await create_elder(session, ElderForm(name="演示·李一"), by="cli:test", area_code="021")
    headers = {**await bearer(sqlite_house.client), "X-Forwarded-For": "192.0.2.9"}
    assert (await sqlite_house.client.get("/api/v1/elders/1", headers=headers)).status == 200
    return sqlite_house


async def _items(house: House, query: str = "") -> list[dict[str, object]]:
    headers = await bearer(house.client, "watcher")
    answer = await house.client.get(f"/api/v1/audit{query}", headers=headers)
    assert answer.status == 200, await answer.text()
    items: list[dict[str, object]] = (await answer.json())["items"]
    return items


async def test_the_list_says_who_what_whose_and_from_where(watched: House) -> None:
    newest = await _items(watched)
    assert [item["action"] for item in newest] == ["log_in", "elder.read", "log_in", "elder.create"]
    read = newest[1]
    assert (read["actor"], read["name"], read["record"], read["elder"]) == ("user:1", "演示坐席甲", "elder:1", 1)
    assert (read["origin"], read["data"]) == ("192.0.2.9", {"shown": "masked"})


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("?actor=user:1", ["elder.read", "log_in"]),
        ("?elder=1", ["elder.read", "elder.create"]),
        ("?action=elder", ["elder.read", "elder.create"]),
        ("?origin=192.0.2.9", ["elder.read"]),
        ("?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", []),
    ],
)
async def test_filters(watched: House, query: str, actions: list[str]) -> None:
    assert [item["action"] for item in await _items(watched, query)] == actions


async def test_page_by_page(watched: House) -> None:
    headers, query, found = await bearer(watched.client, "watcher"), "?limit=2", []
    while True:
        page = await (await watched.client.get(f"/api/v1/audit{query}", headers=headers)).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=2&cursor={page['next']}"
    assert found == [4, 3, 2, 1]


async def test_the_page_and_its_spreadsheet(watched: House, tmp_path: Path) -> None:
    await log_in(watched.client, "watcher")
    assert (await watched.client.get("/")).url.path == "/audit"
    page = await (await watched.client.get("/audit?action=elder.read")).text()
    assert "打开档案" in page
    assert "演示坐席甲" in page
    assert "登录" not in page.partition("<tbody>")[2]
    answer = await watched.client.get("/audit/export?elder=1")
    (tmp_path / "audit.xlsx").write_bytes(await answer.read())
    rows = read_sheet(tmp_path / "audit.xlsx")
    assert [row.cells[3] for row in rows[1:]] == ["打开档案", "新建档案"]
    export = (await _items(watched, "?action=audit.export"))[0]
    assert export["data"] == {"rows": 2, "filters": {"elder": "1"}}


async def test_exports_are_on_the_log(watched: House) -> None:
    await watched.client.post("/terminals/export", headers=await bearer(watched.client, "keeper"))
    assert [item["actor"] for item in await _items(watched, "?action=terminals.export")] == ["user:4"]


async def test_log_outs_are_on_the_log(watched: House) -> None:
    await log_in(watched.client)
    token = csrf_in(await (await watched.client.get("/board")).text())
    await watched.client.post("/logout", data={"csrf_token": token})
    assert [item["actor"] for item in await _items(watched, "?action=log_out")] == ["user:1"]


async def test_an_administrator_lets_a_locked_user_in(watched: House) -> None:
    for _ in range(5):
        await watched.client.post("/api/v1/login", json={"username": "agent802", "password": "wrong"})
    body = {"username": "agent802", "password": PASSWORD}
    refused = await watched.client.post("/api/v1/login", json=body)
    assert (refused.status, refused.headers["Retry-After"]) == (423, "60")
    headers = await bearer(watched.client, "root1")
    users = await (await watched.client.get("/api/v1/users", headers=headers)).json()
    assert [user["username"] for user in users["items"] if user["locked_until"]] == ["agent802"]
    assert (await watched.client.post("/api/v1/users/agent802/unlock", headers=headers)).status == 200
    assert (await watched.client.post("/api/v1/login", json=body)).status == 200
    async with watched.db.read() as session:
        told = [row.action for row in await session.scalars(select(AuditEntry).where(AuditEntry.record == "user:2"))]
    assert told == [*["log_in.failed"] * 4, "log_in.locked", "user.unlock", "log_in"]


async def test_old_entries_go_by_themselves(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = utc_now() - KEPT - timedelta(days=1)
    db = Database(sqlite_house.settings.database_url)
    with monkeypatch.context() as patched:
        patched.setattr(audit_module, "utc_now", lambda: long_ago)
        async with db.write() as session:
            audit_module.audit(session, "user:1", "elder.read", "elder:1")
    monkeypatch.setattr(keeping, "EVERY", 0.01)
    keeper = asyncio.create_task(keeping.keep_audit(db))
    async with asyncio.timeout(10):
        while (await verify(db)).pruned == 0:  # noqa: ASYNC110 - the keeper tells nobody
            await asyncio.sleep(0.01)
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    await db.close()
    assert (await verify(sqlite_house.db)).broken is None
