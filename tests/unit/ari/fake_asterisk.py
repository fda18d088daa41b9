"""A small Asterisk for the tests of the ARI client: the event WebSocket with REST over it, and HTTP for the resync.

It says what a test tells it to say. It never interprets a command: unknown requests are answered 204.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, Self

from aiohttp import WSMsgType, web

USER, PASSWORD, APP = "tester", "secret", "test-1"
Frame = dict[str, Any]


def channel(name: str = "c-1", **changes: Any) -> Frame:
    """A channel as Asterisk writes it."""
    return {
        "id": name,
        "name": f"Local/{name}",
        "state": "Up",
        "protocol_id": "",
        "caller": {"name": "", "number": ""},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": "test", "exten": "s", "priority": 1, "app_name": "Stasis", "app_data": APP},
        "creationtime": "2026-11-22T05:11:00.077+0800",
        "language": "en",
        **changes,
    }


def event(kind: str, **fields: Any) -> Frame:
    return {"type": kind, "application": APP, "timestamp": "2026-11-22T05:11:00.077+0800", **fields}


def varset(number: int) -> Frame:
    """A numbered event, to check order with."""
    return event("ChannelVarset", variable="N", value=str(number))


class FakeAsterisk:
    """`async with FakeAsterisk() as asterisk:` listens on `asterisk.url`."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []  # every event link there ever was, the newest last
        self.ends: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.connections: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.requests: asyncio.Queue[Frame] = asyncio.Queue()  # REST over the WebSocket
        self.http_requests: list[tuple[str, str, dict[str, Any]]] = []
        self.subscribed: list[str] = []
        self.unknown_sources: set[str] = set()
        self.channels: list[Frame] = []
        self.startup_time = "2026-01-01T05:00:00.077+0800"
        self.answer: Callable[[Frame], Frame | str | None] = self._accept
        self.pongs = True
        self.echoes = True  # user events come back as events
        self.user_events: asyncio.Queue[str] = asyncio.Queue()
        self.password = PASSWORD
        self.snapshot_may_go = asyncio.Event()
        self.snapshot_may_go.set()
        self.snapshot_asked = asyncio.Event()
        self.handshake_may_go = asyncio.Event()
        self.handshake_may_go.set()
        self.before_snapshot: list[Frame] = []
        self.close_at_once = False
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Die: every socket is cut and nobody listens any more. `start` brings it back at the same port."""
        self.snapshot_may_go.set()
        self.handshake_may_go.set()
        for socket in self.sockets:
            cut(socket)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def say(self, *frames: Frame | str) -> None:
        """Send events (or raw text) over the newest link."""
        for frame in frames:
            await self.sockets[-1].send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if not self._known(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        await self.handshake_may_go.wait()
        socket = web.WebSocketResponse(autoping=False, compress=False)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.connections.put_nowait(socket)
        if self.close_at_once:
            await socket.close()
            return socket
        async for message in socket:
            if message.type is WSMsgType.PING and self.pongs:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._rest(socket, json.loads(message.data))
        self.ends.put_nowait(socket)
        return socket

    async def _rest(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        self.requests.put_nowait(frame)
        answer = self.answer(frame)
        if answer is not None:
            await socket.send_str(answer if isinstance(answer, str) else json.dumps(answer))

    async def _http(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        sent: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            sent |= await request.json()
        else:
            sent |= await request.post()
        self.http_requests.append((request.method, path, sent))
        if not self._known(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        if path == "channels" and request.method == "GET":
            self.snapshot_asked.set()
            await self.say(*self.before_snapshot)
            await self.snapshot_may_go.wait()
            return web.json_response(self.channels)
        if path == "asterisk/info":
            times = {"startup_time": self.startup_time, "last_reload_time": self.startup_time}
            return web.json_response({"status": times})
        if path in ("bridges", "endpoints") and request.method == "GET":
            return web.json_response([])
        if path.startswith("applications/"):
            status, body = self._application(request.query.get("eventSource", ""))
            return web.json_response(body, status=status)
        if path.startswith("events/user/"):
            name = path.rsplit("/", 1)[1]
            self.user_events.put_nowait(name)
            if self.echoes:
                await self.say(event("ChannelUserevent", eventname=name, userevent={}))
        return web.Response(status=204)

    def _accept(self, frame: Frame) -> Frame:
        if frame["uri"].startswith("applications/"):
            status, body = self._application(frame["query_strings"][0]["value"])
            return response(frame, status, body)
        return accept(frame)

    def _application(self, sources: str) -> tuple[int, Frame]:
        """Subscribe to sources joined by commas, all or none, and describe the application."""
        if self.unknown_sources.intersection(sources.split(",")):
            return 422, {"message": "Event source does not exist"}
        self.subscribed += [source for source in sources.split(",") if source]
        return 200, {
            "name": APP,
            "channel_ids": [s.removeprefix("channel:") for s in self.subscribed if s.startswith("channel:")],
            "bridge_ids": [s.removeprefix("bridge:") for s in self.subscribed if s.startswith("bridge:")],
            "endpoint_ids": [s.removeprefix("endpoint:") for s in self.subscribed if s.startswith("endpoint:")],
            "device_names": [],
            "events_allowed": [],
            "events_disallowed": [],
        }

    def _known(self, request: web.Request) -> bool:
        expected = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {expected}"


def cut(socket: web.WebSocketResponse) -> None:
    """End a link the hard way: no goodbye."""
    transport = socket._req.transport if socket._req is not None else None
    if transport is not None:
        transport.abort()


def accept(frame: Frame) -> Frame:
    """204 to everything."""
    return response(frame, 204)


def response(frame: Frame, status: int, body: Any = None, *, reason: str = "Whatever") -> Frame:
    return {
        "type": "RESTResponse",
        "transaction_id": "",
        "request_id": frame["request_id"],
        "status_code": status,
        "reason_phrase": reason,
        "uri": frame["uri"],
        "content_type": "application/json",
        "message_body": "" if body is None else json.dumps(body, ensure_ascii=False),
    }
