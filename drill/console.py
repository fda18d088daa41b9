"""A person at a screen without a browser: logs in, follows what is live, shows files, presses the buttons.

Everything goes through the public web API (`/api/v1`), as any other program's requests would. No rule of the procedure
lives here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
from pydantic import TypeAdapter

from drill.chronicle import PATIENCE, NotSeen
from ivr.case import ElderFile
from models.masking import could_be
from models.views import CaseView

T = TypeVar("T")
_VIEW = TypeAdapter(CaseView)
_FILE = TypeAdapter(ElderFile | None)
_REQUEST_SECONDS = 10.0
_AGAIN = 0.2  # seconds before a broken live stream is opened anew


class Refused(Exception):
    """The platform refused a request: `status`, and its own code and message."""

    def __init__(self, what: str, status: int, code: str, message: str) -> None:
        super().__init__(f"{what}: {status} {code}: {message}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Screen:
    """A case that the platform put on this seat's screen; `clock` (monotonic) is when it stood there and was told."""

    case: str
    role: str
    clock: float
    at: datetime


class Console:
    """Made by `console`. `seat` is the extension of the user, "" for somebody without one."""

    def __init__(self, http: aiohttp.ClientSession, *, seat: str) -> None:
        self.seat = seat
        self.cases: dict[str, CaseView] = {}
        self.files: dict[str, ElderFile] = {}
        self.screens: list[Screen] = []
        self._http = http
        self._changed = asyncio.Condition()
        self._listeners: list[Callable[[CaseView], None]] = []
        self._to_show: dict[str, tuple[str, float]] = {}
        self._problem = ""

    # --- what is seen

    def listen(self, listener: Callable[[CaseView], None]) -> None:
        """`listener` is called with every new view of a case; it must not block."""
        self._listeners.append(listener)

    async def screen(self, *, within: float = PATIENCE, after: float = 0.0, role: str | None = None) -> Screen:
        """The first case put on this screen after that clock. Raises NotSeen."""
        return await self._wait(
            lambda: next((s for s in self.screens if s.clock > after and role in (None, s.role)), None),
            f"nothing{f' for role {role}' if role else ''} was put on the screen of seat {self.seat}",
            within,
        )

    async def case(self, case: str, wanted: Callable[[CaseView], bool], *, what: str, within: float) -> CaseView:
        """The case, as soon as it is as wanted; `what` says in words what that is. Raises NotSeen."""

        def find() -> CaseView | None:
            view = self.cases.get(case)
            return view if view is not None and wanted(view) else None

        return await self._wait(find, what, within)

    async def new_case(self, *, caller_ends: str, after: datetime, within: float = PATIENCE) -> CaseView:
        """The case that a call from this number opened after that time. Raises NotSeen."""

        def find() -> CaseView | None:
            for view in self.cases.values():
                if view.opened_at and view.opened_at >= after and could_be(view.caller, caller_ends):
                    return view
            return None

        return await self._wait(find, "no case was opened for the call", within)

    async def _wait(self, find: Callable[[], T | None], problem: str, within: float) -> T:
        try:
            async with asyncio.timeout(within), self._changed:
                while (found := find()) is None:
                    if self._problem:
                        raise NotSeen(f"{problem}; the console of seat {self.seat} broke: {self._problem}")
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise NotSeen(f"{problem} (within {within:g} s)") from None

    # --- what is done

    async def ready(self) -> None:
        """Set the own seat ready."""
        await self._post(f"/seats/{self.seat}/state", {"state": "ready"})

    async def paused(self, reason: str = "rest") -> None:
        await self._post(f"/seats/{self.seat}/state", {"state": "paused", "reason": reason})

    async def act(self, case: str, action: str, **fields: str) -> None:
        """One action of the contract, for example `act(case, "call", target="120")`. Raises Refused."""
        await self._post(f"/cases/{case}/actions", {"action": action, **fields})

    async def report(self, device: str, kind: str) -> str:
        """Hand in what a device reports; the case it belongs to. Raises Refused."""
        body = {"device": device, "kind": kind, "at": datetime.now(UTC).isoformat()}
        return str((await self._post("/alarms", body))["case"])

    async def seat_with(self, skill: str) -> str:
        """The extension of a seat with this skill whose telephone is there. Raises NotSeen."""
        for seat in (await self._get_json("/seats"))["items"]:
            if skill in seat["skills"] and seat["registered"]:
                return str(seat["extension"])
        raise NotSeen(f"no seat with the skill {skill} has its telephone registered")

    async def read_case(self, case: str) -> CaseView:
        """The case as the records have it, also when it is closed."""
        return _VIEW.validate_python(await self._get_json(f"/cases/{case}"))

    async def recording(self, url: str) -> bytes:
        """The sound of a recording, by the address that the case gives."""
        async with self._http.get(url) as answer:
            await _check(answer, f"GET {url}")
            return await answer.read()

    async def follow(self, connected: asyncio.Event) -> None:
        """Reads the live stream until cancelled; comes back when it breaks."""
        while True:
            try:
                async with self._http.ws_connect("/api/v1/live", heartbeat=5) as live:
                    async for message in live:
                        await self._message(message.json())
                        connected.set()
            except (aiohttp.ClientError, OSError):
                pass  # the platform restarts
            except (Refused, ValueError, KeyError) as problem:  # whoever waits is told
                self._problem = repr(problem)
                await self._wake()
                return
            await asyncio.sleep(_AGAIN)

    async def _message(self, message: dict[str, Any]) -> None:
        kind, data = message["kind"], message.get("data", message)
        match kind:
            case "state":
                for case in data["cases"]:
                    self._case(case)
            case "case":
                self._case(data)
            case "screen" if data["extension"] == self.seat:
                self._to_show[data["case"]] = (data["role"], time.monotonic())
            case _:
                pass  # seats, alarms and what a later version adds: cases carry what a drill needs
        for case in [case for case in self._to_show if case in self.cases]:
            await self._show(case, *self._to_show.pop(case))
        await self._wake()

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _show(self, case: str, role: str, told: float) -> None:
        """The case stands on the screen; say so: the platform waits for that before it rings."""
        self.screens.append(Screen(case, role, time.monotonic(), datetime.now(UTC)))
        await self._post(f"/cases/{case}/shown", {"extension": self.seat, "after": time.monotonic() - told})

    def _case(self, data: dict[str, Any]) -> None:
        view = _VIEW.validate_python(data)
        self.cases[view.id] = view
        file = _FILE.validate_python(data.get("file"))
        if file is not None:
            self.files[view.id] = file
        for listener in self._listeners:
            listener(view)

    async def _get_json(self, path: str) -> dict[str, Any]:
        async with self._http.get(f"/api/v1{path}") as answer:
            await _check(answer, f"GET {path}")
            found: dict[str, Any] = await answer.json()
            return found

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(f"/api/v1{path}", json=body) as answer:
            await _check(answer, f"POST {path}")
            said: dict[str, Any] = await answer.json()
            return said


