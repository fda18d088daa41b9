"""The controller put together, started and stopped: on a fake Asterisk with real sockets, and a real database."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from ari_app import bootstrap
from ari_app.bootstrap import AlreadyRunning, Broken
from ari_app.controller import Controller
from home.secrets import Secrets
from home.settings import Settings
from ivr.policy import PolicyError
from models.database import Database, DatabaseUnavailable
from models.queries.journals import open_journals
from models.seats import SeatState, add_seat, set_seat_state
from tests.unit.ari.fake_asterisk import PASSWORD, USER, FakeAsterisk, event
from tests.unit.ari_app.fakes import channel_frame
from tests.unit.ari_app.test_recovery import STORY, lived, record

WITHIN = 10.0
KEYS = Secrets(ari_user=USER, ari_password=PASSWORD)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
def settings(asterisk: FakeAsterisk, sqlite_url: str, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    return Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_DATABASE_URL": sqlite_url,
            "YJT_ARI_PORT": asterisk.url.rsplit(":", 1)[1],
            "YJT_CONTROL_PORT": str(free_port()),
        }
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The controller's, opened once more."""
    opened = Database(settings.database_url)
    yield opened
    await opened.close()


async def ready(settings: Settings) -> None:
    """Until the control API says that calls can be handled."""
    url = f"http://127.0.0.1:{settings.control_port}/ready"
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url, headers={"Authorization": f"Bearer {KEYS.control_token}"}) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)


async def until(controller: Controller, true: Callable[[], bool]) -> None:
    """Looked at whenever consoles are told something."""
    async with asyncio.timeout(WITHIN):
        with controller.bus.listen(None) as messages:
            async for _ in messages:
                if true():
                    return


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_runs_until_it_is_told_to_stop(settings: Settings, number: signal.Signals) -> None:
    running = asyncio.create_task(bootstrap.run(settings, KEYS))
    await ready(settings)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(running, WITHIN)
    assert (settings.home / bootstrap.LOCK).read_text() == str(os.getpid())


async def test_a_second_controller_in_the_same_home_says_so(settings: Settings) -> None:
    says = pytest.raises(AlreadyRunning, match=f"{os.getpid()} / a controller already runs in this home")
    with bootstrap.only_controller(settings.home), says:
        await bootstrap.run(settings, KEYS)
    with bootstrap.only_controller(settings.home):
        pass  # the lock went with its holder


async def test_a_second_one_does_not_spoil_what_the_first_wrote(settings: Settings) -> None:
    with bootstrap.only_controller(settings.home):
        for _ in range(2):
            with pytest.raises(AlreadyRunning, match=str(os.getpid())), bootstrap.only_controller(settings.home):
                pass


@pytest.mark.parametrize(
    ("policy", "named"), [({"seat_ring": 1.0}, "seat_ring = 1 is out of bounds: 3 to 60 s"), ({"x": 1.0}, "'x'")]
)
async def test_a_wrong_policy_is_named(settings: Settings, policy: dict[str, float], named: str) -> None:
    with pytest.raises(PolicyError, match=named):
        await bootstrap.run(settings.model_copy(update={"policy": policy}), KEYS)


async def test_a_database_without_tables_is_told_with_what_to_do(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.db'}"})
    with pytest.raises(DatabaseUnavailable, match="yijiantong db upgrade"):
        await bootstrap.run(empty, KEYS)


async def test_a_control_port_in_use(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.control_port))
        taken.listen()
        with pytest.raises(OSError, match=str(settings.control_port)):
            await bootstrap.run(settings, KEYS)


async def test_it_starts_without_asterisk_and_says_what_is_missing(settings: Settings, asterisk: FakeAsterisk) -> None:
    await asterisk.stop()
    async with bootstrap.running(settings, KEYS) as controller:
        assert controller.degraded == ["asterisk: not connected to Asterisk yet"]
        await asterisk.start()
        await ready(settings)
        assert controller.degraded == []


async def test_a_controller_whose_link_is_taken_from_it_ends(settings: Settings, asterisk: FakeAsterisk) -> None:
    running = asyncio.create_task(bootstrap.run(settings, KEYS))
    await ready(settings)
    await asterisk.say(event("ApplicationReplaced"))
    with pytest.raises(Broken, match="hear"):
        await asyncio.wait_for(running, WITHIN)


async def test_seats_of_the_records_are_at_the_desk(settings: Settings, database: Database) -> None:
    async with database.write() as session:
        await add_seat(session, "801", name="一号", skills=["agent", "doctor"])
        await add_seat(session, "802")
        await set_seat_state(session, "802", SeatState.READY)
    async with bootstrap.running(settings, KEYS) as controller:
        seats = controller.desk.seats
        assert [(seat.extension, seat.name, seat.willing) for seat in seats.values()] == [
            ("801", "一号", False),
            ("802", "", True),
        ]
        assert sorted(seats["801"].skills) == ["agent", "doctor"]


async def test_open_cases_of_the_records_live_on(settings: Settings, database: Database) -> None:
    """Nothing of it lives in Asterisk any more: the lines have ended, and that is on record."""
    case, entries = lived(STORY)
    await record(database, entries)
    async with bootstrap.running(settings, KEYS) as controller:
        live = controller.runs[case.id]
        assert live.entries[: len(entries)] == entries
        await until(controller, lambda: not any(live.case.live()))
    async with database.read() as session:
        rows = (await open_journals(session))[case.id]
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert {row.event for row in rows[len(STORY) :]} >= {"leg_ended"}


async def test_what_is_decided_while_it_stops_is_still_written(settings: Settings, database: Database) -> None:
    async with bootstrap.running(settings, KEYS) as controller:
        controller.call_came_in("channel", ("sos", "96890", "02100000007", "r.wav"))
        await until(controller, lambda: any(run.entries for run in controller.runs.values()))
        (run,) = controller.runs.values()
    assert controller.journal.lag == 0
    async with database.read() as session:
        assert [row.seq for row in (await open_journals(session))[run.case.id]] == [e.seq for e in run.entries]


@pytest.mark.parametrize("after", [0, 2, 5, 8, 12, 18, 25, 35, 50, 70, 100, 150, 250])
async def test_cancelled_at_any_stage_it_leaves_nothing(settings: Settings, after: int) -> None:
    """`after` so many milliseconds; that no task is left is checked after every test."""
    running = asyncio.create_task(bootstrap.run(settings, KEYS), name="run")
    asyncio.get_running_loop().call_later(after / 1000, running.cancel)
    with capture_logs() as logs:
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert not [line for line in logs if line["log_level"] == "error"]
    with bootstrap.only_controller(settings.home), socket.socket() as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port.bind(("127.0.0.1", settings.control_port))


async def test_each_boot_has_a_name_of_its_own() -> None:
    names = {bootstrap.boot_name("a") for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("sos-a-") for name in names)


async def test_an_event_that_cannot_be_understood_deafens_nobody(
    settings: Settings, asterisk: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: asyncio.Queue[str] = asyncio.Queue()
    async with bootstrap.running(settings, KEYS) as controller:
        await ready(settings)
        stumbles = iter([ZeroDivisionError()])

        def call_offered(channel: str) -> None:
            for problem in stumbles:
                raise problem
            offered.put_nowait(channel)

        monkeypatch.setattr(controller, "call_offered", call_offered)
        await asterisk.say(*(event("CallBroadcast", channel=channel_frame(name, "Ring")) for name in ("c", "d")))
        assert await asyncio.wait_for(offered.get(), WITHIN) == "d"
