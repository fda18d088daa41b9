"""The web process beside the controller, as it runs in a home, and clients that speak to it as somebody."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp

from models.api_tokens import issue_token
from models.passwords import generate
from models.people import UserRole, create_user

from .house import House


@asynccontextmanager
async def web_process(house: House) -> AsyncIterator[str]:
    """Running and ready; its address."""
    env = {**os.environ, **house.settings.environment()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "web", env=env)
    address = f"http://127.0.0.1:{house.settings.web_port}"
    try:
        async with aiohttp.ClientSession(address) as client, asyncio.timeout(30):
            while not await _is_up(client):  # noqa: ASYNC110 - another process has no event for us
                await asyncio.sleep(0.1)
        yield address
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def client_of(
    house: House, address: str, username: str, role: UserRole, *, seat: str | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody new with this duty, and a client with their token."""
    await create_user(house.database, username, generate(), name=f"演示·{username}", roles=[role], seat=seat)
    token, _ = await issue_token(house.database, username, name="", life=timedelta(days=1))
    async with aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


async def _is_up(client: aiohttp.ClientSession) -> bool:
    try:
        async with client.get("/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False
