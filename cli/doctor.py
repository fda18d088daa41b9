"""`yijiantong doctor`: what is missing, wrong or running, in plain words. It only looks; it changes nothing."""

import asyncio
import json
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import aiohttp
import click

from cli import frame
from home import locks, ports
from home.apt import unsuitable
from home.asterisk import AsteriskError, platform_asterisk, recordings_dir
from home.programs import ProgramMissing, find
from home.secrets import FILE as SECRETS_FILE
from home.secrets import Secrets, SecretsError
from home.settings import Settings
from models.database import Database, DatabaseUnavailable, revision_state
from models.people import list_users
from models.seats import list_seats

State = Literal["ok", "note", "wrong"]
_MARKS: dict[State, str] = {"ok": "✓", "note": "!", "wrong": "✗"}
_TIMEOUT = aiohttp.ClientTimeout(total=3.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: State
    zh: str
    en: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON")
def doctor(as_json: bool) -> None:
    """检查：缺什么、错在哪、什么在运行 / what is missing, wrong or running. Exit status 1 when something is wrong."""
    settings = frame.settings()
    findings = asyncio.run(examine(settings))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            text = finding.zh if settings.lang == "zh" else finding.en
            click.echo(f"{_MARKS[finding.state]} {finding.subject:<10} {text}")
    if any(finding.state == "wrong" for finding in findings):
        raise click.exceptions.Exit(1)


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at from outside the running processes."""
    findings = [*_home(settings), *_secrets(settings), *_asterisk(settings)]
    findings += [finding async for finding in _database(settings)]
    running = locks.running_in(settings.home)
    if running is None:
        return [
            *findings,
            *_ports(settings),
            Finding("platform", "note", "未运行：yijiantong up", "not running: `yijiantong up`"),
        ]
    findings.append(Finding("platform", "ok", f"正在运行，进程 {running}", f"running, pid {running}"))
    return [*findings, *[finding async for finding in _running(settings)]]


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield Finding(
            "home", "note", f"{home} 还没有，首次启动时建立", f"{home} does not exist yet, the first start makes it"
        )
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "wrong", f"他人可进入：chmod 700 {home}", f"others may enter: chmod 700 {home}")
    else:
        yield Finding("home", "ok", str(home), str(home))
    recordings = recordings_dir(settings)  # may be on a disk of its own
    free = shutil.disk_usage(recordings if recordings.is_dir() else home).free
    size = f"{free / 1e9:.1f} GB"
    if free < settings.recordings_room * 1_000_000:
        yield Finding("disk", "wrong", f"只剩 {size}，录音将写不下", f"only {size} left, recordings will not fit")
    else:
        yield Finding("disk", "ok", f"剩余 {size}", f"{size} free")


def _secrets(settings: Settings) -> Iterator[Finding]:
    if (settings.home / SECRETS_FILE).exists():
        try:
            Secrets.load_or_create(settings.home)
        except SecretsError as error:
            yield Finding("secrets", "wrong", str(error), str(error))
        else:
            yield Finding("secrets", "ok", SECRETS_FILE, SECRETS_FILE)


def _asterisk(settings: Settings) -> Iterator[Finding]:
    try:
        program = find("asterisk", settings)
    except ProgramMissing as error:
        reason = unsuitable()
        more = f" ({reason})" if reason else ""
        yield Finding("asterisk", "wrong", f"{error}{more}", f"{error}{more}")
    else:
        text = f"{program.version}  {program.argv_prefix[-1]}"
        yield Finding("asterisk", "ok", text, text)
    if settings.trunk_match:
        text = ", ".join(settings.trunk_match)
        yield Finding("trunk", "ok", text, text)
    else:
        yield Finding(
            "trunk",
            "note",
            "没有中继：外线打不进来，设置 YJT_TRUNK_MATCH",
            "no trunk: no call comes in from outside, set YJT_TRUNK_MATCH",
        )
    if settings.emergency_route == "none":
        yield Finding(
            "110/120/119",
            "note",
            "不能外呼：确认线路后设置 YJT_EMERGENCY_ROUTE=trunk",
            "cannot be dialled: when the line is proven, set YJT_EMERGENCY_ROUTE=trunk",
        )


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url.startswith("sqlite") and not settings.home.exists():
        return
    try:
        state = await revision_state(settings.database_url)
        if state.current is None:
            yield Finding("database", "note", "空的，首次启动时建立", "empty, the first start fills it")
            return
        if not state.up_to_date:
            text = f"{state.current} -> {state.head}"
            yield Finding("database", "wrong", f"{text}：yijiantong db upgrade", f"{text}: yijiantong db upgrade")
            return
        yield Finding("database", "ok", state.current, state.current)
        db = Database(settings.database_url)
        try:
            async with db.read() as session:
                seats, users = len(await list_seats(session)), len(await list_users(session))
        finally:
            await db.close()
    except DatabaseUnavailable as error:
        yield Finding("database", "wrong", str(error), str(error))
        return
    yield _counted(
        "seats", seats, "没有坐席，没人接听：yijiantong seat add 801", "nobody can answer: yijiantong seat add 801"
    )
    yield _counted("users", users, "没有用户，首次启动时生成 admin", "none yet, the first start makes admin")


def _counted(subject: str, count: int, zh: str, en: str) -> Finding:
    return Finding(subject, "ok", str(count), str(count)) if count else Finding(subject, "note", zh, en)


def _ports(settings: Settings) -> Iterator[Finding]:
    try:
        ports.check(ports.wanted_by(settings))
    except ports.PortInUse as error:
        for line in str(error).splitlines():
            yield Finding("ports", "wrong", line, line)
    else:
        yield Finding("ports", "ok", "空闲", "free")


async def _running(settings: Settings) -> AsyncIterator[Finding]:
    asterisk = platform_asterisk(settings, find("asterisk", settings))
    try:
        told = (await asterisk.cli("core show channels count", timeout=3.0)).strip().replace("\n", ", ")
        yield Finding("asterisk", "ok", told, told)
    except AsteriskError as error:
        yield Finding("asterisk", "wrong", f"没有应答：{error}", f"does not answer: {error}")
    host = ports.reachable(settings.web_host)
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
        yield await _asked(http, "web", f"http://{host}:{settings.web_port}/health", {})
        token = Secrets.load_or_create(settings.home).control_token
        for subject, port in zip(("controller", "stand-by"), settings.control_ports, strict=True):
            address = f"http://127.0.0.1:{port}/ready"
            yield await _asked(http, subject, address, {"Authorization": f"Bearer {token}"})


async def _asked(http: aiohttp.ClientSession, subject: str, url: str, headers: dict[str, str]) -> Finding:
    try:
        async with http.get(url, headers=headers) as answer:
            text = (await answer.text()).strip()[:200]
            if answer.status == 503 and '"stand_by"' in text:
                return Finding(subject, "ok", "待命，随时接管", "stands by, ready to take over")
            return Finding(subject, "ok" if answer.status == 200 else "wrong", text, text)
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding(subject, "wrong", f"没有应答 {url}: {error}", f"does not answer at {url}: {error}")
