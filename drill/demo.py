"""`python -m drill.demo [--once]`: a platform of its own, a made-up district, and one elder who presses the key.

Everything lives in var/demo and calls nobody but the town. Must never touch the home, the database or the trunk of a
real platform: of the environment only ports, folders and language are taken.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from drill.own_platform import ELDERS_LINE, PORTS, PROBLEMS, agents, on_own_platform, own_settings
from drill.printing import Timeline, say, show
from drill.rehearsal import AgentLogIn, rehearsal, web_address
from drill.scripts import DEFAULT
from drill.settings import TownSettings
from drill.town import Town
from home.settings import CHECKOUT, Settings
from models import demo_district
from models.demo_district import DemoLogIn
from models.phone_numbers import dialable

DEMO_SEATS = {"agent801": "801", "agent802": "802"}  # who sits where there
# Shorter than in real life, so that machines and unanswered telephones do not make the demo long.
_POLICY = {"YJT_POLICY__CONTACT_KEY": "15", "YJT_POLICY__CONTACT_RING": "15"}


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
    except PROBLEMS as problem:
        raise click.ClickException(str(problem)) from problem
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if passed else 1)


async def _demo(home: Path, *, once: bool) -> bool:
    town = TownSettings.load()
    platform = demo_settings(home, town, os.environ)
    play = partial(_play, platform, once=once)
    seats = list(DEMO_SEATS.values())
    return bool(await on_own_platform(platform, town, play, district=demo_district.make, extensions=seats))


def demo_settings(home: Path, town: TownSettings, env: Mapping[str, str]) -> Settings:
    """The demo's own platform, on the ports that the environment says. Raises SettingsError."""
    return own_settings(home, town, env, kept=("WEB_HOST", *PORTS), own=_POLICY)


async def _play(platform: Settings, town: Town, log_ins: Sequence[DemoLogIn], *, once: bool) -> bool:
    people = [AgentLogIn(user.username, user.password) for user in agents(log_ins)]
    async with rehearsal(platform, town, agents=people) as stage:
        say(("", ""), ("一位老人在家里按下求助键", "an elder at home presses the key"), ("", ""))
        story = stage.story(DEFAULT, dialable(ELDERS_LINE, platform.area_code), Timeline().tell)
        report = await story.run()
        show(report)
        if not once:
            _show_log_ins(platform, log_ins)
            await asyncio.Event().wait()
    return report.passed


def _show_log_ins(platform: Settings, log_ins: Sequence[DemoLogIn]) -> None:
    say(("", ""), ("网址", f"{web_address(platform)}/"))
    for user in log_ins:
        click.echo(f"  {user.username:12} {user.password:20} {user.role.value}")
    say(("", ""), ("按 Ctrl-C 停止", "Ctrl-C stops everything"))


if __name__ == "__main__":
    demo()
