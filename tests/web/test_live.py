"""The live stream: numbered, resumed, filtered by right, and never held up by a client that does not read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from hypothesis import given
from hypothesis import strategies as st

from tests.web import stories
from tests.web.conftest import House, bearer
from web.feed import KEPT, QUEUE, Audience, Feed, Message
from web.keys import FEED, METRICS, MIRROR


async def _next(socket: aiohttp.ClientWebSocketResponse, kind: str = "") -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = json.loads((await socket.receive()).data)
            if kind in ("", message["kind"]):
                return message


async def test_the_first_message_is_the_whole_state(sqlite_house: House) -> None:
    await sqlite_house.control.seat(stories.seat_json("801"))
    await sqlite_house.control.case(stories.case_json(stories.ringing()))
    await sqlite_house.until(lambda: "c1" in sqlite_house.app[MIRROR].cases)
    headers = await bearer(sqlite_house.client)
    async with sqlite_house.client.ws_connect("/api/v1/live", headers=headers) as socket:
        state = await _next(socket)
        assert state["kind"] == "state"
        assert [case["id"] for case in state["data"]["cases"]] == ["c1"]
        assert [seat["extension"] for seat in state["data"]["seats"]] == ["801"]
        await sqlite_house.control.seat(stories.seat_json("801", "paused"))
        change = await _next(socket)
        assert (change["kind"], change["seq"]) == ("seat", state["seq"] + 1)


async def test_a_client_resumes_where_it_was(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    async with sqlite_house.client.ws_connect("/api/v1/live", headers=headers) as socket:
        last = (await _next(socket))["seq"]
    for state in ("ready", "paused", "ready"):
        await sqlite_house.control.seat(stories.seat_json("801", state))
    await sqlite_house.until(lambda: sqlite_house.app[FEED].seq == last + 3)
    async with sqlite_house.client.ws_connect(f"/api/v1/live?after={last}", headers=headers) as socket:
        seen = [await _next(socket) for _ in range(3)]
    assert [message["seq"] for message in seen] == [last + 1, last + 2, last + 3]
    assert [message["data"]["state"] for message in seen] == ["ready", "paused", "ready"]


async def test_a_number_from_another_life_brings_the_state(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    for after in (0, 1, 2**52):
        async with sqlite_house.client.ws_connect(f"/api/v1/live?after={after}", headers=headers) as socket:
            assert (await _next(socket))["kind"] == "state"


async def test_screen_messages_reach_only_their_seat(sqlite_house: House) -> None:
    mine, others = await bearer(sqlite_house.client), await bearer(sqlite_house.client, "agent802")
    async with (
        sqlite_house.client.ws_connect("/api/v1/live", headers=mine) as a,
        sqlite_house.client.ws_connect("/api/v1/live", headers=others) as b,
    ):
        await _next(a, "state")
        await _next(b, "state")
        await sqlite_house.control.say("screen", {"extension": "801", "case": "c1", "role": "A"})
        await sqlite_house.control.seat(stories.seat_json("801", "reserved", case="c1"))
        assert [(await _next(a))["kind"] for _ in range(2)] == ["screen", "seat"]
        assert (await _next(b))["kind"] == "seat"


async def test_without_the_right_cases_stay_unseen(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client, "keeper")
    async with sqlite_house.client.ws_connect("/api/v1/live", headers=headers) as socket:
        state = await _next(socket)
        await sqlite_house.control.case(stories.case_json(stories.ringing()))
        await sqlite_house.control.seat(stories.seat_json("801"))
        assert (await _next(socket))["kind"] == "seat"
    assert state["data"]["cases"] == []
    await sqlite_house.control.case(stories.case_json(stories.ringing()))
    async with sqlite_house.client.ws_connect("/api/v1/live", headers=headers) as socket:
        assert (await _next(socket, "state"))["data"]["cases"] == []


async def test_a_controller_that_comes_back_is_read_afresh(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    await sqlite_house.control.case(stories.case_json(stories.ringing("before")))
    await sqlite_house.until(lambda: "before" in sqlite_house.app[MIRROR].cases)
    async with sqlite_house.client.ws_connect("/api/v1/live", headers=headers) as socket:
        await _next(socket, "state")
        await sqlite_house.control.stop()
        assert (await _next(socket, "controller"))["data"] == {"reachable": False}
        sqlite_house.control.cases = {"after": stories.case_json(stories.ringing("after"))}
        sqlite_house.control.seq = 0
        await sqlite_house.control.start()
        state = await _next(socket, "state")
    assert [case["id"] for case in state["data"]["cases"]] == ["after"]
    assert set(sqlite_house.app[MIRROR].cases) == {"after"}


async def test_a_message_that_nobody_understands_does_not_end_the_mirror(sqlite_house: House) -> None:
    await sqlite_house.control.say("case", {"id": 7})
    await sqlite_house.until(lambda: not sqlite_house.app[MIRROR].reachable)
    await sqlite_house.until(lambda: sqlite_house.app[MIRROR].reachable)
    await sqlite_house.control.case(stories.case_json(stories.ringing()))
    await sqlite_house.until(lambda: "c1" in sqlite_house.app[MIRROR].cases)


async def test_the_screen_follows_the_seat(sqlite_house: House) -> None:
    mirror, control = sqlite_house.app[MIRROR], sqlite_house.control
    ringing = stories.ringing()
    await control.case(stories.case_json(ringing))
    await control.say("screen", {"extension": "801", "case": "c1", "role": "A"})
    await sqlite_house.until(lambda: mirror.on_screen("801") is not None)
    await control.seat(stories.seat_json("801", "ready"))
    await sqlite_house.until(lambda: mirror.on_screen("801") is None)
    talking = stories.talking(ringing)
    await control.case(stories.case_json(talking))
    await control.seat(stories.seat_json("801", "wrap_up"))
    await sqlite_house.until(lambda: mirror.on_screen("801") is not None)
    await control.close_case(stories.case_json(stories.closed(talking)))
    await sqlite_house.until(lambda: mirror.on_screen("801") is None)
    assert mirror.cases == {}


def test_a_slow_client_is_dropped_and_the_others_are_not() -> None:
    feed = Feed()
    with feed.subscribed(lambda _: True) as slow, feed.subscribed(lambda m: m.kind == "case") as quick:
        for number in range(QUEUE + 1):
            feed.publish("seat", {"number": number})
        assert slow.dropped.is_set()
        assert not quick.dropped.is_set()


@given(st.lists(st.sampled_from(["case", "seat"]), max_size=KEPT + 50), st.integers(0, 100))
def test_whoever_resumes_misses_nothing_or_is_told(kinds: list[str], back: int) -> None:
    feed = Feed()
    told: list[Message] = []
    with feed.subscribed(lambda message: bool(told.append(message)) or False):
        for kind in kinds:
            feed.publish(kind, {}, Audience())
    after = feed.seq - back
    missed = feed.missed(after)
    expected = [message for message in told if message.seq > after]
    if back > len(kinds):
        assert missed is None
    else:
        assert missed == expected


async def test_the_figures_count_live_clients(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    gauge = sqlite_house.app[METRICS].live_clients
    async with sqlite_house.client.ws_connect("/api/v1/live", headers=headers) as socket:
        await _next(socket, "state")
        assert _value(gauge) == 1
    await sqlite_house.until(lambda: _value(gauge) == 0)


def _value(gauge: Any) -> float:
    found: float = gauge.collect()[0].samples[0].value
    return found


async def test_a_case_that_was_just_closed_can_still_be_read(sqlite_house: House) -> None:
    """Closing is told at once; the records may follow a moment later."""
    headers = await bearer(sqlite_house.client)
    talking = stories.talking(stories.ringing())
    await sqlite_house.control.case(stories.case_json(talking))
    await sqlite_house.control.close_case(stories.case_json(stories.closed(talking)))
    await sqlite_house.until(lambda: sqlite_house.app[MIRROR].just_closed("c1") is not None)
    async with sqlite_house.client.get("/api/v1/cases/c1", headers=headers) as answer:
        assert (answer.status, (await answer.json())["state"]) == (200, "closed")
