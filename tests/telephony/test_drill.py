"""Each story of `yijiantong drill sos --script …` to its end: the first one, and those that need waits of their own, as
an operator runs them, each on its own platform; the others one after the other on one platform."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from drill.own_platform import agents, on_own_platform, own_settings, ports_of_its_own
from drill.printing import Timeline
from drill.rehearsal import AgentLogIn, rehearsal
from drill.report import StoryReport
from drill.scripts import DEFAULT, SCRIPTS
from drill.town import Town
from home.settings import Settings
from home.settings_written import TOWN_PREFIX
from ivr.policy import Policy
from models.database import Database
from models.demo_district import DemoLogIn
from models.phone_numbers import dialable
from tests.databases import empty_database

from .replay import on_record_as_decided

DEADLINE = 240.0
ALONE = [name for name, script in SCRIPTS.items() if name == DEFAULT or script.story.settings]
TOGETHER = [name for name in SCRIPTS if name not in ALONE]


@pytest.mark.slow
@pytest.mark.parametrize("script", ALONE)
async def test_every_step_of_the_story_happens(script: str) -> None:
    with TemporaryDirectory(prefix="yjt-") as home:  # a test's own folder is too deep for Asterisk's socket
        where = {f"{TOWN_PREFIX}DATABASE_URL": empty_database()}
        status, said = await drill(Path(home), "sos", "--script", script, **where)
        assert status == 0, said
        assert "✗" not in said
        assert "no long silence" in said
        played = {"YJT_HOME": f"{home}/drill/{script}", "YJT_DATABASE_URL": "".join(where.values())}
        assert await cases_replayed(Settings.load({**SCRIPTS[script].story.settings, **played})) > 0


@pytest.mark.slow
async def test_every_step_happens_of_the_stories_that_share_a_platform() -> None:
    with TemporaryDirectory(prefix="yjt-") as home:
        where = {f"{TOWN_PREFIX}DATABASE_URL": empty_database()}
        ports, town = ports_of_its_own({**os.environ, **where})
        platform = own_settings(Path(home), town, os.environ, own=ports)

        async def play(opened: Town, log_ins: Sequence[DemoLogIn]) -> dict[str, StoryReport]:
            people = [AgentLogIn(user.username, user.password) for user in agents(log_ins)]
            async with rehearsal(platform, opened, agents=people) as stage:
                return {name: await stage.story(name, whose(name), Timeline().tell).run() for name in TOGETHER}

        reports = await on_own_platform(platform, town, play)
        assert reports is not None
        assert {name: str(report) for name, report in reports.items() if not report.passed} == {}
        assert [name for name, report in reports.items() if "no long silence" not in str(report)] == []
        assert await cases_replayed(platform) == len(TOGETHER)


def whose(script: str) -> str:
    """The line of another elder for each, or a story would go on with the need of the one before (H12); the device that
    reports is the first elder's."""
    number = 1 if script == "sensor" else 2 + TOGETHER.index(script)
    return dialable(f"1000{number:04d}", "021")


async def cases_replayed(platform: Settings) -> int:
    database = Database(platform.database_url)
    try:
        return await on_record_as_decided(database, Policy.of(platform.policy, duty_phones=platform.duty_phones))
    finally:
        await database.close()


async def drill(home: Path, *arguments: str, **environment: str) -> tuple[int | None, str]:
    """Exit status and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "drill", *arguments),
        env={**os.environ, "YJT_HOME": str(home), "PYTHONUNBUFFERED": "1", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(DEADLINE):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return process.returncode, said.decode()
