"""What consoles see live: no message lost, none twice, nobody waits for a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from ari_app.bus import LISTENER_QUEUE, REMEMBERED, Bus, Message, TooSlow

VIRTUAL_TIME = True


def counting(first: int = 0) -> Bus:
    """A bus whose picture says which message it was taken after."""
    bus = Bus(lambda: str(bus.seq), first=first)
    return bus


def say(bus: Bus, count: int) -> None:
    for _ in range(count):
        bus.publish("case", bus.seq + 1)


async def take(messages: AsyncIterator[Message], count: int) -> list[Message]:
    return [await asyncio.wait_for(anext(messages), 1) for _ in range(count)]


async def take_all(messages: AsyncIterator[Message], keep: Callable[[int], None]) -> None:
    """Until it breaks off."""
    async for message in messages:
        keep(message.seq)


async def rest(messages: AsyncIterator[Message]) -> list[int]:
    """All that is there, then nothing for a second."""
    found = []
    while True:
        try:
            found.append((await asyncio.wait_for(anext(messages), 1)).seq)
        except (TimeoutError, StopAsyncIteration):
            return found


async def test_messages_are_numbered() -> None:
    bus = counting(first=41)
    with bus.listen(None) as messages:
        say(bus, 2)
        picture, *following = await take(messages, 3)
    assert (picture.kind, picture.seq, picture.data) == ("state", 41, 41)
    assert [(m.kind, m.seq, m.data) for m in following] == [("case", 42, 42), ("case", 43, 43)]
    assert following[0].as_json() == {"seq": 42, "kind": "case", "data": 42}


@pytest.mark.parametrize("after", [3, 5, 9, 10])
async def test_who_comes_back_goes_on_behind_the_number(after: int) -> None:
    bus = counting()
    say(bus, 10)
    with bus.listen(after) as messages:
        say(bus, 2)
        assert await rest(messages) == list(range(after + 1, 13))


async def test_zero_is_the_beginning() -> None:
    bus = counting(first=1_000)
    say(bus, 3)
    with bus.listen(0) as messages:
        assert await rest(messages) == [1_001, 1_002, 1_003]


@pytest.mark.parametrize("after", [None, 5, REMEMBERED + 99, -1])
async def test_who_was_away_too_long_gets_the_picture_first(after: int | None) -> None:
    """Also one who knows a number that we have not said yet, and a new one."""
    bus = counting()
    say(bus, REMEMBERED + 10)
    with bus.listen(after) as messages:
        say(bus, 1)
        picture, following = await take(messages, 2)
    assert (picture.kind, picture.data) == ("state", REMEMBERED + 10)
    assert following.seq == picture.seq + 1


async def test_the_oldest_that_is_remembered_can_be_resumed_behind() -> None:
    bus = counting()
    say(bus, REMEMBERED + 10)
    with bus.listen(10) as messages:
        assert await rest(messages) == list(range(11, REMEMBERED + 11))
    with bus.listen(9) as messages:
        assert (await take(messages, 1))[0].kind == "state"


async def test_a_number_of_a_former_boot_is_never_taken_for_one_of_now() -> None:
    before, now = counting(first=1_000), counting(first=5_000)
    say(before, 50)
    say(now, 60)
    with now.listen(before.seq) as messages:
        picture, *_ = await take(messages, 1)
    assert (picture.kind, picture.seq) == ("state", 5_060)


async def test_a_slow_listener_is_cut_off_and_loses_nothing_by_it() -> None:
    bus = counting()
    seen: list[int] = []
    with bus.listen(None) as slow:
        seen += [m.seq for m in await take(slow, 1)]
        say(bus, 3)
        seen += [m.seq for m in await take(slow, 3)]
        say(bus, LISTENER_QUEUE + 1)
        with pytest.raises(TooSlow):
            await take_all(slow, seen.append)
    with bus.listen(seen[-1]) as again:
        seen += await rest(again)
    assert seen == list(range(LISTENER_QUEUE + 5))


async def test_nobody_waits_for_a_slow_one() -> None:
    bus = counting()
    with bus.listen(None), bus.listen(None) as quick:
        for _ in range(LISTENER_QUEUE + 10):
            say(bus, 1)
            await take(quick, 1)
        assert (await take(quick, 1))[0].seq == bus.seq


async def test_who_has_left_is_not_spoken_to() -> None:
    bus = counting()
    with bus.listen(None):
        assert len(bus._listeners) == 1
    assert not bus._listeners
    say(bus, 1)
