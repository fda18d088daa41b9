"""A controller's loopback API that a test plays by hand: it says what it is told to, and keeps what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, web

TAKE = "0123456789abcdef"  # the only one


@dataclass
class Asked:
    """One request of the web: the path below the root and the body."""

    path: str
    body: dict[str, Any]


@dataclass
class FakeControl:
    """`refuse` is the answer to the next action, as (status, error code)."""

    token: str
    port: int = 0
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    seats: dict[str, dict[str, Any]] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)
    ready: bool = True
    figures: str = ""
    asked: asyncio.Queue[Asked] = field(default_factory=asyncio.Queue)
    refuse: tuple[int, str] | None = None
    called: dict[str, Any] | None = None
    take_state: str = "ringing"
    seq: int = 0
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)
    _runner: web.AppRunner | None = None

    # --- what a test tells it -----------------------------------------------------------------------------------

    async def case(self, case: dict[str, Any]) -> None:
        self.cases[case["id"]] = case
        await self.say("case", case)

    async def seat(self, seat: dict[str, Any]) -> None:
        self.seats[seat["extension"]] = seat
        await self.say("seat", seat)

    async def close_case(self, case: dict[str, Any]) -> None:
        await self.case(case)
        del self.cases[case["id"]]
        await self.say("closed", {"id": case["id"]})

    async def say(self, kind: str, data: dict[str, Any]) -> None:
        self.seq += 1
        for socket in tuple(self._sockets):
            await socket.send_json({"seq": self.seq, "kind": kind, "data": data})

    async def next_asked(self) -> Asked:
        async with asyncio.timeout(10):
            return await self.asked.get()

    # --- the server -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        app = web.Application(middlewares=[self._check_token])
        app.add_routes(
            [
                web.get("/state", self._state),
                web.get("/live", self._live),
                web.get("/ready", self._ready),
                web.get("/metrics", self._metrics),
                web.post("/cases/{case}/actions", self._act),
                web.post("/cases/{case}/shown", self._keep),
                web.post("/reports", self._report),
                web.post("/calls", self._call),
                web.post("/reload", self._keep),
                web.post("/takes", self._take),
                web.get("/takes/{take}", self._take),
                web.post("/seats/{extension}/state", self._keep),
                web.post("/seats/{extension}/phone", self._keep),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """As when the controller dies; `start` brings it back on the same port."""
        for socket in tuple(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _check_token(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": {"code": "unauthorized", "message": "token", "fields": {}}}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _state(self, _: web.Request) -> web.Response:
        cases, seats = list(self.cases.values()), list(self.seats.values())
        return web.json_response({"seq": self.seq, "degraded": self.degraded, "cases": cases, "seats": seats})

    async def _ready(self, _: web.Request) -> web.Response:
        body = {"ready": self.ready, "degraded": self.degraded}
        return web.json_response(body, status=200 if self.ready else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=self.figures)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.discard(socket)
        return socket

    async def _act(self, request: web.Request) -> web.Response:
        await self._note(request)
        case = self.cases.get(request.match_info["case"])
        if case is None:
            return web.json_response({"error": {"code": "unknown_case", "message": "", "fields": {}}}, status=404)
        if self.refuse is not None:
            (status, code), self.refuse = self.refuse, None
            return web.json_response({"error": {"code": code, "message": code, "fields": {}}}, status=status)
        return web.json_response({"case": case})

    async def _report(self, request: web.Request) -> web.Response:
        await self._note(request)
        device = (await request.json())["report"]["device"]
        return web.json_response({"case": f"case-of-{device}", "durable": True})

    async def _call(self, request: web.Request) -> web.Response:
        """The case that is opened for a call of an agent's own must stand in `called`."""
        await self._note(request)
        if self.called is None:
            return web.json_response({"error": {"code": "seat_offline", "message": "", "fields": {}}}, status=409)
        return web.json_response({"case": self.called})

    async def _take(self, _: web.Request) -> web.Response:
        return web.json_response({"take": TAKE, "state": self.take_state, "file": f"prompt-takes/{TAKE}.wav"})

    async def _keep(self, request: web.Request) -> web.Response:
        await self._note(request)
        return web.json_response({})

    async def _note(self, request: web.Request) -> None:
        self.asked.put_nowait(Asked(request.path, await request.json()))


@asynccontextmanager
async def fake_control(token: str) -> AsyncIterator[FakeControl]:
    """A running fake on a free port."""
    control = FakeControl(token)
    await control.start()
    try:
        yield control
    finally:
        await control.stop()
