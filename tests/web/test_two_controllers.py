"""The web and two controllers: it speaks with the active one, and finds the other when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from ari_app import control
from home import ports
from web.controller.client import Controller, ControllerUnreachable
from web.controller.mirror import Mirror
from web.feed import Feed

from .conftest import until
from .fake_control import FakeControl, fake_control

TOKEN = "token"


@asynccontextmanager
async def stand_by(port: int) -> AsyncIterator[None]:
    async with control.listening(control.make_stand_by_app(token=TOKEN), port):
        yield


def at(*ports: int) -> Controller:
    return Controller([URL.build(scheme="http", host="127.0.0.1", port=port) for port in ports], TOKEN)


@pytest.fixture
def free_ports() -> tuple[int, int]:
    one, other = ports.free_ports(2)
    return one, other


async def test_the_one_that_stands_by_refers_to_the_other(free_ports: tuple[int, int]) -> None:
    port, _ = free_ports
    async with fake_control(TOKEN) as active, stand_by(port), at(port, active.port) as controller:
        await controller.set_seat("801", state="paused", reason="", actor="user:admin", by="")
        assert (await active.next_asked()).path == "/seats/801/state"


async def test_nobody_at_all(free_ports: tuple[int, int]) -> None:
    async with at(*free_ports) as controller:
        with pytest.raises(ControllerUnreachable):
            await controller.state()
    async with stand_by(free_ports[0]), at(*free_ports) as controller:
        with pytest.raises(ControllerUnreachable):
            await controller.state()


async def test_the_board_follows_when_the_other_takes_over(free_ports: tuple[int, int]) -> None:
    mirror = Mirror(Feed())
    first, second = (FakeControl(TOKEN, port=port) for port in free_ports)
    await first.start()
    async with at(*free_ports) as controller:
        following = asyncio.create_task(mirror.run(controller))
        try:
            await until(lambda: mirror.reachable, "the first controller")
            await second.seat({"extension": "802", "state": "ready"})
            await second.start()
            await first.stop()
            await until(lambda: "802" in mirror.seats, "the second controller's seats")
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await second.stop()
