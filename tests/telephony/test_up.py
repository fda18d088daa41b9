"""`yijiantong up` as an operator runs it: everything comes up, what dies comes back, nothing stays when it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from home.settings import Settings

from .conftest import platform_settings

DEADLINE = 60.0


class Up:
    """The command, with what it has printed so far."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.said = ""
        self._env = {**os.environ, **settings.environment(), "YJT_LANG": "en"}

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", "up"),
            env=self._env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def until(self, pattern: str) -> None:
        """Until a line that it prints from now on matches."""
        assert self.process.stdout
        async with asyncio.timeout(DEADLINE):
            while line := (await self.process.stdout.readline()).decode():
                self.said += line
                if re.search(pattern, line):
                    return
        pytest.fail(f"it ended without saying {pattern!r}:\n{self.said}")

    async def command(self, *arguments: str) -> tuple[int | None, str]:
        """Another command line in the same home."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *arguments),
            env=self._env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(DEADLINE):
            output, _ = await process.communicate()
        return process.returncode, output.decode()

    def pids(self) -> dict[str, int]:
        """The processes of this home, by what they are."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                inherited = (folder / "environ").read_bytes().split(b"\0")
                home = str(self.settings.home)
                if f"{home}/asterisk/etc/asterisk.conf" in words and "-f" in words:
                    found["asterisk"] = int(folder.name)
                elif f"YJT_HOME={home}".encode() in inherited and words[1:3] in (["-m", "ari_app"], ["-m", "web"]):
                    found[" ".join(words[2:]).strip()] = int(folder.name)
        return found

    async def until_gone(self) -> None:
        async with asyncio.timeout(DEADLINE):
            while self.pids():  # noqa: ASYNC110 - nobody tells us of the end of processes that are not our children
                await asyncio.sleep(0.05)


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    """A running platform without seats; TERM ends it, and nothing of it may stay."""
    made = Up(platform_settings(tmp_path / "home"))
    await made.start()
    try:
        await made.until("web address: http://127.0.0.1:")
        yield made
    finally:
        if made.process.returncode is None:
            made.process.send_signal(signal.SIGTERM)
        await made.process.communicate()
        await made.until_gone()


async def test_it_runs_once_in_a_home_knows_new_seats_at_once_and_ctrl_c_stops_every_process(up: Up) -> None:
    assert up.pids().keys() == {"asterisk", "ari_app", "ari_app --second", "web"}
    assert re.search(r"admin log-in: admin  \S{10,}", up.said)
    await a_second_start_names_the_first(up)
    await a_new_seat_can_register_at_once(up)
    up.process.send_signal(signal.SIGINT)
    await up.until("stopped")
    async with asyncio.timeout(DEADLINE):
        assert await up.process.wait() == 0
    assert up.pids() == {}


async def a_second_start_names_the_first(up: Up) -> None:
    status, said = await up.command("up")
    assert status == 1
    assert f"pid {up.process.pid}" in said


async def a_new_seat_can_register_at_once(up: Up) -> None:
    status, said = await up.command("seat", "add", "801")
    assert status == 0, said
    status, said = await up.command("asterisk", "cli", "pjsip show endpoint 801")
    assert "InAuth" in said


async def test_what_hangs_or_dies_comes_back_and_even_kill_leaves_nothing_behind(up: Up) -> None:
    await what_hangs_is_replaced(up)
    await what_dies_comes_back_and_the_platform_is_whole_again(up)
    up.process.kill()
    await up.until_gone()


async def what_hangs_is_replaced(up: Up) -> None:
    """`kill -STOP`: the process is there, and nothing of it answers any more."""
    hung = up.pids()["asterisk"]
    os.kill(hung, signal.SIGSTOP)
    await up.until(r"asterisk has not answered for \d+ s and is killed, starts again at once")
    await up.until("✓ asterisk")
    assert up.pids()["asterisk"] != hung


async def what_dies_comes_back_and_the_platform_is_whole_again(up: Up) -> None:
    before = up.pids()
    services = ("asterisk", "asterisk"), ("ari_app", "controller"), ("ari_app --second", "stand-by"), ("web", "web")
    for name, shown in services:
        os.kill(before[name], signal.SIGKILL)
        await up.until(rf"{shown} ended \(signal SIGKILL\)")
        await up.until(rf"✓ {shown}")
    after = up.pids()
    assert after.keys() == before.keys()
    assert all(after[name] != pid for name, pid in before.items())
    async with asyncio.timeout(DEADLINE):
        while (await up.command("doctor"))[0] != 0:  # noqa: ASYNC110 - the controller finds the new Asterisk by itself
            await asyncio.sleep(0.2)


async def test_a_taken_port_stops_the_start_by_its_name(tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    settings = platform_settings(tmp_path / "home", YJT_WEB_PORT=str(port))
    status, said = await Up(settings).command("up")
    taken.close()
    await taken.wait_closed()
    assert status == 1
    assert f"port {port} (YJT_WEB_PORT) is in use by pid {os.getpid()}" in said
