"""AMI, as much of it as we need: what Asterisk tells about strangers at the door, as typed values, over a link that
comes back by itself. panoramisk reads and writes the protocol; none of its types leaves this file.

An event's account is a stranger's own text, and Asterisk writes it out as it is: up to 36 characters, line breaks among
them. With these an event can be torn, or be given a header of the stranger's making. So an account counts only where
it is a name of ours, and of a header that comes twice the last counts, which is Asterisk's.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

import structlog
from panoramisk.ami_protocol import AMIProtocol

log = structlog.get_logger(__name__)
ANSWER_WITHIN = 5.0  # seconds for connecting and for each answer: Asterisk is on this machine
PING_EVERY = 10.0  # seconds: a link that is dead without a word is noticed after this and ANSWER_WITHIN
RETRY_FIRST, RETRY_LONGEST = 0.5, 10.0
MOST_A_SECOND = (
    2000  # events: to read one takes 0.06 ms, and a flood of strangers must not take the processor from calls
)
DEAF_FOR = 5.0  # seconds after a flood; leaving the link meanwhile, Asterisk need not keep what we do not read
SILENT_FOR = 15.0  # seconds without a link before it is a problem: an Asterisk that is restarted needs some of them

_NOBODY_OF_OURS = "<unknown>"
_REMOTE = re.compile(r"IPV[46]/[A-Za-z]{2,4}/(.+)/[0-9]{1,5}")


class AmiRefused(Exception):
    """Asterisk does not let us in, or wants no more of us; the text says which."""


class AmiLost(Exception):
    """The link has ended."""


class AmiFlood(Exception):
    """More events than anybody could judge; we have left the link for a while."""


class SecurityKind(StrEnum):
    """The events that Asterisk's SIP stack and AMI itself raise, by Asterisk's names."""

    CHALLENGED = "ChallengeSent"
    PROVEN = "SuccessfulAuth"
    FAILED_PROOF = "ChallengeResponseFailed"
    WRONG_PASSWORD = "InvalidPassword"
    UNKNOWN_ACCOUNT = "InvalidAccountID"
    OUTSIDE_ACL = "FailedACL"
    BAD_FORMAT = "RequestBadFormat"
    BAD_TRANSPORT = "InvalidTransport"
    NOT_SUPPORTED = "RequestNotSupported"
    NOT_ALLOWED = "RequestNotAllowed"
    AUTH_METHOD = "AuthMethodNotAllowed"
    SESSION_LIMIT = "SessionLimit"
    MEMORY_LIMIT = "MemoryLimit"
    LOAD = "LoadAverageLimit"
    UNEXPECTED_ADDRESS = "UnexpectedAddress"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Who came from where. `account` is the seat that was named, "" when it is nobody of ours; `service` is Asterisk's
    word for where they came in (`PJSIP`, `AMI`)."""

    kind: SecurityKind
    service: str
    account: str
    address: IPv4Address | IPv6Address


def read_event(headers: Mapping[str, object]) -> SecurityEvent | None:
    """The event in these headers, or None: it is none of security, or torn."""
    words = {name.lower(): _last(value) for name, value in headers.items()}
    try:
        kind = SecurityKind(words.get("event", ""))
    except ValueError:
        return None
    found = _REMOTE.fullmatch(words.get("remoteaddress", ""))
    if not found:
        return None
    try:
        address = ip_address(found[1])
    except ValueError:
        return None
    # Of an unknown account the name is the stranger's text; where a password is checked it is Asterisk's.
    account = "" if kind is SecurityKind.UNKNOWN_ACCOUNT else words.get("accountid", "")
    return SecurityEvent(kind, words.get("service", ""), "" if account == _NOBODY_OF_OURS else account, address)


def _last(value: object) -> str:
    return str(value[-1] if isinstance(value, list) else value)


class AmiLink:
    """One connection to the Asterisk of this machine, for ever. The argument `linked` is called each time we have been
    let in, `heard` with each event; neither may wait. The attribute `linked` tells whether there is a link now."""

    def __init__(
        self,
        port: int,
        *,
        user: str,
        password: str,
        linked: Callable[[], None],
        heard: Callable[[SecurityEvent], None],
    ) -> None:
        self.linked = False
        self._reason = ""
        self._lost_at = 0.0
        self._port = port
        self._user, self._password = user, password
        self._when_linked, self._heard = linked, heard

    @property
    def problem(self) -> str:
        """Why there has been no link for a while, in plain words; "" when all is well."""
        lasting = self._reason and asyncio.get_running_loop().time() - self._lost_at > SILENT_FOR
        return self._reason if lasting else ""

    async def run(self) -> None:
        """For ever."""
        pause = RETRY_FIRST
        while True:
            try:
                await self._serve()
            except AmiFlood:
                log.warning("a flood at the SIP door; nothing is counted for a while", seconds=DEAF_FOR)
                pause = DEAF_FOR
            except (OSError, TimeoutError, AmiRefused, AmiLost) as problem:
                if not self._reason:
                    log.warning("no link to AMI; strangers are not counted", reason=_plain(problem))
                    self._lost_at = asyncio.get_running_loop().time()
                    pause = RETRY_FIRST
                self._reason = _plain(problem)
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_LONGEST)

    async def _serve(self) -> None:
        """Until the link ends, which is one of the exceptions that `run` expects."""
        async with asyncio.timeout(ANSWER_WITHIN):
            _, protocol = await asyncio.get_running_loop().create_connection(AMIProtocol, "127.0.0.1", self._port)
        ears = protocol.factory = _Ears(self._heard)
        try:
            login = {"Action": "Login", "Username": self._user, "Secret": self._password, "Events": "security"}
            if not await _asked(protocol, ears, login):
                raise AmiRefused("AMI refuses our password")
            self.linked, self._reason = True, ""
            log.info("AMI tells who knocks")
            self._when_linked()
            while not ears.lost.done():
                await asyncio.wait({ears.lost}, timeout=PING_EVERY)
                await _asked(protocol, ears, {"Action": "Ping"})
        finally:
            self.linked = False
            protocol.close()


class _Ears:
    """What panoramisk's protocol calls its factory: it gets every message that answers nothing, and the end."""

    save_stream = None
    # Else what was not answered is kept, and written to the log with the password in it.
    forgetable_actions = ("login", "ping")

    def __init__(self, heard: Callable[[SecurityEvent], None]) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.flooded = False
        self.awaiting_actions: deque[object] = deque(maxlen=0)
        self._heard = heard
        self._second, self._events = 0, 0

    def dispatch(self, message: Mapping[str, object]) -> None:
        second = int(asyncio.get_running_loop().time())
        self._second, self._events = second, self._events + 1 if second == self._second else 1
        if self._events > MOST_A_SECOND:
            self.flooded = True
            self.connection_lost(None)
            return
        event = read_event(message)
        if event is not None:
            self._heard(event)

    def connection_lost(self, reason: object) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


async def _asked(protocol: AMIProtocol, ears: _Ears, action: dict[str, str]) -> bool:
    """Whether Asterisk has done it. Raises AmiLost, TimeoutError."""
    answer = protocol.send(action)
    await asyncio.wait({answer, ears.lost}, timeout=ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    if ears.lost.done():
        raise AmiFlood if ears.flooded else AmiLost("the link has ended")
    if not answer.done():
        raise TimeoutError
    return bool(answer.result().success)


def _plain(problem: BaseException) -> str:
    match problem:
        case TimeoutError():
            return f"no answer within {ANSWER_WITHIN:g} s"
        case AmiRefused() | AmiLost():
            return str(problem)
        case _:
            return type(problem).__name__
