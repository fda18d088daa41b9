"""Orders as people handle them: the centre, the supplier on its own page, the worker's phone; who sees what of whom."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.base import utc_now
from models.demo_district import make
from models.elders import Elder
from models.orders.messages import NO_SITE, OrderMessage
from models.orders.visits import VisitPhoto
from models.orders.work_orders import WorkOrder
from models.org import OrgUnit
from models.people import User
from models.suppliers.records import Supplier, SupplierAccount, SupplierOutcome, Worker
from models.web_sessions import ApiToken
from tests.firms import admit, cleaning
from tests.web.conftest import House, bearer, build, csrf_in, log_in
from web.accounts import hash_of

PIXEL = bytes.fromhex("89504e470d0a1a0a") + bytes(60)


@pytest_asyncio.fixture
async def house(sqlite_url: str, tmp_path: Any) -> AsyncIterator[House]:
    """With a few elders of the demo district and its firms; its orders were made before these stories."""
    async for built in build(sqlite_url, tmp_path):
        await make(built.db, elders=10)
        yield built


async def _supplier(house: House, name: str) -> dict[str, str]:
    """The header of somebody of this firm."""
    async with house.db.write() as session:
        user, header = await _account(session, "supplier")
        firm = await session.scalar(select(Supplier.id).where(Supplier.name == name))
        session.add(SupplierAccount(user_id=user.id, supplier_id=firm))
    return header


async def _account(session: AsyncSession, role: str) -> tuple[User, dict[str, str]]:
    """Somebody new with this duty, and their header."""
    token = token_urlsafe(16)
    user = User(username=token.lower(), password_hash="-", name="演示", roles=[role])
    session.add(user)
    await session.flush()
    later = utc_now() + timedelta(hours=1)
    session.add(ApiToken(user_id=user.id, name="test", key_hash=hash_of(token), expires_at=later))
    return user, {"Authorization": f"Bearer {token}"}


async def _step(house: House, who: dict[str, str], order: dict[str, Any], step: str, **given: Any) -> dict[str, Any]:
    """The order after this step, or the error."""
    body = {"step": step, "version": order["version"], **given}
    answer = await house.client.post(f"/api/v1/orders/{order['id']}/steps", json=body, headers=who)
    told: dict[str, Any] = await answer.json()
    return {**told.get("order", {}), "status": answer.status, **told.get("error", {})}


async def _offered(house: House, who: dict[str, str], *, urgent: bool) -> tuple[dict[str, Any], int, int]:
    """An order that was sent to the first of two firms, and both of them."""
    async with house.db.write() as session:
        elder = (await session.scalars(select(Elder).where(Elder.org_unit_id.is_not(None)).limit(1))).one()
        place = await session.get_one(OrgUnit, elder.org_unit_id)
        first = await admit(session, "演示·甲", place, phone="12000000301", price=1_000)
        second = await admit(session, "演示·乙", place, phone="12000000302", price=1_100)
        service = (await cleaning(session)).id
    wanted = {"elder": elder.id, "service": service, "wish": "擦窗", "urgent": urgent}
    order = (await (await house.client.post("/api/v1/orders", json=wanted, headers=who)).json())["order"]
    return await _step(house, who, order, "offer", supplier=first), first, second


@pytest.mark.clause("S3.1", "S3.2", "S3.3", "H6", "H7", "T1", "T4", "Y1")
async def test_an_order_goes_from_the_wish_to_the_rating(house: House) -> None:
    centre, ours = await bearer(house.client, "lead"), await _supplier(house, "演示·安心家政")
    others = await _supplier(house, "演示·新来者")
    async with house.db.read() as session:
        elder = (await session.scalars(select(Elder).order_by(Elder.id.desc()).limit(1))).one()
        firm = await session.scalar(select(Supplier).where(Supplier.name == "演示·安心家政"))
        worker = await session.scalar(select(Worker).where(Worker.name == "演示·钱工"))
        untrained = await session.scalar(select(Worker).where(Worker.name == "演示·李工"))
        service = (await session.scalars(select(WorkOrder.service_id).where(WorkOrder.service_id.is_not(None)))).first()
    assert firm is not None
    assert worker is not None
    assert untrained is not None
    new = {"elder": elder.id, "service": service, "wish": "擦窗，打12000000001"}
    answer = await house.client.post("/api/v1/orders", json=new, headers=centre)
    order = (await answer.json())["order"]
    assert (answer.status, order["state"], (await answer.json())["steps"][0]) == (201, "draft", "service")
    listed = await (await house.client.get("/api/v1/orders", headers=centre)).json()
    assert {order["wish"], listed["items"][0]["wish"]} == {"擦窗，打120****0001"}  # as the page shows it
    refused = await _step(house, centre, order, "offer", supplier=firm.id, price=99_900)
    assert (refused["status"], list(refused["fields"])) == (422, ["price"])
    refused = await _step(house, centre, order, "accept")
    assert (refused["status"], refused["code"]) == (409, "order_state")
    order = await _step(house, centre, order, "offer", supplier=firm.id)
    assert (order["state"], order["price"]) == ("offered", 2_600)
    assert "评分" in order["offer_reason"]

    path = f"/api/v1/orders/{order['id']}"
    assert (await house.client.get(path, headers=others)).status == 404
    listed = await (await house.client.get("/api/v1/orders", headers=ours)).json()
    assert order["id"] in [one["id"] for one in listed["items"]]
    assert all(one["supplier"] == firm.id for one in listed["items"])
    page = await (await house.client.get(f"/my-orders/{order['id']}", headers=ours)).text()
    assert elder.name not in page  # not before the order is taken
    told = await (await house.client.get(path, headers=ours)).json()
    assert (told["order"]["elder"], told["order"]["elder_name"]) == (None, "")
    assert set(told["steps"]) == {"accept", "decline"}
    assert (await _step(house, ours, order, "cancel", why="不想做"))["status"] == 403
    order = await _step(house, ours, order, "accept")
    assert order["wish"] == "擦窗，打12000000001"  # theirs to do, and to ring the elder for
    page = await (await house.client.get(f"/my-orders/{order['id']}", headers=ours)).text()
    assert elder.name in page
    order = await _step(house, ours, order, "elder_called")
    at = (utc_now() + timedelta(minutes=5)).isoformat()
    assert list((await _step(house, ours, order, "appoint", worker=untrained.id, at=at))["fields"]) == ["worker"]
    order = await _step(house, {**ours, "Host": "elsewhere.example"}, order, "appoint", worker=worker.id, at=at)
    async with house.db.read() as session:
        message = (await session.scalars(select(OrderMessage).order_by(OrderMessage.id.desc()).limit(1))).one()
    assert (order["state"], message.status, message.problem) == ("appointed", "skipped", NO_SITE)
    assert "link" not in message.parameters  # whoever asks could lead the worker anywhere
    behind_proxy = {**ours, "X-Forwarded-Proto": "https"}
    order = await _step(house, behind_proxy, order, "appoint", worker=worker.id, at=at)
    assert (order["state"], order["worker_name"]) == ("appointed", "演示·钱工")

    async with house.db.read() as session:
        message = (await session.scalars(select(OrderMessage).order_by(OrderMessage.id.desc()).limit(1))).one()
        assert elder.home_phone not in str(message.parameters)
    assert message.parameters["link"].startswith("https://")  # or no phone gives camera and position
    phone = {"Authorization": f"Worker {message.parameters['link'].partition('#')[2]}"}
    day = await (await house.client.get("/api/v1/worker/orders", headers=phone)).json()
    assert [one["id"] for one in day["orders"]] == [order["id"]]
    assert day["orders"][0]["address"]
    code = await _code(house, elder.id)
    await _begin_and_end(house, phone, order["id"], code)

    order = (await (await house.client.get(path, headers=centre)).json())["order"]
    assert (order["state"], order["minutes"]) == ("finished", 61)
    order = await _step(house, centre, order, "rate", grade="fairly_satisfied")
    assert (order["state"], order["grade"]) == ("checked", "fairly_satisfied")
    page = await (await house.client.get(f"/my-orders/{order['id']}", headers=ours)).text()
    assert "工单已结束，不再显示老人资料" in page
    listed = await (await house.client.get("/my-orders", headers=ours)).text()
    told = await (await house.client.get(path, headers=ours)).text()
    assert not [text for text in (page, told) if elder.name in text or elder.home_phone in text]
    assert f'id="order-{order["id"]}"' in listed
    async with house.db.read() as session:
        read = {entry.action for entry in await session.scalars(select(AuditEntry))}
    assert read >= {"order.elder_read", "worker.orders_read", "visit_code.print", "order.checked"}


async def _code(house: House, elder: int) -> str:
    """From the card, as somebody at the centre prints it."""
    await log_in(house.client, "lead")
    page = await (await house.client.get(f"/elders/{elder}/visit-card")).text()
    found = re.search(r'class="code">([A-Z0-9-]{14})<', page)
    assert found
    house.client.session.cookie_jar.clear()
    return found[1]


async def _begin_and_end(house: House, phone: dict[str, str], order: int, code: str) -> None:
    """Told afterwards, twice, with a photo; somebody without the link gets nowhere."""
    path, now = f"/api/v1/worker/orders/{order}", utc_now()
    async with house.db.write() as session:  # time goes by
        (await session.get_one(WorkOrder, order)).offered_at = now - timedelta(hours=2)
    for kind, ago in (("start", 61), ("end", 0)):
        action = {
            "key": f"action-of-{kind}",
            "kind": kind,
            "phone_at": (now - timedelta(minutes=ago)).isoformat(),
            "sent_at": now.isoformat(),
            "code": code,
            "position": {"latitude": 31.2, "longitude": 121.4, "accuracy": 9.5},
        }
        nobody = {"Authorization": "Worker not-a-link-of-anybodys"}
        assert (await house.client.post(f"{path}/actions", json=action, headers=nobody)).status == 401
        for _ in range(2):
            answer = await house.client.post(f"{path}/actions", json=action, headers=phone)
            assert (answer.status, (await answer.json())["outcome"]) == (200, "taken")
    query = {"key": "photo-of-door", "phone_at": now.isoformat(), "sent_at": now.isoformat()}
    for content, status in ((b"no picture", 422), (PIXEL, 200), (PIXEL, 200)):
        headers = {**phone, "Content-Type": "image/png"}
        answer = await house.client.post(f"{path}/photos", params=query, data=content, headers=headers)
        assert answer.status == status, await answer.text()
    async with house.db.read() as session:
        (photo,) = await session.scalars(select(VisitPhoto))
    await log_in(house.client, "lead")
    answer = await house.client.get(f"/orders/{order}/photos/{photo.id}")
    assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", PIXEL)
    house.client.session.cookie_jar.clear()


@pytest.mark.clause("H7")
async def test_the_centre_works_with_forms_and_sees_what_is_overdue(house: House) -> None:
    await log_in(house.client, "lead")
    page = await (await house.client.get("/orders")).text()
    assert 'href="/orders?state=overdue"' in page  # the demo district has some
    narrowed = await (await house.client.get("/orders?state=overdue")).text()
    assert narrowed.count("超时未致电</span>") >= 1
    assert "已完成</span>" not in narrowed
    assert 'href="/orders?state=overdue"' in await (await house.client.get("/fragments/desk/today")).text()
    form = {"csrf_token": csrf_in(page), "elder": "3", "service": "", "wish": "送饭", "urgent": "1"}
    answer = await house.client.post("/orders/new", data=form)
    assert answer.status == 422
    kept = await answer.text()
    assert "请选择服务项目" in kept
    assert "送饭" in kept
    async with house.db.read() as session:
        draft = (await session.scalars(select(WorkOrder).where(WorkOrder.state == "draft"))).one()
    path = f"/orders/{draft.id}"
    shown = await (await house.client.get(path)).text()
    offers = re.findall(r'id="offer-(\d+)"', shown)
    assert offers
    async with house.db.write() as session:
        (await session.get_one(Supplier, int(offers[0]))).sms_number = ""
    urgent = {"csrf_token": csrf_in(shown), "version": "1", "service": str(draft.service_id), "wish": draft.wish}
    answer = await house.client.post(f"{path}/steps/service", data={**urgent, "urgent": "1"}, allow_redirects=False)
    assert answer.status == 303
    sent = {"csrf_token": csrf_in(shown), "version": "2", "supplier": offers[0], "price": "abc"}
    answer = await house.client.post(f"{path}/steps/offer", data=sent)
    assert answer.status == 422
    assert 'value="abc"' in await answer.text()
    answer = await house.client.post(f"{path}/steps/offer", data={**sent, "price": "20"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    answer = await house.client.post(f"{path}/steps/offer", data={**sent, "price": "20"}, allow_redirects=False)
    assert answer.status == 409  # somebody was faster
    page = await (await house.client.get(path)).text()
    assert "没有可接收短信的手机号" in page
    assert "no mobile number" not in page  # on a Chinese page
    assert "待拨打" in page  # an urgent order is offered by telephone as well
    (call,) = (await (await house.client.get(f"/api/v1{path}")).json())["calls"]
    assert (call["supplier"], call["state"], call["key"]) == (int(offers[0]), "due", "")
    taken_back = {**sent, "price": "", "version": "3", "why": "撤回"}
    page = await (await house.client.post(f"{path}/steps/withdraw", data=taken_back)).text()
    assert "电话问过的服务商都没有接单" in page
    again = {**sent, "price": "20", "version": "4"}
    assert (await house.client.post(f"{path}/steps/offer", data=again, allow_redirects=False)).status == 303
    answer = await house.client.post(f"{path}/steps/cancel", data={**sent, "price": "", "version": "5", "why": ""})
    assert answer.status == 422
    assert "请说明原因" in await answer.text()

    await _complain(house, shown, int(offers[0]))


async def _complain(house: House, page: str, supplier: int) -> None:
    """From the order's page: elder and order are filled in, and the supplier's score hears of it."""
    (path,) = re.findall(r'href="(/complaints/new\?order=\d+)"', page)
    number = int(path.rpartition("=")[2])
    form = await (await house.client.get(path)).text()
    assert f'<option value="{number}" selected>' in form
    assert f'<option value="supplier:{supplier}"' in form
    elder = re.findall(r'name="elder"[^>]*value="(\d+)"', form)[0]
    sent = {"csrf_token": csrf_in(form), "elder": elder, "order": str(number), "target": "", "words": "没有来"}
    wrong = await house.client.post("/complaints/new", data={**sent, "order": "999999"})
    assert (wrong.status, "没有这张工单" in await wrong.text()) == (422, True)
    answer = await house.client.post("/complaints/new", data=sent)
    shown = await answer.text()
    assert (answer.status, f'href="/orders/{number}"' in shown) == (200, True)
    async with house.db.read() as session:
        heard = (await session.scalars(select(SupplierOutcome).where(SupplierOutcome.order_id == number))).one()
        name = (await session.get_one(Supplier, supplier)).name
    assert (heard.supplier_id, heard.complained) == (supplier, True)
    assert f"服务商 {name}" in shown
    listed = await (await house.client.get("/complaints")).text()
    assert f"服务商 {name}" in listed
    house.client.session.cookie_jar.clear()
    async with house.db.write() as session:
        _, agent = await _account(session, "agent")  # does not see suppliers, and leaves them to others to name
    form = await (await house.client.get(f"/complaints/new?elder={elder}", headers=agent)).text()
    assert 'value="supplier:' not in form
    assert f'<option value="{number}"' in form


@pytest.mark.clause("S3.2", "H10")
async def test_an_urgent_order_that_is_declined_on_a_page_is_offered_to_the_next_whom_the_first_does_not_see(
    house: House,
) -> None:
    centre = await bearer(house.client, "lead")
    order, first, second = await _offered(house, centre, urgent=True)
    ours, theirs = await _supplier(house, "演示·甲"), await _supplier(house, "演示·乙")
    told = await _step(house, ours, order, "decline", why="人手不足")
    assert (told["status"], told["state"], told["supplier"], told["supplier_name"]) == (200, "declined", None, "")
    path = f"/api/v1/orders/{order['id']}"
    assert (await house.client.get(path, headers=ours)).status == 404
    order = (await (await house.client.get(path, headers=theirs)).json())["order"]
    assert (order["state"], order["supplier"]) == ("offered", second)
    asked = {first}
    while order["state"] == "offered":  # the centre writes down what everybody says on the telephone
        assert order["supplier"] not in asked
        asked.add(order["supplier"])
        order = await _step(house, centre, order, "decline", why="人手不足")
    assert (order["state"], order["supplier"], order["untaken"]) == ("declined", None, True)
    assert {first, second} <= asked


@pytest.mark.clause("S3.2")
async def test_an_order_that_is_not_urgent_waits_for_somebody_to_choose(house: House) -> None:
    centre = await bearer(house.client, "lead")
    order, _, _ = await _offered(house, centre, urgent=False)
    order = await _step(house, centre, order, "decline", why="人手不足")
    assert (order["state"], order["supplier"]) == ("declined", None)
