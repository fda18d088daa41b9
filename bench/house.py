"""A platform of the benchmarks' own, without web and supervisor: Asterisk, controller, callers, and no way out of this
machine. Whoever measures says which records there are and what else stands in the dialplan."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from drill.sip_load import Callers, Seats
from home import children
from home.asterisk import SeatLine, platform_asterisk, render_platform
from home.asterisk_process import AsteriskProcess
from home.ports import free_ports
from home.programs import find
from home.secrets import Secrets
from home.settings import Settings

_UP_WITHIN = 30.0


@dataclass(slots=True)
class House:
    """`control`: the controller's loopback API. `pids`: of controller and Asterisk."""

    settings: Settings
    callers: Callers
    seats: Seats
    control: aiohttp.ClientSession
    pids: Mapping[str, int]

    async def read(self, path: str) -> dict[str, Any]:
        async with self.control.get(path) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def close_cases(self) -> None:
        """Somebody files an outcome for every case that is open."""
        close = {"action": "close", "outcome": "no_contact", "note": "", "actor": "user:1"}
        for case in (await self.read("/state"))["cases"]:
            async with self.control.post(f"/cases/{case['id']}/actions", json=close) as answer:
                await answer.read()

    async def empty(self, within: float = 60.0) -> None:
        """Every case is closed, and gone. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while (await self.read("/load"))["cases"]:
                await self.close_cases()
                await asyncio.sleep(1.0)


@asynccontextmanager
async def house(
    home: Path,
    *,
    records: Callable[[Settings], Awaitable[Sequence[SeatLine]]],
    dialplan: str = "",
    settings: Mapping[str, str] | None = None,
    prepare: Callable[[AsteriskProcess], None] = lambda process: None,
) -> AsyncIterator[House]:
    """Living; `prepare` may change Asterisk's files before it starts. Everything is stopped at the end."""
    own, carrier = _settings(home, settings or {})
    own.prepare_home()
    keys = Secrets.load_or_create(own.home)
    telephones = await records(own)
    async with AsyncExitStack() as stack:
        program = find("asterisk", own)
        render_platform(own, keys, telephones, program=program)
        process = platform_asterisk(own, program)
        process.etc.joinpath("extensions_custom.conf").write_text(dialplan, encoding="utf-8")
        prepare(process)
        await stack.enter_async_context(process.run())
        controller = await children.spawn(
            [sys.executable, "-m", "ari_app"],
            env={**_inherited(), **own.environment()},
            log=own.home / "log" / "controller.log",
        )
        stack.push_async_callback(children.end, controller, grace=5.0)
        platform = (own.sip_host, own.sip_port)
        loop = asyncio.get_running_loop()
        _, callers = await loop.create_datagram_endpoint(lambda: Callers(platform), local_addr=("127.0.0.2", carrier))
        stack.callback(callers.transport.close)
        _, seats = await loop.create_datagram_endpoint(
            lambda: Seats(platform, callers), local_addr=("127.0.0.3", carrier)
        )
        stack.callback(seats.transport.close)
        await seats.register({line.extension: line.password for line in telephones})
        control = await stack.enter_async_context(
            aiohttp.ClientSession(
                f"http://127.0.0.1:{own.control_port}", headers={"Authorization": f"Bearer {keys.control_token}"}
            )
        )
        asterisk = int((process.directory / "run" / "asterisk.pid").read_text())
        made = House(own, callers, seats, control, {"controller": controller.pid, "asterisk": asterisk})
        await _until_up(made)
        yield made


async def _until_up(made: House) -> None:
    """The controller is active, and hears Asterisk."""
    async with asyncio.timeout(_UP_WITHIN):
        while True:
            try:
                async with made.control.get("/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.2)


def _settings(home: Path, more: Mapping[str, str]) -> tuple[Settings, int]:
    """And the port of the carrier."""
    web, sip, ari, ami, control, carrier = free_ports(6)
    return Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_PARTS_DIR": str(Settings.load().parts_dir),
            "YJT_WEB_PORT": str(web),
            "YJT_SIP_PORT": str(sip),
            "YJT_ARI_PORT": str(ari),
            "YJT_AMI_PORT": str(ami),
            "YJT_CONTROL_PORT": str(control),
            "YJT_RTP_PORTS": "16000-18999",
            "YJT_TRUNK_MATCH": "127.0.0.2",
            "YJT_TRUNK_CONTACT": f"sip:127.0.0.2:{carrier}",
            **more,
        }
    ), carrier


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
