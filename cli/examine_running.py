"""What `yijiantong doctor` asks of a running platform: processes, Asterisk, seats, whether calls are handled."""

import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from cli.examine_home import modules_wanted
from cli.findings import Finding, note, ok, wrong
from home import ports
from home.asterisk import AsteriskError, AsteriskProcess, platform_asterisk
from home.programs import ProgramMissing, find
from home.secrets import Secrets
from home.settings import Settings
from web.condition import Rung
from web.texts import Texts, load_texts

_TIMEOUT: Final = aiohttp.ClientTimeout(total=6.0)  # longer than the web waits for controller and database together
_RUNNING: Final = re.compile(r"^(\w+\.so) .*\bRunning\b", re.MULTILINE)
# What makes a fault one that must be mended at once: without these parts calls are lost or not handled.
_GRAVE: Final = frozenset(
    {
        "controller",
        "stand_by",
        "web",
        "asterisk",
        "ari",
        "database",
        "spill",
        "set_aside",
        "recordings_disk_full",
        "recordings_not_writable",
        "recordings_folder_gone",
        "recordings_disk_silent",
    }
)
_RUNGS: Final = {
    Rung.CONTROLLER: ("来电由控制器处理", "calls are handled by the controller"),
    Rung.DIALPLAN: ("来电只由拨号计划转到全部坐席", "calls only ring all seats, by the dialplan"),
    Rung.NOTHING: ("来电无人处理", "calls are handled by nobody"),
}


async def look(settings: Settings) -> AsyncIterator[Finding]:
    """Everything that a running platform tells of itself."""
    for finding in processes(settings):
        yield finding
    async for finding in exchange(settings):
        yield finding
    token = {"Authorization": f"Bearer {Secrets.load_or_create(settings.home).control_token}"}
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
        host = ports.reachable(settings.web_host)
        web = f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}"
        state = await _of_the_active(http, settings, "state", token)
        if state is not None:
            for finding in seats(state):
                yield finding
        condition = await _json(http, f"{web}/ready")
        told = await _of_the_active(http, settings, "ready", token)
        for finding in ready(condition, told):
            yield finding


def processes(settings: Settings) -> Iterator[Finding]:
    """Who listens on our ports, and since when."""
    for name, port in (
        ("asterisk", settings.ari_port),
        ("controller", settings.control_port),
        ("stand-by", settings.standby_port),
        ("web", settings.web_port),
    ):
        found = ports.holder(port)
        if found is None:
            yield wrong(
                name,
                f"没有进程监听端口 {port}",
                f"no process listens on port {port}",
                f"查看 {settings.home}/log",
                f"look into {settings.home}/log",
            )
        else:
            since = started_at(found.pid).astimezone().isoformat(sep=" ", timespec="seconds")
            yield ok(name, f"进程 {found.pid}，自 {since} 运行", f"pid {found.pid}, since {since}")


def started_at(pid: int) -> datetime:
    """When a process was started, as Linux tells it."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    booted = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
    assert booted, "Linux tells when it was started"
    return datetime.fromtimestamp(int(booted[1]) + ticks / os.sysconf("SC_CLK_TCK"), UTC)


async def exchange(settings: Settings) -> AsyncIterator[Finding]:
    """What Asterisk says of itself on its own command line."""
    try:
        asterisk = platform_asterisk(settings, find("asterisk", settings))
        version = (await asterisk.cli("core show version", timeout=3.0)).partition(" built")[0].strip()
        channels = (await asterisk.cli("core show channels count", timeout=3.0)).strip().replace("\n", ", ")
        missing = await _not_loaded(settings, asterisk)
    except ProgramMissing:
        return  # told already
    except AsteriskError as error:
        yield wrong(
            "asterisk",
            f"没有应答：{error}",
            f"does not answer: {error}",
            f"查看 {settings.home}/asterisk/log/messages.log",
            f"look into {settings.home}/asterisk/log/messages.log",
        )
        return
    yield ok("asterisk", f"{version}; {channels}")
    if missing:
        names = ", ".join(missing)
        yield wrong(
            "modules", f"模块未运行：{names}", f"modules do not run: {names}", *["yijiantong asterisk render"] * 2
        )
    else:
        yield ok("modules", "全部运行", "all running")


async def _not_loaded(settings: Settings, asterisk: AsteriskProcess) -> list[str]:
    running = set(_RUNNING.findall(await asterisk.cli("module show", timeout=5.0)))
    return [name for name in modules_wanted(settings) if name not in running]


def seats(state: Any) -> Iterator[Finding]:
    """Which phones are there, and who is ready, as the controller sees it."""
    known = [seat for seat in state["seats"] if seat["state"] != "disabled"]
    if not known:
        return  # the database's finding tells it
    away = [str(seat["extension"]) for seat in known if not seat["registered"]]
    ready_now = sum(seat["state"] == "ready" for seat in known)
    text = (
        f"{len(known) - len(away)}/{len(known)} 部话机在线，{ready_now} 个置闲",
        f"{len(known) - len(away)} of {len(known)} phones registered, {ready_now} ready",
    )
    if not away:
        yield ok("phones", *text)
    else:
        names = ", ".join(away[:20])
        yield note("phones", *text, f"不在线：{names}", f"not registered: {names}")


def ready(condition: Any, told: Any) -> Iterator[Finding]:
    """`condition`: what the web says to anybody; `told`: the controller's own words, with details. None: no answer."""
    texts = load_texts()
    details: dict[str, str] = {}
    for line in told["degraded"] if told is not None else ():
        code, _, detail = str(line).partition(": ")
        details.setdefault(code, detail)
    if condition is not None:
        rung = Rung(condition["rung"])
        yield ok("calls", *_RUNGS[rung]) if condition["ready"] else wrong("calls", *_RUNGS[rung])
        codes = [str(reason["code"]) for reason in condition["reasons"]]
    else:
        codes = ["web", *(["controller"] if told is None else details)]
    for code in codes:
        yield _fault(code, details.get(code, ""), zh=texts["zh"], en=texts["en"])


def _fault(code: str, detail: str, *, zh: Texts, en: Texts) -> Finding:
    more = f" ({detail})" if detail else ""
    make = wrong if code in _GRAVE else note
    return make(
        code, zh.word("degraded", code) + more, en.word("degraded", code) + more, zh.advice(code), en.advice(code)
    )


async def _of_the_active(http: aiohttp.ClientSession, settings: Settings, path: str, token: dict[str, str]) -> Any:
    """The answer of the controller that has the lease: one that stands by answers everything with an error."""
    for port in settings.control_ports:
        answer = await _json(http, f"http://127.0.0.1:{port}/{path}", token)
        if answer is not None and "error" not in answer:
            return answer
    return None


async def _json(http: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None) -> Any:
    try:
        async with http.get(url, headers=headers) as answer:
            return await answer.json() if answer.status in (200, 503) else None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
