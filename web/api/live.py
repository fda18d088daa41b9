"""The live stream: every change of cases and seats that the account may see, numbered; `?after=N` resumes.

The first message is the whole state (`kind: state`) when N is missing or too old. A client that does not read is
closed with 1013 and may come back with its last number; one whose log-in ended with 4401. A wallboard is told that
something has changed, with empty `data`: it asks for its figures anew.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from aiohttp import WSCloseCode, web
from pydantic import Field

from web.accounts import Account
from web.api.kit import Input, Operations, read_query
from web.controller.shapes import parse_seat
from web.feed import Message, Subscriber, encode
from web.guard import account_of
from web.keys import ACCOUNTS, BEARER, FEED, METRICS, MIRROR, SOCKETS
from web.origin import SESSION_COOKIE
from web.personal import sees_case, shown_case
from web.places import open_cases, receives, seat_shown
from web.rights import Right, may, may_read

operations = Operations("live")
HEARTBEAT: Final = 15.0
RECHECK: Final = 30.0
LOGGED_OUT: Final = 4401


class Resume(Input):
    after: int | None = Field(None, ge=0, le=2**53)


@operations(
    "GET",
    "/live",
    "Follow cases and seats (WebSocket)",
    right=(Right.SEE_LIVE, Right.SEE_WALLBOARD),
    query=Resume,
    status=101,
)
async def live(request: web.Request) -> web.StreamResponse:
    after = read_query(request, Resume).after
    account = account_of(request)
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=4096)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    feed, metrics, mirror = request.app[FEED], request.app[METRICS], request.app[MIRROR]
    with feed.subscribed(lambda message: receives(account, mirror, message)) as subscriber:
        metrics.live_clients.inc()
        sending = asyncio.create_task(_send(request, socket, subscriber, after, account), name="live")
        try:
            async for _ in socket:
                pass  # clients have nothing to say; reading answers pings and notices the end
        finally:
            metrics.live_clients.dec()
            request.app[SOCKETS].discard(socket)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    return socket


async def _send(
    request: web.Request,
    socket: web.WebSocketResponse,
    subscriber: Subscriber,
    after: int | None,
    account: Account,
) -> None:
    feed = request.app[FEED]
    missed = feed.missed(after) if after is not None else None
    told = feed.seq  # what comes into the queue until here is in `missed` or the state as well
    if missed is None:
        await socket.send_str(_state(request, account, told))
    for old in missed or ():
        if receives(account, request.app[MIRROR], old):
            await socket.send_str(_text(request, account, old))
    async with aclosing(_messages(subscriber)) as messages:
        async for message in messages:
            if message is not None:
                if message.seq > told:
                    await socket.send_str(_text(request, account, message))
            elif subscriber.dropped.is_set():
                request.app[METRICS].dropped.inc()
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow")
                return
            elif not await still_welcome(request, account):
                await socket.close(code=LOGGED_OUT, message=b"logged out")
                return


def _text(request: web.Request, account: Account, message: Message) -> str:
    """Encoded once for all who see the same; the whole state differs with what the account may see."""
    if not may_read(account, message):
        return encode(message.seq, message.kind, {})
    if message.kind == "state":
        return _state(request, account, message.seq)
    if message.kind == "seat" and not account.scope.everywhere:
        return _seat(request, account, message)
    if message.kind not in ("case", "alarm") or message.audience.case is None:
        return message.text
    case = request.app[MIRROR].find(message.audience.case or "")
    return message.text if case is not None and sees_case(request, case.view) else message.masked()


def _state(request: web.Request, account: Account, seq: int) -> str:
    mirror = request.app[MIRROR]
    if not may(account, Right.SEE_LIVE):
        return encode(seq, "state", {})
    cases = [shown_case(request, case.view, case.raw) for case in open_cases(account, mirror)]
    seats = [seat_shown(account, mirror, seat) for seat in mirror.seats.values()]
    return encode(seq, "state", mirror.snapshot(cases, seats))


def _seat(request: web.Request, account: Account, message: Message) -> str:
    """Without the case that the seat is in, where that is out of sight."""
    told = json.loads(message.text)["data"]
    shown = seat_shown(account, request.app[MIRROR], parse_seat(told))
    return message.text if shown.case == told.get("case") else encode(message.seq, "seat", {**told, "case": None})


async def _messages(subscriber: Subscriber) -> AsyncGenerator[Message | None]:
    """Messages as they come; None when the client was dropped, and now and then, however much there is to tell, so that
    its log-in is looked at."""
    clock = asyncio.get_running_loop().time
    look_at = clock() + RECHECK
    while True:
        if subscriber.dropped.is_set():
            yield None
        if clock() >= look_at:
            look_at = clock() + RECHECK
            yield None
        try:
            async with asyncio.timeout_at(look_at):
                message = await subscriber.queue.get()
        except TimeoutError:
            continue
        yield message


async def still_welcome(request: web.Request, account: Account) -> bool:
    """Whether the account is still logged in, and still what it was: other duties are another stream."""
    accounts = request.app[ACCOUNTS]
    if request.get(BEARER):
        found = await accounts.of_token(request.headers["Authorization"].partition(" ")[2].strip())
    else:
        key = request.cookies.get(SESSION_COOKIE)
        found = await accounts.of_session(key) if key else None
    return found is not None and found.account == account
