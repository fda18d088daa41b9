"""Masked data and the audit log in a real browser: what an agent does to see it, and who sees that they did."""

from __future__ import annotations

import re

from playwright.async_api import expect

from models.database import Database
from models.people import UserRole, create_user
from tests.browser.conftest import Town

PASSWORD = "Watchful-Owl-7"


async def test_a_reason_is_given_by_keyboard_and_read_by_the_auditor(town: Town) -> None:
    page = await town.page()
    await page.goto(f"{town.url}/elders/1")
    phone = page.locator("dd", has_text=re.compile(r"\*{4}")).first
    await expect(phone).to_be_visible()
    await town.shot(page, "elder-masked")
    await page.keyboard.press("v")
    await page.keyboard.type("回访前核对地址")
    await page.keyboard.press("Enter")
    await expect(page.locator("form[data-reveal]")).to_have_count(0)
    await expect(page.locator("dd", has_text=re.compile(r"\*{3}"))).to_have_count(0)
    await town.shot(page, "elder-revealed")
    await _auditor(town)
    watcher = await town.page("watcher")
    await expect(watcher).to_have_url(re.compile("/audit$"))
    row = watcher.locator("tr", has_text="查看个人信息").first
    await expect(row).to_contain_text("回访前核对地址")
    await expect(row).to_contain_text("elder:1")
    await town.shot(watcher, "audit")
    await watcher.select_option("[name=action]", "personal.reveal")
    async with watcher.expect_download() as download:
        await watcher.get_by_role("button", name="Excel").click()
    assert (await download.value).suggested_filename == "audit.xlsx"


async def _auditor(town: Town) -> None:
    db = Database(town.database_url)
    await create_user(db, "watcher", PASSWORD, name="演示审计员", roles=[UserRole.AUDITOR])
    await db.close()
    town.passwords["watcher"] = PASSWORD
