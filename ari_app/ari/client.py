"""The client: commands to one Asterisk, and one ordered stream of what happens there.

It keeps the event link standing, renews subscriptions, and tells the consumer when the picture was broken and when it
is whole again. It never repeats a command, and never subscribes to everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from types import TracebackType
from typing import Literal, Self

import aiohttp
from yarl import URL

from . import http
from .api import Api
from .backoff import Backoff
from .connection import Connection, Timing
from .errors import AriError, NotConnected, RequestRejected
from .generated.events import Event
from .messages import StreamItem
from .resource import Answer, Request

Transport = Literal["websocket", "http"]


class Client(Api):
    """Use it as `async with Client(...) as client:`; entering starts to connect and does not wait: see `ready`.

    `url` is Asterisk's HTTP address (`http://127.0.0.1:8088`, with or without `/ari`). Without `app` there is no event
    link: commands only, over HTTP. All times are seconds. `request_timeout` is the deadline of each request, from
    sending to answer; `queue_size` is how many events the consumer may be behind before the link is dropped and the
    picture taken anew. Events of the `unwanted` kinds are not sent by Asterisk at all. `interlock` is awaited before
    each request, also those of a resync: it may wait, or raise an AriError instead of letting the request go out.
    `measured` is called after each request over the event link with its seconds and whether an answer came; it must
    return at once.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str,
        password: str,
        app: str | None = None,
        transport: Transport = "websocket",
        request_timeout: float = 2.0,
        resync_timeout: float = 5.0,
        ping_interval: float = 1.0,
        ping_timeout: float = 3.5,
        echo_interval: float = 5.0,
        backoff: Backoff | None = None,
        queue_size: int = 10_000,
        unwanted: Collection[type[Event]] = (),
        interlock: Callable[[], Awaitable[None]] | None = None,
        measured: Callable[[float, bool], None] | None = None,
    ) -> None:
        if transport not in ("websocket", "http"):
            raise ValueError(f"transport must be websocket or http, not {transport!r}")
        self._transport: Transport = transport if app else "http"
        super().__init__(_Way(self, self._transport, request_timeout))
        self.app = app
        self._base = _base(url)
        self._credentials = (username, password)
        self._timing = Timing(
            request_timeout=request_timeout,
            resync_timeout=resync_timeout,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            echo_interval=echo_interval,
            backoff=backoff or Backoff(),
            queue_size=queue_size,
        )
        self._unwanted = unwanted
        self._interlock = interlock
        self._measured = measured
        self._session: aiohttp.ClientSession | None = None
        self._connection: Connection | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._session is not None:
            raise RuntimeError("a client is used once: make a new one")
        self._session = http.new_session(*self._credentials)
        if self.app:
            carrier = _Way(self, "http", self._timing.resync_timeout)
            self._connection = Connection(
                self._session,
                self._base,
                app=self.app,
                timing=self._timing,
                carrier=carrier,
                unwanted=self._unwanted,
            )
            self._running = asyncio.create_task(self._connection.run(), name=f"ari-client-{self.app}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the link and all tasks. The stream ends after what is queued; requests raise NotConnected."""
        if self._connection is not None:
            self._connection.finish("the client was closed")
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # --- the stream

    def events(self) -> AsyncIterator[StreamItem]:
        """The stream, for one consumer: `async for event in client.events()`. It ends when the client does."""
        return self._standing().stream

    async def ready(self, timeout: float = 10.0) -> None:
        """Wait for link and picture. Raises Unauthorized or Forbidden at once, NotConnected after `timeout`."""
        await self._standing().ready(timeout)

    @property
    def connected(self) -> bool:
        """The link stands and the picture was taken."""
        return self._connection is not None and self._connection.up

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The event sources that are renewed at each connection."""
        return tuple(self._standing().sources)

    async def subscribe(self, *sources: str) -> None:
        """Hear of `channel:ID`, `bridge:ID`, `endpoint:PJSIP/801`, now and after each reconnection.

        When Asterisk refuses (422: unknown) they are forgotten and the error is raised. When the link is at fault they
        stay remembered, the error is raised all the same, and the next resync renews them. A channel or bridge that is
        destroyed is forgotten by itself.
        """
        connection = self._standing()
        connection.sources.update(dict.fromkeys(sources))
        try:
            await self.applications.subscribe(applicationName=self.app or "", eventSource=sources)
        except RequestRejected:
            for source in sources:
                connection.sources.pop(source, None)
            raise

    async def unsubscribe(self, *sources: str) -> None:
        """Forget event sources, and tell Asterisk."""
        connection = self._standing()
        for source in sources:
            connection.sources.pop(source, None)
        await self.applications.unsubscribe(applicationName=self.app or "", eventSource=sources)

    # --- other ways for a command

    def within(self, seconds: float) -> Api:
        """The same commands with another deadline: `client.within(0.5).channel(id).answer()`."""
        return Api(_Way(self, self._transport, seconds))

    def over_http(self, seconds: float | None = None) -> Api:
        """The same commands over HTTP: for what must not wait behind others, or works without an event link."""
        return Api(_Way(self, "http", seconds or self._timing.request_timeout))

    async def _perform(self, request: Request, *, transport: Transport, timeout: float) -> Answer:
        connection = self._connection
        if self._session is None or self._session.closed:
            raise NotConnected("the client is not running: use `async with Client(...)`")
        if connection is not None and connection.final:
            raise NotConnected(connection.reason)
        if self._interlock is not None:
            await self._interlock()
        if transport == "http" or request.binary:
            return await http.perform(self._session, self._base, request, timeout=timeout)
        if connection is None or connection.link is None:
            raise NotConnected(connection.reason if connection else "this client has no event link")
        if self._measured is None:
            return await connection.link.perform(request, timeout=timeout)
        clock = asyncio.get_running_loop().time
        sent = clock()
        try:
            answer = await connection.link.perform(request, timeout=timeout)
        except AriError:
            self._measured(clock() - sent, False)
            raise
        self._measured(clock() - sent, True)
        return answer

    def _standing(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("no event link: give an `app`, and use `async with Client(...)`")
        return self._connection


class _Way:
    """One way of the client's commands: transport and deadline."""

    __slots__ = ("_client", "_timeout", "_transport")

    def __init__(self, client: Client, transport: Transport, timeout: float) -> None:
        self._client = client
        self._transport: Transport = transport
        self._timeout = timeout

    async def perform(self, request: Request) -> Answer:
        return await self._client._perform(request, transport=self._transport, timeout=self._timeout)


def _base(url: str) -> URL:
    parsed = URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"the address of ARI must look like http://127.0.0.1:8088, not {url!r}")
    if parsed.user or parsed.password or parsed.query_string:
        raise ValueError("the address of ARI must hold neither user nor query: give username and password apart")
    path = parsed.path.rstrip("/") or "/ari"
    return parsed.with_path(path)
