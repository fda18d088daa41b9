"""`yijiantong drill sos --script …` as an operator runs it: each story to its end, on a platform of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from drill.scripts import SCRIPTS

DEADLINE = 240.0


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
async def test_every_step_of_the_story_happens(script: str) -> None:
    with TemporaryDirectory(prefix="yjt-") as home:  # a test's own folder is too deep for Asterisk's socket
        status, said = await drill(Path(home), "sos", "--script", script)
    assert status == 0, said
    assert "✗" not in said
    assert "no long silence" in said


async def drill(home: Path, *arguments: str) -> tuple[int | None, str]:
    """Exit status and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "drill", *arguments),
        env={**os.environ, "YJT_HOME": str(home), "PYTHONUNBUFFERED": "1"},
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
