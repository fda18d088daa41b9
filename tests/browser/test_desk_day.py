"""What an agent has beside the call, in a real browser: a note that saves as it is typed, clocks, the outcome that is
owed, calls of one's own, and a desk that is as it was after F5, a closed lid and a dropped line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from ivr.vocabulary import CaseState
from tests.browser.conftest import Town
from tests.web import stories


async def _desk(town: Town, username: str = "agent801", *, lang: str = "zh") -> Page:
    page = await town.page(username, lang=lang)
    await page.goto(f"{town.url}/desk")
    await page.wait_for_selector("[data-link-state=live]")
    return page


async def _emergency(town: Town) -> dict[str, Any]:
    """801 is A, 802 is B."""
    for extension, role in (("801", "A"), ("802", "B")):
        await town.control.seat(stories.seat_json(extension, "talking", case="c1", role=role))
    case = stories.case_json(stories.emergency(stories.talking(stories.ringing())))
    due = {
        "arrival": timedelta(minutes=45),
        "contact_key": timedelta(seconds=8),
        "exception_report": timedelta(seconds=-5),
    }
    case["deadlines"] = [
        {
            "kind": kind,
            "leg": "contact-13-1" if kind == "contact_key" else "",
            "due": (datetime.now(UTC) + left).isoformat(),
        }
        for kind, left in due.items()
    ]
    await town.control.case(case)
    return case


async def _to_be_filed(town: Town, **seat: Any) -> None:
    case = stories.closed(stories.talking(stories.ringing()))
    over = replace(case, state=CaseState.WRAPPING_UP, closed_at=None, outcome=None, note="")
    await town.control.case(stories.case_json(over))
    await town.control.seat(stories.seat_json("801", owes=["c1"], **seat))


async def test_a_note_saves_as_typed_and_is_there_after_f5_on_another_machine_and_for_the_other_agent(
    town: Town,
) -> None:
    a, b = await _desk(town), await _desk(town, "agent802")
    await _emergency(town)
    note = a.locator(".closing textarea")
    await expect(note).to_be_visible()
    await expect(b.locator(".closing textarea")).to_be_visible()
    await a.keyboard.press("/")
    await expect(note).to_be_focused()
    await note.press_sequentially("胸痛，120已出发")
    await expect(a.locator("[data-note-state]")).to_have_attribute("data-note-state", "saved")
    await expect(b.locator(".notes li")).to_contain_text("胸痛，120已出发")
    await b.keyboard.press("/")
    await b.locator(".closing textarea").press_sequentially("女儿在路上")
    await expect(a.locator(".notes li")).to_contain_text("女儿在路上")
    await town.shot(a, "desk-notes-zh")
    # A dropped line: what is typed meanwhile stays here, and is saved when the line is back.
    await a.context.set_offline(True)
    await note.press_sequentially("；门已开")
    await expect(a.locator("[data-note-state]")).to_have_attribute("data-note-state", "unsaved")
    await a.context.set_offline(False)
    await expect(a.locator("[data-note-state]")).to_have_attribute("data-note-state", "saved")
    await a.reload()
    await expect(note).to_have_value("胸痛，120已出发；门已开")
    await expect(a.locator("[data-shows-case=c1]")).to_be_visible()
    elsewhere = await _desk(town)  # the same agent at another machine
    await expect(elsewhere.locator(".closing textarea")).to_have_value("胸痛，120已出发；门已开")
    # Typed in both at once: nothing is overwritten unseen.
    await a.context.set_offline(True)
    await note.press_sequentially("甲")
    async with elsewhere.expect_response(lambda answer: answer.request.method == "POST" and "/notes" in answer.url):
        await elsewhere.locator(".closing textarea").press_sequentially("乙")
    await a.context.set_offline(False)
    await expect(a.locator("[data-note-theirs]")).to_have_text("胸痛，120已出发；门已开乙", timeout=12_000)
    await town.shot(a, "desk-note-conflict-zh")
    await a.locator("[data-note-take]").click()
    await expect(note).to_have_value("胸痛，120已出发；门已开乙")
    town.errors[:] = [error for error in town.errors if "ERR_INTERNET_DISCONNECTED" not in error and "409" not in error]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_clocks_count_down_and_the_script_fits_what_is_going_on(town: Town, lang: str) -> None:
    page = await _desk(town, lang=lang)
    await _emergency(town)
    await expect(page.locator(".deadline-contact_key .due")).to_have_class("due soon")
    await expect(page.locator(".deadline-contact_key")).to_contain_text("居委会")
    await expect(page.locator(".deadline-exception_report .due")).to_have_class("due over")
    await expect(page.locator(".call-script")).to_contain_text("F8")
    await town.shot(page, f"desk-deadlines-{lang}")
    await page.keyboard.press("?")
    await expect(page.locator("#all-keys")).to_be_visible()
    await town.shot(page, f"desk-keys-{lang}")
    await page.keyboard.press("e")
    assert town.control.asked.empty()
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    assert (await town.control.next_asked()).body["action"] == "emergency"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_outcome_is_owed_shown_and_filed_with_its_sub_code_by_keys(town: Town, lang: str) -> None:
    page = await _desk(town, lang=lang)
    ends = (datetime.now(UTC) + timedelta(seconds=50)).isoformat()
    await _to_be_filed(town, state="wrap_up", until=ends, more=True)
    await expect(page.locator("[data-owes]")).to_contain_text("1")
    await expect(page.locator("[data-until]")).to_contain_text("0:4")
    await page.keyboard.press(".")
    assert (await town.control.next_asked()).body["state"] == "wrap_up"
    await page.keyboard.press("x")
    await page.select_option(".closing [name=outcome]", "rescued")
    await expect(page.locator(".closing [name=code]")).to_be_visible()
    await town.shot(page, f"desk-owed-{lang}")
    await page.keyboard.press("Control+Enter")  # not without the sub-code
    assert town.control.asked.empty()
    await page.select_option(".closing [name=code]", "fall")
    await page.reload()
    await expect(page.locator(".closing [name=code]")).to_have_value("fall")
    await page.keyboard.press("Control+Enter")
    body = (await town.control.next_asked()).body
    assert (body["action"], body["outcome"], body["code"]) == ("close", "rescued", "fall")
    await page.keyboard.press("Escape")
    await town.control.close_case(stories.case_json(stories.closed(stories.ringing())))
    over = (datetime.now(UTC) - timedelta(seconds=65)).isoformat()
    await town.control.seat(stories.seat_json("801", "paused", reason="meal", until=over))
    await expect(page.locator("[data-until] .over")).to_contain_text("+1:0")
    await expect(page.locator(".today")).to_be_visible()
    await town.shot(page, f"desk-today-{lang}")


async def test_a_number_on_any_page_is_rung_from_the_desk(town: Town) -> None:
    page = await town.page()
    town.control.called = stories.case_json(stories.ringing("c5"))
    await page.goto(f"{town.url}/elders")
    await page.locator("table a[href^='/elders/']").first.click()
    await page.locator("button[data-dial^='contact:']").first.click()
    await page.wait_for_url("**/desk")
    asked = await town.control.next_asked()
    assert (asked.path, asked.body["extension"]) == ("/calls", "801")
    assert asked.body["file"]["contacts"]
    await page.reload()
    await page.wait_for_selector("[data-link-state=live]")
    assert town.control.asked.empty()  # once


async def test_one_of_two_agents_wins_and_the_other_sees_who(town: Town) -> None:
    a, b = await _desk(town), await _desk(town, "agent802")
    case = await _emergency(town)
    await expect(b.locator("[data-shows-case=c1]")).to_be_visible()
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{town.url}/api/v1/login", json={"username": "agent801", "password": town.password("agent801")}
        ) as answer,
    ):
        first = (await answer.json())["user"]["id"]
    entry = {"seq": 99, "event": "arrival_reported", "actor": f"user:{first}", "cause": None, "data": {}}
    case["timeline"] = [*case["timeline"], {**entry, "at": datetime.now(UTC).isoformat()}]
    await town.control.case(case)
    town.control.refuse = (409, "already_done")
    await b.keyboard.press("a")
    await expect(b.locator(".message")).to_contain_text("抢先")
    # And who is taken over from is told by whom.
    taken = json.loads(json.dumps(case))
    for leg in taken["legs"]:
        if leg["role"] == "A":
            leg.update(number="803", name="演示班长")
    await town.control.case(taken)
    await expect(b.locator(".message.notice")).to_contain_text("演示班长（803）")
    await town.shot(b, "desk-taken-zh")
    town.errors[:] = [error for error in town.errors if "409" not in error]
    assert a is not b


async def test_a_notice_of_the_desktop_says_that_somebody_calls_and_not_who(town: Town) -> None:
    page = await _desk(town)
    await page.context.grant_permissions(["notifications"], origin=town.url)
    await page.evaluate(
        "() => { window.told = []; document.hasFocus = () => false;"
        "window.Notification = class { static permission = 'granted';"
        "constructor(title, options) { window.told.push(title + options.body); }"
        "addEventListener() {} close() { window.told.push('closed'); } }; }"
    )
    await town.control.seat(stories.seat_json("801", "reserved", case="c1", role="A"))
    await town.control.case(stories.case_json(stories.ringing()))
    await town.control.say("screen", {"extension": "801", "case": "c1", "role": "A"})
    await expect(page.locator("#announcer")).to_have_text("有来电正在呼叫您的坐席")
    assert "有来电" in (await page.evaluate("window.told"))[0]
    assert "李一" not in (await page.evaluate("window.told"))[0]
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await expect(page.locator("#announcer")).to_be_empty()
    assert (await page.evaluate("window.told"))[-1] == "closed"
