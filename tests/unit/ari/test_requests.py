"""One request and its answer, over both transports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from ari_app.ari import (
    Client,
    Conflict,
    Connected,
    InvalidParameter,
    LinkLost,
    MalformedMessage,
    NotConnected,
    NotFound,
    RequestTimeout,
    RequestTooLarge,
    ServerError,
    Unauthorized,
    Unprocessable,
)
from tests.unit.ari.fake_asterisk import FakeAsterisk, accept, channel, response


async def test_a_command_is_spelt_as_asterisk_wants_it(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: response(frame, 200, channel("c-9"))

    made = await client.channels.originate(
        endpoint="Local/1@test", app="test-1", channelId="c-9", timeout=20, variables={"A": "中"}
    )

    assert made.id == "c-9"
    frame = await asterisk.requests.get()
    assert frame["method"] == "POST"
    assert frame["uri"] == "channels"
    assert {q["name"]: q["value"] for q in frame["query_strings"]} == {
        "endpoint": "Local/1@test",
        "app": "test-1",
        "channelId": "c-9",
        "timeout": "20",
    }
    assert json.loads(frame["message_body"]) == {"variables": {"A": "中"}}


async def test_lists_are_joined_and_booleans_are_words(asterisk: FakeAsterisk, client: Client) -> None:
    await client.bridges.addChannel(bridgeId="b-1", channel=["a", "b"], mute=True)

    frame = await asterisk.requests.get()
    assert frame["query_strings"] == [{"name": "channel", "value": "a,b"}, {"name": "mute", "value": "true"}]


async def test_a_value_with_commas_stays_one_value(asterisk: FakeAsterisk, client: Client) -> None:
    await client.bridges.addChannel(bridgeId="b-1", channel="a,b", role="x,y")
    await client.over_http().bridges.addChannel(bridgeId="b-1", channel=["(a", 'b"'])

    frame = await asterisk.requests.get()
    assert json.loads(frame["message_body"]) == {"channel": ["a,b"]}
    assert frame["query_strings"] == [{"name": "role", "value": "x,y"}]
    assert asterisk.http_requests[-1][2] == {"channel": ["(a", 'b"']}


async def test_a_handle_is_the_resource_with_the_id(asterisk: FakeAsterisk, client: Client) -> None:
    await client.channel("a/b 中").hangup(reason="busy")

    frame = await asterisk.requests.get()
    assert (frame["method"], frame["uri"]) == ("DELETE", "channels/a%2Fb%20%E4%B8%AD")


async def test_an_empty_id_is_refused_before_it_means_another_path(client: Client) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        await client.channel("").hangup()


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InvalidParameter), (404, NotFound), (409, Conflict), (422, Unprocessable), (500, ServerError)],
)
async def test_a_refusal_is_the_fitting_error(
    asterisk: FakeAsterisk, client: Client, status: int, error: type[Exception]
) -> None:
    asterisk.answer = lambda frame: response(frame, status, {"message": "because"}, reason="No")

    with pytest.raises(error, match=f"POST /channels/c-1/answer was answered {status} No: because"):
        await client.channel("c-1").answer()


async def test_error_texts_hold_no_parameters(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: response(frame, 400)

    with pytest.raises(InvalidParameter) as refusal:
        await client.channels.originate(endpoint="PJSIP/000111@trunk", callerId="secret <000>")

    assert "000" not in str(refusal.value)


async def test_each_request_has_a_deadline(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: None

    with pytest.raises(RequestTimeout, match=r"no answer within 0\.05 s"):
        await client.within(0.05).channel("c-1").answer()


async def test_a_late_answer_goes_to_nobody(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: None
    with pytest.raises(RequestTimeout):
        await client.within(0.05).channel("c-1").answer()
    late = await asterisk.requests.get()

    asterisk.answer = accept
    await asterisk.say(response(late, 404))

    await client.channel("c-2").answer()


async def test_answers_find_their_requests_in_any_order(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: None
    first = asyncio.create_task(client.channels.get(channelId="c-1"))
    second = asyncio.create_task(client.channels.get(channelId="c-2"))
    frames = [await asterisk.requests.get(), await asterisk.requests.get()]

    for frame in reversed(frames):
        await asterisk.say(response(frame, 200, channel(frame["uri"].split("/")[1])))

    assert (await first).id == "c-1"
    assert (await second).id == "c-2"


async def test_an_answer_without_id_belongs_to_the_oldest_request(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: None
    first = asyncio.create_task(client.channel("c-1").answer())
    second = asyncio.create_task(client.channel("c-2").answer())
    frames = [await asterisk.requests.get(), await asterisk.requests.get()]

    await asterisk.say({**response(frames[0], 400, reason="Failed to parse"), "request_id": ""})
    await asterisk.say(response(frames[1], 204))

    with pytest.raises(InvalidParameter, match="Failed to parse"):
        await first
    await second


async def test_an_answer_without_id_is_not_given_to_a_younger_request_than_the_expired_one(
    asterisk: FakeAsterisk, client: Client
) -> None:
    asterisk.answer = lambda frame: None
    with pytest.raises(RequestTimeout):
        await client.within(0.05).channel("c-1").answer()
    expired = await asterisk.requests.get()
    younger = asyncio.create_task(client.channel("c-2").answer())
    frame = await asterisk.requests.get()

    await asterisk.say({**response(expired, 400), "request_id": ""}, response(frame, 204))

    await younger


async def test_a_cancelled_request_leaves_the_link_whole(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: None
    asked = asyncio.create_task(client.channel("c-1").answer())
    await asterisk.requests.get()

    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)

    asterisk.answer = accept
    await client.channel("c-2").answer()


async def test_a_senseless_answer_is_said_to_be_one(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: response(frame, 200, {"id": 7})

    with pytest.raises(MalformedMessage, match=r"Channel\.id: must be str, not int"):
        await client.channels.get(channelId="c-1")


async def test_ten_kilobytes_of_any_characters_arrive(asterisk: FakeAsterisk, client: Client) -> None:
    name = ('"\\\x01' + "😀中") * 1000

    await client.channel("c-1").setChannelVar(variable="NAME", value=name)
    await client.over_http().channel("c-1").setChannelVar(variable="NAME", value=name)

    frame = await asterisk.requests.get()
    assert frame["query_strings"][1]["value"] == name
    assert asterisk.http_requests[-1] == ("POST", "channels/c-1/variable", {"variable": "NAME", "value": name})


async def test_what_asterisk_would_not_read_is_not_sent(asterisk: FakeAsterisk, client: Client) -> None:
    with pytest.raises(RequestTooLarge):
        await client.channel("c-1").setChannelVar(variable="NAME", value="x" * 70_000)
    with pytest.raises(RequestTooLarge):
        await client.over_http().channel("c-1").setChannelVar(variable="NAME", value="x" * 70_000)
    with pytest.raises(InvalidParameter, match="NUL"):
        await client.over_http().channel("c-1").setChannelVar(variable="NAME", value="a\0b")
    assert asterisk.requests.empty()


async def test_http_carries_the_same_commands(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    async with new_client(transport="http") as client:
        await client.bridge("b-1").addChannel(channel=["c 1", "c+2"], role="a&b")

    assert ("POST", "bridges/b-1/addChannel", {"channel": "c 1,c+2", "role": "a&b"}) in asterisk.http_requests
    assert asterisk.requests.empty()


async def test_http_needs_no_application(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    async with new_client(app=None) as client:
        assert await client.channels.list() == ()
        with pytest.raises(RuntimeError, match="give an `app`"):
            client.events()


async def test_http_says_when_nobody_listens(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    await asterisk.stop()
    async with new_client(app=None) as client:
        with pytest.raises(NotConnected, match="nobody answers at 127"):
            await client.channels.list()


async def test_http_has_deadlines_too(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.snapshot_may_go.clear()
    with pytest.raises(RequestTimeout):
        await client.over_http(0.05).channels.list()


async def test_a_wrong_password_is_told_at_once(asterisk: FakeAsterisk, new_client: Callable[..., Client]) -> None:
    async with new_client(password="wrong") as client:
        with pytest.raises(Unauthorized):
            await client.ready(5)
        with pytest.raises(Unauthorized):
            await client.over_http().channels.list()


async def test_a_corrected_password_is_taken_without_a_new_client(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    async with new_client(password="new") as client:
        with pytest.raises(Unauthorized):
            await client.ready(5)
        asterisk.password = "new"
        async with asyncio.timeout(5):
            assert await anext(client.events()) == Connected()
        await client.ready(5)


async def test_link_loss_fails_what_waits_and_what_comes(asterisk: FakeAsterisk, client: Client) -> None:
    asterisk.answer = lambda frame: None
    waiting = [asyncio.create_task(client.channel(f"c-{n}").answer()) for n in range(3)]
    for _ in waiting:
        await asterisk.requests.get()

    await asterisk.stop()

    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [LinkLost] * 3
    with pytest.raises(NotConnected):
        await client.channel("c-9").answer()


async def test_a_closed_client_refuses(new_client: Callable[..., Client]) -> None:
    client = new_client()
    with pytest.raises(NotConnected, match="use `async with"):
        await client.channel("c-1").answer()
    async with client:
        await client.ready(5)
    with pytest.raises(NotConnected):
        await client.channel("c-1").answer()
    with pytest.raises(RuntimeError, match="used once"):
        await client.__aenter__()


@pytest.mark.parametrize("url", ["127.0.0.1:8088", "ws://x", "http://u:p@127.0.0.1:8088", "http://127.0.0.1?app=1"])
def test_a_wrong_address_is_explained(url: str) -> None:
    with pytest.raises(ValueError, match="address of ARI"):
        Client(url, username="u", password="p")


async def test_each_request_is_measured_whatever_the_answer(
    asterisk: FakeAsterisk, new_client: Callable[..., Client]
) -> None:
    measured: list[tuple[float, bool]] = []
    answers = {"a": 204, "b": 404}
    asterisk.answer = lambda frame: response(frame, status) if (status := answers.get(frame["uri"][-8])) else None
    async with new_client(measured=lambda *one: measured.append(one), request_timeout=0.2) as client:
        await client.ready(5)
        await client.channel("a").answer()
        with pytest.raises(NotFound):
            await client.channel("b").answer()
        with pytest.raises(RequestTimeout):
            await client.channel("c").answer()
    assert [answered for _, answered in measured] == [True, True, False]
    assert all(0 <= seconds < 0.2 for seconds, _ in measured[:2])
    assert measured[2][0] >= 0.2
