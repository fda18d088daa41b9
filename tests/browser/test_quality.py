"""A reviewer listens to a call with the keyboard, marks a place of it, scores it; the chart of staffing is drawn."""

from __future__ import annotations

import math
import struct
import wave
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from models.base import utc_now
from models.cases import CaseLegRow, CaseRow, RecordingRow
from models.database import Database
from tests.browser.conftest import Town

pytestmark = pytest.mark.clause("K5")
TAPE = "demo-review-2-tape"
RATE = 8000


def _sound(path: Path, seconds: int) -> None:
    """Somebody speaks every other second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        for second in range(seconds):
            loud = 9000 if second % 2 else 300
            samples = (int(loud * math.sin(at * 0.3) * math.sin(at / 400)) for at in range(RATE))
            wav.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


async def _on_record(town: Town, home: Path) -> None:
    """The second call of the demo with its sound; and calls of the past weeks, for staffing."""
    db = Database(town.database_url)
    async with db.write() as session:
        tape = await session.get_one(RecordingRow, TAPE)
        tape.removed_at, tape.seconds = None, 60.0
        _sound(home / "recordings" / tape.path, 60)
        case = (await session.scalars(select(CaseRow).where(CaseRow.id == tape.case_id))).one()
        leg = (await session.scalars(select(CaseLegRow).where(CaseLegRow.case_id == case.id))).one()
        for number in range(700):
            at = utc_now().replace(hour=0, minute=0) - timedelta(days=7 + number % 42, hours=-(number * 7 % 14))
            session.add(_copy(CaseRow, case, id=f"past-{number}", channel=f"past-{number}", opened_at=at))
        await session.flush()
        for number in range(700):
            at = utc_now() - timedelta(days=20)
            ended = at + timedelta(seconds=300)
            session.add(_copy(CaseLegRow, leg, case_id=f"past-{number}", answered_at=at, ended_at=ended))
    await db.close()


def _copy(kind: type[CaseRow] | type[CaseLegRow], row: CaseRow | CaseLegRow, **other: object) -> CaseRow | CaseLegRow:
    values = {column.name: getattr(row, column.name) for column in kind.__table__.columns}
    return kind(**{**values, **other})


async def test_a_call_is_heard_marked_and_scored_by_keyboard(town: Town, tmp_path: Path) -> None:
    await _on_record(town, tmp_path / "home")
    page = await town.page("supervisor")
    await page.goto(f"{town.url}/quality-reviews")
    await town.shot(page, "quality")
    await page.locator("tr", has_text="待评分").get_by_role("link").click()
    time = page.locator("[data-time]")
    await expect(time).to_have_text("0:00 / 1:00")
    await page.keyboard.press("ArrowRight")
    await expect(time).to_have_text("0:05 / 1:00")
    await page.keyboard.press("Shift+ArrowRight")
    await expect(time).to_have_text("0:06 / 1:00")
    await page.keyboard.press(" ")
    await expect(page.locator("[data-play]")).to_contain_text("暂停")
    await page.keyboard.press(" ")
    await expect(page.locator("[data-play]")).to_contain_text("播放")
    box = await page.locator("[data-wave]").bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    await page.keyboard.type("演示：语速偏快")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-mark]")).to_contain_text("0:30")
    for button in await page.locator("[data-full]").all():
        await button.click()
    await expect(page.locator("[data-total-text]")).to_have_text("合计 100")
    await town.shot(page, "review")
    await page.get_by_label("泄露个人信息，或言语侮辱").check()
    await expect(page.locator("[data-total-text]")).to_have_text("合计 0")
    await page.get_by_role("button", name="完成评分").click()
    await expect(page.locator(".field-errors")).to_contain_text("请填写")
    await page.fill("#f-comment", "演示：言语不当")
    await page.get_by_role("button", name="完成评分").click()
    await expect(page.locator(".score")).to_have_text("0")
    await town.shot(page, "reviewed")
    await page.goto(f"{town.url}/staffing")
    await expect(page.locator("[data-legend] li")).to_have_count(2)
    await expect(page.locator(".chart canvas")).to_have_count(1)
    await town.shot(page, "staffing")
    await page.goto(f"{town.url}/quality-results")
    await expect(page.locator(".chart canvas")).to_have_count(1)
    town.errors[:] = [
        error for error in town.errors if "422" not in error
    ]  # the browser's own note of the refused form
