"""The way of the page's phone to Asterisk: only for an agent with a seat, both ways, one page for each seat."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from home.secrets import Secrets, SecretsError
from home.settings import Settings
from models.seats import Seat
from tests.web.conftest import House, bearer, build, log_in
from web.api.phone import LARGEST_MESSAGE, TAKEN_OVER
from web.ice import Servers
from web.keys import PHONES, SOCKETS

SOCKET = "/api/v1/phone/socket"


class Exchange:
    """Asterisk's WebSocket, as far as SIP over it is concerned: says back what it hears."""

    def __init__(self) -> None:
        self.lines: list[web.WebSocketResponse] = []
        app = web.Application()
        app.router.add_get("/ws", self._line)
        self.server = TestServer(app)

    async def _line(self, request: web.Request) -> web.WebSocketResponse:
        assert request.headers["Sec-WebSocket-Protocol"] == "sip"
        line = web.WebSocketResponse(protocols=("sip",))
        await line.prepare(request)
        self.lines.append(line)
        async for message in line:
            if message.type is WSMsgType.TEXT:
                await line.send_str(message.data)
            else:
                await line.send_bytes(message.data)
        return line


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[Exchange]:
    one = Exchange()
    await one.server.start_server()
    yield one
    await one.server.close()


@pytest_asyncio.fixture
async def place(sqlite_url: str, tmp_path: object, exchange: Exchange) -> AsyncIterator[House]:
    async for built in build(sqlite_url, tmp_path, YJT_ARI_PORT=str(exchange.server.port)):  # type: ignore[arg-type]
        yield built


async def _ended(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(5):
        while not (await socket.receive()).type.name.startswith("CLOS"):
            pass
    return socket.close_code


async def test_an_agent_is_told_the_line_of_their_own_seat_and_no_password_of_a_telephone(place: House) -> None:
    told = {}
    for agent in ("agent801", "agent802"):
        answer = await place.client.get("/api/v1/phone", headers=await bearer(place.client, agent))
        assert answer.headers["Cache-Control"] == "no-store"
        told[agent] = await answer.json()
    assert [line["user"] for line in told.values()] == ["801-page", "802-page"]
    async with place.db.read() as session:
        telephones = set(await session.scalars(select(Seat.sip_password)))
    assert len({line["password"] for line in told.values()} | telephones) == 4
    answer = await place.client.get("/api/v1/phone", headers=await bearer(place.client, "lead"))
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "no_seat")


async def test_what_is_said_passes_both_ways_and_the_newest_page_has_the_phone(
    place: House, exchange: Exchange
) -> None:
    headers = await bearer(place.client)
    async with place.client.ws_connect(SOCKET, headers=headers, protocols=("sip",)) as first:
        assert first.protocol == "sip"
        await first.send_str("REGISTER")
        assert (await first.receive_str()) == "REGISTER"
        await first.send_bytes(b"\0" * 1000)
        assert (await first.receive_bytes()) == b"\0" * 1000
        async with place.client.ws_connect(SOCKET, headers=headers, protocols=("sip",)) as second:
            assert await _ended(first) == TAKEN_OVER
            await second.send_str("REGISTER again")
            assert (await second.receive_str()) == "REGISTER again"
            await exchange.lines[-1].close()  # Asterisk stops
            assert await _ended(second) == 1013
    await place.until(lambda: not place.app[PHONES] and not place.app[SOCKETS], "both to be gone")


async def test_who_sends_too_much_is_cut_off(place: House) -> None:
    headers = await bearer(place.client)
    async with place.client.ws_connect(SOCKET, headers=headers, protocols=("sip",)) as page:
        await page.send_str("x" * (LARGEST_MESSAGE + 1))
        assert await _ended(page) == 1009


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("reader", 403), ("lead", 404)])
async def test_nobody_else_comes_to_the_exchange(place: House, exchange: Exchange, who: str, status: int) -> None:
    headers = {} if who == "nobody" else await bearer(place.client, who)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await place.client.ws_connect(SOCKET, headers=headers, protocols=("sip",))
    assert (refused.value.status, exchange.lines) == (status, [])


async def test_another_site_does_not_reach_it_with_an_agents_cookies(place: House, exchange: Exchange) -> None:
    await log_in(place.client)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await place.client.ws_connect(SOCKET, headers={"Origin": "https://elsewhere.example"}, protocols=("sip",))
    assert (refused.value.status, exchange.lines) == (403, [])


async def test_an_exchange_that_is_away_is_said(place: House, exchange: Exchange) -> None:
    await exchange.server.close()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await place.client.ws_connect(SOCKET, headers=await bearer(place.client), protocols=("sip",))
    assert refused.value.status == 503


async def test_the_page_is_handed_servers_and_a_log_in_that_ends(sqlite_url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    Secrets.load_or_create(home)
    with (home / "secrets.toml").open("a") as file:
        file.write('turn_secret = "shared-with-turn"\n')
    where = {"YJT_STUN": "192.0.2.9", "YJT_TURN": "192.0.2.9:5349"}
    async for place in build(sqlite_url, tmp_path, **where):
        answer = await place.client.get("/api/v1/phone", headers=await bearer(place.client))
        stun, turn = (await answer.json())["ice_servers"]
        assert stun == {"urls": ["stun:192.0.2.9:3478"], "username": None, "credential": None}
        assert turn["urls"] == ["turn:192.0.2.9:5349?transport=udp", "turn:192.0.2.9:5349?transport=tcp"]
        until, who = turn["username"].split(":", 1)
        assert (23 * 3600 < int(until) - time.time() <= 24 * 3600, who) == (True, "user:1")
        proof = hmac.digest(b"shared-with-turn", turn["username"].encode(), "sha1")
        assert base64.b64decode(turn["credential"]) == proof


def test_a_turn_server_without_its_secret_is_refused() -> None:
    with pytest.raises(SecretsError, match=r"YJT_TURN.*turn_secret"):
        Servers.of(Settings.load({"YJT_TURN": "192.0.2.9"}), Secrets())
    assert Servers.of(Settings.load({}), Secrets()).handed_out("user:1", 0) == []
