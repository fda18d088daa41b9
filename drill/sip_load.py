"""Callers and seats without sound: many calls a second, and the time from each INVITE to its answer and to the INVITE
that rings a seat. Both ends are in one process, so one clock measures all.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from drill import sip

_ANSWER_WITHIN = 5.0
_REGISTER_WITHIN = 20.0
_EXPIRES = 600  # seconds for which a telephone counts as there
_BETWEEN = 0.005
_SAID_AGAIN = (0.5, 1.0, 2.0)  # seconds after which an INVITE is sent again that nobody has heard (RFC 3261, timer A)
TELLING = 8  # digits at the end of a number by which callers differ


@dataclass(slots=True)
class Call:
    """Times on one clock in seconds; `picked_up` and `rang` are None for what did not happen."""

    number: str
    caller: str
    id: str
    sent: float = 0.0
    picked_up: float | None = None
    rang: float | None = None
    refused: int = 0
    over: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def notice(self) -> None:
        if self.refused or self.picked_up:
            self.up.set()
        if self.refused or (self.picked_up and self.rang):
            self.done.set()


class Peer(asyncio.DatagramProtocol):
    """One UDP socket that speaks SIP."""

    transport: asyncio.DatagramTransport

    def __init__(self, platform: tuple[str, int]) -> None:
        self.platform = platform

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is none by its class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        now = time.perf_counter()
        if message := sip.parse(data):
            self.heard(message, addr, now)

    def heard(self, message: sip.Message, addr: tuple[str, int], now: float) -> None:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        self.transport.sendto(data, self.platform)

    def put_down(self, invite: sip.Message, *, tag: str) -> None:
        """End a call that came in with this INVITE and was answered with this tag."""
        headers = [
            self.via(),
            ("Max-Forwards", "70"),
            ("From", f"{invite['to']};tag={tag}"),
            ("To", invite["from"]),
            ("Call-ID", invite["call-id"]),
            ("CSeq", "1 BYE"),
        ]
        self.send(sip.build(f"BYE sip:{self.platform[0]}:{self.platform[1]} SIP/2.0", headers))

    @property
    def host(self) -> str:
        return self.address.partition(":")[0]

    @property
    def address(self) -> str:
        host, port = self.transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def via(self) -> tuple[str, str]:
        return ("Via", f"SIP/2.0/UDP {self.address};branch=z9hG4bK{secrets.token_hex(8)};rport")


class Callers(Peer):
    """The carrier's side: places calls and ends them."""

    def __init__(self, platform: tuple[str, int]) -> None:
        super().__init__(platform)
        self.calls: dict[str, Call] = {}
        self._live: dict[str, Call] = {}
        self._to: dict[str, str] = {}

    async def call(self, number: str, *, caller: str) -> Call:
        """One call that waits on the line; returns when it has shown both times or after `_ANSWER_WITHIN` seconds."""
        call = Call(number, caller, secrets.token_hex(8))
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await self.invite(call)
                await call.done.wait()
        except TimeoutError:
            pass  # the missing time tells
        return call

    async def answered(self, number: str, *, caller: str) -> Call:
        """One call that waits on the line; returns when it is answered, or after `_ANSWER_WITHIN` seconds."""
        call = Call(number, caller, secrets.token_hex(8))
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await self.invite(call)
                await call.up.wait()
        except TimeoutError:
            pass  # the missing time tells
        return call

    async def invite(self, call: Call, port: int = 9) -> None:
        """Place the call, with sound at this port; returns when the platform has heard of it, or never will."""
        self.calls[call.id] = self._live[call.caller[-TELLING:]] = call
        offer = sip.sdp(self.host, port)
        headers = [*self._dialog(call, "INVITE"), ("Contact", f"<sip:{call.caller}@{self.address}>")]
        headers.append(("Content-Type", "application/sdp"))
        call.sent = time.perf_counter()
        await self._send_until_heard(sip.build(self._start("INVITE", call), headers, offer), call)

    async def _send_until_heard(self, invite: bytes, call: Call) -> None:
        self.send(invite)
        for pause in _SAID_AGAIN:
            try:
                await asyncio.wait_for(call.heard.wait(), pause)
            except TimeoutError:
                self.send(invite)
            else:
                return

    def hang_up(self, call: Call) -> None:
        """Put down, unless the platform has done so."""
        if call.picked_up and not call.over:
            call.over = True
            self.send(sip.build(self._start("BYE", call), self._dialog(call, "BYE", number=2)))

    def rang(self, caller: str, now: float) -> None:
        """A seat rings for this caller, whose number may be shown in another form; told by the seats."""
        if call := self._live.get(caller[-TELLING:]):
            call.rang = call.rang or now
            call.notice()

    def heard(self, message: sip.Message, addr: tuple[str, int], now: float) -> None:
        if message.method:
            self.transport.sendto(sip.respond(message, "200 OK"), addr)
            if message.method == "BYE" and (ended := self.calls.get(message["call-id"])):
                ended.over = True
            return
        call = self.calls.get(message["call-id"])
        if call is None or message.answers != "INVITE":
            return
        call.heard.set()
        if message.status < 200:
            return
        self._to[call.id] = message["to"]
        if message.status == 200 and call.picked_up is None:
            call.picked_up = now
        elif message.status >= 300:
            call.refused = message.status
        self.send(sip.build(self._start("ACK", call), self._dialog(call, "ACK")))
        call.notice()

    def _start(self, method: str, call: Call) -> str:
        return f"{method} sip:{call.number}@{self.platform[0]}:{self.platform[1]} SIP/2.0"

    def _dialog(self, call: Call, method: str, *, number: int = 1) -> list[tuple[str, str]]:
        to = self._to.get(call.id, f"<sip:{call.number}@{self.platform[0]}>")
        return [
            self.via(),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{call.caller}@{self.address}>;tag={call.id}"),
            ("To", to),
            ("Call-ID", call.id),
            ("CSeq", f"{number} {method}"),
        ]


