"""A controller as a process of its own, which a test may kill."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from home.asterisk_platform import ladder_dir

from .house import House


@asynccontextmanager
async def controller_process(house: House, *, second: bool = False, home: Path | None = None) -> AsyncIterator[Process]:
    """`python -m ari_app` for this home, connected; killed at the end. With `second` it is the one that stands by;
    `home`: as on another machine, with a copy of the secrets."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
    env |= {**house.settings.environment(), **({"YJT_HOME": str(home)} if home else {})}
    with (house.settings.home / "log" / "controller.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ari_app",
            *(["--second"] if second else []),
            env=env,
            stderr=log,
        )
    try:
        await (until_it_stands_by(house.second_http) if second else until_ready(house.http))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_ready(http: aiohttp.ClientSession, within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while True:
            try:
                async with http.get("/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


async def until_it_stands_by(http: aiohttp.ClientSession, within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while True:
            try:
                async with http.get("/ready") as answer:
                    if (await answer.json()).get("error", {}).get("code") == "stand_by":
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


async def kill(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def a_case_on_record(house: House) -> str:
    """The case that is being talked about, once it would survive our death."""
    case = await house.case(within=10, state="talking")
    await house.on_record(case["id"], case["timeline"][-1]["seq"])
    return str(case["id"])


async def no_records(house: House, within: float = 15.0) -> None:
    """The dialplan's records of calls have done their work: the controller has removed all of them."""
    async with asyncio.timeout(within):
        while list(ladder_dir(house.settings).iterdir()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def agents_ready(house: House, *extensions: str) -> None:
    """As soon as the controller knows their telephones."""
    for extension in extensions:
        await house.told("seat", extension=extension, registered=True)
        await house.agent(extension).is_ready()
