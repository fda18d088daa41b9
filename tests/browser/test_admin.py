"""Administration in a real browser: a value is changed by keys, a prompt can be heard, a password is shown once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from home.asterisk_platform import DIALPLAN
from models.database import Database
from models.people import UserRole, create_user, generate_password
from tests.browser.conftest import Town
from tests.web import stories
from tests.web.fake_control import TAKE

PAGES = (
    "policy",
    "seats",
    "seats/801",
    "users",
    "users/boss",
    "prompts",
    "places",
    "places/2",
    "numbers",
    "days",
    "codes",
)


async def hire(town: Town) -> None:
    password = generate_password()
    database = Database(town.database_url)
    await create_user(database, "boss", password, name="演示管理员", roles=[UserRole.ADMIN], seat="804")
    await database.close()
    town.passwords["boss"] = password


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_of_administration_looks_right(town: Town, tmp_path: Path, lang: str) -> None:
    await hire(town)
    page = await town.page("boss", lang=lang)
    for name in PAGES:
        await page.goto(f"{town.url}/admin/{name}")
        await expect(page.locator("h1")).to_be_visible()
        await town.shot(page, f"admin-{name.replace('/', '-')}-{lang}")
    await page.goto(f"{town.url}/admin/prompts")
    audio = page.locator("#welcome audio")
    await audio.evaluate("audio => audio.load()")
    await audio.evaluate("audio => audio.play()")
    assert await audio.evaluate("audio => audio.duration") > 1
    await speak_a_prompt(town, page, tmp_path / "home", lang)
    await page.goto(f"{town.url}/admin/policy")
    value = page.locator("#seat_ring input[name=value]")
    await value.fill("99")
    await value.press("Enter")
    await expect(page.locator("#seat_ring .field-errors")).to_be_visible()
    await town.shot(page, f"admin-policy-refused-{lang}")
    await page.locator("#seat_ring input[name=value]").fill("20")
    await page.locator("#seat_ring input[name=value]").press("Enter")
    await expect(page.locator(".notice.good")).to_be_visible()
    await town.shot(page, f"admin-policy-changed-{lang}")
    await page.goto(f"{town.url}/admin/seats")
    await page.fill("#new-extension", "888")
    await page.locator("form.sheet button").click()
    await expect(page.locator("[data-secret]")).to_be_visible()
    await town.shot(page, f"admin-seat-made-{lang}")
    refused, *others = town.errors
    assert ("422" in refused, others) == (True, [])
    town.errors.clear()


async def test_a_new_sub_code_is_on_an_open_desk_at_once_and_a_disabled_seat_says_so(town: Town) -> None:
    await hire(town)
    desk, page = await town.page("agent801"), await town.page("boss")
    await desk.goto(f"{town.url}/desk")
    await desk.wait_for_selector("[data-link-state=live]")
    await town.control.case(stories.case_json(stories.talking(stories.ringing())))
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await desk.select_option("form[data-close] [name=outcome]", "other")
    await page.goto(f"{town.url}/admin/codes")
    for field, text in (("code", "lost_way"), ("zh", "迷路"), ("en", "lost the way")):
        await page.fill(f"#new-{field}", text)
    await page.select_option("#new-outcome", "other")
    await page.press("#new-en", "Enter")
    await expect(page.locator(".notice.good")).to_be_visible()
    await expect(desk.locator("form[data-close] [name=code] option[value=lost_way]")).to_have_text("迷路")
    await page.locator("#of-other tr", has_text="lost_way").locator("button", has_text="停用").click()
    await expect(desk.locator("form[data-close] [name=code] option[value=lost_way]")).to_have_count(0)
    await town.shot(page, "admin-codes-retired")
    await page.goto(f"{town.url}/admin/seats/801")
    await page.locator("form[action$=active] button").click()
    await expect(page.locator("tr.ended")).to_contain_text("801")
    await town.shot(page, "admin-seats-disabled")
    await town.control.seat(stories.seat_json("801", "disabled"))
    await expect(desk.locator("#own-seat .notice")).to_contain_text("停用")
    await town.shot(desk, "desk-disabled")


async def speak_a_prompt(town: Town, page: Page, home: Path, lang: str) -> None:
    """The page follows the call by itself, then lets the recording be used."""
    await page.locator("#hold form[action$=takes] button").click()
    await expect(page.locator(".notice.warning")).to_be_visible()
    await town.shot(page, f"admin-take-rings-{lang}")
    takes = home / "recordings" / "prompt-takes"
    takes.mkdir(parents=True, exist_ok=True)
    shutil.copy(DIALPLAN / "prompts" / lang / "goodbye.wav", takes / f"{TAKE}.wav")
    town.control.take_state = "done"
    await expect(page.locator(".notice.good")).to_be_visible()
    await town.shot(page, f"admin-take-done-{lang}")
    await page.locator("form[action$='" + TAKE + "'] button").click()
    await expect(page.locator("#hold .source-people")).to_be_visible()
    assert not list(takes.iterdir())
