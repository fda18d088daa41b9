"""A register is imported in a real browser: sent with a bar, mapped, checked, written, undone; and taken away again."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.conftest import Town

HEADER = ["老人", "住宅电话", "终端号码", "健康状况", "联系人1姓名", "联系人1电话"]
WORKED_WITHIN = 30_000  # ms: whoever checks and writes gives way to everybody on a busy machine
ROWS = [
    ["演示·入册一", "10005001", "10005001", "高血压", "演示·入册女", "12000005001"],
    ["演示·入册二", "10005002", "不是号码", "", "", ""],
    ["演示·入册三", "10005003", "10005003", "", "", ""],
]


async def _shots(town: Town, page: Page, name: str) -> None:
    """The page as it is, in both languages."""
    for lang in ("en", "zh"):
        await page.context.add_cookies([{"name": "yjt_lang", "value": lang, "url": town.url}])
        await page.reload()
        await town.shot(page, f"{name}-{lang}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


async def test_a_register_comes_in_by_the_page_and_goes_out_again(town: Town, tmp_path: Path) -> None:
    sheet = tmp_path / "名册.csv"
    with sheet.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([HEADER, *ROWS])
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/elders")
    await page.get_by_role("link", name="导入名册").click()
    await page.set_input_files("input[type=file]", sheet)
    await page.get_by_role("button", name="上传").click()
    await page.wait_for_url("**/elders/import/*")
    await expect(page.locator("table.mapping")).to_be_visible()
    await expect(page.locator("[name=column-0]")).to_have_value("")
    await expect(page.locator("[name=column-1]")).to_have_value("home_phone")
    await page.select_option("[name=column-0]", "name")
    await _shots(town, page, "import-mapping")
    await page.select_option("[name=column-0]", "name")
    await page.select_option("#wrong", "good_rows")
    await page.get_by_role("button", name="检查全部行").click()
    await expect(page.locator("[data-import]").or_(page.locator(".figures"))).to_be_visible()
    await expect(page.locator(".figure-wrong dd")).to_have_text("1", timeout=WORKED_WITHIN)
    await expect(page.locator(".figure-created dd")).to_have_text("2")
    await _shots(town, page, "import-checked")
    await page.get_by_role("button", name="写入档案").click()
    await expect(page.get_by_role("button", name="撤销整批导入")).to_be_visible(timeout=WORKED_WITHIN)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="下载错误行").click()
    assert (await download.value).suggested_filename.startswith("wrong-rows-")

    await page.goto(f"{town.url}/elders?search=演示·入册")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.locator("details.export summary").click()
    await town.shot(page, "export-zh")
    await page.select_option("[name=format]", "csv")
    async with page.expect_download() as download:
        await page.locator("details.export button").click()
    table = await asyncio.to_thread(Path(await (await download.value).path()).read_text, "utf-8-sig")
    assert "演示·入册三" in table
    assert "10005001" not in table

    await page.goto(f"{town.url}/elders/import")
    await _shots(town, page, "imports")
    await page.locator("tbody a").first.click()
    await page.get_by_label("我确认撤销").check()
    await page.get_by_role("button", name="撤销整批导入").click()
    await expect(page.locator("h1")).to_contain_text("已撤销", timeout=WORKED_WITHIN)
    await page.goto(f"{town.url}/elders?search=演示·入册")
    await expect(page.locator("tbody tr")).to_have_count(0)
