"""`python -m drill.demo [--once]`: a platform of its own, a made-up district, and one elder who presses the key.

Everything lives in var/demo and calls nobody but the town. Must never touch the home, the database or the trunk of a
real platform: of the environment only ports, folders and language are taken.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import aiohttp
import click

from drill.chronicle import NotSeen
from drill.console import Refused
from drill.rehearsal import AgentLogIn, rehearsal, telephones, web_address
from drill.report import StoryReport
from drill.settings import TownSettings
from drill.telling import Words, line
from drill.town import Town
from home.asterisk import AsteriskError
from home.ports import PortInUse, check, wanted_by
from home.programs import ProgramMissing, find
from home.settings import CHECKOUT, Settings, SettingsError
from home.supervisor import Service, ServiceFailed, Supervisor
from models import demo_district
from models.database import Database, DatabaseUnavailable, upgrade
from models.demo_district import DemoLogIn
from models.people import UserRole
from models.phone_numbers import dialable

ELDERS_LINE = "10000001"  # the first elder of the demo district
DEMO_SEATS = {"agent801": "801", "agent802": "802"}  # who sits where there
_START_SECONDS = 60.0
_KEPT = ("WEB_HOST", "WEB_PORT", "SIP_PORT", "ARI_PORT", "AMI_PORT", "CONTROL_PORT", "RTP_PORTS", "LANG", "PARTS_DIR")
# Shorter than in real life, so that machines and unanswered telephones do not make the demo long.
_POLICY = {"YJT_POLICY__CONTACT_KEY": "15", "YJT_POLICY__CONTACT_RING": "15"}
# What has one clear line to say; anything else is a mistake of ours and shows where it is.
_PROBLEMS = (
    SettingsError,
    PortInUse,
    ProgramMissing,
    ServiceFailed,
    AsteriskError,
    DatabaseUnavailable,
    NotSeen,
    Refused,
    aiohttp.ClientError,
)


@click.command()
@click.option("--once", is_flag=True, help="呼叫结束后退出 / end after the call, with its result as exit status")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=CHECKOUT / "var" / "demo",
    help="演示用文件夹 / a folder for the demo alone (var/demo)",
)
def demo(once: bool, home: Path) -> None:
    """演示一次求助呼叫 / one SOS call, from the key to the closed case."""
    try:
        passed = asyncio.run(_demo(home, once=once))
    except _PROBLEMS as problem:
        raise click.ClickException(str(problem)) from problem
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if passed else 1)


async def _demo(home: Path, *, once: bool) -> bool:
    town = TownSettings.load()
    platform = demo_settings(home, town, os.environ)
    platform.prepare_home()
    check([*wanted_by(platform), *town.wanted()])
    program = find("asterisk", platform)
    _say(("准备演示区…", "preparing the demo district ..."))
    log_ins = await _prepare(platform)
    seats = await telephones(platform, [DEMO_SEATS[user.username] for user in _agents(log_ins)])
    # The town is there first: a carrier that does not answer when the platform starts counts as dead for a while.
    async with (
        Supervisor(lambda zh, en: _say((zh, en if en != zh else ""))) as supervisor,
        Town.open(platform=platform, town=town, seats=seats, program=program) as people,
    ):
        _say(("启动平台…", "starting the platform ..."))
        await supervisor.start(_platform_service(platform))
        if supervisor.stopping:
            return False
        playing = asyncio.create_task(_play(platform, people, log_ins=log_ins, once=once))
        stopping = asyncio.create_task(supervisor.until_stopped())
        try:
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await playing if playing.done() else False
        finally:
            for task in (playing, stopping):
                task.cancel()
            await asyncio.gather(playing, stopping, return_exceptions=True)
            _say(("正在停止…", "stopping ..."))


def demo_settings(home: Path, town: TownSettings, env: Mapping[str, str]) -> Settings:
    """The demo's own platform: its home holds nothing else, its only carrier is the town. Raises SettingsError."""
    kept = {f"YJT_{name}": env[f"YJT_{name}"] for name in (*_KEPT, "ASTERISK") if env.get(f"YJT_{name}")}
    own = {
        "YJT_HOME": str(home.absolute()),
        "YJT_EMERGENCY_ROUTE": "trunk",
        "YJT_PLATFORM_NUMBER": "02110009689",
        "YJT_AREA_CODE": "021",
        **_POLICY,
        **town.platform_environment(),
    }
    return Settings.load({**kept, **own})


async def _prepare(platform: Settings) -> tuple[DemoLogIn, ...]:
    await upgrade(platform.database_url)
    db = Database(platform.database_url)
    try:
        return (await demo_district.make(db, area_code=platform.area_code)).log_ins
    finally:
        await db.close()


def _agents(log_ins: tuple[DemoLogIn, ...]) -> list[DemoLogIn]:
    return [user for user in log_ins if user.role is UserRole.AGENT]


def _platform_service(platform: Settings) -> Service:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
    return Service(
        "platform",
        [sys.executable, "-m", "cli", "up"],
        {**inherited, **platform.environment(), "PYTHONUNBUFFERED": "1"},
        platform.home / "log" / "up.log",
        ready=lambda: _until_ready(f"{web_address(platform)}/ready"),
        ready_within=_START_SECONDS,
        grace=20.0,
    )


async def _until_ready(url: str) -> None:
    """Returns when the platform says that it can handle calls."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)


async def _play(platform: Settings, town: Town, *, log_ins: tuple[DemoLogIn, ...], once: bool) -> bool:
    agents = [AgentLogIn(user.username, user.password) for user in _agents(log_ins)]
    async with rehearsal(platform, town, agents=agents) as stage:
        _say(("", ""), ("一位老人在家里按下求助键", "an elder at home presses the key"), ("", ""))
        story = stage.sos(dialable(ELDERS_LINE, platform.area_code), Timeline().tell)
        report = await story.run()
        _show(report)
        if not once:
            _show_log_ins(platform, log_ins)
            await asyncio.Event().wait()
    return report.passed


class Timeline:
    """Prints each step as it happens, with the time since the key was pressed."""

    def __init__(self) -> None:
        self._start: datetime | None = None

    def tell(self, words: Words, at: datetime) -> None:
        self._start = self._start or at
        click.echo(line(words, at, self._start))


def _show(report: StoryReport) -> None:
    _say(("", ""), (f"核对 {report.case}", f"checking {report.case}"))
    click.echo(str(report))
    if report.passed:
        _say(("", ""), (f"✓ 全部 {len(report.steps)} 步", f"all {len(report.steps)} steps happened"))
    else:
        _say(("", ""), (f"✗ 缺少 {len(report.missing)} 步", f"{len(report.missing)} steps are missing"))


def _show_log_ins(platform: Settings, log_ins: tuple[DemoLogIn, ...]) -> None:
    _say(("", ""), ("网址", f"{web_address(platform)}/"))
    for user in log_ins:
        click.echo(f"  {user.username:12} {user.password:20} {user.role.value}")
    _say(("", ""), ("按 Ctrl-C 停止", "Ctrl-C stops everything"))


def _say(*lines: Words) -> None:
    for zh, en in lines:
        click.echo(f"{zh}  {en}".strip())


if __name__ == "__main__":
    demo()
