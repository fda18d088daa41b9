"""The watchman of `yijiantong up`: looks at the platform from outside, and tells maintenance what fails.

It lives in the process that outlives all others, so it can tell of each of them that it has died. What it looks at is
what anybody can ask for: `/ready` and `/metrics`. Nothing waits for it, and what it cannot send it sends later.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from home import alarm_sending, ports
from home.alarm_book import FILE, GONE_FOR, AlarmBook, Kind, Notice
from home.alarm_sending import NotSent
from home.secrets import Secrets
from home.settings import Settings
from home.supervisor import Say
from web.texts import LANGS, Lang, Texts, load_texts

ANSWER_WITHIN: Final = 6.0  # seconds: longer than the web itself waits for controller and database together
# Seconds that a fault must last before maintenance hears of it; phones register within minutes after a restart, and
# that nobody is ready is the lead's business until it lasts.
PATIENCE: Final = {"seats_offline": 120.0, "seats_not_ready": 600.0, "trunk": 60.0}
# Faults that somebody has set up so: they stand on the board and in `yijiantong doctor`.
NOT_TOLD: Final = frozenset({"no_seat", "emergency_route"})
# Counters whose growth is an event: name of the sample, a label that it must have, code of its words. Those of the web
# count since its start, all others since the start of the controller that is active now.
EVENTS: Final[tuple[tuple[str, dict[str, str], str], ...]] = (
    ("yjt_recordings_total", {"result": "failed"}, "recording_failed"),
    ("yjt_exception_reports_total", {}, "late_answer"),
    ("yjt_ladder_calls_total", {}, "ladder"),
    ("yjt_alarms_total", {"kind": "unexpected"}, "unexpected"),
    ("yjt_take_overs_total", {}, "taken_over"),
    ("yjt_sip_bans_begun_total", {}, "sip_ban"),
)
_OF_THE_WEB: Final = frozenset({"ladder"})
_WEB_STARTED: Final = "yjt_web_process_start_time_seconds"
_STARTED: Final = "yjt_controller_process_start_time_seconds"

_COLOURS: Final[dict[Kind, alarm_sending.Kind]] = {"problem": "failure", "over": "success", "event": "warning"}


@dataclass(frozen=True, slots=True)
class WatchPace:
    """Seconds: between two looks, that a fault must last and be gone to be told, before a message is tried again."""

    look: float = 5.0
    lasting: float = 10.0
    gone: float = GONE_FOR
    again_first: float = 10.0
    again_longest: float = 600.0


class Watchman:
    """`async with watchman.watching(): ...`; `ended` is for the supervisor. `stand_by`: this machine only waits to take
    over, which is no fault."""

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        say: Say,
        *,
        stand_by: bool = False,
        pace: WatchPace | None = None,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._say = say
        self._pace = pace or WatchPace()
        self._not_told = NOT_TOLD | ({"stand_by"} if stand_by else set())
        self._texts = load_texts()
        self._urls = {_name_of(url): url for url in secrets.maintenance_urls.split()}
        self._book = AlarmBook(
            settings.home / FILE,
            self._urls,
            noted=self._noted,
            patience=PATIENCE,
            usual_patience=self._pace.lasting,
            gone_for=self._pace.gone,
        )
        self._book.load()
        self._more = {name: asyncio.Event() for name in self._urls}
        self._seen: dict[tuple[str, float], float] = {}  # code and start of the process -> its count
        self._unkept = ""

    def ended(self, name: str, how: str) -> None:
        """A process has died."""
        self._book.happened("process_ended", time.time(), name=name, how=how)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Inside it watches and sends; its own failures are told and harm nothing."""
        if self._book.running_before:
            self._book.happened("not_ended_well", time.time())
        tasks = [asyncio.create_task(self._watch(), name="watchman")]
        tasks += [asyncio.create_task(self._send_all(name), name="alarms") for name in self._urls]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._keep(running=False)

    # --- looking ----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        limit, failed = aiohttp.ClientTimeout(total=ANSWER_WITHIN), ""
        async with aiohttp.ClientSession(timeout=limit) as http:
            while True:
                try:
                    await self._look(http)
                    failed = ""
                except Exception as error:  # noqa: BLE001 - the outermost guard: who watches goes on watching
                    if failed != (failed := type(error).__name__):
                        self._say(f"! 监视出错：{failed}", f"! the watchman failed: {failed}")
                self._keep(running=True)
                await asyncio.sleep(self._pace.look)

    async def _look(self, http: aiohttp.ClientSession) -> None:
        codes = await self._faults(http)
        now = time.time()
        self._book.present(codes - self._not_told, now)
        for code, count in self._grown(await self._figures(http)):
            self._book.happened(code, now, count=count)
        self._book.tick(now)

    async def _faults(self, http: aiohttp.ClientSession) -> set[str]:
        """As the web tells them; without it as the controller does."""
        answer = await self._json(http, f"{self._web}/ready")
        if answer is not None:
            return {str(reason["code"]) for reason in answer["reasons"]}
        token = {"Authorization": f"Bearer {self._secrets.control_token}"}
        for port in self._settings.control_ports:
            answer = await self._json(http, f"http://127.0.0.1:{port}/ready", token)
            if answer is not None and "degraded" in answer:  # else it stands by
                return {"web", *(str(told).partition(":")[0] for told in answer["degraded"])}
        return {"web", "controller"}

    @property
    def _web(self) -> str:
        host = ports.reachable(self._settings.web_host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._settings.web_port}"

    @staticmethod
    async def _json(http: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None) -> Any:
        try:
            async with http.get(url, headers=headers) as answer:
                return await answer.json() if answer.status in (200, 503) else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def _figures(self, http: aiohttp.ClientSession) -> str:
        try:
            async with http.get(f"{self._web}/metrics") as answer:
                return await answer.text() if answer.status == 200 else ""
        except (aiohttp.ClientError, TimeoutError):
            return ""

    def _grown(self, figures: str) -> Iterator[tuple[str, int]]:
        """Codes of what has happened since the last look. Each process counts from its own start."""
        samples = [sample for family in text_string_to_metric_families(figures) for sample in family.samples]
        started = {sample.name: sample.value for sample in samples if sample.name in (_WEB_STARTED, _STARTED)}
        for sample in samples:
            for name, labels, code in EVENTS:
                if sample.name != name or not labels.items() <= sample.labels.items():
                    continue
                process = started.get(_WEB_STARTED if code in _OF_THE_WEB else _STARTED, 0.0)
                more = sample.value - self._seen.get((code, process), 0.0)
                self._seen[code, process] = sample.value
                if more > 0:
                    yield code, int(more)

    # --- telling ----------------------------------------------------------------------------------------------------

    def _noted(self, notice: Notice) -> None:
        zh, en = (f"{self._title(notice, lang)}：{self._what(notice, lang)}" for lang in LANGS)
        mark = "✓" if notice.kind == "over" else "✗"
        self._say(f"{mark} {zh}", f"{mark} {en}")
        for event in self._more.values():
            event.set()

    async def _send_all(self, name: str) -> None:
        """For one address, for ever: one message after the other, each until it was taken."""
        pause = self._pace.again_first
        while True:
            notice = self._book.next_for(name)
            if notice is None:
                self._more[name].clear()
                await self._more[name].wait()
                continue
            try:
                title, body = self.message(notice)
                await alarm_sending.send(self._urls[name], title=title, body=body, kind=_COLOURS[notice.kind])
            except (NotSent, OSError) as problem:
                why = str(problem) if isinstance(problem, NotSent) else type(problem).__name__
                self._say(f"! 告警未能送出（{why}），稍后重试", f"! an alarm was not sent ({why}), tried again later")
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._pace.again_longest)
                continue
            pause = self._pace.again_first
            self._book.sent(notice, name)
            self._keep(running=True)

    def message(self, notice: Notice) -> tuple[str, str]:
        """Title and text, Chinese and English."""
        title = " / ".join(self._title(notice, lang) for lang in LANGS)
        at = datetime.fromtimestamp(notice.at).astimezone().isoformat(sep=" ", timespec="seconds")
        lines = [self._what(notice, lang) for lang in LANGS]
        if notice.kind == "problem":
            lines += [advice for lang in LANGS if (advice := self._texts[lang].advice(notice.code))]
        return title, "\n".join([*lines, at])

    def _title(self, notice: Notice, lang: Lang) -> str:
        return self._texts[lang](f"maintenance.{notice.kind}", node=self._settings.node)

    def _what(self, notice: Notice, lang: Lang) -> str:
        words: Texts = self._texts[lang]
        if notice.kind != "event":
            return words.word("degraded", notice.code)
        what = words(f"maintenance.{notice.code}", **notice.names)
        return words("maintenance.times", what=what, count=notice.count) if notice.count > 1 else what

    def _keep(self, *, running: bool) -> None:
        try:
            self._book.save(running=running)
        except OSError as problem:
            if not self._unkept:
                self._say(f"! {FILE}：{problem.strerror}", f"! {FILE}: {problem.strerror}")
            self._unkept = str(problem.strerror)
        else:
            self._unkept = ""


def _name_of(url: str) -> str:
    """A name under which an address may stand in a file."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]
