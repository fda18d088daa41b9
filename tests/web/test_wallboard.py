"""The screen on the wall: figures without people, a log-in that sees nothing else, and that does not run out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from ivr.vocabulary import CaseKind
from models.api_tokens import hash_of
from models.base import utc_now
from models.demo_district import make
from models.journal import write
from models.people import set_password
from models.web_sessions import WebSession
from tests.web import stories
from tests.web.conftest import House, log_in
from web import accounts, wallboard
from web.accounts import SCREEN_IDLE, SESSION_LONGEST
from web.wallboard import day_around

SECRETS = ("演示·", "演示坐席", "1000 0001", "10000001", "安康小区")


def _figure(page: str, tile: str) -> str:
    """What stands in large letters on this tile."""
    found = re.search(rf'id="{tile}".*?class="figure num">(.*?)</p>', page, re.DOTALL)
    assert found, page
    return re.sub(r"<.*?>", "", found[1])


@pytest.mark.clause("K1")
async def test_the_wall_tells_of_today_and_of_nobody(house: House) -> None:
    await make(house.db, elders=2)
    start = max(day_around(utc_now())[0], utc_now() - timedelta(minutes=10))
    async with house.db.write() as session:
        for number, after in enumerate((3.0, 9.0, 12.0, 70.0)):
            case = replace(stories.ringing(f"c{number}", file=None), opened_at=start)
            talking = replace(stories.talking(case), answered_at=start + timedelta(seconds=after))
            await write(session, stories.entries(stories.closed(talking)), area_code="021")
        ordinary = replace(stories.ringing("o1"), kind=CaseKind.ORDINARY, opened_at=start)
        await write(session, stories.entries(ordinary), area_code="021")
    since = (utc_now() - timedelta(seconds=42)).isoformat()
    await house.control.case({**stories.case_json(stories.ringing("c9")), "waiting_since": since})
    await house.control.seat(stories.seat_json("801", "talking", case="c9", role="A"))
    await log_in(house.client, "wall")
    page = await (await house.client.get("/")).text()
    assert [_figure(page, tile) for tile in ("waiting", "within-10", "within-15", "within-60")] == [
        *("1", "50.0%", "75.0%", "75.0%"),
    ]
    assert page.count("低于目标 9") == 3
    assert "演示一街道" in page
    assert not [secret for secret in SECRETS if secret in page]
    assert "nav" not in re.findall(r"<(\w+)", page)
    chart = re.search(r'id="chart-data">(.*?)</script>', page)
    assert chart
    bars = json.loads(chart[1])["bars"]
    assert [sum(bar["counts"][column] for bar in bars) for column in range(4)] == [2, 1, 1, 0]


async def test_a_screen_hears_that_something_has_changed_and_not_what(sqlite_house: House) -> None:
    await log_in(sqlite_house.client, "wall")
    async with sqlite_house.client.ws_connect("/api/v1/live") as socket:
        assert (await socket.receive_json())["data"] == {}
        await sqlite_house.control.case(stories.case_json(stories.ringing()))
        await sqlite_house.control.say("screen", {"extension": "801", "case": "c1", "role": "A"})
        await sqlite_house.control.seat(stories.seat_json("801"))
        heard = [await socket.receive_json() for _ in range(2)]
    assert [(message["kind"], message["data"]) for message in heard] == [("case", {}), ("seat", {})]


async def test_a_screen_stays_until_it_is_gone_for_days(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "FRESH", 0.0)
    await log_in(sqlite_house.client, "wall")
    cookies = {cookie.key: cookie for cookie in sqlite_house.client.session.cookie_jar}
    assert cookies["yjt_session"]["max-age"]  # it outlives the browser

    async def seen(ago: timedelta, begun: timedelta) -> int:
        values = {"seen_at": utc_now() - ago, "created_at": utc_now() - begun}
        async with sqlite_house.db.write() as session:
            await session.execute(update(WebSession).values(values))
        return (await sqlite_house.client.get("/wallboard", allow_redirects=False)).status

    assert await seen(timedelta(minutes=11), 20 * SESSION_LONGEST) == 200
    async with sqlite_house.db.read() as session:
        kept = await session.get_one(WebSession, hash_of(cookies["yjt_session"].value))
        assert kept.expires_at > utc_now() + SCREEN_IDLE - timedelta(minutes=1)
    await set_password(sqlite_house.db, "wall", "Another-Horse-9")
    assert (await sqlite_house.client.get("/wallboard", allow_redirects=False)).status == 303


async def test_the_wall_goes_on_without_records(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await log_in(sqlite_house.client, "wall")
    await sqlite_house.control.seat(stories.seat_json("801", "talking"))

    async def fails(*_: object, **__: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as away:
        away.setattr(wallboard, "elders_by_unit", fails)
        page = await (await sqlite_house.client.get("/wallboard")).text()
    assert "数据库暂不可用" in page
    assert "801" in page
    wall = wallboard.Wallboard(sqlite_house.db, good_for=0.0)
    first = await wall.today()
    with monkeypatch.context() as away:
        away.setattr(wallboard, "answers", fails)
        assert first is not None
        assert await wall.today() is first
    again = await wall.today()
    assert again is not None
    assert again.taken_at > first.taken_at