@asynccontextmanager
async def console(url: str, *, username: str, password: str) -> AsyncIterator[Console]:
    """Logged in and following. `url` is the web address (`http://127.0.0.1:8080`). Raises Refused, ClientError."""
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
    who = {"username": username, "password": password}
    async with (
        aiohttp.ClientSession(url, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as entry,
        entry.post("/api/v1/login", json=who) as answer,
    ):
        await _check(answer, "log-in")
        told = await answer.json()
    async with with_token(url, token=told["token"], seat=told["user"]["seat"] or "") as made:
        yield made


@asynccontextmanager
async def with_token(url: str, *, token: str, seat: str) -> AsyncIterator[Console]:
    """The same for somebody who is logged in already."""
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(
        url, timeout=timeout, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        made, connected = Console(http, seat=seat), asyncio.Event()
        following = asyncio.create_task(made.follow(connected), name=f"console-{seat or 'board'}")
        try:
            await asyncio.wait_for(connected.wait(), _REQUEST_SECONDS)
            yield made
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _check(answer: aiohttp.ClientResponse, what: str) -> None:
    if answer.status < 400:
        return
    try:
        error = (await answer.json())["error"]
        raise Refused(what, answer.status, str(error["code"]), str(error["message"]))
    except (ValueError, KeyError, aiohttp.ClientError):
        raise Refused(what, answer.status, "", answer.reason or "") from None
