"""axe-core finds nothing serious on any page, in light and in dark. Pages are those that the router has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, expect

from home.asterisk_platform import DIALPLAN, recordings_dir
from home.settings import Settings
from ivr.vocabulary import AlarmKind
from models.database import Database
from tests.browser.conftest import Town
from tests.browser.more_records import put_on_record
from tests.browser.pages import Walk
from tests.web import stories
from tests.web.fake_control import TAKE

GRAVE = ("serious", "critical")
# Each log-in opens what those before it could not: the desk shows a case only to the agent who has it.
LOG_INS = ("agent801", "supervisor", "admin", "supplier")
# Routes whose record neither the demo district nor `more_records` has.
WITHOUT_RECORDS = [
    "/complaint-archives/{id}/file",
    "/emergency-plans/{id}/file",
    "/workers/{id}/photo",
    "/orders/{id}/photos/{photo}",
]
SWITCH = "theme => { const root = document.documentElement; root.dataset.bsTheme = root.dataset.themeAlways ?? theme; }"
# Of what a page lists, the rest is like the first, and a page with thousands of cells takes axe seconds.
ENOUGH = "tbody > tr:nth-child(n+9), ul > li:nth-child(n+25), article:nth-of-type(n+4)"
CUT = "rest => document.querySelectorAll(rest).forEach(one => one.remove())"
QUICKLY = {"preload": False, "iframes": False}  # no rule that counts needs style sheets; there are no frames
RUN = "([here, options]) => axe.run(here, options).then(told => told.violations)"
THEIRS = [".swagger-ui"]  # not ours to mend


async def test_axe_finds_nothing_serious_on_any_page(town: Town, tmp_path: Path) -> None:
    settings = Settings.load({"YJT_HOME": str(tmp_path / "home"), "YJT_DATABASE_URL": town.database_url})
    database = Database(town.database_url)
    await put_on_record(database, settings)
    await database.close()
    case = stories.emergency(stories.talking(stories.ringing()))
    await town.control.seat(stories.seat_json("801", "talking", case="c1", role="A"))
    await town.control.case(stories.case_json(case, alarms=(AlarmKind.NO_AGREEMENT,)))
    await town.control.case(stories.case_json(stories.ringing("c2", seat="803", file=None)))
    found: list[str] = []
    walk = Walk(town.url, links=["/elders/1", "/elders/1/papers", "/care/plans/1", *_a_take(town, settings)])
    for username in LOG_INS:
        page = await town.page(username)
        await page.add_init_script(AXE_SCRIPT)
        async for name in walk.pages(page):
            found += await _looked_at(page, name)
        await page.goto(f"{town.url}/nothing")
        found += await _looked_at(page, "not-found")
        await page.get_by_role("button", name="退出", exact=True).click()
        await expect(page.locator("#username")).to_be_visible()
        found += await _looked_at(page, "login")
        await page.context.close()
    town.errors[:] = [error for error in town.errors if "404" not in error]  # the browser's own note of the error page
    assert not found, "\n".join(dict.fromkeys(found))
    assert walk.left == WITHOUT_RECORDS


def _a_take(town: Town, settings: Settings) -> list[str]:
    """What was spoken into a phone, for a prompt or a plan, and waits to be heard: its page, which no other leads to,
    and its sound."""
    folder = recordings_dir(settings) / "prompt-takes"
    folder.mkdir(parents=True)
    shutil.copy(DIALPLAN / "prompts" / "zh" / "goodbye.wav", folder / f"{TAKE}.wav")
    town.control.take_state = "done"
    pages = (f"/admin/prompts/zh/hold/takes/{TAKE}", f"/care/plans/1/recording/takes/{TAKE}")
    return [address for page in pages for address in (page, f"{page}/sound")]


async def _looked_at(page: Page, name: str) -> list[str]:
    """What axe has to say of this page: all of it in light, of colours in dark."""
    await page.evaluate(CUT, ENOUGH)
    told = await _grave(page, f"{name} light", "light", {"resultTypes": ["violations"], **QUICKLY})
    return told + await _grave(page, f"{name} dark", "dark", {"runOnly": ["color-contrast"], **QUICKLY})


async def _grave(page: Page, name: str, theme: str, options: dict[str, Any]) -> list[str]:
    await page.evaluate(SWITCH, theme)
    here = {"exclude": [[part] for part in THEIRS]}
    return [
        f"{name}: {violation['id']}: {json.dumps(node['target'])} {node['failureSummary']}"
        for violation in await page.evaluate(RUN, [here, options])
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
