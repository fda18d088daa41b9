"""`python -m web` as operators meet it: wrong settings are named, a taken port is named, a stop is quick."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

import aiohttp

from models.database import Database, upgrade
from tests.web.conftest import PASSWORD, settle


async def _start(home: Path, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web",
        env={**os.environ, "YJT_HOME": str(home), **env},
        stderr=asyncio.subprocess.PIPE,
    )


async def _end(process: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    status, errors = await _end(await _start(tmp_path, YJT_WEB_PORT="eighty"))
    assert status == 2
    assert "YJT_WEB_PORT" in errors
    assert "Traceback" not in errors


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, errors = await _end(await _start(tmp_path, YJT_WEB_PORT=port))
    assert status == 1
    assert port in errors
    assert "YJT_WEB_PORT" in errors
    assert "Traceback" not in errors


async def test_a_stop_does_not_wait_for_live_clients(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    await upgrade(url)
    database = Database(url)
    await settle(database)
    await database.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await _start(tmp_path, YJT_WEB_PORT=str(port), YJT_DATABASE_URL=url)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        token = await _log_in(http)
        async with http.ws_connect("/api/v1/live", headers={"Authorization": f"Bearer {token}"}) as live:
            await live.receive()
            started = time.monotonic()
            process.terminate()
            async with asyncio.timeout(10):
                while (await live.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert live.close_code == aiohttp.WSCloseCode.SERVICE_RESTART
    assert (await _end(process))[0] == 0
    assert time.monotonic() - started < 4


async def _log_in(http: aiohttp.ClientSession) -> str:
    async with asyncio.timeout(20):
        while True:
            try:
                async with http.post("/api/v1/login", json={"username": "lead", "password": PASSWORD}) as answer:
                    token: str = (await answer.json())["token"]
                    return token
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
