"""The phone in the agent's page: which line it registers as, and the way to Asterisk.

Asterisk's own WebSocket listens on this machine only; browsers come through here, so one address, one certificate and
one log-in serve everything. What is said goes between browser and Asterisk directly (DTLS-SRTP) and never through here.
"""

import asyncio
import time
from contextlib import suppress
from typing import Final

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web
from sqlalchemy import select

from home.asterisk import page_password, page_phone
from models.database import DatabaseUnavailable
from models.seats import Seat
from web.api.kit import Operations, Output, answer
from web.api.live import HEARTBEAT, LOGGED_OUT, RECHECK, still_welcome
from web.guard import account_of
from web.ice import IceServer
from web.keys import DATABASE, ICE, PHONES, SETTINGS, SOCKETS
from web.problems import NotFound, Unavailable
from web.rights import Right

operations = Operations("phone")
SIP: Final = "sip"  # RFC 7118
LARGEST_MESSAGE: Final = 64 * 1024
CONNECT_WITHIN: Final = 3.0
GOODBYE_WITHIN: Final = 1.0
TAKEN_OVER: Final = 4409  # this seat's phone was opened elsewhere


class Line(Output):
    """How the page registers; `password` opens this line only, and only through `/phone/socket`. `ice_servers`: whom it
    asks for a way for its sound; what they are asked with is good for a day, so ask for it again within."""

    extension: str
    user: str
    password: str
    ice_servers: list[IceServer]


@operations(
    "GET", "/phone", "The line of one's own seat for a phone in the page", right=Right.HANDLE_CASES, result=Line
)
async def get_line(request: web.Request) -> web.StreamResponse:
    extension = _own_seat(request)
    async with request.app[DATABASE].read() as session:
        password = await session.scalar(select(Seat.sip_password).where(Seat.extension == extension))
    if password is None:
        raise NotFound("problem.no_seat")
    servers = request.app[ICE].handed_out(account_of(request).actor, time.time())
    return answer(
        Line(
            extension=extension,
            user=page_phone(extension),
            password=page_password(password),
            ice_servers=servers,
        )
    )


@operations("GET", "/phone/socket", "SIP over WebSocket (RFC 7118) for that line", right=Right.HANDLE_CASES, status=101)
async def socket(request: web.Request) -> web.StreamResponse:
    """The newest page has the phone: one that was open before, perhaps on another desk, is told so and lets go."""
    extension, phones = _own_seat(request), request.app[PHONES]
    async with aiohttp.ClientSession() as http:
        exchange = await _connect(http, request)
        page = web.WebSocketResponse(
            protocols=(SIP,), heartbeat=HEARTBEAT, max_msg_size=LARGEST_MESSAGE, timeout=GOODBYE_WITHIN
        )
        await page.prepare(request)
        before, phones[extension] = phones.get(extension), page
        request.app[SOCKETS].add(page)
        try:
            if before is not None:
                await before.close(code=TAKEN_OVER, message=b"opened elsewhere")
            await _pass_on(request, page, exchange)
        finally:
            request.app[SOCKETS].discard(page)
            if phones.get(extension) is page:
                del phones[extension]
            await exchange.close()
    return page


def _own_seat(request: web.Request) -> str:
    seat = account_of(request).seat
    if seat is None:
        raise NotFound("problem.no_seat")
    return seat


async def _connect(http: aiohttp.ClientSession, request: web.Request) -> aiohttp.ClientWebSocketResponse:
    url = f"http://127.0.0.1:{request.app[SETTINGS].ari_port}/ws"
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            return await http.ws_connect(url, protocols=(SIP,), max_msg_size=LARGEST_MESSAGE)
    except (aiohttp.ClientError, TimeoutError):
        raise Unavailable("problem.exchange_away") from None


async def _pass_on(
    request: web.Request, page: web.WebSocketResponse, exchange: aiohttp.ClientWebSocketResponse
) -> None:
    """Until one side ends, or the log-in does. Nothing is kept: each side is read as fast as the other one takes it."""
    tasks = (
        asyncio.create_task(_copy(page, exchange), name="phone-out"),
        asyncio.create_task(_copy(exchange, page), name="phone-in"),
        asyncio.create_task(_until_logged_out(request, page), name="phone-log-in"),
    )
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if not page.closed:
        await page.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"the exchange is away")


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _copy(source: _Socket, target: _Socket) -> None:
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)


async def _until_logged_out(request: web.Request, page: web.WebSocketResponse) -> None:
    account, welcome = account_of(request), True
    while welcome:
        await asyncio.sleep(RECHECK)
        with suppress(DatabaseUnavailable):  # which is no reason to take somebody's phone away
            welcome = await still_welcome(request, account)
    await page.close(code=LOGGED_OUT, message=b"logged out")
