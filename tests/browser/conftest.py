"""Fixtures: a real web process on a demo district, a controller played by hand, a real Chromium.

Screenshots go into the test's temporary folder (`--basetemp` names it).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from home.children import tied_to
from home.ports import free_ports
from home.priority import nobody_first
from home.programs import ProgramMissing, browser_environment, find
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database, upgrade
from models.demo_district import DemoDistrict, make
from tests.browser import forked
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
    "--disable-breakpad",  # its process would outlive the browser
    "--disable-audio-output",  # a test machine has no loudspeaker, and that is no error of ours
)
nobody_first()
WIDE = {"width": 1440, "height": 900}
DEADLINE = 15_000
expect.set_options(timeout=DEADLINE)


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


@dataclass(frozen=True, slots=True)
class Chromium:
    """The one browser process of a session, and where it is reached. `environment`: what it needs to run."""

    url: str
    program: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """To start a browser is a second of work: each test has contexts of its own instead."""
    settings = Settings.load()
    try:
        program = find("chromium-headless-shell", settings)
        environment = browser_environment(program, settings)
    except ProgramMissing as missing:
        pytest.fail(str(missing))
    profile = tmp_path_factory.mktemp("chromium")
    command = [program.argv_prefix[0], *FLAGS, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    with (profile / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            preexec_fn=tied_to(os.getpid()),  # noqa: PLW1509 - it ends however this run does
        )
    try:
        yield Chromium(_debugging_url(profile / "DevToolsActivePort", process), command[0], environment)
    finally:
        process.terminate()
        process.wait()


def _debugging_url(told: Path, process: subprocess.Popen[bytes]) -> str:
    """Chromium writes its port there when it listens."""
    wake = threading.Event()
    for _ in range(400):
        if told.exists() and len(lines := told.read_text().splitlines()) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        assert process.poll() is None, (told.parent / "browser.log").read_text(errors="replace")
        wake.wait(0.05)
    pytest.fail("the browser did not start within 20 s")


@pytest.fixture(scope="session")
def web_forks() -> None:
    forked.warm_up()


@pytest_asyncio.fixture
async def town(
    settled: tuple[Path, dict[str, str], DemoDistrict],
    tmp_path: Path,
    shots: Path,
    chromium: Chromium,
    web_forks: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Town]:
    template, records, district = settled
    home, (port,) = tmp_path / "home", free_ports(1)
    shutil.copytree(template, home)
    where = new_records(like=records)
    settings = Settings.load({"YJT_HOME": str(home), **where})
    token = Secrets.load_or_create(home).control_token
    for name, value in chromium.environment.items():
        monkeypatch.setenv(name, value)
    async with fake_control(token) as control:
        for extension in ("801", "802", "803"):
            await control.seat(stories.seat_json(extension, "ready" if extension != "803" else "paused"))
        async with running_web(settings, port, control.port), async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp(chromium.url)
            errors: list[str] = []
            yield Town(f"http://127.0.0.1:{port}", control, district, browser, shots, errors, settings.database_url)
            for context in browser.contexts:
                await context.close()
            await browser.close()
    assert not errors, "the browser complained: " + "; ".join(errors)


@asynccontextmanager
async def running_web(settings: Settings, port: int, control_port: int) -> AsyncIterator[None]:
    """The web process of this home, ready; stopped at the end."""
    ports = {"YJT_WEB_PORT": str(port), "YJT_CONTROL_PORT": str(control_port)}
    log = settings.home / "web.log"
    process = forked.start({**os.environ, **settings.environment(), **ports}, log)
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession() as session:
            while not await _ready(session, f"http://127.0.0.1:{port}/ready"):
                assert process.is_alive(), log.read_text()
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.join)
        process.close()


async def _ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
