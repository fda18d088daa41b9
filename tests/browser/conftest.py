"""Fixtures: a real web process on a demo district, a controller played by hand, a real Chromium.

Screenshots go into the test's temporary folder (`--basetemp` names it).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from home.ports import free_ports
from home.programs import ProgramMissing, browser_environment, find
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database, upgrade
from models.demo_district import DemoDistrict, make
from tests.databases import new_records
from tests.web import stories
from tests.web.fake_control import FakeControl, fake_control

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-audio-output",  # a test machine has no loudspeaker, and that is no error of ours
)
WIDE = {"width": 1440, "height": 900}
DEADLINE = 15_000


@dataclass
class Town:
    """A platform as an agent sees it. `errors` are what pages complained of on their consoles."""

    url: str
    control: FakeControl
    district: DemoDistrict
    browser: Browser
    shots: Path
    errors: list[str]
    database_url: str
    passwords: dict[str, str] = field(default_factory=dict)  # of people whom a test has added

    async def page(self, username: str = "agent801", *, lang: str = "zh") -> Page:
        """A browser of its own, logged in by the form."""
        locale = "zh-CN" if lang == "zh" else "en-GB"
        context = await self.browser.new_context(viewport=WIDE, locale=locale, reduced_motion="reduce")
        context.set_default_timeout(DEADLINE)
        await context.add_cookies([{"name": "yjt_lang", "value": lang, "url": self.url}])
        page = await context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.goto(f"{self.url}/login")
        await page.fill("#username", username)
        await page.fill("#password", self.password(username))
        await page.press("#password", "Enter")
        await page.wait_for_selector("header.bar")
        return page

    def password(self, username: str) -> str:
        if username in self.passwords:
            return self.passwords[username]
        return next(log_in.password for log_in in self.district.log_ins if log_in.username == username)

    async def shot(self, page: Page, name: str) -> None:
        file = self.shots / f"{name}.png"
        try:
            await page.screenshot(path=file, full_page=True)
        except PlaywrightError:  # a browser on a busy machine now and then cannot; what is on the page is not the cause
            await page.screenshot(path=file, full_page=True)


@pytest.fixture
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], DemoDistrict]:
    """A home with a demo district, and the setting of its database where that is none in the home; copy both."""
    home = tmp_path_factory.mktemp("settled") / "home"
    home.mkdir()
    where = new_records()
    url = Settings.load({"YJT_HOME": str(home), **where}).database_url
    await upgrade(url)
    database = Database(url)
    district = await make(database)
    await database.close()
    return home, where, district


@pytest_asyncio.fixture
async def town(
    settled: tuple[Path, dict[str, str], DemoDistrict], tmp_path: Path, shots: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    template, records, district = settled
    home, (port,) = tmp_path / "home", free_ports(1)
    shutil.copytree(template, home)
    where = new_records(like=records)
    settings = Settings.load({"YJT_HOME": str(home), **where})
    try:
        program, environment = find("chromium", settings), browser_environment(settings)
    except ProgramMissing as missing:
        pytest.fail(str(missing))
    token = Secrets.load_or_create(home).control_token
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with fake_control(token) as control:
        for extension in ("801", "802", "803"):
            await control.seat(stories.seat_json(extension, "ready" if extension != "803" else "paused"))
        web = await start_web(settings, port, control.port)
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=program.argv_prefix[0], args=list(FLAGS), env={**os.environ, **environment}
                )
                errors: list[str] = []
                yield Town(f"http://127.0.0.1:{port}", control, district, browser, shots, errors, settings.database_url)
                await browser.close()
        finally:
            web.terminate()
            await web.wait()
    assert not errors, "the browser complained: " + "; ".join(errors)


async def start_web(settings: Settings, port: int, control_port: int) -> asyncio.subprocess.Process:
    ports = {"YJT_WEB_PORT": str(port), "YJT_CONTROL_PORT": str(control_port)}
    with (settings.home / "web.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "web", env={**os.environ, **settings.environment(), **ports}, stderr=log
        )
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while not await _ready(session, f"http://127.0.0.1:{port}/ready"):
            assert process.returncode is None, (settings.home / "web.log").read_text()
            await asyncio.sleep(0.05)
    return process


async def _ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
