"""What the controller looks at because nobody tells it: trunk, seats, the road to 110/120/119."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ari_app import watch as watching
from ari_app.ari import Client, NotConnected
from ari_app.desk import Desk, SeatSetup
from ari_app.watch import Watch
from home.settings import Settings

GATEWAY = {"YJT_TRUNK_CONTACT": "sip:127.0.0.2:5999", "YJT_EMERGENCY_ROUTE": "trunk"}


class Ari:
    """Asterisk with a trunk in this state; None: it does not answer."""

    connected = True
    trunk: str | None = "online"

    def over_http(self, seconds: float) -> Any:
        return SimpleNamespace(endpoints=self)

    async def get(self, *, tech: str, resource: str) -> Any:
        assert (tech, resource) == ("PJSIP", "trunk")
        if self.trunk is None:
            raise NotConnected("gone")
        return SimpleNamespace(state=self.trunk)


class Place:
    """A watch over a folder, a trunk and a desk."""

    def __init__(self, home: Path, **env: str) -> None:
        self.ari = Ari()
        self.desk = Desk(now=lambda: None, reserved=print, changed=lambda _: None, wrap_up=print)  # type: ignore[arg-type,return-value]
        settings = Settings.load({"YJT_HOME": str(home), **env})
        self.watch = Watch(cast(Client, self.ari), self.desk, settings=settings)

    def seats(self, *extensions: str, willing: bool = True) -> None:
        self.desk.load([SeatSetup(extension, extension, willing=willing) for extension in extensions])

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.watch.run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def until(self, *codes: str) -> None:
        async with asyncio.timeout(10):
            while [problem.partition(":")[0] for problem in self.watch.problems] != list(codes):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 0.02)


async def test_a_trunk_that_goes_and_comes_back(tmp_path: Path) -> None:
    place = Place(tmp_path, **GATEWAY)
    place.seats("801")
    place.desk.registered("801", is_registered=True)
    async with place.watched():
        await place.until()
        for gone in ("offline", None):
            place.ari.trunk = gone
            await place.until("trunk")
            place.ari.trunk = "online"
            await place.until()


async def test_seats_of_whom_none_could_be_rung(tmp_path: Path) -> None:
    place = Place(tmp_path, **GATEWAY)
    assert place.watch.problems == ["no_seat: 0"]
    place.seats("801", "802", willing=False)
    assert place.watch.problems == ["seats_offline: 0/2"]
    place.desk.registered("801", is_registered=True)
    assert place.watch.problems == ["seats_not_ready: 0/2"]
    place.desk.set_ready("801")
    assert place.watch.problems == []
    place.ari.connected = False
    place.desk.registered("801", is_registered=False)
    assert place.watch.problems == []


def test_a_trunk_without_a_road_to_the_services(tmp_path: Path) -> None:
    place = Place(tmp_path, YJT_TRUNK_CONTACT="sip:127.0.0.2:5999")
    place.ari.connected = False
    assert place.watch.problems == ["emergency_route: YJT_EMERGENCY_ROUTE=none"]
