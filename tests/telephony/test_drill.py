"""`yijiantong drill sos --script …` as an operator runs it: each story to its end, on a platform of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from drill.scripts import SCRIPTS
from home.settings import Settings
from home.settings_written import TOWN_PREFIX
from ivr.policy import Policy
from models.database import Database
from tests.databases import empty_database

from .replay import on_record_as_decided

DEADLINE = 240.0


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
async def test_every_step_of_the_story_happens(script: str) -> None:
    with TemporaryDirectory(prefix="yjt-") as home:  # a test's own folder is too deep for Asterisk's socket
        where = {f"{TOWN_PREFIX}DATABASE_URL": empty_database()}
        status, said = await drill(Path(home), "sos", "--script", script, **where)
        assert status == 0, said
        assert "✗" not in said
        assert "no long silence" in said
        played = {"YJT_HOME": f"{home}/drill/{script}", "YJT_DATABASE_URL": "".join(where.values())}
        assert await cases_replayed(Settings.load({**SCRIPTS[script].story.settings, **played})) > 0


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
