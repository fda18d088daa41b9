"""The controller put together, started and stopped: on a fake Asterisk with real sockets, and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest

from ari_app import bootstrap
from ari_app.controller import Controller
from ari_app.former_boots import boot_name
from home.asterisk_platform import recordings_dir
from home.settings import Settings
from ivr.vocabulary import Role, SeatRelease
from models.database import Database
from models.queries.journals import open_journals
from models.seats import Seat, SeatState, add_seat, set_seat_state
from tests.unit.ari.fake_asterisk import FakeAsterisk, event
from tests.unit.ari_app.fakes import channel_frame
from tests.unit.ari_app.real_parts import KEYS, WITHIN, ready
from tests.unit.ari_app.test_recovery import STORY, lived, record


async def until(controller: Controller, true: Callable[[], bool]) -> None:
    """Looked at whenever consoles are told something."""
    async with asyncio.timeout(WITHIN):
        with controller.bus.listen(None) as messages:
            async for _ in messages:
                if true():
                    return


async def test_it_starts_without_asterisk_and_says_what_is_missing(settings: Settings, asterisk: FakeAsterisk) -> None:
    recordings_dir(settings).mkdir()
    await asterisk.stop()
    async with bootstrap.running(settings, KEYS) as controller:
        assert controller.degraded == ["asterisk: not connected to Asterisk yet"]
        await asterisk.start()
        await ready(settings)
        assert controller.degraded == ["no_seat: 0"]


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


async def test_each_boot_has_a_name_of_its_own() -> None:
    names = {boot_name("a") for _ in range(50)}
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


async def test_a_seats_wrap_up_is_on_record_and_goes_on_in_the_next_boot(
    settings: Settings, database: Database
) -> None:
    async with database.write() as session:
        await add_seat(session, "801")
    async with bootstrap.running(settings, KEYS) as controller:
        await until(controller, lambda: "801" in controller.desk.seats)
        seat = controller.desk.seat("801")
        controller.desk.registered("801", is_registered=True)
        controller.desk.keep("one", "801", Role.A)
        controller.desk.release("one", "801", SeatRelease.TALKED)
        controller.wrap_ups.prolong("801")
        ends = seat.wrap_up_ends
        await _on_record(database, ends)
    async with bootstrap.running(settings, KEYS) as controller:
        seat = controller.desk.seat("801")
        assert (seat.wrapping_up, seat.wrap_up_ends, seat.prolonged) == (True, ends, True)
        controller.desk.set_ready("801")
        await _on_record(database, None)
    async with bootstrap.running(settings, KEYS) as controller:
        assert not controller.desk.seat("801").wrapping_up


async def _on_record(database: Database, ends: datetime | None) -> None:
    async with asyncio.timeout(5):
        while True:
            async with database.read() as session:
                if (await session.get_one(Seat, "801")).wrap_up_ends == ends:
                    return
            await asyncio.sleep(0.02)
