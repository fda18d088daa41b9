"""Requests to the controller's loopback API. Each has a deadline; none is repeated by itself: it may have been done.

There may be two controllers; the one that stands by says so and has done nothing, so the other is asked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from ivr.case import DeviceReport, ElderFile
from ivr.serial import to_json
from web.controller.shapes import LiveCase, State, parse_case, parse_state
from web.problems import Conflict, Invalid, NotFound, Problem, Unavailable

DEADLINE = aiohttp.ClientTimeout(total=5, sock_connect=2)
LIVES_WITHIN = aiohttp.ClientTimeout(total=1.0)
HEARTBEAT = 2.0  # seconds; an answer must come within half of it


class ControllerUnreachable(Unavailable):
    key = "problem.controller_unreachable"


@dataclass(frozen=True, slots=True)
class Taken:
    """A report was taken, for this case if for any; `durable` once it is on record."""

    case: str
    durable: bool


class StandsBy(ControllerUnreachable):
    """This controller is not the active one."""


class Controller:
    """The active controller, whichever of those at `bases` it is. Use as an async context manager."""

    def __init__(self, bases: Sequence[URL], token: str) -> None:
        self._bases = bases
        self._at = 0
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Controller":
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=DEADLINE)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, "the controller client is not open"
        return self._session

    @property
    def _base(self) -> URL:
        return self._bases[self._at]

    def try_another(self) -> None:
        """The one that was asked last hangs, is gone or stands by."""
        self._at = (self._at + 1) % len(self._bases)

    async def state(self) -> State:
        """Everything that is going on now. Raises ControllerUnreachable."""
        return parse_state(await self._ask("GET", "state"))

    async def listen(self, after: int) -> aiohttp.ClientWebSocketResponse:
        """The stream of changes after this number, of the controller that told its state; a dead link shows within 3 s.
        Raises ControllerUnreachable."""
        url = (self._base / "live").with_query(after=after)
        try:
            return await self.session.ws_connect(url, heartbeat=HEARTBEAT, max_msg_size=16 * 2**20)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ControllerUnreachable from error

    async def readiness(self) -> tuple[bool, tuple[str, ...]]:
        """Whether it handles calls, and what does not work, each as `code: detail`. Raises ControllerUnreachable."""
        body = await self._ask("GET", "ready", accept=(200, 503))
        return bool(body.get("ready")), tuple(str(what) for what in body.get("degraded", ()))

    async def figures(self) -> bytes:
        """The active one's figures as Prometheus reads them. Raises ControllerUnreachable."""
        for base in (self._base, *self._bases):
            try:
                async with self.session.get(base / "metrics") as response:
                    if response.status == 200:
                        return await response.read()
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
        raise ControllerUnreachable

    async def lives(self) -> tuple[bool, ...]:
        """Which of the controllers' processes answer, the first one first."""
        return tuple(await asyncio.gather(*map(self._lives, self._bases)))

    async def _lives(self, base: URL) -> bool:
        try:
            async with self.session.get(base / "health", timeout=LIVES_WITHIN) as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def act(self, case: str, action: dict[str, str], *, actor: str) -> LiveCase:
        """Ask for an action on a case; the case as it is then.

        Raises NotFound, Conflict or Invalid with the controller's refusal code, ControllerUnreachable.
        """
        answer = await self._ask("POST", "cases", case, "actions", json={**action, "actor": actor})
        return parse_case(answer["case"])

    async def shown(self, case: str, *, extension: str, actor: str) -> None:
        """Tell that the agent's screen shows the case."""
        await self._ask("POST", "cases", case, "shown", json={"extension": extension, "actor": actor})

    async def call_out(self, extension: str, number: str, *, name: str, file: ElderFile | None, actor: str) -> LiveCase:
        """Ring this seat, then the number; the case that was opened for it.

        Raises NotFound, Conflict or Invalid with the controller's refusal code, ControllerUnreachable.
        """
        wanted = {"extension": extension, "number": number, "name": name, "file": to_json(file) if file else None}
        answer = await self._ask("POST", "calls", json={**wanted, "actor": actor})
        return parse_case(answer["case"])

    async def report(self, report: DeviceReport, *, actor: str) -> Taken:
        """Hand in what a device reports; the same report may be handed in again. Raises ControllerUnreachable."""
        answer = await self._ask("POST", "reports", json={"report": to_json(report), "actor": actor})
        return Taken(case=str(answer["case"]), durable=bool(answer["durable"]))

    async def set_seat(self, extension: str, *, state: str, reason: str, actor: str, by: str) -> None:
        """Set a seat ready or paused, or prolong its wrap-up (`wrap_up`); `by`: the name to show when it is not the
        agent's own choice."""
        body = {"state": state, "reason": reason, "actor": actor, "by": by}
        await self._ask("POST", "seats", extension, "state", json=body)

    async def work_phone(self, extension: str, *, action: str, actor: str) -> None:
        """Work the SIP telephone of this seat: `answer`, `hangup`, `mute`, `unmute`; or either phone: `hold`, `unhold`.

        Raises NotFound, Conflict (the code of a `NoCall`), ControllerUnreachable.
        """
        await self._ask("POST", "seats", extension, "phone", json={"action": action, "actor": actor})

    async def begin_take(self, extension: str, *, actor: str) -> str:
        """Ring this seat's phone to speak a prompt; the take's id. Raises Conflict, NotFound, ControllerUnreachable."""
        return str((await self._ask("POST", "takes", json={"extension": extension, "actor": actor}))["take"])

    async def take(self, number: str) -> tuple[str, str]:
        """How far it is (`ringing`, `speaking`, `done`, `failed`), and its file below the recordings folder. Raises
        NotFound, ControllerUnreachable."""
        answer = await self._ask("GET", "takes", number)
        return str(answer["state"]), str(answer["file"])

    async def reload(self) -> None:
        """Have it read seats, policy and working days again; one that stands by reads them when it takes over. Raises
        ControllerUnreachable."""
        await self._ask("POST", "reload", json={})

    async def _ask(
        self, method: str, *path: str, json: Mapping[str, Any] | None = None, accept: tuple[int, ...] = (200,)
    ) -> dict[str, Any]:
        for _ in self._bases[1:]:
            try:
                return await self._ask_one(method, *path, json=json, accept=accept)
            except StandsBy:
                self.try_another()
        return await self._ask_one(method, *path, json=json, accept=accept)

    async def _ask_one(
        self, method: str, *path: str, json: Mapping[str, Any] | None, accept: tuple[int, ...]
    ) -> dict[str, Any]:
        url = self._base.joinpath(*path)
        try:
            async with self.session.request(method, url, json=json) as response:
                body = await response.json() if response.content_type == "application/json" else {}
                if response.status == 503 and _code(body) == "stand_by":
                    raise StandsBy
                if response.status not in accept:
                    raise _refusal(response.status, body)
                return body if isinstance(body, dict) else {}
        except aiohttp.ClientConnectorError as nobody:  # nothing was sent
            raise StandsBy from nobody
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise ControllerUnreachable from error


_KINDS: dict[int, type[Problem]] = {404: NotFound, 409: Conflict, 422: Invalid}


def _code(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _refusal(status: int, body: Any) -> Problem:
    """The controller's own words, kept: its code is what `words/` has a sentence for."""
    error = body.get("error") if isinstance(body, dict) else None
    if status not in _KINDS or not isinstance(error, dict):
        return ControllerUnreachable(code=f"controller_{status}")
    code, message = str(error.get("code", "")), str(error.get("message", ""))
    fields = {str(name): str(text) for name, text in (error.get("fields") or {}).items()}
    return _KINDS[status](f"refusal.{code}", code=code, message=message, fields=fields)
