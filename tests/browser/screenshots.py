"""`python -m tests.browser.screenshots [--readme] [--only NAME] [--lang LANG]`: every page in both languages, in light
and in dark, on a wide screen and on a phone, into build/screenshots/. A platform of its own is started, with a day on
record and an emergency that the town plays meanwhile. `--readme` puts the pictures of the README anew into
docs/images/; `--only` takes pages whose names begin so, `--lang` one language; both may be given several times.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from sqlalchemy import select

from drill.own_platform import ELDERS_LINE, agents, on_own_platform, own_settings, ports_of_its_own
from drill.printing import Timeline, say
from drill.rehearsal import AgentLogIn, rehearsal, web_address
from drill.scripts.sos import SosStory
from drill.town import Town
from home.priority import nobody_first
from home.programs import browser_environment, find
from home.settings import CHECKOUT, Settings
from models import demo_district
from models.base import utc_now
from models.database import Database
from models.demo_district import DemoLogIn
from models.orders.links import make_link
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.phone_numbers import dialable
from tests.browser import a_day, more_records
from tests.browser.conftest import FLAGS
from tests.browser.pages import Walk

FOLDER: Final = CHECKOUT / "build" / "screenshots"
IMAGES: Final = CHECKOUT / "docs" / "images"
README: Final = {"desk": "light", "board": "light", "wallboard": "dark"}
WIDTHS: Final = {"1280": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
WALL: Final = {"width": 1920, "height": 1080}
THEMES: Final = ("light", "dark")
LANGS: Final = {"zh": "zh-CN", "en": "en-GB"}
SWITCH: Final = """theme => {
  const root = document.documentElement;
  root.dataset.bsTheme = root.dataset.themeAlways ?? theme;
  dispatchEvent(new Event("theme"));
}"""
Launch = Callable[[str], Awaitable[Browser]]
SETTLED: Final = 300  # milliseconds for charts and fonts


@dataclass(frozen=True, slots=True)
class Wanted:
    """`only`: pages whose names begin so; none: all."""

    only: tuple[str, ...]
    langs: tuple[str, ...]

    def has(self, name: str) -> bool:
        return not self.only or name.startswith(self.only)


class Pictured(SosStory):
    """The emergency, with pictures taken while the elder is on hold for a moment, and while helpers are on the way."""

    camera: Camera

    async def _b_takes_the_elder(self) -> None:
        await self._a.seat.line.hold()
        await self.camera.takes_hold(self._a.seat.extension)
        await self._a.seat.line.take_back()
        await super()._b_takes_the_elder()

    async def _help_arrives(self) -> None:
        await self.camera.takes_all(self.case, self._a.seat.extension)
        await super()._help_arrives()


class Camera:
    """Opens every page by every log-in that is needed, and keeps a picture of it."""

    def __init__(self, url: str, log_ins: Sequence[DemoLogIn], launch: Launch, wanted: Wanted, worker: str) -> None:
        """`worker`: what opens the page of a worker who has a visit today."""
        self._url = url
        self._passwords = {user.username: user.password for user in log_ins}
        self._launch = launch
        self._wanted = wanted
        self._worker = worker

    async def takes_hold(self, seat: str) -> None:
        """The desk of this seat, whose agent has just pressed HOLD."""
        for lang in self._wanted.langs if self._wanted.has("desk-on-hold") else ():
            browser = await self._launch(LANGS[lang])
            page = await self._log_in(await browser.new_context(locale=LANGS[lang]), f"agent{seat}", lang)
            await page.goto(f"{self._url}/desk")
            await page.wait_for_selector("[data-on-hold]")
            await self._take(page, f"desk-on-hold.{lang}")
            await browser.close()

    async def takes_all(self, case: str, seat: str) -> None:
        """`seat`: whose desk shows the case."""
        first = f"agent{seat}"
        for lang in self._wanted.langs:
            locale = LANGS[lang]
            browser = await self._launch(locale)
            walk = Walk(self._url, links=[f"/cases/{case}", "/elders/1", "/elders/1/papers", "/care/plans/1"])
            walk.left.remove("/worker")
            await self._worker_page(await browser.new_context(locale=locale, reduced_motion="reduce"), lang)
            for username in (first, *(name for name in self._passwords if name != first)):
                page = await self._log_in(
                    await browser.new_context(locale=locale, reduced_motion="reduce"), username, lang
                )
                if username == "admin":
                    await self._archive(page)
                async for name in walk.pages(page):
                    await self._take(page, f"{name}.{lang}")
                if username == first:
                    await page.goto(f"{self._url}/nothing")
                    await self._take(page, f"not-found.{lang}")
                    await page.context.clear_cookies(name="yjt_session")
                    await page.goto(f"{self._url}/login")
                    await self._take(page, f"login.{lang}")
                await page.context.close()
            await browser.close()
            for route in walk.left:
                say((f"没有截到：{route}", f"no picture of {route}"))

    async def _worker_page(self, context: BrowserContext, lang: str) -> None:
        await context.add_cookies([{"name": "yjt_lang", "value": lang, "url": self._url}])
        page = await context.new_page()
        await page.goto(f"{self._url}/worker#{self._worker}")
        await page.wait_for_selector("#orders > *")
        await self._take(page, f"worker.{lang}")
        await context.close()

    async def _log_in(self, context: BrowserContext, username: str, lang: str) -> Page:
        await context.add_cookies([{"name": "yjt_lang", "value": lang, "url": self._url}])
        page = await context.new_page()
        await page.goto(f"{self._url}/login")
        await page.fill("#username", username)
        await page.fill("#password", self._passwords[username])
        await page.press("#password", "Enter")
        await page.wait_for_selector("header.bar")
        return page

    async def _archive(self, page: Page) -> None:
        """The complaints of this year, as far as they have come."""
        await page.goto(f"{self._url}/complaint-archives")
        await page.click("form.sheet .btn-primary")
        await page.wait_for_selector("td a[download]")

    async def _take(self, page: Page, name: str) -> None:
        if not self._wanted.has(name):
            return
        wall = name.startswith("wallboard")
        for width, size in WIDTHS.items():
            await page.set_viewport_size(WALL if wall and width != "phone" else size)
            for theme in THEMES[1:] if wall else THEMES:
                await page.evaluate(SWITCH, theme)
                await page.wait_for_timeout(SETTLED)
                file = FOLDER / f"{name}.{theme}.{width}.png"
                await page.screenshot(path=file, full_page=not wall or width == "phone")


@click.command()
@click.option("--readme", is_flag=True, help="put the README's pictures anew into docs/images/")
@click.option("--only", multiple=True, help="pages whose names begin so; may be given several times")
@click.option("--lang", "langs", type=click.Choice([*LANGS]), multiple=True, default=[*LANGS], help="this one alone")
def screenshots(readme: bool, only: tuple[str, ...], langs: tuple[str, ...]) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with TemporaryDirectory(prefix="yjt-screenshots-") as home:
        passed = asyncio.run(_screenshots(Path(home), Wanted(only, langs)))
    say((f"{len(list(FOLDER.iterdir()))} 张，在 {FOLDER}", f"{len(list(FOLDER.iterdir()))} pictures in {FOLDER}"))
    if readme:
        for name, theme in README.items():
            shutil.copy(FOLDER / f"{name}.zh.{theme}.1280.png", IMAGES / f"{name}.png")
    sys.exit(0 if passed else 1)


async def _screenshots(home: Path, wanted: Wanted) -> bool:
    ports, town = ports_of_its_own(os.environ)
    platform = own_settings(home, town, os.environ, own={**ports, **SosStory.settings})

    async def play(around: Town, log_ins: Sequence[DemoLogIn]) -> bool:
        return await _play(platform, around, log_ins, wanted)

    return bool(await on_own_platform(platform, town, play, district=demo_district.make, extensions=["801", "802"]))


async def _play(platform: Settings, town: Town, log_ins: Sequence[DemoLogIn], wanted: Wanted) -> bool:
    database = Database(platform.database_url)
    await a_day.record(database)
    await more_records.put_on_record(database, platform)
    worker = await _link_of_a_worker(database)
    await database.close()
    nobody_first()
    program = find("chromium", platform)
    environment = {**os.environ, **browser_environment(program, platform)}
    people = [AgentLogIn(user.username, user.password) for user in agents(log_ins)]
    async with async_playwright() as playwright, rehearsal(platform, town, agents=people) as stage:

        def launch(locale: str) -> Awaitable[Browser]:
            """Dates in fields are written as the browser's own language has them."""
            args = [*FLAGS, f"--lang={locale}"]
            more = {**environment, "LANGUAGE": locale.replace("-", "_")}
            return playwright.chromium.launch(executable_path=program.argv_prefix[0], args=args, env=more)

        line = dialable(ELDERS_LINE, platform.area_code)
        story = Pictured(town, stage.desks, line, Timeline().tell)
        story.camera = Camera(web_address(platform), log_ins, launch, wanted, worker)
        report = await story.run()
    return report.passed


async def _link_of_a_worker(database: Database) -> str:
    """What their SMS would have had: of somebody with a visit today."""
    async with database.write() as session:
        going = select(WorkOrder.worker_id).where(WorkOrder.state == OrderState.APPOINTED)
        worker = (await session.scalars(going.limit(1))).one()
        assert worker is not None
        return await make_link(session, worker, visit_at=utc_now(), by=more_records.BY, now=utc_now())


if __name__ == "__main__":
    screenshots()
