"""A worker's phone: the link from the SMS, the code at the door, no network on the stairs, one visit at a time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import select

from models.base import utc_now
from models.database import Database
from models.orders.links import make_link, withdraw_links
from models.orders.visits import VisitAction, VisitPhoto
from models.orders.work_orders import WorkOrder
from tests.browser.conftest import DEADLINE, Town
from tests.unit.models.orders import World

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fedccc59e7"
    "0000000049454e44ae426082"
)


@pytest_asyncio.fixture
async def phone(town: Town) -> AsyncIterator[tuple[World, Page, str]]:
    """Two orders of today, and a phone that has opened the link."""
    db = Database(town.database_url)
    world = World(db, now=utc_now())
    await world.settle()
    await world.appointed(0)
    await world.appointed(1)
    async with db.write() as session:
        worker = world.workers[world.firms[0]][0]
        token = await make_link(session, worker, visit_at=world.now, by="test", now=world.now)
    context = await town.browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        reduced_motion="reduce",
        permissions=["geolocation"],
        geolocation={"latitude": 31.25, "longitude": 121.5, "accuracy": 12},
    )
    context.set_default_timeout(DEADLINE)
    await context.add_cookies([{"name": "yjt_lang", "value": "zh", "url": town.url}])
    page = await context.new_page()
    page.on("pageerror", lambda error: town.errors.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept("门口的灯坏了" if dialog.type == "prompt" else None))
    await page.goto(f"{town.url}/worker#{token}")
    yield world, page, token
    await context.close()
    await db.close()


async def _type_code(page: Page, code: str) -> None:
    await page.fill("#code", code)
    await page.get_by_role("button", name="使用此编码").click()


async def _orders(world: World) -> dict[int, WorkOrder]:
    """Those of the two elders of this test."""
    query = select(WorkOrder).where(WorkOrder.elder_id.in_(world.elders)).order_by(WorkOrder.id)
    async with world.db.read() as session:
        return {order.id: order for order in await session.scalars(query)}


@pytest.mark.clause("T2", "T3", "Y1")
async def test_visits_are_scanned_without_a_network_and_told_later(town: Town, phone: tuple[World, Page, str]) -> None:
    world, page, _ = phone
    (first, one), (second, two) = list((await _orders(world)).items())
    cards = {number: page.locator(f"[data-order='{number}']") for number in (first, second)}
    await expect(cards[first]).to_contain_text("居室保洁")
    await expect(page).to_have_url(re.compile("/worker$"))  # what opens it does not stay in the address
    await town.shot(page, "worker-today")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    await page.context.set_offline(True)
    await page.reload()  # it opens without a network
    await cards[first].get_by_role("button", name="扫码开始").click()
    await town.shot(page, "worker-scan")
    await _type_code(page, world.codes[one.elder_id or 0])
    await expect(cards[first]).to_contain_text("服务中")
    await expect(page.locator("#network")).to_have_attribute("data-waiting", "1")
    await expect(cards[second].get_by_role("button", name="扫码开始")).to_be_disabled()  # before the first has ended
    await town.shot(page, "worker-offline")
    assert (await _orders(world))[first].state == "appointed"
    told_at = utc_now()
    await page.context.set_offline(False)
    await expect(page.locator("#network")).to_have_attribute("data-waiting", "0")
    started = (await _orders(world))[first]
    assert started.state == "started"
    async with world.db.read() as session:
        (scan,) = await session.scalars(select(VisitAction).where(VisitAction.order_id == first))
    assert scan.phone_at < told_at <= scan.received_at  # the phone's time, and when we heard of it
    assert (scan.typed, round(scan.latitude or 0, 2)) == (True, 31.25)

    await _begun_before(world, first, timedelta(minutes=51))
    await page.goto(f"{town.url}/worker#code={world.codes[one.elder_id or 0]}")  # the phone's own camera has read it
    await cards[first].get_by_role("button", name="扫码结束").click()
    await expect(cards[first]).to_contain_text("已完成")
    await cards[first].get_by_role("button", name="备注").click()
    await (
        cards[first]
        .locator("input[type=file]")
        .set_input_files({"name": "door.png", "mimeType": "image/png", "buffer": PIXEL})
    )
    await expect(page.locator("#notice")).to_have_text("照片已上传")

    await cards[second].get_by_role("button", name="扫码开始").click()
    await _type_code(page, "AAAA-BBBB-CCCC")
    await expect(page.locator("#notice")).to_have_text("扫码与老人不符")
    for press in ("扫码开始", "扫码结束"):
        await cards[second].get_by_role("button", name=press).click()
        await _type_code(page, world.codes[two.elder_id or 0])
    await expect(page.locator("#notice")).to_contain_text("作废")  # far too short
    await town.shot(page, "worker-done")
    after = await _orders(world)
    assert (after[first].state, after[first].minutes, after[second].state) == ("finished", 51, "void")
    assert [order.state for order in after.values() if order.redo_of == second] == ["accepted"]
    async with world.db.read() as session:
        assert [one.order_id for one in await session.scalars(select(VisitPhoto))] == [first]
        notes = await session.scalars(select(VisitAction.note).where(VisitAction.kind == "note"))
        assert list(notes) == ["门口的灯坏了"]


async def _begun_before(world: World, number: int, ago: timedelta) -> None:
    """Time goes by."""
    async with world.order(number) as (_, order):
        order.started_at = utc_now() - ago


async def test_a_link_that_ran_out_shows_nothing(town: Town, phone: tuple[World, Page, str]) -> None:
    world, page, _ = phone
    await expect(page.locator("[data-order]")).to_have_count(2)
    async with world.db.write() as session:
        await withdraw_links(session, world.workers[world.firms[0]][0], by="test")
    await page.reload()
    await expect(page.locator("#notice")).to_contain_text("链接无效")
    await expect(page.locator("[data-order]")).to_have_count(0)
    assert await page.evaluate("localStorage.getItem('worker.day')") is None


async def test_who_shares_a_phone_tells_what_is_theirs(town: Town, phone: tuple[World, Page, str]) -> None:
    """The first has no network when the second takes the phone over."""
    world, page, _ = phone
    (first, one), _ = list((await _orders(world)).items())
    card = page.locator(f"[data-order='{first}']")
    await expect(card).to_contain_text("居室保洁")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    async with world.db.write() as session:
        other = await make_link(session, world.workers[world.firms[0]][1], visit_at=world.now, by="test", now=world.now)
    await page.context.set_offline(True)
    await card.get_by_role("button", name="扫码开始").click()
    await _type_code(page, world.codes[one.elder_id or 0])
    await expect(card).to_contain_text("服务中")
    await page.goto(f"{town.url}/worker#{other}")
    await page.reload()
    await expect(page.locator("[data-order]")).to_have_count(0)  # nothing of the first worker's elders is shown
    await expect(page.locator("#network")).to_have_attribute("data-waiting", "1")
    await page.context.set_offline(False)
    await expect(page.locator("#network")).to_have_attribute("data-waiting", "0")
    async with world.db.read() as session:
        (scan,) = await session.scalars(select(VisitAction).where(VisitAction.order_id == first))
    assert (scan.worker_id, scan.outcome) == (world.workers[world.firms[0]][0], "taken")
