"""A month as people see it: reckoned, every figure opened down to its order, locked, corrected, taken away; a supplier
sees its own statement and nobody else's."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from sqlalchemy import select

from models.base import utc_now
from models.elders import Elder
from models.house_policy import Fixed
from models.months import bounds, this_month
from models.orders.visits import ActionKind
from models.orders.work_orders import WorkOrder
from models.people import User
from models.settlement.months import month_before
from models.settlement.records import SettlementLine
from models.sheets import read_sheet
from models.suppliers.records import SupplierAccount
from models.web_sessions import ApiToken
from tests.unit.models.orders import BEGIN, World
from tests.web.conftest import House, bearer
from web.accounts import hash_of
from web.settling import settle_if_due

pytestmark = pytest.mark.clause("X6", "Y2", "Y3", "Y5")
MONTH, NOW = month_before(this_month()), this_month()


async def _world(house: House, begin: datetime = BEGIN) -> World:
    """One visit to each of two elders, each by another firm."""
    world = World(house.db, begin)
    await world.settle()
    async with house.db.write() as session:
        for elder in await session.scalars(select(Elder)):
            elder.service_class, elder.notice_signed_on = 1, date(2026, 1, 5)
    for number in (0, 1):
        order = await world.appointed(number, firm=number)
        await world.scan(order, ActionKind.START)
        world.now += timedelta(minutes=60)
        await world.scan(order, ActionKind.END)
    return world


async def _of_firm(house: House, firm: int) -> dict[str, str]:
    token, later = token_urlsafe(16), utc_now() + timedelta(hours=1)
    async with house.db.write() as session:
        user = User(username=token.lower(), password_hash="-", name="演示服务商", roles=["supplier"])
        session.add(user)
        await session.flush()
        session.add(SupplierAccount(user_id=user.id, supplier_id=firm))
        session.add(ApiToken(user_id=user.id, name="test", key_hash=hash_of(token), expires_at=later))
    return {"Authorization": f"Bearer {token}"}


async def _page(house: House, path: str, headers: dict[str, str], **form: Any) -> tuple[int, str]:
    method = "POST" if form else "GET"
    answer = await house.client.request(method, path, headers=headers, data=form or None, allow_redirects=False)
    return answer.status, await answer.text()


async def test_from_the_run_to_the_order_and_to_the_lock(sqlite_house: House, tmp_path: Path) -> None:
    house, world = sqlite_house, await _world(sqlite_house, bounds(MONTH)[0] + timedelta(days=1, hours=9))
    lead = await bearer(house.client, "lead")
    first, firm = world.elders[0], world.firms[0]
    status, page = await _page(house, "/settlement/run", lead, month="2199-01")
    assert (status, "尚未开始" in page, 'value="2199-01"' in page) == (422, True, True)
    assert (await _page(house, "/settlement/run", lead, month=MONTH))[0] == 303
    _, page = await _page(house, "/settlement", lead)
    assert "96.00" in page  # two elders, the call service and a visit of 28 yuan each
    version = re.findall(r'name="version" value="(\d+)"', page)[0]

    # Each figure leads to its lines, each line to its order.
    _, page = await _page(house, f"/elder-statements?month={MONTH}", lead)
    link = f"/settlement-lines?month={MONTH}&amp;elder={first}&amp;kind=home"
    assert f'<a href="{link}">28.00</a>' in page
    _, page = await _page(house, link.replace("&amp;", "&"), lead)
    orders = re.findall(r'href="(/orders/\d+)"', page)
    assert len(orders) == 1
    status, page = await _page(house, orders[0], lead)
    back = f"/settlement-lines?order={orders[0].rpartition('/')[2]}"
    assert (status, f'href="{back}"' in page) == (200, True)
    assert "28.00" in (await _page(house, back, lead))[1]  # in whatever month they stand
    papers = {f"/elder-statements/{first}": "28.00", f"/supplier-statements/{firm}": "28.00"}
    for path, fen in (papers | {"/government-statement": "56.00"}).items():
        status, page = await _page(house, f"{path}?month={MONTH}", lead)
        assert (status, fen in page, "data-print" in page, 'class="sign"' in page) == (200, True, True, True)
    _, page = await _page(house, f"/elder-statements/print?month={MONTH}", lead)
    assert (page.count('<article class="page">'), page.count("48.00") > 1) == (2, True)
    worker = world.workers[firm][0]
    assert (
        "服务人员月结算单"
        in (await _page(house, f"/supplier-statements/{firm}?month={MONTH}&worker={worker}", lead))[1]
    )
    told = await (await house.client.get(f"/api/v1/elder-statements/{first}?month={MONTH}", headers=lead)).json()
    assert (told["call"]["amount"], told["home"]["amount"], told["total"]["government"]) == (2_000, 2_800, 4_800)

    # A supplier is told of its own visits, not of people.
    ours, theirs = await _of_firm(house, firm), world.firms[1]
    status, page = await _page(house, f"/my-statements?month={MONTH}", ours)
    assert (status, "28.00" in page, "演示·老人1" in page, "政府支付" in page) == (200, True, False, False)
    assert (await _page(house, f"/api/v1/supplier-statements/{theirs}?month={MONTH}", ours))[0] == 404
    for narrowed in ("", f"&elder={world.elders[1]}&service_class=3&supplier={firm}"):
        path = f"/api/v1/settlement-lines?month={MONTH}{narrowed}"
        items = (await (await house.client.get(path, headers=ours)).json())["items"]
        assert [(one["supplier"], one["elder"], one["elder_name"], one["own"]) for one in items] == [
            (firm, None, "", None)
        ]

    # Something is reckoned anew between the look and the lock: it is to be looked at again.
    async with house.db.write() as session:
        (await session.scalars(select(WorkOrder).order_by(WorkOrder.id))).first().price = 2_500  # type: ignore[union-attr]
    assert (await _page(house, "/settlement/lock", lead, month=MONTH, version=version))[0] == 409
    months = (await (await house.client.get("/api/v1/settlement-months", headers=lead)).json())["items"]
    lock = {"month": MONTH, "version": months[0]["version"]}
    answer = await house.client.post("/api/v1/settlement-months/lock", json=lock, headers=lead)
    assert (answer.status, (await answer.json())["amount"]) == (200, 9_300)
    answer = await house.client.post("/api/v1/settlement-months/run", json={"month": MONTH}, headers=lead)
    assert (answer.status, list((await answer.json())["error"]["fields"])) == (422, ["month"])

    # What somebody decides afterwards is a line of the next month, with the reason.
    assert (await _page(house, "/settlement/run", lead, month=NOW))[0] == 303
    async with house.db.read() as session:
        line = (await session.scalars(select(SettlementLine.id).where(SettlementLine.order_id.is_not(None)))).first()
    path, given = f"/settlement-lines/{line}/correct", {"back": MONTH, "government": "-5.50", "own": "0"}
    status, page = await _page(house, path, lead, **given, reason="")
    assert (status, 'value="-5.50"' in page, "说明原因" in page) == (422, True, True)
    assert (await _page(house, path, lead, **given, reason="双方协商减免"))[0] == 303
    form = {"month": NOW, "corrections": "1", "format": "xlsx"}
    answer = await house.client.post("/settlement-lines/export", data=form, headers=lead)
    (tmp_path / "lines.xlsx").write_bytes(await answer.read())
    rows = read_sheet(tmp_path / "lines.xlsx")
    assert [row for row in map(str, rows) if "双方协商减免" in row and "-5.50" in row and "人工更正" in row]
    for path in (f"/settlement-lines?month={NOW}", "/audit"):
        assert (await _page(house, path, await bearer(house.client, "agent801")))[0] == 403


async def test_the_month_before_is_reckoned_by_itself_once_a_day(sqlite_house: House) -> None:
    house, fixed = sqlite_house, Fixed({})
    await _world(house)
    early, due = datetime(2026, 4, 2, 2, tzinfo=UTC), datetime(2026, 4, 3, 2, tzinfo=UTC)
    assert await settle_if_due(house.db, fixed, now=early) is None
    done = await settle_if_due(house.db, fixed, now=due)
    assert done is not None
    assert done.added == 4
    assert await settle_if_due(house.db, fixed, now=due + timedelta(hours=3)) is None
    assert (await settle_if_due(house.db, fixed, now=due + timedelta(days=1))) is not None
