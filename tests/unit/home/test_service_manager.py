"""What systemd is told: ready, alive again and again, stopping; and nothing where it has not started us."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from home import service_manager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """A socket as systemd has one, and the environment that it gives."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listens:
        listens.bind(path)
        listens.setblocking(False)
        yield listens, {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000"}


async def test_it_hears_that_we_are_ready_that_we_live_and_that_we_stop(
    manager: tuple[socket.socket, dict[str, str]],
) -> None:
    listens, environ = manager
    loop = asyncio.get_running_loop()
    heard = []
    async with asyncio.timeout(5):
        async with service_manager.told(environ):
            heard = [await loop.sock_recv(listens, 100) for _ in range(4)]
        while heard[-1] != b"STOPPING=1":
            heard.append(await loop.sock_recv(listens, 100))
    assert heard[:4] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]


async def test_without_it_nobody_is_told() -> None:
    assert not service_manager.tell(service_manager.READY, {})
    async with service_manager.told({}):
        pass


def test_a_manager_that_is_gone_troubles_nobody(tmp_path: Path) -> None:
    assert not service_manager.tell(service_manager.READY, {"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(("given", "seconds"), [("15000000", 15.0), ("0", None), ("", None), ("soon", None)])
def test_how_often_it_wants_to_hear_of_us(given: str, seconds: float | None) -> None:
    assert service_manager.watched_every({"WATCHDOG_USEC": given}) == seconds
