"""The controller's process: started, stopped, in the way of another one; on a fake Asterisk and a real database."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app import process
from ari_app.process import AlreadyRunning, Broken
from home.settings import Settings
from ivr.policy import PolicyError
from models.database import DatabaseUnavailable
from tests.unit.ari.fake_asterisk import FakeAsterisk, event
from tests.unit.ari_app.real_parts import KEYS, WITHIN, ready


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_runs_until_it_is_told_to_stop(settings: Settings, number: signal.Signals) -> None:
    running = asyncio.create_task(process.run(settings, KEYS))
    await ready(settings)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(running, WITHIN)
    assert (settings.home / "controller.lock").read_text() == str(os.getpid())


async def test_a_second_controller_in_the_same_home_says_so(settings: Settings) -> None:
    says = pytest.raises(AlreadyRunning, match=f"{os.getpid()} / a controller already runs in this home")
    with process.only_controller(settings.home), says:
        await process.run(settings, KEYS)
    with process.only_controller(settings.home):
        pass  # the lock went with its holder


async def test_a_second_one_does_not_spoil_what_the_first_wrote(settings: Settings) -> None:
    with process.only_controller(settings.home):
        for _ in range(2):
            with pytest.raises(AlreadyRunning, match=str(os.getpid())), process.only_controller(settings.home):
                pass


@pytest.mark.parametrize(
    ("policy", "named"), [({"seat_ring": 1.0}, "seat_ring = 1 is out of bounds: 3 to 60 s"), ({"x": 1.0}, "'x'")]
)
async def test_a_wrong_policy_is_named(settings: Settings, policy: dict[str, float], named: str) -> None:
    with pytest.raises(PolicyError, match=named):
        await process.run(settings.model_copy(update={"policy": policy}), KEYS)


async def test_a_database_without_tables_is_told_with_what_to_do(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.db'}"})
    with pytest.raises(DatabaseUnavailable, match="yijiantong db upgrade"):
        await process.run(empty, KEYS)


async def test_a_control_port_in_use(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.control_port))
        taken.listen()
        with pytest.raises(OSError, match=str(settings.control_port)):
            await process.run(settings, KEYS)


async def test_a_controller_whose_link_is_taken_from_it_ends(settings: Settings, asterisk: FakeAsterisk) -> None:
    running = asyncio.create_task(process.run(settings, KEYS))
    await ready(settings)
    await asterisk.say(event("ApplicationReplaced"))
    with pytest.raises(Broken, match="hear"):
        await asyncio.wait_for(running, WITHIN)


@pytest.mark.parametrize("after", [0, 2, 5, 8, 12, 18, 25, 35, 50, 70, 100, 150, 250])
async def test_cancelled_at_any_stage_it_leaves_nothing(settings: Settings, after: int) -> None:
    """`after` so many milliseconds; that no task is left is checked after every test."""
    running = asyncio.create_task(process.run(settings, KEYS), name="run")
    asyncio.get_running_loop().call_later(after / 1000, running.cancel)
    with capture_logs() as logs:
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert not [line for line in logs if line["log_level"] == "error"]
    with process.only_controller(settings.home), socket.socket() as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port.bind(("127.0.0.1", settings.control_port))
