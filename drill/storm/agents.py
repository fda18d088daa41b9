"""The few agents of a storm: telephones that are picked up, a short talk, the outcome, and the next caller.

They press their buttons through the controller's loopback API: so many screens would be a storm of their own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from drill import sip
from drill.sip_load import Callers, Seats
from drill.storm.sound import speak

OUTCOME = "helped_at_home"
_STANDS_BY = 503
_REQUEST = aiohttp.ClientTimeout(total=10)
_REPLY_WITHIN = 20.0  # seconds; somebody may be taking over just now
_AGAIN = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds


class Control:
    """The loopback API of the controller that is active: one of these addresses. Raises aiohttp.ClientError and
    TimeoutError."""

    def __init__(self, http: aiohttp.ClientSession, bases: Sequence[str]) -> None:
        self._http = http
        self._bases = deque(bases)

    async def read(self, path: str) -> Any:
        status, body = await self._ask("GET", path)
        if status != 200:
            raise aiohttp.ClientError(f"GET {path}: {status}")
        return body

    async def close(self, case: str, actor: str) -> bool:
        """File an outcome; False when the case is not at that point."""
        body = {"action": "close", "outcome": OUTCOME, "note": "", "actor": actor}
        return (await self._ask("POST", f"/cases/{case}/actions", body))[0] == 200

    async def pause(self, extension: str) -> None:
        body = {"state": "paused", "reason": "drill", "actor": f"seat:{extension}"}
        await self._ask("POST", f"/seats/{extension}/state", body)

    async def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and answer, of whichever is active. Where nobody listens, or one stands by, the other is asked; for a
        while, because one may be taking over just now."""
        for pause in (*_AGAIN, None):
            for _ in range(len(self._bases)):
                with suppress(aiohttp.ClientConnectorError):  # nothing was asked
                    async with self._http.request(method, f"{self._bases[0]}{path}", json=body) as answer:
                        if answer.status != _STANDS_BY:
                            return answer.status, await answer.json()
                self._bases.rotate()
            if pause is not None:
                await asyncio.sleep(pause)
        raise aiohttp.ClientError(f"{method} {path}: no controller is active")


@asynccontextmanager
async def control(ports: Sequence[int], token: str) -> AsyncIterator[Control]:
    """For as long as the platform lives."""
    headers = {"Authorization": f"Bearer {token}"}
    # No connection is kept: the controller would count the task of each.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(headers=headers, timeout=_REQUEST, connector=connector) as http:
        yield Control(http, [f"http://127.0.0.1:{port}" for port in ports])


class Agents(Seats):
    """`answered(caller)` is told of each call that an agent takes; `heard_by(caller)` says whether the agent's voice
    has come through, as an agent learns from the reply. `problems`: what went wrong at a seat."""

    def __init__(
        self,
        platform: tuple[str, int],
        callers: Callers,
        *,
        control: Control,
        ring: float,
        talk: float,
        answered: Callable[[str], None],
        heard_by: Callable[[str], bool],
    ) -> None:
        super().__init__(platform, callers)
        self._control = control
        self._ring = ring
        self._talk = talk
        self._told = answered
        self._heard_by = heard_by
        self._talks: dict[str, asyncio.Task[None]] = {}
        self.talked = 0
        self.problems: list[str] = []

    def heard(self, message: sip.Message, addr: tuple[str, int], now: float) -> None:
        call = message["call-id"]
        if message.method == "INVITE" and call in self._talks:
            return  # said again
        super().heard(message, addr, now)
        if message.method == "INVITE":
            self._begin(call, self._take(message))
        elif message.method in {"BYE", "CANCEL"} and (talk := self._talks.get(call)):
            talk.cancel()

    def _begin(self, call: str, talk: Coroutine[Any, Any, None]) -> None:
        task = self._talks[call] = asyncio.create_task(talk, name=f"agent-{call}")
        task.add_done_callback(lambda done: self._ended(call, done))

    def _ended(self, call: str, task: asyncio.Task[None]) -> None:
        self._talks.pop(call, None)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self.problems.append(f"{type(problem).__name__}: {problem}")

    async def _take(self, invite: sip.Message) -> None:
        """Pick up, speak until there is a reply, file the outcome of the case that the screen showed; the platform ends
        the call. A line on which nobody replies is put down."""
        screen = asyncio.create_task(self._case_at(invite.dialled), name=f"screen-{invite.dialled}")
        beside: list[asyncio.Task[Any]] = [screen]
        try:
            await asyncio.sleep(self._ring)
            if self.answer(invite["call-id"]) is None or invite.media is None:
                return
            self._told(invite.caller)
            beside.append(asyncio.create_task(speak(invite.media, self.host), name=f"speaks-{invite.dialled}"))
            await asyncio.sleep(self._talk)
            if await self._is_heard(invite.caller):
                await self._file(invite.dialled, await screen)
                await asyncio.sleep(2 * self._talk)  # until the platform has hung up
            else:
                self.problems.append(f"seat {invite.dialled}: nobody was on the line")
                self.put_down(invite, tag="seat")
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _case_at(self, seat: str) -> str | None:
        """The case on this seat's screen; None when no controller tells."""
        for pause in _AGAIN:
            try:
                seats = (await self._control.read("/seats"))["seats"]
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(pause)
            else:
                return next((one["case"] for one in seats if one["extension"] == seat), None)
        return None

    async def _is_heard(self, caller: str) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_REPLY_WITHIN):
                while not self._heard_by(caller):  # noqa: ASYNC110 - an ear tells nobody
                    await asyncio.sleep(0.1)
        return self._heard_by(caller)

    async def _file(self, seat: str, case: str | None) -> None:
        """An agent whose button does nothing presses it again."""
        if case is None:
            self.problems.append(f"seat {seat}: the screen showed no case")
            return
        for pause in _AGAIN:
            try:
                taken = await self._control.close(case, f"seat:{seat}")
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(pause)
                continue
            if taken:
                self.talked += 1
            else:
                self.problems.append(f"seat {seat}: the outcome was refused")
            return
        self.problems.append(f"seat {seat}: no controller took the outcome within {sum(_AGAIN):g} s")

    async def stop(self) -> None:
        tasks = tuple(self._talks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.transport.close()
