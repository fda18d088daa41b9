"""What systemd wants to know of us: that we are ready, that we still live, that we stop. Nothing happens without it.

The protocol is sd_notify(3): datagrams of `NAME=value` to the socket named in NOTIFY_SOCKET.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def tell(state: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send one line to the manager that started us; False where there is none, or it does not listen."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    where = "\0" + address[1:] if address[0] == "@" else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as to_manager:
            to_manager.sendto(state.encode(), where)
    except OSError:
        return False
    return True


def watched_every(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds within which the manager wants to hear of us (WatchdogSec=), or None."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdigit() and int(microseconds) else None


@contextlib.asynccontextmanager
async def told(environ: Mapping[str, str] = os.environ) -> AsyncIterator[None]:
    """Inside, the manager hears that we are ready, and again and again that our event loop turns."""
    tell(READY, environ)
    task = asyncio.create_task(_keep_telling(environ), name="service-manager")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        tell(STOPPING, environ)


async def _keep_telling(environ: Mapping[str, str]) -> None:
    every = watched_every(environ)
    while every is not None:
        tell(ALIVE, environ)
        await asyncio.sleep(every / 3)
