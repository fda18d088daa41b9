"""What one ARI command costs: our client (both transports) beside asyncari, interleaved on one Asterisk in one run.

Each contender has its own application, its own live channel, and a consumer that reads every event. The figures are
times from the call of the method to its return, on this machine, at this moment: only their ratios mean something.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncari

from ari_app.ari import Client, messages
from ari_app.ari.client import Transport
from home.asterisk import AsteriskProcess, render_platform
from home.ports import free_ports
from home.programs import find
from home.secrets import Secrets
from home.settings import Settings

ROUNDS = 400
WARM_UP = 40
TARGET = 0.5  # of asyncari's time
PEER = "asyncari (HTTP)"
DIALPLAN = "\n[bench]\nexten => wait,1,Answer()\n same => n,Wait(600)\n"

Command = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of one command by one contender; `ratio` is to asyncari's median of the same command."""

    command: str
    contender: str
    median: float
    p99: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    commands: dict[str, Command]


async def run(*, rounds: int = ROUNDS) -> list[Figure]:
    """Start an Asterisk of our own, measure, stop it. Raises AsteriskError when it cannot be started."""
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        settings = _settings(Path(folder))
        secrets = Secrets.load_or_create(settings.home)
        program = find("asterisk", Settings.load())
        render_platform(settings, secrets, (), program=program)
        process = AsteriskProcess(program, settings.home / "asterisk")
        process.etc.joinpath("extensions_custom.conf").write_text(DIALPLAN, encoding="utf-8")
        async with process.run():
            url = f"http://127.0.0.1:{settings.ari_port}"
            return await measure(url, username=secrets.ari_user, password=secrets.ari_password, rounds=rounds)


async def measure(url: str, *, username: str, password: str, rounds: int = ROUNDS) -> list[Figure]:
    """Measure on a running Asterisk whose dialplan has `wait@bench`. Leaves no channel behind."""
    async with contextlib.AsyncExitStack() as stack:
        contenders = [
            await stack.enter_async_context(_ours("websocket", url=url, username=username, password=password)),
            await stack.enter_async_context(_ours("http", url=url, username=username, password=password)),
            await stack.enter_async_context(_asyncari(url=url, username=username, password=password)),
        ]
        figures = []
        for command in contenders[0].commands:
            times = await _interleaved([(c.name, c.commands[command]) for c in contenders], rounds=rounds)
            peer = statistics.median(times[PEER])
            figures += [_figure(command, name, values, peer=peer) for name, values in times.items()]
        return figures


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table, and whether the target is met."""
    best = max(f.ratio for f in figures if "WebSocket" in f.contender)
    lines = [
        "| command | client | median ms | p99 ms | of asyncari's median |",
        "|---|---|---:|---:|---:|",
        *(f"| {f.command} | {f.contender} | {f.median:.2f} | {f.p99:.2f} | {f.ratio:.2f} |" for f in figures),
        "",
        f"Target: below {TARGET:.2f} over the WebSocket; {'met' if best < TARGET else 'MISSED'} ({best:.2f}).",
    ]
    return "\n".join(lines)


async def _interleaved(commands: Sequence[tuple[str, Command]], *, rounds: int) -> dict[str, list[float]]:
    """One command of each contender in turn; who begins changes with each round."""
    times: dict[str, list[float]] = {name: [] for name, _ in commands}
    for number in range(WARM_UP + rounds):
        turn = number % len(commands)
        for name, command in [*commands[turn:], *commands[:turn]]:
            begun = time.perf_counter()
            await command()
            if number >= WARM_UP:
                times[name].append((time.perf_counter() - begun) * 1000)
    return times


def _figure(command: str, contender: str, values: list[float], *, peer: float) -> Figure:
    median = statistics.median(values)
    p99 = statistics.quantiles(values, n=100)[98]
    return Figure(command, contender, median, p99, median / peer)


@contextlib.asynccontextmanager
async def _ours(transport: Transport, *, url: str, username: str, password: str) -> AsyncIterator[Contender]:
    app = channel = f"bench-{transport}"
    async with Client(url, username=username, password=password, app=app, transport=transport) as client:
        await client.ready()
        reader = asyncio.create_task(_read(client.events()))
        await client.channels.originate(endpoint="Local/wait@bench", app=app, channelId=channel)
        try:
            yield Contender(
                f"ours ({'WebSocket' if transport == 'websocket' else 'HTTP'})",
                {
                    "answer a channel": client.channel(channel).answer,
                    "set a variable": lambda: client.channels.setChannelVar(
                        channelId=channel, variable="BENCH", value="1"
                    ),
                    "get a variable": lambda: client.channels.getChannelVar(channelId=channel, variable="BENCH"),
                },
            )
        finally:
            await client.channel(channel).hangup()
    await reader


@contextlib.asynccontextmanager
async def _asyncari(*, url: str, username: str, password: str) -> AsyncIterator[Contender]:
    app = channel = "bench-asyncari"
    async with asyncari.connect(f"{url}/", app, username, password) as ari:
        ari.taskgroup.start_soon(_read, ari)
        await ari.channels.originate(endpoint="Local/wait@bench", app=app, channelId=channel)
        try:
            yield Contender(
                PEER,
                {
                    "answer a channel": lambda: ari.channels.answer(channelId=channel),
                    "set a variable": lambda: ari.channels.setChannelVar(
                        channelId=channel, variable="BENCH", value="1"
                    ),
                    "get a variable": lambda: ari.channels.getChannelVar(channelId=channel, variable="BENCH"),
                },
            )
        finally:
            await ari.channels.hangup(channelId=channel)


async def _read(events: Any) -> None:
    async for _ in events:
        pass


def _settings(home: Path) -> Settings:
    web, sip, ari, ami, control = free_ports(5)
    ports = {"WEB": web, "SIP": sip, "ARI": ari, "AMI": ami, "CONTROL": control}
    return Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_RTP_PORTS": "16000-18999",
            **{f"YJT_{name}_PORT": str(port) for name, port in ports.items()},
        }
    )


def event_parsing() -> tuple[float, float]:
    """Microseconds for one large event: decoding the JSON alone, and decoding plus typing and checking it."""
    moment = "2026-01-31T08:30:00.077+0800"
    party = {"name": "一 二三", "number": "000"}
    place = {"context": "bench", "exten": "1", "priority": 1, "app_name": "Stasis", "app_data": "bench"}
    channel = {"id": "1.1", "protocol_id": "x", "name": "PJSIP/trunk-1", "state": "Up", "caller": party}
    channel |= {"connected": party, "accountcode": "", "dialplan": place, "creationtime": moment, "language": "zh"}
    bridge = {"id": "2.1", "technology": "softmix", "bridge_type": "mixing", "bridge_class": "stasis", "name": ""}
    bridge |= {"creator": "Stasis", "channels": ["1.1", "1.2", "1.3"], "creationtime": moment}
    event = {"type": "ChannelEnteredBridge", "application": "bench", "timestamp": moment}
    text = json.dumps({**event, "channel": channel, "bridge": bridge})

    def best(work: Callable[[], object]) -> float:
        return min(timeit.repeat(work, number=2000, repeat=7)) / 2000 * 1e6

    return best(lambda: json.loads(text)), best(lambda: messages.read(json.loads(text)))


def main() -> int:
    logging.getLogger("asyncari").setLevel(logging.CRITICAL)
    print(markdown(asyncio.run(run())))
    decoded, typed = event_parsing()
    print(f"\nOne event with a channel and a bridge: JSON alone {decoded:.1f} µs, as typed event {typed:.1f} µs.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
