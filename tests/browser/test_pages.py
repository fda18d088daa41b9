"""The other pages in a real browser: the board moves by itself, lists and forms work, the strict policy holds."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import expect

from ivr.vocabulary import AlarmKind
from models.base import utc_now
from models.database import Database
from models.elders import ElderStatus
from models.exception_reports import ExceptionReport
from models.journal import write
from models.papers import PaperForm, PaperKind, add
from models.register import change_elder, create_elder, form_of
from models.repairs import finish, report
from tests.browser.conftest import DEADLINE, Town
from tests.web import stories


async def test_the_board_moves_by_itself(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/board")
    await page.wait_for_selector("[data-link-state=live]")
    await expect(page.locator("#seat-801")).to_have_class(re.compile("seat-ready"))
    case = stories.ringing()
    await town.control.case(stories.case_json(case))
    row = page.locator("#case-c1")
    await expect(row).to_contain_text("坐席振铃")
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await expect(page.locator("#seat-801")).to_have_class(re.compile("seat-talking"))
    case = stories.emergency(stories.talking(case))
    await town.control.case(stories.case_json(case, alarms=(AlarmKind.NO_AGREEMENT,)))
    await expect(row).to_contain_text("应急中")
    await expect(row).to_contain_text("无签署协议")
    first = await row.locator("time.age").first.text_content()
    await expect(row.locator("time.age").first).not_to_have_text(first or "")
    await town.control.close_case(stories.case_json(stories.closed(case)))
    await expect(row).to_have_count(0)


async def test_a_lost_controller_is_seen_and_forgotten_when_it_returns(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/board")
    await page.wait_for_selector("[data-link-state=live]")
    await town.control.stop()
    await expect(page.locator("[data-controller=away]")).to_be_visible()
    await town.control.start()
    await expect(page.locator("[data-controller=away]")).to_have_count(0)


async def _much_on_file(town: Town) -> None:
    """What makes the pages of an elder's file worth a look."""
    database, today = Database(town.database_url), utc_now().astimezone().date()
    changes = {
        "illnesses": "高血压10年，冠心病",
        "medicines": "氨氯地平 5mg 每日一次",
        "allergies": "青霉素",
        "blood_type": "A+",
        "mobility": "用助行器",
        "hearing": "左耳助听器",
        "doctor": "示例医院 心内科 演示·张医生",
        "status": ElderStatus.AWAY,
        "status_until": today + timedelta(days=20),
    }
    async with database.write() as session:
        form, version = await form_of(session, 1)
        await change_elder(session, 1, replace(form, **changes), version=version, by="user:3", area_code="021")  # type: ignore[arg-type]
        twin = replace(form, home_phone=form.home_phone, terminals=(), contacts=(), id_card="", way_in="按门铃")
        await create_elder(session, twin, by="user:3", area_code="021")
        gone, version = await form_of(session, 3)
        died = replace(gone, status=ElderStatus.DIED)
        await change_elder(session, 3, died, version=version, by="user:3", area_code="021")
        for kind, days in ((PaperKind.AGREEMENT, None), (PaperKind.POVERTY, 30)):
            until = None if days is None else today + timedelta(days=days)
            paper = PaperForm(kind, today - timedelta(days=90), until, "演示0001", "演示一街道")
            await add(session, 1, paper, None, by="user:3", area_code="021")
        repair = await report(session, 1, "按键接触不良", by="user:3")
        done = {"done_on": today, "repairer": "演示维护员", "remedy": "更换按键", "cost": 0, "by": "user:3"}
        await finish(session, repair.id, version=1, **done)  # type: ignore[arg-type]
        await report(session, 2, "无拨号音", by="user:3")
    await database.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_looks_right(town: Town, lang: str) -> None:
    await _much_on_file(town)
    page = await town.page("supervisor", lang=lang)
    case = stories.emergency(stories.talking(stories.ringing()))
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await town.control.seat(stories.seat_json("802", "talking", case="c1", role="B"))
    await town.control.case(stories.case_json(case, alarms=(AlarmKind.NO_AGREEMENT,)))
    await town.control.case(stories.case_json(stories.ringing("c2", seat="803", file=None)))
    await page.goto(f"{town.url}/board")
    await expect(page.locator("#case-c1 .state-emergency")).to_be_visible()
    pages = {
        "board": "/board",
        "cases": "/cases",
        "case": "/cases/c1",
        "elders": "/elders",
        "elder": "/elders/1",
        "elder-edit": "/elders/1/edit",
        "elder-new": "/elders/new",
        "elder-timeline": "/elders/1/timeline",
        "elder-history": "/elders/1/history",
        "elder-papers": "/elders/1/papers",
        "elder-print": "/elders/1/print/agreement",
        "elder-papers-lacking": "/elder-papers",
        "elder-changes": "/elder-changes",
        "duplicates": "/duplicates",
        "merge": "/duplicates/1/2",
        "repairs": "/repairs",
        "terminals-to-fetch": "/terminals?state=collect",
        "follow-ups": "/follow-ups",
        "orders": "/orders",
        "complaints": "/complaints",
        "exceptions": "/exception-reports",
        "not-found": "/nothing",
        "api": "/api/v1/docs",
    }
    for name, path in pages.items():
        await page.goto(f"{town.url}{path}")
        await page.wait_for_load_state("networkidle") if name == "api" else None
        await town.shot(page, f"{name}-{lang}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    town.errors[:] = [error for error in town.errors if "404" not in error]  # the browser's own note of the error page
    await page.get_by_role("button", name="Log out" if lang == "en" else "退出", exact=True).click()
    await expect(page.locator("#username")).to_be_visible()
    await town.shot(page, f"login-{lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_exception_report_is_explained(town: Town, lang: str) -> None:
    case = stories.closed(stories.talking(stories.ringing("c8", file=None)))
    database = Database(town.database_url)
    async with database.write() as session:
        for number, waited in (("c8", 180), ("c9", 200)):
            await write(session, stories.entries(replace(case, id=number)), area_code="021")
            since = case.opened_at or utc_now()
            opened = since + timedelta(seconds=waited)
            session.add(ExceptionReport(case_id=number, waiting_since=since, opened_at=opened))
    await database.close()
    page = await town.page("supervisor", lang=lang)
    await page.goto(f"{town.url}/exception-reports")
    row = page.locator("tbody tr").first
    await row.locator("select").select_option("all_busy")
    await row.locator("input[name=explanation]").fill("演示：两名坐席都在通话")
    await row.get_by_role("button").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.locator("form.filters select").select_option("any")
    await page.locator("form.filters button").click()
    await expect(page.locator("tbody")).to_contain_text("两名坐席都在通话")
    await town.shot(page, f"exceptions-explained-{lang}")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_an_elder_is_found_and_changed(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/elders")
    await page.fill("input[type=search]", "10000001")
    await page.press("input[type=search]", "Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.locator("tbody a").first.click()
    await page.get_by_role("link", name="修改档案").click()
    await page.fill("#landmark", "演示邮局旁")
    await page.fill("#contacts-0-name", "演示·新名")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".notice.good")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("演示邮局旁")
    await expect(page.locator("main")).to_contain_text("演示·新名")
    await town.shot(page, "elder-changed-zh")


async def test_a_wrong_form_keeps_what_was_typed(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/elders/new")
    await page.fill("#name", "演示·钱九")
    await page.fill("#id_card", "123")
    await page.fill("#contacts-1-name", "演示·钱小九")
    await page.fill("#contacts-1-phones", "不是号码")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".field-errors")).to_have_count(2)
    await expect(page.locator("#name")).to_have_value("演示·钱九")
    await town.shot(page, "elder-refused-zh")
    town.errors[:] = [error for error in town.errors if "422" not in error]


async def test_the_whole_of_a_page_is_reached_by_keyboard(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/elders")
    name = "document.activeElement.getAttribute('href') ?? document.activeElement.name ?? ''"
    seen: set[str] = {await page.evaluate(name)}  # the search field has the focus from the start
    await page.locator("header .brand").focus()
    for _ in range(90):
        if await page.evaluate("document.activeElement.matches('details:not([open]) > summary')"):
            await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        seen.add(await page.evaluate(name))
    assert {"/board", "/cases", "/elders", "search", "community", "/elders/new"} <= seen


async def test_the_menu_on_a_phone_and_the_dark(town: Town) -> None:
    page = await town.page("supervisor")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{town.url}/cases")
    await expect(page.get_by_role("link", name="实时看板")).to_be_hidden()
    await page.get_by_role("button", name="菜单").click()
    await page.get_by_role("button", name="切换浅色或深色").click()
    await page.get_by_role("link", name="实时看板").click()
    await page.wait_for_url("**/board")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert await page.evaluate(ground) == "rgb(17, 23, 29)"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.emulate_media(color_scheme="dark")  # what was switched to stays, whatever the system wants
    await page.reload()
    assert await page.evaluate(ground) == "rgb(17, 23, 29)"


async def test_the_wall_moves_by_itself_and_says_when_it_is_old(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/wallboard")
    await expect(page.locator("#waiting .figure")).to_have_text("0")
    since = (utc_now() - timedelta(seconds=20)).isoformat()
    await town.control.case({**stories.case_json(stories.ringing()), "waiting_since": since})
    await expect(page.locator("#waiting")).to_have_class(re.compile("warn"))
    await expect(page.locator("#waiting .figure")).to_have_text("1")
    assert await page.locator("#chart canvas").count() == 1
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")  # a wall cannot be scrolled
    await page.route("**/fragments/wallboard", lambda route: route.abort())
    old_after = "seconds => (document.getElementById('wall').dataset.oldAfter = seconds)"
    await page.evaluate(old_after, 1)
    await expect(page.locator("[data-old]")).to_contain_text("数据已停止更新")
    await page.evaluate(old_after, 15)
    await page.unroute("**/fragments/wallboard")
    await expect(page.locator("[data-old]")).to_be_empty()
    town.errors[:] = [error for error in town.errors if "ERR_FAILED" not in error]  # the fetches that were cut off


async def test_the_policy_of_our_pages_lets_a_phone_ask_a_stun_server(town: Town) -> None:
    page = await town.page()
    await page.goto(f"{town.url}/desk")
    asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Server(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            if not asked.done():
                asked.set_result(data)

    socket, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = socket.get_extra_info("sockname")[1]
    await page.evaluate(
        """async (urls) => {
          window.peer = new RTCPeerConnection({ iceServers: [{ urls }] });
          peer.addTransceiver("audio");
          await peer.setLocalDescription();
        }""",
        f"stun:127.0.0.1:{port}",
    )
    async with asyncio.timeout(DEADLINE / 1000):
        request = await asked
    socket.close()
    assert (request[:2], request[4:8]) == (b"\x00\x01", b"\x21\x12\xa4\x42")  # a binding request (RFC 8489)
