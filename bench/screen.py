"""From the ring to the elder's file in the browser, with 20 desks open.

A platform with its web, 20 agents who have their page open in one Chromium, each in a log-in of their own, and their
telephones. An elder calls, then twenty of them at once. The clock begins with the INVITE at the seat's telephone and
ends when the page of that seat shows the case: looked at in the page itself, so that it is laid out, not just sent. A
negative time is a file that was there before the telephone knew of the call.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from playwright.async_api import BrowserContext, Page, async_playwright

from bench.house import House, house
from drill.sip_load import Call
from home import children
from home.asterisk import SeatLine
from home.priority import nobody_first
from home.programs import browser_environment, find
from home.settings import Settings
from models import demo_district
from models.database import Database, upgrade
from models.people import UserRole, create_user, generate_password
from models.seats import SeatState, add_seat, list_seats, set_seat_state

DESKS = 20
ALONE = 20  # calls that come one after the other
ROUNDS = 1  # of as many calls at once as there are desks
TARGET_MS = 500.0  # at the 99th percentile: half of the first ring
SHOWN_WITHIN = 5.0
OPEN_WITHIN = 60_000  # ms for a desk: twenty of them start on one machine
FIRST_SEAT = 8001
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
# Told once for each case, with the wall clock at which its heading had a place on the page.
WATCH = """(() => {
  const seen = new Set();
  const look = () => {
    for (const shown of document.querySelectorAll("[data-shows-case]")) {
      const id = shown.dataset.showsCase;
      if (seen.has(id) || !shown.getClientRects().length) continue;
      seen.add(id);
      window.caseIsShown(id, performance.timeOrigin + performance.now());
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
})()"""


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds; `failed` calls rang nowhere, or were on no page in time."""

    way: str
    calls: int
    failed: int
    ring_to_file: tuple[float, float]
    call_to_file: tuple[float, float]


@dataclass
class Desks:
    """`shown`: when each case was first on a page, on the clock of `time.perf_counter`."""

    house: House
    shown: dict[str, float] = field(default_factory=dict)
    offset: float = field(default_factory=lambda: time.time() - time.perf_counter())
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def noted(self, case: str, at: float) -> None:
        """A page shows this case since `at`, in milliseconds of the wall clock."""
        self.shown.setdefault(case, at / 1000 - self.offset)
        self.news.set()

    async def calls(self, lines: Sequence[str]) -> list[tuple[Call, float | None]]:
        """A call of each line at once; each with the time at which its file was on a page."""
        made = await asyncio.gather(*(self.house.callers.call("96890", caller=line) for line in lines))
        callers = {case["caller"][-8:]: case["id"] for case in (await self.house.read("/state"))["cases"]}
        wanted = [callers.get(call.caller[-8:], "") for call in made]
        await self._until_shown(wanted)
        # An elder who puts down unheard is rung back, so somebody takes the call first.
        self.house.seats.answer_all()
        await asyncio.sleep(0.5)
        await self.house.close_cases()
        for call in made:
            self.house.callers.hang_up(call)
        await self.until_free()
        return [(call, self.shown.get(case)) for call, case in zip(made, wanted, strict=True)]

    async def _until_shown(self, cases: Sequence[str]) -> None:
        try:
            async with asyncio.timeout(SHOWN_WITHIN):
                while any(case not in self.shown for case in cases):
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            pass  # the missing time tells

    async def until_free(self) -> None:
        """Every case is filed, every seat ready. Raises TimeoutError."""
        async with asyncio.timeout(60):
            while True:
                await self.house.close_cases()
                state = await self.house.read("/state")
                for seat in state["seats"]:  # on a busy machine a telephone may have rung for too long
                    if seat["reason"] == "no_answer":
                        await self._make_ready(seat["extension"])
                if sum(seat["state"] == "ready" for seat in state["seats"]) >= DESKS and not state["cases"]:
                    return
                await asyncio.sleep(0.1)

    async def _make_ready(self, extension: str) -> None:
        body = {"state": "ready", "actor": f"seat:{extension}"}
        async with self.house.control.post(f"/seats/{extension}/state", json=body) as answer:
            answer.raise_for_status()


async def run(*, alone: int = ALONE, rounds: int = ROUNDS) -> list[Figure]:
    """Start a platform with its web and the browser, measure, stop them. Raises ProgramMissing without a browser."""
    numbers = (f"0211000{number:04d}" for number in itertools.cycle(range(1, demo_district.ELDERS + 1)))
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        async with _desks(Path(folder)) as desks:
            await desks.calls([next(numbers)])  # not counted: every page and process has done it once
            single = [made for _ in range(alone) for made in await desks.calls([next(numbers)])]
            many = [made for _ in range(rounds) for made in await desks.calls([next(numbers) for _ in range(DESKS)])]
    return [measured("one at a time", single), measured(f"{DESKS} at once", many)]


def markdown(figures: Sequence[Figure]) -> str:
    lines = [
        "| calls come | calls | failed | ring to file p50 ms | p99 ms | call to file p50 ms | p99 ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in figures:
        times = " | ".join(f"{value:.0f}" for value in (*one.ring_to_file, *one.call_to_file))
        lines.append(f"| {one.way} | {one.calls} | {one.failed} | {times} |")
    verdict = "met" if met(figures) else "MISSED"
    where = f"With {DESKS} desks open in one browser on this machine."
    target = f"Target: at p99 within {TARGET_MS:.0f} ms of the telephone's INVITE, when calls come one at a time"
    return "\n".join([*lines, "", f"{where} {target}; {verdict}."])


def met(figures: Sequence[Figure]) -> bool:
    """Every call was on a page; single calls before half of the first ring was over."""
    return not any(figure.failed for figure in figures) and figures[0].ring_to_file[1] <= TARGET_MS


def measured(way: str, made: Sequence[tuple[Call, float | None]]) -> Figure:
    """Of calls, each with the time at which its file was on a page, if it was."""
    whole = [(call.sent, call.rang, shown) for call, shown in made if call.rang and shown]
    rings = [1000 * (shown - rang) for _, rang, shown in whole]
    calls = [1000 * (shown - sent) for sent, _, shown in whole]
    return Figure(way, len(made), len(made) - len(whole), _p50_p99(rings), _p50_p99(calls))


def _p50_p99(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return float("nan"), float("nan")
    return statistics.median(values), statistics.quantiles(values, n=100, method="inclusive")[98]


@asynccontextmanager
async def _desks(home: Path) -> AsyncIterator[Desks]:
    passwords: dict[str, str] = {}

    async def records(settings: Settings) -> list[SeatLine]:
        return await _records(settings, passwords)

    async with AsyncExitStack() as stack:
        more = {"YJT_POLICY__WRAP_UP": "0"}
        made = await stack.enter_async_context(house(home, records=records, settings=more))
        url = await _start_web(stack, made.settings)
        desks = Desks(made)
        await desks.until_free()
        nobody_first()
        playwright = await stack.enter_async_context(async_playwright())
        program = find("chromium", made.settings)
        environment = browser_environment(program, made.settings)
        browser = await playwright.chromium.launch(
            executable_path=program.argv_prefix[0], args=list(FLAGS), env={**os.environ, **environment}
        )
        stack.push_async_callback(browser.close)
        for username, password in passwords.items():
            await _open_desk(await browser.new_context(), url, username, password, desks)
        yield desks


async def _records(settings: Settings, passwords: dict[str, str]) -> list[SeatLine]:
    """The demo district, 20 seats that are ready, an agent with a password for each."""
    await upgrade(settings.database_url)
    db = Database(settings.database_url)
    try:
        await demo_district.make(db, area_code=settings.area_code)
        seats = [str(FIRST_SEAT + number) for number in range(DESKS)]
        async with db.write() as session:
            for seat in seats:
                await add_seat(session, seat, name="bench")
                await set_seat_state(session, seat, SeatState.READY)
        for seat in seats:
            passwords[f"bench{seat}"] = password = generate_password()
            await create_user(db, f"bench{seat}", password, name="演示", roles=[UserRole.AGENT], seat=seat)
        async with db.read() as session:
            lines = [SeatLine(seat.extension, seat.sip_password, seat.name) for seat in await list_seats(session)]
    finally:
        await db.close()
    return [line for line in lines if line.extension in seats]


async def _start_web(stack: AsyncExitStack, settings: Settings) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
    environment = {**inherited, **settings.environment()}
    process = await children.spawn(
        [sys.executable, "-m", "web"], env=environment, log=settings.home / "log" / "web.log"
    )
    stack.push_async_callback(children.end, process, grace=5.0)
    url = f"http://127.0.0.1:{settings.web_port}"
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        while True:
            if await _answers(http, f"{url}/ready"):
                return url
            await asyncio.sleep(0.1)


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _open_desk(context: BrowserContext, url: str, username: str, password: str, desks: Desks) -> Page:
    await context.expose_function("caseIsShown", desks.noted)
    await context.add_init_script(WATCH)
    context.set_default_timeout(OPEN_WITHIN)
    answer = await context.request.post(f"{url}/api/v1/login", data={"username": username, "password": password})
    if not answer.ok:
        raise RuntimeError(f"{username} could not log in: {answer.status}")
    page = await context.new_page()
    await page.goto(f"{url}/desk")
    await page.wait_for_selector("[data-link-state=live]")
    return page
