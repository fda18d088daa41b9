"""The event link of one application through all its lives: connect, take the picture, listen, reconnect.

The order in the stream is the promise kept here: Connected, Resynced, events, Disconnected, and again. No command is
sent from here except the requests of a resync.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from . import messages, resync
from .api import Api
from .backoff import Backoff
from .errors import AriError, Forbidden, LinkLost, NotConnected, NotFound, Unauthorized, rejection
from .generated.events import ApplicationReplaced, BridgeDestroyed, ChannelDestroyed, ChannelUserevent, Event
from .link import LARGEST_ANSWER, Link, WebSocket
from .messages import Connected, Disconnected, MalformedEvent, StreamItem
from .resource import Carrier
from .stream import Stream

log = logging.getLogger(__name__)

GOODBYE = 0.3  # seconds that a closing socket waits for the other side
GHOST_AGE = 10.0  # seconds in which an Asterisk that woke up may still carry out a handshake that was given up
ECHO = "ari-link-echo"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, and the number of events that the consumer may be behind before the link is dropped."""

    request_timeout: float = 2.0
    resync_timeout: float = 5.0
    ping_interval: float = 1.0
    ping_timeout: float = 3.5
    echo_interval: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)
    queue_size: int = 10_000


class Connection:
    """`carrier` carries the requests of the resync; `sources` are renewed at each connection, in order."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: URL,
        *,
        app: str,
        timing: Timing,
        carrier: Carrier,
        unwanted: Collection[type[Event]],
    ) -> None:
        self._session = session
        self._url = URL(f"{base}/events", encoded=True).with_query({"app": app})
        self._app = app
        self._timing = timing
        self._carrier = carrier
        self._unwanted = unwanted
        self.stream = Stream(size=timing.queue_size)
        self.sources: dict[str, None] = {}  # a set that keeps its order
        self.link: Link | None = None
        self.reason = "not connected yet"
        self.final = False
        self._held: list[StreamItem] | None = None  # events that wait for the picture
        self.up = False  # connected, and the picture has been taken
        self._news = asyncio.Event()  # one for each change of `up`, `final` and the refusal
        self._refusal: AriError | None = None
        self._heard = 0.0  # loop time of the last event
        self._given_up = -GHOST_AGE  # loop time of the last handshake that was given up

    async def ready(self, timeout: float) -> None:
        """Wait until `up`. Raises the refusal of user and password at once, NotConnected after `timeout`."""
        try:
            async with asyncio.timeout(timeout):
                while not self.up:
                    if self.final:
                        raise NotConnected(self.reason)
                    if self._refusal is not None:
                        raise self._refusal
                    await self._news.wait()
        except TimeoutError:
            raise NotConnected(f"no link within {timeout:g} s: {self.reason}") from None

    async def run(self) -> None:
        """Live and reconnect until cancelled or replaced by another client of the same application."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while not self.final:
            begun = clock()
            try:
                await self._live_once()
            except Exception:  # the outermost guard: a fault of ours costs one life of the link, never the client
                log.exception("ARI application %s: a life of the link ended by a fault of the client", self._app)
            failures = 0 if clock() - begun >= self._timing.backoff.steady else failures + 1
            await self.stream.drained()
            await asyncio.sleep(self._timing.backoff.wait(max(0, failures - 1)))

    def finish(self, reason: str) -> None:
        """No more lives. The consumer gets what is queued, then the end of the stream."""
        if self.final:
            return
        self.final = True
        self.reason = reason
        self._tell()
        if self.link is None:
            self.stream.end()
        else:
            self.link.stop(reason)

    async def _live_once(self) -> None:
        try:
            socket = await self._open()
        except AriError as problem:
            self._refusal = problem if isinstance(problem, Unauthorized | Forbidden) else None
            self._set_reason(str(problem))
            self._tell()
            return
        self._refusal = None
        self.stream.put_always(Connected())
        try:
            await self._serve(socket)
        except LinkLost as lost:
            self._set_reason(str(lost))
        finally:
            self.link = None
            self._held = None
            self.up = False
            self.stream.put_always(Disconnected(self.reason, self.final))
            if self.final:
                self.stream.end()
            await socket.close()

    def _tell(self) -> None:
        """Wake those who wait in `ready`."""
        self._news.set()
        self._news = asyncio.Event()

    def _set_reason(self, reason: str) -> None:
        if not self.final and reason != self.reason:
            log.warning("ARI application %s has no link: %s", self._app, reason)
            self.reason = reason

    async def _open(self) -> WebSocket:
        try:
            async with asyncio.timeout(self._timing.resync_timeout):
                return await self._session.ws_connect(
                    self._url,
                    autoping=False,
                    autoclose=False,
                    max_msg_size=LARGEST_ANSWER,
                    timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE),
                    decode_text=False,
                )
        except aiohttp.WSServerHandshakeError as refused:
            raise rejection(refused.status, "(WebSocket handshake)", method="GET", uri="events") from None
        except TimeoutError:
            self._given_up = asyncio.get_running_loop().time()
            raise NotConnected("Asterisk did not take the WebSocket in time") from None
        except (aiohttp.ClientError, OSError) as problem:
            raise NotConnected(f"{self._url.host}:{self._url.port}: {problem}") from None

    async def _serve(self, socket: WebSocket) -> None:
        """One life, from the picture to the end. Raises LinkLost."""
        self._held = []
        self.link = Link(
            socket,
            on_frame=self._take,
            ping_interval=self._timing.ping_interval,
            ping_timeout=self._timing.ping_timeout,
        )
        listening = asyncio.create_task(self.link.run(), name="ari-link")
        tending = asyncio.create_task(self._tend(self.link), name="ari-tend")
        try:
            await listening
        finally:
            for task in (listening, tending):
                task.cancel()
            await asyncio.gather(listening, tending, return_exceptions=True)

    async def _tend(self, link: Link) -> None:
        """Take the picture, then make sure that events still come. Ends only by stopping the link."""
        try:
            self._begin(await self._resync())
            link.stop(await self._until_deaf())
        except LinkLost as problem:
            link.stop(str(problem))
        except Exception as problem:  # the outermost guard: a fault of ours must not leave a link without picture
            log.exception("ARI application %s: a fault of the client", self._app)
            link.stop(f"a fault of the client: {problem!r}")

    async def _until_deaf(self) -> str:
        """The link may stand while its application is gone or stuck: when nothing is heard, ask for an event."""
        clock = asyncio.get_running_loop().time
        pause = self._timing.echo_interval
        while True:
            await asyncio.sleep(pause)
            asked = clock()
            if asked - self._heard < pause:
                continue
            try:
                await Api(self._carrier).user_events.userEvent(eventName=ECHO, application=self._app)
            except NotFound:
                return "Asterisk has lost the application"
            except Forbidden:
                await asyncio.Event().wait()  # a read-only user cannot ask: the pings must do
            except AriError as problem:
                log.info("ARI application %s: the echo could not be asked for: %s", self._app, problem)
            await asyncio.sleep(pause)
            if self._heard < asked and clock() - asked < 2 * pause:  # else it was us who slept: ask again
                return f"Asterisk sent no event for {2 * pause:g} s, not even one that was asked for"

    async def _resync(self) -> resync.Picture:
        try:
            async with asyncio.timeout(self._timing.resync_timeout):
                return await resync.take(
                    self._carrier, app=self._app, sources=tuple(self.sources), unwanted=self._unwanted
                )
        except AriError as problem:
            raise LinkLost(f"the picture could not be taken: {problem}") from None
        except TimeoutError:
            raise LinkLost(f"the picture could not be taken within {self._timing.resync_timeout:g} s") from None

    def _begin(self, picture: resync.Picture) -> None:
        """The picture goes first, then what happened while it was taken."""
        held, self._held = self._held or [], None
        for source in picture.resynced.lost:
            if source.startswith(("channel:", "bridge:")):
                self.sources.pop(source, None)
        self.stream.put_always(picture.resynced)
        for item in (*picture.malformed, *held):
            self.stream.put_always(item)
        self.reason = "connected"
        self.up = True
        self._tell()
        log.info("ARI application %s is connected; %d channels live", self._app, len(picture.resynced.channels))

    def _take(self, frame: object) -> None:
        """One frame from the link, in order. Never waits."""
        if isinstance(frame, str):
            item: StreamItem = MalformedEvent("a frame is not JSON", frame)
        else:
            item = messages.read(frame)
        self._heard = asyncio.get_running_loop().time()
        match item:
            case ChannelUserevent(eventname=name) if name == ECHO:
                return
            case ChannelDestroyed():
                self.sources.pop(f"channel:{item.channel.id}", None)
            case BridgeDestroyed():
                self.sources.pop(f"bridge:{item.bridge.id}", None)
            case MalformedEvent():
                log.warning("ARI application %s: %s", self._app, item.problem)
            case _:
                pass
        self._append(item)
        if isinstance(item, ApplicationReplaced):
            self._give_way()

    def _give_way(self) -> None:
        """Somebody else has the application: for good, unless it was an earlier handshake of this very client."""
        if self._heard - self._given_up < GHOST_AGE and self.link is not None:
            self.link.stop("a handshake that was given up took the application after all: connecting again")
        else:
            self.finish("another client connected as the same application: this one is no longer the owner")

    def _append(self, item: StreamItem) -> None:
        if self._held is not None:
            self._held.append(item)
            taken = len(self._held) < self._timing.queue_size
        else:
            taken = self.stream.put(item)
        if not taken and self.link is not None:
            self.link.stop(f"the consumer is {self._timing.queue_size} events behind: the picture must be taken anew")