class Seats(Peer):
    """Telephones that register and ring until all are answered at once."""

    def __init__(self, platform: tuple[str, int], callers: Callers) -> None:
        super().__init__(platform)
        self._callers = callers
        self._passwords: dict[str, str] = {}
        self._registered: dict[str, asyncio.Future[None]] = {}
        self._turns = itertools.count(1)  # of signing on: a request must have a higher number than those before it
        self._ringing: dict[str, sip.Message] = {}

    async def register(self, passwords: dict[str, str]) -> None:
        """Sign every telephone on. Raises TimeoutError when the platform does not accept all of them."""
        self._passwords |= passwords
        loop = asyncio.get_running_loop()
        self._registered |= {extension: loop.create_future() for extension in passwords}
        async with asyncio.timeout(_REGISTER_WITHIN):
            while True:
                missing = [extension for extension, done in self._registered.items() if not done.done()]
                await self._sign_on(missing)
                if not missing:
                    return
                await asyncio.wait(self._registered.values(), timeout=1)

    async def stay_registered(self) -> None:
        """Sign on again long before it would run out, until cancelled."""
        while True:
            await asyncio.sleep(_EXPIRES / 3)
            await self._sign_on(list(self._passwords))

    async def _sign_on(self, extensions: Sequence[str]) -> None:
        turn = next(self._turns)
        for extension in extensions:
            self._send_register(extension, number=2 * turn)
            await asyncio.sleep(_BETWEEN)  # all at once would be more than a socket's buffer holds

    def answer_all(self) -> None:
        """Every telephone that rings is picked up."""
        for call in tuple(self._ringing):
            self.answer(call)

    def answer(self, call: str) -> sip.Message | None:
        """Pick up the telephone that rings for this call; None when it does not ring any more."""
        invite = self._ringing.pop(call, None)
        if invite is not None:
            extra = [*self._contact(), ("Content-Type", "application/sdp")]
            self.send(sip.respond(invite, "200 OK", tag="seat", extra=extra, body=sip.sdp(self.host)))
        return invite

    def heard(self, message: sip.Message, addr: tuple[str, int], now: float) -> None:
        match message.method:
            case "":
                self._response(message)
            case "INVITE":
                self._callers.rang(message.caller, now)
                self._ringing[message["call-id"]] = message
                self.transport.sendto(sip.respond(message, "100 Trying"), addr)
                self.transport.sendto(sip.respond(message, "180 Ringing", tag="seat", extra=self._contact()), addr)
            case "CANCEL":
                self.transport.sendto(sip.respond(message, "200 OK", tag="seat"), addr)
                if invite := self._ringing.pop(message["call-id"], None):
                    self.transport.sendto(sip.respond(invite, "487 Request Terminated", tag="seat"), addr)
            case "ACK":
                pass
            case _:
                self.transport.sendto(sip.respond(message, "200 OK", tag="seat"), addr)

    def _contact(self) -> list[tuple[str, str]]:
        return [("Contact", f"<sip:{self.address}>")]

    def _response(self, message: sip.Message) -> None:
        extension = message["to"].partition("sip:")[2].partition("@")[0]
        if message.answers != "REGISTER" or extension not in self._registered:
            return
        if message.status == 401:
            number = int(message["cseq"].partition(" ")[0]) + 1
            self._send_register(extension, number=number, challenge=message["www-authenticate"])
        elif message.status == 200 and not self._registered[extension].done():
            self._registered[extension].set_result(None)

    def _send_register(self, extension: str, *, number: int, challenge: str = "") -> None:
        uri = f"sip:{self.platform[0]}:{self.platform[1]}"
        me = f"<sip:{extension}@{self.platform[0]}>"
        headers = [
            self.via(),
            ("Max-Forwards", "70"),
            ("From", f"{me};tag={extension}"),
            ("To", me),
            ("Call-ID", f"register-{extension}"),
            ("CSeq", f"{number} REGISTER"),
            ("Contact", f"<sip:{extension}@{self.address}>"),
            ("Expires", str(_EXPIRES)),
        ]
        if challenge:
            password = self._passwords[extension]
            signed = sip.credentials(challenge, method="REGISTER", uri=uri, username=extension, password=password)
            headers.append(("Authorization", signed))
        self.send(sip.build(f"REGISTER {uri} SIP/2.0", headers))
