"""The one ordered stream: what is in it, in which order, over all the ways in which a link can end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import pytest

from ari_app.ari import Client, Connected, Disconnected, MalformedEvent, NotConnected, Resynced, UnknownEvent
from ari_app.ari.connection import Timing
from ari_app.ari.generated.events import ApplicationReplaced, ChannelDestroyed, ChannelVarset
from ari_app.ari.messages import StreamItem
from tests.unit.ari.fake_asterisk import FakeAsterisk, channel, cut, event, varset

_T = TypeVar("_T", bound=StreamItem)


async def take(client: Client, count: int) -> list[StreamItem]:
    stream = client.events()
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


async def take_until(client: Client, kind: type[_T]) -> tuple[list[StreamItem], _T]:
    """What came before the first `kind`, and it."""
    before: list[StreamItem] = []
    async with asyncio.timeout(8):
        async for item in client.events():
            if isinstance(item, kind):
                return before, item
            before.append(item)
    raise AssertionError(f"the stream ended before {kind.__name__}")


def numbers(items: list[StreamItem]) -> list[int]:
    return [int(item.value) for item in items if isinstance(item, ChannelVarset)]


def test_a_link_that_dies_without_a_word_is_noticed_within_five_seconds() -> None:
    timing = Timing()
    assert timing.ping_interval + timing.ping_timeout < 5


async def test_the_picture_comes_first(asterisk: FakeAsterisk, client: Client) -> None:
    connected, resynced = await take(client, 2)

    assert connected == Connected()
    assert isinstance(resynced, Resynced)
    assert resynced.channels == ()
    assert resynced.application.name == "test-1"
    assert resynced.started == datetime.fromisoformat(asterisk.startup_time)


async def test_events_keep_their_order(asterisk: FakeAsterisk, client: Client) -> None:
    await asterisk.say(*(varset(n) for n in range(500)))

    assert numbers(await take(client, 502)) == list(range(500))


async def test_what_happens_during_the_picture_follows_it(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    asterisk.channels = [channel("c-1")]
    asterisk.before_snapshot = [varset(1), varset(2)]
    async with new_client() as client:
        items = await take(client, 4)

    assert [type(item) for item in items] == [Connected, Resynced, ChannelVarset, ChannelVarset]
    assert numbers(items) == [1, 2]


async def test_what_cannot_be_read_is_delivered_and_costs_nothing_else(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)
    await asterisk.say(
        "{not json",
        "[1]",
        event("BrandNew", what=1),
        event("ChannelDestroyed", channel=channel()),
        event("ChannelVarset", variable="N", value="1", brand_new_field={}),
    )

    items = await take(client, 5)

    assert items[0] == MalformedEvent("a frame is not JSON", "{not json")
    assert items[1] == MalformedEvent("an event must be an object with a type", [1])
    assert items[2] == UnknownEvent("BrandNew", event("BrandNew", what=1))
    assert isinstance(items[3], MalformedEvent)
    assert items[3].problem == "ChannelDestroyed.cause is missing"
    assert numbers(items) == [1]


async def test_a_channel_that_cannot_be_read_does_not_spoil_the_picture(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    asterisk.channels = [{"id": "broken"}, channel("c-1")]
    async with new_client() as client:
        _, resynced, malformed = await take(client, 3)

    assert isinstance(resynced, Resynced)
    assert [c.id for c in resynced.channels] == ["c-1"]
    assert isinstance(malformed, MalformedEvent)


async def test_a_lost_link_is_told_and_made_good(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)
    await client.subscribe("channel:c-1", "endpoint:PJSIP/801")
    await asterisk.say(varset(1))
    await take(client, 1)
    asterisk.subscribed.clear()
    asterisk.channels = [channel("c-7")]

    cut(asterisk.sockets[-1])

    items = await take(client, 3)
    assert [type(item) for item in items] == [Disconnected, Connected, Resynced]
    assert isinstance(items[2], Resynced)
    assert [c.id for c in items[2].channels] == ["c-7"]
    assert asterisk.subscribed == ["channel:c-1", "endpoint:PJSIP/801"]


async def test_what_asterisk_no_longer_knows_is_reported_and_forgotten(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)
    await client.subscribe("channel:gone", "channel:here", "endpoint:PJSIP/801")
    asterisk.subscribed.clear()
    asterisk.unknown_sources = {"channel:gone", "endpoint:PJSIP/801"}

    cut(asterisk.sockets[-1])

    _, resynced = await take_until(client, Resynced)
    assert resynced.lost == ("channel:gone", "endpoint:PJSIP/801")
    assert resynced.application.channel_ids == ("here",)
    assert client.subscriptions == ("channel:here", "endpoint:PJSIP/801")


async def test_a_subscription_that_stands_is_not_made_twice(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)
    await client.subscribe("channel:c-1")

    cut(asterisk.sockets[-1])
    await take_until(client, Resynced)

    assert asterisk.subscribed == ["channel:c-1"]


async def test_a_destroyed_channel_is_forgotten(asterisk: FakeAsterisk, client: Client) -> None:
    await client.subscribe("channel:c-1", "channel:c-2")

    await asterisk.say(event("ChannelDestroyed", cause=16, cause_txt="Normal", channel=channel("c-1")))
    await take_until(client, ChannelDestroyed)

    assert client.subscriptions == ("channel:c-2",)


async def test_a_clean_goodbye_is_a_disconnect_too(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)

    await asterisk.sockets[-1].close()

    _, gone = await take_until(client, Disconnected)
    assert gone.reason == "the link ended (code 1000)"
    assert not gone.final
    await take_until(client, Resynced)


async def test_a_link_that_breaks_during_the_picture_starts_over(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    asterisk.snapshot_may_go.clear()
    async with new_client() as client:
        async with asyncio.timeout(5):
            await asterisk.snapshot_asked.wait()
        cut(asterisk.sockets[-1])
        asterisk.snapshot_may_go.set()
        items, _ = await take_until(client, Resynced)

    assert [type(item) for item in items] == [Connected, Disconnected, Connected]


async def test_a_picture_that_takes_too_long_starts_over(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    asterisk.snapshot_may_go.clear()
    async with new_client(resync_timeout=0.1) as client:
        _, gone = await take_until(client, Disconnected)
        assert "the picture could not be taken" in gone.reason
        asterisk.snapshot_may_go.set()
        await client.ready(5)


async def test_a_dead_link_is_noticed_within_five_seconds(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)
    clock = asyncio.get_running_loop().time
    asterisk.pongs = False
    begun = clock()

    _, gone = await take_until(client, Disconnected)

    assert clock() - begun < 5.0
    assert "silent" in gone.reason
    asterisk.pongs = True
    await take_until(client, Resynced)


async def test_events_are_a_sign_of_life(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    asterisk.pongs = False
    async with new_client(ping_interval=0.2, ping_timeout=0.8) as client:
        await take(client, 2)
        for number in range(12):
            await asterisk.say(varset(number))
            await asyncio.sleep(0.15)  # longer than a ping's patience in all; each event renews it
        assert numbers(await take(client, 12)) == list(range(12))


async def test_a_deaf_link_is_dropped(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    async with new_client(echo_interval=0.1) as client:
        await take(client, 2)
        asterisk.echoes = False
        _, gone = await take_until(client, Disconnected)
        assert "sent no event" in gone.reason


async def test_an_echo_is_not_told(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    async with new_client(echo_interval=0.05) as client:
        await client.ready(5)
        async with asyncio.timeout(5):
            for _ in range(3):
                await asterisk.user_events.get()
        await asterisk.say(varset(1))
        assert [type(item) for item in await take(client, 3)] == [Connected, Resynced, ChannelVarset]
        assert len(asterisk.sockets) == 1


async def test_a_consumer_too_far_behind_loses_the_link_not_an_event(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    async with new_client(queue_size=50) as client:
        await client.ready(5)
        await asterisk.say(*(varset(n) for n in range(500)))
        async with asyncio.timeout(5):
            await asterisk.ends.get()
        await asyncio.sleep(0.2)  # ample for a reconnection, which must not come
        assert len(asterisk.sockets) == 1, "no new link while the consumer sleeps"

        items, gone = await take_until(client, Disconnected)

        assert numbers(items) == list(range(48))
        assert "50 events behind" in gone.reason
        await take_until(client, Resynced)
        await asterisk.say(varset(777))
        assert numbers(await take(client, 1)) == [777]


async def test_a_flood_during_the_picture_counts_as_well(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    asterisk.before_snapshot = [varset(n) for n in range(100)]
    asterisk.snapshot_may_go.clear()
    async with new_client(queue_size=50) as client:
        _, gone = await take_until(client, Disconnected)
        assert "50 events behind" in gone.reason
        asterisk.before_snapshot = []
        asterisk.snapshot_may_go.set()
        await take_until(client, Resynced)


async def test_a_replaced_application_ends_for_good(asterisk: FakeAsterisk, client: Client) -> None:
    await take(client, 2)

    await asterisk.say(event("ApplicationReplaced"), varset(1))

    async with asyncio.timeout(5):
        items = [item async for item in client.events()]
    assert [type(item) for item in items] == [ApplicationReplaced, Disconnected]
    assert isinstance(items[1], Disconnected)
    assert items[1].final
    assert len(asterisk.sockets) == 1


async def test_an_own_ghost_is_no_other_client(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    """An Asterisk that wakes up carries out handshakes that were given up while it slept."""
    asterisk.handshake_may_go.clear()
    async with new_client(resync_timeout=0.2) as client:
        with pytest.raises(NotConnected, match="did not take the WebSocket in time"):
            await client.ready(0.3)
        asterisk.handshake_may_go.set()
        await take_until(client, Resynced)

        await asterisk.say(event("ApplicationReplaced"))

        _, gone = await take_until(client, Disconnected)
        assert not gone.final
        await take_until(client, Resynced)


async def test_closing_ends_the_stream(asterisk: FakeAsterisk, client: Client) -> None:
    await asterisk.say(varset(1))
    await client.asterisk.rotateLog(logChannelName="x")  # answered after the event was sent

    await client.close()

    async with asyncio.timeout(5):
        items = [item async for item in client.events()]
    assert numbers(items) == [1]
    assert items[-1] == Disconnected("the client was closed", final=True)


async def test_a_second_consumer_is_refused(client: Client) -> None:
    await take(client, 2)
    first = asyncio.create_task(anext(client.events()))  # type: ignore[arg-type]
    await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="one place"):
        await anext(client.events())

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_a_server_that_accepts_and_closes_is_not_hammered(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    asterisk.close_at_once = True
    async with new_client():
        await asyncio.sleep(0.5)  # a fixed window: the number of attempts in it is what is tested

    assert 2 <= len(asterisk.sockets) <= 12


async def test_an_asterisk_that_starts_later_is_found(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    await asterisk.stop()
    async with new_client() as client:
        await asyncio.sleep(0.05)
        await asterisk.start()
        await client.ready(5)
