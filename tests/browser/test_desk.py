"""The agent's page in a real browser: the file appears by itself and says so, keys act, F5 loses nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from ivr.serial import to_json
from ivr.vocabulary import AlarmKind, CaseState, LegKind
from tests.browser.conftest import Town
from tests.web import stories


async def _ring(town: Town) -> None:
    """The controller reserves seat 801, and sends the file to its screen."""
    await town.control.seat(stories.seat_json("801", "reserved", case="c1", role="A"))
    await town.control.case(stories.case_json(stories.ringing()))
    await town.control.say("screen", {"extension": "801", "case": "c1", "role": "A"})


async def _talk(town: Town) -> None:
    await _ring(town)
    await town.control.next_asked()
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await town.control.case(stories.case_json(stories.talking(stories.ringing())))


async def _emergency(town: Town) -> None:
    await _talk(town)
    case = stories.emergency(stories.talking(stories.ringing()))
    await town.control.case(stories.case_json(case, alarms=(AlarmKind.NO_AGREEMENT,)))


async def _nobody_reached(town: Town) -> None:
    """Nobody answers, neither the elder nor a contact."""
    await _talk(town)
    case = stories.emergency(stories.talking(stories.ringing()))
    legs = tuple(leg for leg in case.legs if leg.kind is not LegKind.SERVICE)
    silent = replace(case, state=CaseState.NO_RESPONSE, legs=legs)
    alarms = (AlarmKind.NO_RESPONSE, AlarmKind.OFFER_POLICE)
    await town.control.case(stories.case_json(silent, alarms=alarms))


async def _desk(town: Town, *, lang: str = "zh") -> Page:
    page = await town.page(lang=lang)
    await page.goto(f"{town.url}/desk")
    await page.wait_for_selector("[data-link-state=live]")
    return page


async def test_the_file_appears_with_each_ring_and_the_page_says_that_it_has(town: Town) -> None:
    page = await _desk(town)
    await expect(page.locator(".waiting")).to_be_visible()
    for _ in range(5):
        await _ring(town)
        asked = await town.control.next_asked()
        assert asked.path == "/cases/c1/shown"
        assert asked.body["extension"] == "801"
        await expect(page.locator("[data-shows-case=c1]")).to_be_visible()
        await town.control.close_case(stories.case_json(stories.closed(stories.ringing())))
        await town.control.seat(stories.seat_json("801"))
        await expect(page.locator(".waiting")).to_be_visible()


async def test_ringing_is_seen_and_heard(town: Town) -> None:
    page = await _desk(town)
    await _ring(town)
    await expect(page).to_have_title("☎ 来电！")
    await expect(page.locator(".address")).to_contain_text("501室")
    await town.shot(page, "desk-ringing-zh")
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await expect(page).not_to_have_title("☎ 来电！")


KEYS = {
    "F2": {"action": "emergency"},
    "e": {"action": "emergency"},
    "s": {"action": "silent"},
    "v": {"action": "heard"},
    "F8": {"action": "call", "target": "120"},
    "F9": {"action": "call", "target": "110"},
    "F10": {"action": "call", "target": "119"},
    "c": {"action": "call", "target": "contacts"},
    "b": {"action": "call", "target": "elder"},
    "i": {"action": "intercom"},
    "o": {"action": "intercom_end"},
    "w": {"action": "swap"},
    "j": {"action": "take_over", "role": "A", "extension": "801"},
    "k": {"action": "take_over", "role": "B", "extension": "801"},
    "a": {"action": "arrived"},
    "d": {"action": "stand_down"},
    "g": {"action": "three_way"},
    "u": {"action": "return"},
    "z": {"action": "hand_over"},
}


async def test_keys_press_actions(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    await expect(page.locator(".state-talking")).to_be_visible()
    for key, body in KEYS.items():
        await expect(page.locator(".actions button:disabled")).to_have_count(0)
        await page.keyboard.press(key)
        asked = await town.control.next_asked()
        assert asked.path == "/cases/c1/actions"
        assert {name: value for name, value in asked.body.items() if name != "actor"} == body
        assert asked.body["actor"].startswith("user:")


async def test_what_is_not_possible_cannot_be_pressed(town: Town) -> None:
    page = await _desk(town)
    await _ring(town)
    await town.control.next_asked()
    await town.control.case(stories.case_json(stories.ringing(), actions=["close"]))
    await expect(page.locator("#do-emergency")).to_be_disabled()
    for key in KEYS:
        await page.keyboard.press(key)
    await page.keyboard.press("r")
    assert (await town.control.next_asked()).path == "/seats/801/state"


async def test_lines_are_chosen_merged_and_hung_up_by_key(town: Town) -> None:
    page = await _desk(town)
    await _emergency(town)
    await expect(page.locator("#leg-120-1")).to_be_visible()
    await page.keyboard.press("4")
    await expect(page.locator("#leg-120-1")).to_be_focused()
    await page.keyboard.press("m")
    asked = await town.control.next_asked()
    assert (asked.body["action"], asked.body["leg"]) == ("merge", "120-1")
    await expect(page.locator("#leg-120-1")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("h")
    asked = await town.control.next_asked()
    assert (asked.body["action"], asked.body["leg"]) == ("hangup", "contact-11-1")
    await page.keyboard.press("3")
    await page.keyboard.press("l")
    asked = await town.control.next_asked()
    assert (asked.body["action"], asked.body["leg"]) == ("split", "b-1")


async def test_typing_presses_nothing_and_f5_loses_nothing(town: Town) -> None:
    page = await _desk(town)
    await _emergency(town)
    await page.keyboard.press("x")
    await expect(page.locator(".closing [name=outcome]")).to_be_focused()
    await page.select_option(".closing [name=outcome]", "rescued")
    await page.select_option(".closing [name=code]", "fall")
    await page.locator(".closing textarea").press_sequentially("e s a d 已送医")
    await town.control.case(stories.case_json(stories.emergency(stories.talking(stories.ringing()))))
    await expect(page.locator(".closing textarea")).to_have_value("e s a d 已送医")
    assert town.control.asked.empty()
    await page.reload()
    await expect(page.locator(".closing textarea")).to_have_value("e s a d 已送医")
    await expect(page.locator(".closing [name=outcome]")).to_have_value("rescued")
    await expect(page.locator("[data-shows-case=c1]")).to_be_visible()
    await page.locator(".closing textarea").press("Control+Enter")
    asked = await town.control.next_asked()
    assert asked.body["action"] == "close"
    assert (asked.body["outcome"], asked.body["note"]) == ("rescued", "e s a d 已送医")


async def test_a_number_and_a_contact_can_be_called(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    await expect(page.locator("#contact-12")).to_be_visible()
    await page.locator("#contact-12 button").click()
    assert (await town.control.next_asked()).body["target"] == "contact:12"
    await page.keyboard.press("n")
    await page.keyboard.type("1000 0099")
    await page.keyboard.press("Enter")
    assert (await town.control.next_asked()).body["target"] == "number:02110000099"


async def test_a_professional_is_asked_by_keyboard(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    await page.keyboard.press("t")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    asked = (await town.control.next_asked()).body
    assert (asked["action"], asked["skill"]) == ("consult", "lawyer")


async def test_papers_are_written_by_keyboard(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    await expect(page.locator(".state-talking")).to_be_visible()
    await page.keyboard.press("q")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    asked = (await town.control.next_asked()).body
    assert (asked["action"], asked["topic"]) == ("classify", "medical")
    await expect(page.locator("[name=topic]")).to_have_value("")
    await page.keyboard.press("f")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.type("每天午饭")
    await page.keyboard.press("Enter")
    asked = (await town.control.next_asked()).body
    assert (asked["action"], asked["aid"], asked["wish"]) == ("draft_order", "meals", "每天午饭")
    await expect(page.locator("[name=wish]")).to_have_value("")
    await page.keyboard.press("y")
    await page.keyboard.type("演示·食堂")
    await page.keyboard.press("Tab")
    await page.keyboard.type("送餐晚了")
    await page.keyboard.press("Enter")
    asked = (await town.control.next_asked()).body
    assert (asked["action"], asked["about"], asked["words"]) == ("draft_complaint", "演示·食堂", "送餐晚了")


async def test_what_a_call_is_about_proposes_its_outcome_and_forces_none(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    outcome = page.locator(".closing [name=outcome]")
    await expect(outcome).to_have_value("")
    await town.control.case(stories.case_json(stories.consulting(stories.talking(stories.ringing()))))
    await expect(page.locator("#topic")).to_have_text("医疗咨询")
    await expect(outcome).to_have_value("consultation")
    await outcome.select_option("helped_at_home")
    await town.control.case(stories.case_json(stories.consulting(stories.talking(stories.ringing()))))
    await page.reload()
    await expect(outcome).to_have_value("helped_at_home")


async def test_a_refusal_is_told(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    await expect(page.locator(".state-talking")).to_be_visible()
    town.control.refuse = (409, "already_calling")
    await page.keyboard.press("c")
    await expect(page.locator("#messages")).to_contain_text("正在呼叫")
    town.errors[:] = [error for error in town.errors if "409" not in error]  # the browser's own note of the answer


async def test_the_seat_is_set_by_key(town: Town) -> None:
    page = await _desk(town)
    await page.select_option("#pause-reason", "meal")
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    asked = await town.control.next_asked()
    assert (asked.path, asked.body["state"], asked.body["reason"]) == ("/seats/801/state", "paused", "meal")
    await town.control.seat(stories.seat_json("801", "paused", reason="meal"))
    await expect(page.locator("#own-seat")).to_have_attribute("data-state", "paused")
    await page.keyboard.press("r")
    assert (await town.control.next_asked()).body["state"] == "ready"


async def test_the_same_keys_work_a_sip_telephone(town: Town) -> None:
    page = await _desk(town)
    phone, state = page.locator("#phone"), page.locator("#phone-state")
    await expect(phone).to_have_attribute("data-state", "off")
    await town.control.seat(stories.seat_json("801", "reserved", case="c1", role="A", phone="telephone"))
    await expect(state).to_contain_text("摘机")
    await page.keyboard.press("F4")
    asked = await town.control.next_asked()
    assert (asked.path, asked.body["action"]) == ("/seats/801/phone", "answer")
    await town.shot(page, "desk-telephone-rings")
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A", phone="telephone"))
    await expect(phone).to_have_attribute("data-state", "telephone_talking")
    await page.keyboard.press("F3")
    asked = await town.control.next_asked()
    assert (asked.path, asked.body["action"]) == ("/seats/801/phone", "mute")
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A", phone="telephone", muted=True))
    await expect(page.locator("#phone-mute")).to_have_attribute("aria-pressed", "true")
    await town.shot(page, "desk-telephone-muted")
    await expect(page.locator("#phone-hold")).to_be_disabled()  # there is no case in which anybody could be held
    for key, action in (("F3", "unmute"), ("Delete", "hangup")):
        await page.keyboard.press(key)
        assert (await town.control.next_asked()).body["action"] == action
    await town.control.seat(stories.seat_json("801", "ready"))  # the phone in the page again, in another tab
    await expect(phone).to_have_attribute("data-state", "off")
    await expect(page.locator("#phone-mute")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_agent_in_wrap_up_is_asked_to_break_off_and_does_so_by_key(town: Town, lang: str) -> None:
    page = await _desk(town, lang=lang)
    await town.control.seat(stories.seat_json("801", "wrap_up"))
    await expect(page.locator("#own-seat")).to_have_attribute("data-state", "wrap_up")
    await expect(page.locator("[data-needed]")).to_have_count(0)
    await town.control.seat(stories.seat_json("801", "wrap_up", needed=True))
    await expect(page.locator("[data-needed]")).to_contain_text("*43")
    await town.shot(page, f"desk-needed-{lang}")
    await page.keyboard.press("r")
    asked = await town.control.next_asked()
    assert (asked.path, asked.body["state"]) == ("/seats/801/state", "ready")


async def test_a_file_that_came_while_the_link_was_down_is_shown(town: Town) -> None:
    page = await _desk(town)
    await page.context.set_offline(True)
    await asyncio.gather(page.wait_for_selector("[data-link-state=live]"), _ring(town))
    await page.context.set_offline(False)
    asked = await town.control.next_asked()
    assert asked.path == "/cases/c1/shown"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_desk_looks_right(town: Town, lang: str) -> None:
    page = await _desk(town, lang=lang)
    await town.shot(page, f"desk-waiting-{lang}")
    await _talk(town)
    await town.control.case(stories.case_json(stories.consulting(stories.talking(stories.ringing()))))
    await expect(page.locator("#leg-x-1")).to_be_visible()
    await town.shot(page, f"desk-consulting-{lang}")
    await _emergency(town)
    await expect(page.locator("#leg-contact-13-1")).to_be_visible()
    await town.shot(page, f"desk-emergency-{lang}")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.clause("S4.4")
async def test_110_stands_at_the_top_with_the_address_and_one_key_calls_it(town: Town) -> None:
    page = await _desk(town)
    await _nobody_reached(town)
    offer = page.locator(".police-offer")
    await expect(offer).to_contain_text("501室")
    above, toolbar = await offer.bounding_box(), await page.locator("[role=toolbar]").bounding_box()
    assert above is not None
    assert toolbar is not None
    assert above["y"] < toolbar["y"]
    await town.shot(page, "desk-110-offered")
    await page.keyboard.press("F9")
    asked = await town.control.next_asked()
    assert (asked.body["action"], asked.body["target"]) == ("call", "110")


SUPERVISION = {
    "[": {"action": "supervise", "mode": "listen"},
    "]": {"action": "supervise", "mode": "whisper"},
    "=": {"action": "supervise", "mode": "barge"},
    "-": {"action": "supervise_end"},
    "j": {"action": "take_over", "role": "A"},
    "k": {"action": "take_over", "role": "B"},
}


async def test_a_supervisor_acts_from_the_board_by_key(town: Town) -> None:
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/board")
    await page.wait_for_selector("[data-link-state=live]")
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    supervised = stories.supervised(stories.emergency(stories.talking(stories.ringing())))
    await town.control.case(stories.case_json(supervised))
    await expect(page.locator("#case-c1 .supervisor")).to_contain_text("监听中")
    await page.keyboard.press("1")
    await expect(page.locator("#case-c1")).to_be_focused()
    for key, body in SUPERVISION.items():
        await page.keyboard.press(key)
        asked = await town.control.next_asked()
        assert asked.path == "/cases/c1/actions"
        extension = {} if key == "-" else {"extension": "803"}
        assert {name: value for name, value in asked.body.items() if name != "actor"} == {**body, **extension}
        await expect(page.locator("#case-c1 button:disabled")).to_have_count(0)
    await town.shot(page, "board-supervisor-zh")
    await page.locator("#seat-801").focus()
    await page.keyboard.press("p")
    asked = await town.control.next_asked()
    assert (asked.path, asked.body["state"], asked.body["by"]) == ("/seats/801/state", "paused", "演示班长")
    await town.control.seat(stories.seat_json("801", "paused", by="演示班长"))
    await expect(page.locator("#seat-801")).to_contain_text("由演示班长设置")


async def test_an_agent_sees_who_listens_and_has_no_keys_for_it(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    case = stories.supervised(stories.talking(stories.ringing()))
    await town.control.case(stories.case_json(case))
    await expect(page.locator(".case-head .supervisor")).to_contain_text("803")
    await expect(page.locator("#leg-s-1")).to_contain_text("监听中")
    await expect(page.locator("#leg-snoop-1")).to_have_count(0)
    await expect(page.locator("#listen")).to_have_count(0)
    await town.shot(page, "desk-supervised-zh")


@pytest.mark.clause("H12")
async def test_the_agent_says_by_key_which_elder_it_is_and_sees_what_a_device_told(town: Town) -> None:
    page = await _desk(town)
    await _talk(town)
    case = stories.case_json(stories.talking(stories.ringing()), alarms=(AlarmKind.OFFER_FIRE,))
    husband = replace(stories.FILE, id=2, name="演示·李二", sex="male")
    place = {"latitude": 31.2, "longitude": 121.5, "accuracy": 20.0, "words": "演示公园"}
    report = {"device": "S-1", "kind": "smoke", "at": case["opened_at"], "position": place, "words": "厨房"}
    household = [to_json(stories.FILE), to_json(husband)]
    await town.control.case({**case, "household": household, "reports": [report], "again": 1})
    await expect(page.locator(".who-is-it button")).to_have_count(2)
    await expect(page.locator(".reports")).to_contain_text("烟雾")
    await expect(page.locator(".reports")).to_contain_text("演示公园")
    await expect(page.locator(".calls-again")).to_contain_text("第2次呼叫")
    await town.shot(page, "desk-household-zh")
    await page.keyboard.press("F7")
    asked = await town.control.next_asked()
    assert (asked.body["action"], asked.body["elder"]) == ("identify", "2")
