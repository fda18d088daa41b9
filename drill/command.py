"""`yijiantong drill …`: rehearsals with the simulated town, for operators. Refuses to run beside live trunks."""

from __future__ import annotations

import asyncio

import aiohttp
import click

from drill.chronicle import NotSeen
from drill.console import Refused
from drill.demo import Timeline
from drill.rehearsal import AgentLogIn, rehearsal, telephones
from drill.report import StoryReport
from drill.settings import LiveTrunk, TownSettings
from drill.town import Town
from home.asterisk import AsteriskError
from home.ports import PortInUse
from home.programs import ProgramMissing, find
from home.settings import Settings
from models.database import DatabaseUnavailable
from models.phone_numbers import InvalidNumber, dialable

_PROBLEMS = (
    LiveTrunk,
    PortInUse,
    ProgramMissing,
    AsteriskError,
    DatabaseUnavailable,
    Refused,
    NotSeen,
    InvalidNumber,
    aiohttp.ClientError,
)


@click.group()
def drill() -> None:
    """演练小镇 / rehearse with the simulated town. Never beside live trunks."""


@drill.command()
@click.option("--line", required=True, help="老人的线路号码，须在名册中 / the line of an elder in the register")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    required=True,
    metavar="USER:PASSWORD",
    help="两名有坐席的用户 / two users who have seats; give it twice",
)
def sos(line: str, agents: tuple[str, ...]) -> None:
    """演练一次求助呼叫 / play one SOS call with the platform that runs in this home."""
    settings, town = Settings.load(), TownSettings.load()
    try:
        report = asyncio.run(_sos(settings, town, line=dialable(line, settings.area_code), agents=_log_ins(agents)))
    except _PROBLEMS as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"\n{report}")
    if not report.passed:
        raise click.ClickException("; ".join(step.words[1] for step in report.missing))


def _log_ins(agents: tuple[str, ...]) -> list[AgentLogIn]:
    pairs = [agent.partition(":") for agent in agents]
    if len(pairs) < 2 or not all(user and password for user, _, password in pairs):
        raise click.BadParameter("两次 --agent 用户:密码 / give --agent USER:PASSWORD twice")
    return [AgentLogIn(user, password) for user, _, password in pairs]


async def _sos(settings: Settings, town: TownSettings, *, line: str, agents: list[AgentLogIn]) -> StoryReport:
    program = find("asterisk", settings)
    seats = await telephones(settings)
    async with (
        Town.open(platform=settings, town=town, seats=seats, program=program) as people,
        rehearsal(settings, people, agents=agents) as stage,
    ):
        return await stage.sos(line, Timeline().tell).run()
