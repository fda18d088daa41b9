"""One life of the WebSocket: requests and answers, frames in order, pings, and the end.

A link never reconnects; it ends by raising LinkLost from `run`, and then everything that waits on it fails. What must
never live here: the meaning of events, subscriptions, a second attempt of anything.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import WSMsgType

from .errors import LinkLost, NotConnected, RequestTimeout, RequestTooLarge
from .resource import Answer, Request

log = logging.getLogger(__name__)

LARGEST_FRAME = 65_535  # bytes that Asterisk reads
LARGEST_ANSWER = 64 * 1024 * 1024
WebSocket = aiohttp.ClientWebSocketResponse[bool]
_ENDED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)


class Link:
    """`on_frame` gets each decoded event, or the text of what is not JSON, in order and without waiting."""

    def __init__(
        self,
        socket: WebSocket,
        *,
        on_frame: Callable[[object], None],
        ping_interval: float,
        ping_timeout: float,
    ) -> None:
        self._socket = socket
        self._on_frame = on_frame
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Answer]] = {}  # in the order of sending
        self._over: str | None = None
        self._stopped = asyncio.Event()
        self._heard = asyncio.get_running_loop().time()
        self._sound = asyncio.Event()  # something was heard since the last ping

    async def run(self) -> None:
        """Read until the link ends. Always raises LinkLost, unless it is cancelled."""
        tasks = [
            asyncio.create_task(self._read(), name="ari-reader"),
            asyncio.create_task(self._keep_alive(), name="ari-pings"),
            asyncio.create_task(self._stop_asked(), name="ari-stop"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self.stop(next(iter(done)).result())
        finally:
            self.stop("the link was closed by this side")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise LinkLost(self._over)

    def stop(self, reason: str) -> None:
        """End the link: no further frame is passed on, all that waits fails, later requests fail at once."""
        if self._over is not None:
            return
        self._over = reason
        self._stopped.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LinkLost(reason))
        self._waiting.clear()

    async def _stop_asked(self) -> str:
        await self._stopped.wait()
        return self._over or ""

    async def perform(self, request: Request, *, timeout: float) -> Answer:
        """Send a request and wait for its answer. Raises NotConnected, LinkLost, RequestTimeout, RequestTooLarge."""
        if self._over is not None:
            raise NotConnected(self._over)
        request_id = str(next(self._ids))
        frame = _frame(request, request_id)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        try:
            async with asyncio.timeout(timeout):
                await self._socket.send_str(frame)
                return await answer
        except TimeoutError:
            # The id stays until its answer comes: an answer without id belongs to the oldest request of all.
            raise RequestTimeout(f"{request.method} /{request.uri}: no answer within {timeout:g} s") from None
        except (ConnectionError, aiohttp.ClientError) as problem:
            self._waiting.pop(request_id, None)
            raise LinkLost(f"{request.method} /{request.uri} could not be sent: {problem}") from None

    async def _read(self) -> str:
        """Dispatch frames until the socket ends; the result says why."""
        clock = asyncio.get_running_loop().time
        while True:
            message = await self._socket.receive()
            self._heard = clock()
            self._sound.set()
            kind = message.type
            if kind in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._dispatch(message.data)
            elif kind is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif kind in _ENDED:
                return f"the link ended (code {self._socket.close_code})"
            elif kind is WSMsgType.ERROR:
                return f"the link broke: {message.data!r}"

    def _dispatch(self, text: bytes) -> None:
        if self._over is not None:
            return
        try:
            data = json.loads(text.decode(errors="replace"))
        except ValueError:
            self._on_frame(text.decode(errors="replace"))
            return
        if type(data) is dict and data.get("type") == "RESTResponse":
            self._resolve(data)
        else:
            self._on_frame(data)

    def _resolve(self, data: dict[str, Any]) -> None:
        request_id = str(data.get("request_id") or next(iter(self._waiting), ""))
        answer = self._waiting.pop(request_id, None)
        if answer is None or answer.done():
            log.debug("late answer to request %s", request_id)
            return
        try:
            status = int(data["status_code"])
        except (KeyError, TypeError, ValueError):
            answer.set_exception(LinkLost("an answer came without a status"))
            return
        answer.set_result(Answer(status, str(data.get("reason_phrase", "")), data.get("message_body") or ""))

    async def _keep_alive(self) -> str:
        """Ping, and end when nothing at all was heard for `ping_timeout` after a ping. A link that dies in silence is
        noticed within the sum of both."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._ping_interval)
            asked = loop.time()
            self._sound.clear()
            try:
                async with asyncio.timeout(self._ping_timeout):
                    await self._socket.ping()
            except TimeoutError:
                return "the link takes no more data"
            except (ConnectionError, aiohttp.ClientError) as problem:
                return f"the link broke: {problem}"
            with suppress(TimeoutError):
                async with asyncio.timeout_at(asked + self._ping_timeout):
                    await self._sound.wait()
            late = loop.time() - asked - self._ping_timeout
            if self._heard < asked and late < self._ping_timeout / 2:  # else it was us who slept: ask again
                return f"Asterisk was silent for {self._ping_timeout:g} s after a ping"


def _frame(request: Request, request_id: str) -> str:
    message: dict[str, Any] = {
        "type": "RESTRequest",
        "request_id": request_id,
        "method": request.method,
        "uri": request.uri,
    }
    if request.query:
        message["query_strings"] = [{"name": name, "value": value} for name, value in request.query]
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = json.dumps(request.body)
    frame = json.dumps(message)
    if len(frame) > LARGEST_FRAME:
        raise RequestTooLarge(
            f"{request.method} /{request.uri} takes {len(frame)} bytes; Asterisk reads {LARGEST_FRAME}"
        )
    return frame
