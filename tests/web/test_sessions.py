"""When a session ends: after idle hours, a long shift, a new password, other duties; never in the middle of a case."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from aiohttp import WSMsgType
from sqlalchemy import select, update

from models.base import utc_now
from models.people import set_password, set_roles
from models.web_sessions import WebSession
from tests.web import stories
from tests.web.conftest import House, log_in
from web import accounts
from web.accounts import SESSION_IDLE, SESSION_LONGEST
from web.api import live
from web.keys import FEED, MIRROR


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "FRESH", 0.0)


async def _age(house: House, *, idle: timedelta = timedelta(0), since: timedelta = timedelta(0)) -> None:
    """As if the last request, and the log-in, were so long ago."""
    seen = utc_now() - idle
    values = {"seen_at": seen, "expires_at": seen + SESSION_IDLE, "created_at": utc_now() - max(since, idle)}
    async with house.db.write() as session:
        await session.execute(update(WebSession).values(values))


async def _is_in(house: House) -> bool:
    return (await house.client.get("/board", allow_redirects=False)).status == 200


async def _put_in_a_case(house: House) -> None:
    await house.control.case(stories.case_json(stories.ringing()))
    await house.control.say("screen", {"case": "c1", "extension": "801"})
    await house.until(lambda: house.app[MIRROR].on_screen("801") is not None, "the screen")


@pytest.mark.parametrize("age", [{"idle": SESSION_IDLE}, {"since": SESSION_LONGEST}])
async def test_idle_and_long_sessions_end(house: House, age: dict[str, timedelta]) -> None:
    await log_in(house.client)
    almost = {name: value - timedelta(minutes=1) for name, value in age.items()}
    await _age(house, **almost)
    assert await _is_in(house)
    await _age(house, **age)
    assert not await _is_in(house)
    async with house.db.read() as session:
        assert (await session.scalars(select(WebSession))).all() == []
    await _put_in_a_case(house)
    assert not await _is_in(house)  # what has ended does not come back


@pytest.mark.parametrize("age", [{"idle": SESSION_IDLE}, {"since": SESSION_LONGEST}])
async def test_nobody_is_logged_out_in_the_middle_of_a_case(sqlite_house: House, age: dict[str, timedelta]) -> None:
    await log_in(sqlite_house.client)
    await _put_in_a_case(sqlite_house)
    await _age(sqlite_house, **{name: value * 2 for name, value in age.items()})
    assert await _is_in(sqlite_house)
    await sqlite_house.control.close_case(stories.case_json(stories.closed(stories.ringing())))
    await sqlite_house.until(lambda: sqlite_house.app[MIRROR].on_screen("801") is None, "the end")
    await _age(sqlite_house, **age)
    assert not await _is_in(sqlite_house)


async def test_a_new_password_ends_every_session(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    await set_password(sqlite_house.db, "agent801", "Another-Horse-9")
    assert not await _is_in(sqlite_house)


async def test_other_duties_end_every_session(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    await set_roles(sqlite_house.db, "agent801", ["reviewer"])
    assert not await _is_in(sqlite_house)


async def test_the_live_stream_ends_too_however_much_it_tells(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK", 0.05)
    await log_in(sqlite_house.client)
    async with sqlite_house.client.ws_connect("/api/v1/live") as socket, asyncio.timeout(20):
        assert (await socket.receive_json())["kind"] == "state"
        await set_password(sqlite_house.db, "agent801", "Another-Horse-9")
        while True:
            sqlite_house.app[FEED].publish("degraded", {"degraded": []})
            message = await socket.receive()
            if message.type is not WSMsgType.TEXT:
                break
        assert socket.close_code == live.LOGGED_OUT
