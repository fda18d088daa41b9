"""Suppliers over HTTP: one story by the pages, one by the API; and that a supplier sees itself and nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from models.api_tokens import hash_of
from models.audit import AuditEntry
from models.base import utc_now
from models.org import OrgKind, get_or_create
from models.people import User
from models.services.records import Service
from models.suppliers.records import Condition
from models.web_sessions import ApiToken
from tests.web.conftest import House, bearer, csrf_in, log_in

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
TODAY = utc_now().astimezone().date()
SIGNED, ENDS = TODAY - timedelta(days=10), TODAY + timedelta(days=300)


async def _places(house: House) -> tuple[int, int]:
    """A street, and a community outside it."""
    async with house.db.write() as session:
        district = await get_or_create(session, OrgKind.DISTRICT, "示范区")
        street = await get_or_create(session, OrgKind.STREET, "演示街道", parent=district.id)
        community = await get_or_create(session, OrgKind.COMMUNITY, "演示社区", parent=street.id)
        return street.id, community.id


async def _service(house: House, code: str) -> int:
    async with house.db.read() as session:
        return (await session.scalars(select(Service.id).where(Service.code == code))).one()


def _fields(unit: int, service: int, **more: str) -> dict[str, str]:
    papers = {}
    for one in Condition:
        papers[f"papers.{one}.number"], papers[f"papers.{one}.issued_on"] = "DEMO", SIGNED.isoformat()
    dates = {"agreement_from": SIGNED.isoformat(), "agreement_until": ENDS.isoformat()}
    firm = {"name": "演示·好帮手", "licence": "99DEMO00000001", "phone": "12000000101", "capital": "5"}
    return {**firm, **papers, **dates, f"prices.{service}": "25.50", "areas": str(unit), **more}


async def _token(house: House, username: str) -> dict[str, str]:
    """Each time another one: what was found for a token is remembered for some seconds."""
    token, later = token_urlsafe(16), utc_now() + timedelta(hours=1)
    async with house.db.write() as session:
        user = (await session.scalars(select(User.id).where(User.username == username))).one()
        session.add(ApiToken(user_id=user, name="test", key_hash=hash_of(token), expires_at=later))
    return {"Authorization": f"Bearer {token}"}


async def _post(house: House, path: str, form: Any) -> tuple[int, str, str]:
    """Status, page and where it leads."""
    answer = await house.client.post(path, data=form, allow_redirects=False)
    return answer.status, await answer.text(), answer.headers.get("Location", "")


@pytest.mark.clause("S11", "H10", "T8")
async def test_a_supplier_is_admitted_and_its_worker_gets_a_badge(sqlite_house: House) -> None:
    house = sqlite_house
    street, _ = await _places(house)
    service = await _service(house, "cleaning")
    await log_in(house.client, "lead")
    page = await (await house.client.get("/suppliers/new")).text()
    csrf = {"csrf_token": csrf_in(page)}
    status, page, _ = await _post(
        house,
        "/suppliers/new",
        {**csrf, **_fields(street, service, phone="?", capital="viel"), "papers.tax.issued_on": "gestern"},
    )
    assert status == 422  # what cannot be read is told first
    assert 'id="supplier-capital-error"' in page
    assert 'value="演示·好帮手"' in page
    wrong = {**csrf, **_fields(street, service, phone="?"), f"prices.{service}": "30.01", "papers.tax.issued_on": ""}
    status, page, _ = await _post(house, "/suppliers/new", wrong)
    assert status == 422
    for field in ("phone", f"prices.{service}", "papers.tax.issued_on"):
        assert f'id="supplier-{field}-error"' in page, field
    assert re.search(rf'value="{street}" checked', page)
    status, _, where = await _post(house, "/suppliers/new", {**csrf, **_fields(street, service)})
    assert status == 303
    page = await (await house.client.get(where)).text()
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    action = {**csrf, "version": version[1], "status": "probation", "reason": "材料齐全"}
    assert (await _post(house, f"{where}/status", action))[0] == 303
    assert (await _post(house, f"{where}/status", action))[0] == 409  # as somebody else has seen it before
    assert (await _post(house, f"{where}/edit", {**csrf, **_fields(street, service), "version": "1"}))[0] == 409
    person = {"name": "演示·工", "phone": "12000000102"}
    assert (await _post(house, f"{where}/workers", {**csrf, **person, "trained_on": "2026-02-30"}))[0] == 422
    assert (await _post(house, f"{where}/workers", {**csrf, **person, "trained_on": SIGNED.isoformat()}))[0] == 303
    page = await (await house.client.get(where)).text()
    assert "12000000102" not in page.replace(" ", "")
    assert "120****0102" in page
    worker = re.search(r'href="(/workers/\d+)"', page)
    assert worker
    page = await (await house.client.get(worker[1])).text()
    assert "120 0000 0102" in page
    for file, expected in ((b"%PDF-1.4", 422), (PICTURE, 303)):
        sent = aiohttp.FormData({**csrf, "version": "1"})
        sent.add_field("scan", file, filename="photo", content_type="image/png")
        assert (await _post(house, f"{worker[1]}/photo", sent))[0] == expected
    assert await (await house.client.get(f"{worker[1]}/photo")).read() == PICTURE
    badge = await (await house.client.get(f"{worker[1]}/badge")).text()
    assert "data:image/svg" in badge
    code = re.search(r'href="(/badges/[^"]+)"', badge)
    assert code
    assert (await _post(house, f"{worker[1]}/badge", {**csrf, "version": "2"}))[0] == 303
    renewed = await (await house.client.get(f"{worker[1]}/badge")).text()
    assert (await house.client.get(code[1])).status == 404  # the old one, which was lost
    code = re.search(r'href="(/badges/[^"]+)"', renewed)
    assert code
    listed = await (await house.client.get(f"/suppliers?service={service}&org_unit={street}")).text()
    assert "演示·好帮手" in listed
    for path in ("/suppliers/export", "/service-gaps/export", "/visits-owed/export"):
        status, text, _ = await _post(house, path, {**csrf, "format": "csv"})
        assert status == 200
        assert ("演示·好帮手" in text) == (path != "/visits-owed/export"), path
    async with house.db.read() as session:
        actions = set(await session.scalars(select(AuditEntry.action)))
    house.client.session.cookie_jar.clear()
    checked = await (await house.client.get(code[1])).text()  # by whoever stands at the door
    assert "演示·工" in checked
    assert "有效：可上门服务" in checked
    assert "12000000102" not in checked.replace(" ", "")
    assert actions >= {"supplier.create", "supplier.status", "worker.create", "worker.read", "worker.print"}


@pytest.mark.clause("S14")
async def test_a_supplier_sees_its_own_record_and_nothing_else(sqlite_house: House) -> None:
    house = sqlite_house
    street, community = await _places(house)
    service = await _service(house, "cleaning")
    lead = await bearer(house.client, "lead")
    ids, workers = [], []
    paper = {"number": "DEMO", "issued_on": SIGNED.isoformat()}
    for number in (1, 2):
        body = {
            "name": f"演示·{number}号",
            "licence": f"99DEMO0000000{number}",
            "phone": "12000000101",
            "agreement_from": SIGNED.isoformat(),
            "agreement_until": ENDS.isoformat(),
            "papers": {str(one): paper for one in Condition},
            "prices": {str(service): 2_500},
            "areas": [street],
        }
        ids.append((await _api(house, "POST", "/suppliers", lead, body, 201))["line"]["id"])
        person = {"name": f"演示·工{number}", "phone": "12000000102", "trained_on": SIGNED.isoformat()}
        workers.append((await _api(house, "POST", f"/suppliers/{ids[-1]}/workers", lead, person, 201))["id"])
    first, second = ids
    refused = await _api(house, "POST", "/suppliers", lead, body, 422)
    assert "licence" in refused["error"]["fields"]
    admitted = await _api(house, "POST", f"/suppliers/{first}/status", lead, {"version": 1, "status": "probation"}, 200)
    assert admitted["line"]["rank"] == 1
    offered = await _api(house, "GET", f"/offers?service={service}&place={community}", lead, None, 200)
    assert [one["supplier"] for one in offered["offered"]] == [first]
    assert [one["why"]["en"] for one in offered["left_out"]] == ["not admitted yet"]
    async with house.db.write() as session:
        session.add(User(username="firm", password_hash="-", name="firm", roles=["supplier"]))
    mine = await _token(house, "firm")
    assert (await _api(house, "GET", "/suppliers", mine, None, 200))["items"] == []
    await log_in(house.client, "lead")
    page = await (await house.client.get(f"/suppliers/{first}")).text()
    csrf = {"csrf_token": csrf_in(page)}
    for username, status in (("nobody", 422), ("lead", 422), ("firm", 303)):
        assert (await _post(house, f"/suppliers/{first}/accounts", {**csrf, "username": username}))[0] == status
    mine = await _token(house, "firm")
    house.client.session.cookie_jar.clear()
    shown = await _api(house, "GET", "/suppliers", mine, None, 200)
    assert [one["id"] for one in shown["items"]] == [first]
    known = await _api(house, "GET", f"/suppliers/{first}/workers", mine, None, 200)
    assert [one["phone"] for one in known["items"]] == ["120****0102"]
    assert (await _api(house, "GET", f"/workers/{workers[0]}", mine, None, 200))["phone"] == "12000000102"
    for path in (f"/suppliers/{second}", f"/suppliers/{second}/workers", f"/workers/{workers[1]}"):
        await _api(house, "GET", path, mine, None, 404)
    for path in (f"/suppliers/{second}", f"/workers/{workers[1]}", f"/workers/{workers[1]}/badge"):
        answer = await house.client.get(path, headers=mine)
        assert answer.status == 404, path
    page = await (await house.client.get("/suppliers", headers=mine)).text()
    assert "演示·1号" in page
    assert "演示·2号" not in page
    assert (await house.client.get(f"/suppliers/{first}", headers=mine)).status == 200


@pytest.mark.clause("H13")
async def test_the_catalogue_is_changed_by_page_and_api(sqlite_house: House) -> None:
    house = sqlite_house
    lead = await bearer(house.client, "lead")
    items = (await _api(house, "GET", "/services", lead, None, 200))["items"]
    assert len({one["aid"] for one in items}) == 8
    one = next(item for item in items if item["code"] == "errands")
    body = {name: value for name, value in one.items() if name not in ("id", "code")}
    changed = await _api(house, "PATCH", f"/services/{one['id']}", lead, {**body, "price_limit": 1_600}, 200)
    assert (changed["price_limit"], changed["version"]) == (1_600, 2)
    await _api(house, "PATCH", f"/services/{one['id']}", lead, body, 409)
    new = {**body, "code": "bills", "name_zh": "代缴费"}
    del new["version"]
    await _api(house, "POST", "/services", lead, new, 201)
    assert "code" in (await _api(house, "POST", "/services", lead, new, 422))["error"]["fields"]
    await log_in(house.client, "lead")
    page = await (await house.client.get(f"/services/{one['id']}")).text()
    form = {
        "csrf_token": csrf_in(page), "version": "2", "aid": "walking", "name_zh": "代购", "name_en": "errands",
        "unit": "visit", "price_limit": "31", "minimum_minutes": "50", "counts_as_visit": "yes", "active": "yes",
        "rules.1": "100", "rules.2": "40", "rules.3": "0", "offered.1": "yes", "offered.2": "yes", "offered.3": "no",
    }  # fmt: skip
    status, page, _ = await _post(house, f"/services/{one['id']}", form)
    assert status == 422
    assert 'id="service-price_limit-error"' in page
    assert 'id="service-rules.2-error"' in page
    form |= {"price_limit": "16", "rules.2": "60"}
    assert (await _post(house, f"/services/{one['id']}", form))[0] == 303
    assert (await _post(house, f"/services/{one['id']}", form))[0] == 409
    assert "补贴60%" in await (await house.client.get("/services")).text()


async def _api(
    house: House, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None, status: int
) -> Any:
    answer = await house.client.request(method, f"/api/v1{path}", headers=headers, json=body)
    assert answer.status == status, (path, await answer.text())
    return await answer.json()
