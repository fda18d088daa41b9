"""A small telephone for tests: it registers, calls, answers and hangs up, over UDP, in A-law, one call at a time.

It shares no code with the town or with Asterisk, and sends whatever it is told to: also what no honest phone would.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from .ear import Ear, talk

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or answer that came in."""

    text: str

    @property
    def method(self) -> str:
        """`INVITE` of a request, "" of an answer."""
        return "" if self.text.startswith("SIP/2.0") else self.text.split(" ", 1)[0]

    @property
    def status(self) -> int:
        return int(self.text.split(" ", 2)[1])

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}:\s*(.*?)\r$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    @property
    def contact(self) -> str:
        found = re.search(r"<([^>]+)>", self.header("Contact"))
        return found[1] if found else ""

    @property
    def media(self) -> Address | None:
        host = re.search(r"^c=IN IP4 (\S+)", self.text, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.text, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None


class SipPhone(asyncio.DatagramProtocol):
    """`lifts`: it answers when it is asked to, by `Event: talk` inside of the call that rings.

    `host` is its own address: by it a trunk is recognised. `progress` is set when a call of ours is being
    handled, `invited` when we are called, `ended` when the other side hangs up."""

    signalling: asyncio.DatagramTransport
    media: asyncio.DatagramTransport

    def __init__(self, host: str, server: Address, *, user: str = "", password: str = "") -> None:
        self.host, self.server, self.user, self.password = host, server, user or "caller", password
        self.ear = Ear()
        self.answered_at = 0.0
        self.ended = asyncio.Event()
        self.invited = asyncio.Event()
        self.progress = asyncio.Event()
        self.in_call = False
        self.lifts = False
        self._lifting: asyncio.Task[None] | None = None
        self._tag = secrets.token_hex(4)
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._invite: Message | None = None
        self._call_id, self._sequence = secrets.token_hex(8), 0
        self._local, self._remote, self._target = "", "", ""
        self._pending = ""
        self._voice: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def plugged_in(
        cls, host: str, server: Address, *, user: str = "", password: str = ""
    ) -> AsyncIterator[SipPhone]:
        """Its sockets are open inside; a call that still stands is ended after."""
        loop = asyncio.get_running_loop()
        phone = cls(host, server, user=user, password=password)
        phone.signalling, _ = await loop.create_datagram_endpoint(lambda: phone, local_addr=(host, 0))
        phone.media, _ = await loop.create_datagram_endpoint(lambda: phone.ear, local_addr=(host, 0))
        try:
            yield phone
        finally:
            await phone.hang_up()
            phone.signalling.close()
            phone.media.close()
            await asyncio.sleep(0)

    async def register(self) -> int:
        """The status of a REGISTER with our password; 200 when we can be called from now on."""
        me = f"<sip:{self.user}@{self.server[0]}>"
        return (await self._ask("REGISTER", f"sip:{self.server[0]}", me, extra="Expires: 120\r\n")).status

    async def call(self, number: str, *, sender: str = "", deadline: float = 8.0) -> int:
        """The final status of an INVITE. `sender` replaces the From header; `{host}` in it is our address."""
        uri = f"sip:{number}@{self.server[0]}:{self.server[1]}" if number else f"sip:{self.server[0]}:{self.server[1]}"
        sender = (
            sender.format(host=self.host)
            or f'"caller" <sip:{self.user if self.password else "02155550101"}@{self.host}>'
        )
        answer = await self._ask("INVITE", uri, f"<{uri}>", sender=sender, body=self._sdp(), deadline=deadline)
        if answer.status == 200:
            self._established(answer, local=self._local, remote=answer.header("To"))
        return answer.status

    async def answer(self, deadline: float = 8.0) -> None:
        """Waits for a call and takes it."""
        async with asyncio.timeout(deadline):
            await self.invited.wait()
        invite = self._invite
        assert invite is not None
        tagged = f"{invite.header('To')};tag={self._tag}"
        self._call_id, self._sequence = invite.header("Call-ID"), 100
        self._reply(invite, "200 OK", to=tagged, body=self._sdp())
        self._established(invite, local=tagged, remote=invite.header("From"))

    async def hang_up(self) -> None:
        """BYE when a call stands, CANCEL when ours is not answered yet."""
        await self.mute()
        if self.in_call:
            self.in_call = False
            self._send("BYE", self._target, self._remote, branch=secrets.token_hex(8))
        elif self._pending:
            branch, uri, to = self._pending.split(" ", 2)
            self._send("CANCEL", uri, to, branch=branch, sequence=self._sequence)

    async def mute(self) -> None:
        """Sends no sound any more, as a phone whose plug was pulled."""
        if self._voice is not None:
            self._voice.cancel()
            await asyncio.gather(self._voice, return_exceptions=True)
            self._voice = None

    def _established(self, peer: Message, *, local: str, remote: str) -> None:
        self._local, self._remote, self._target = local, remote, peer.contact
        self.in_call, self.answered_at = True, time.monotonic()
        self.ended.clear()
        assert peer.media is not None
        self._voice = asyncio.create_task(talk(self.media, peer.media), name="phone-voice")

    async def _ask(
        self,
        method: str,
        uri: str,
        to: str,
        *,
        sender: str = "",
        extra: str = "",
        body: str = "",
        deadline: float = 8.0,
    ) -> Message:
        """Sends a request, once more with the password when it is asked for; returns the final answer."""
        self._local = f"{sender or to};tag={secrets.token_hex(4)}"
        proof = ""
        async with asyncio.timeout(deadline):
            while True:
                self._sequence += 1
                branch = secrets.token_hex(8)
                self._pending = f"{branch} {uri} {to}" if method == "INVITE" else ""
                self._send(method, uri, to, branch=branch, extra=extra + proof, body=body)
                while (answer := await self._answers.get()).status < 200:
                    pass
                self._pending = ""
                if method == "INVITE":
                    good = answer.status < 300
                    target = answer.contact if good else uri
                    self._send("ACK", target, answer.header("To"), branch=secrets.token_hex(8) if good else branch)
                if answer.status != 401 or proof or not self.password:
                    return answer
                proof = self._proof(answer.header("WWW-Authenticate"), method, uri)

    def _proof(self, challenge: str, method: str, uri: str) -> str:
        """The answer to a digest challenge (RFC 2617, MD5, with or without qop)."""
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

        def digest(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

        mine = secrets.token_hex(8)
        secret = digest(self.user, given["realm"], self.password)
        response = digest(secret, given["nonce"], "00000001", mine, "auth", digest(method, uri))
        return (
            f'Authorization: Digest username="{self.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{mine}"'
            + (f', opaque="{given["opaque"]}"' if "opaque" in given else "")
            + "\r\n"
        )

    def _sdp(self) -> str:
        port = self.media.get_extra_info("sockname")[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def _here(self) -> str:
        return f"{self.host}:{self.signalling.get_extra_info('sockname')[1]}"

    def _send(
        self, method: str, uri: str, to: str, *, branch: str, sequence: int = 0, extra: str = "", body: str = ""
    ) -> None:
        if method == "BYE":
            self._sequence += 1
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self._here()};rport;branch=z9hG4bK{branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: {self._local}\r\nTo: {to}\r\nCall-ID: {self._call_id}\r\n"
            f"CSeq: {sequence or self._sequence} {method}\r\nContact: <sip:{self.user}@{self._here()}>\r\n"
            f"{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.signalling.sendto(text.encode("utf-8", "surrogateescape"), self.server)

    def _reply(self, request: Message, status: str, *, to: str = "", body: str = "") -> None:
        kept = "".join(f"{name}: {request.header(name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"SIP/2.0 {status}\r\n{kept}To: {to or request.header('To')}\r\n"
            f"Contact: <sip:{self.user}@{self._here()}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.signalling.sendto(text.encode(), self.server)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        message = Message(data.decode("utf-8", "replace"))
        if not message.method:
            if message.header("CSeq").endswith((" INVITE", " REGISTER")):
                self._answers.put_nowait(message)
                if message.status < 200:
                    self.progress.set()
        elif message.method == "INVITE":
            if not self.invited.is_set():
                self._invite = message
                self._reply(message, "180 Ringing", to=f"{message.header('To')};tag={self._tag}")
                self.invited.set()
        elif message.method != "ACK":
            if message.method in ("BYE", "CANCEL"):
                self.in_call = False
                self.ended.set()
            self._reply(message, "200 OK")
            if message.method == "NOTIFY" and message.header("Event") == "talk" and self.lifts:
                self._lifting = asyncio.create_task(self.answer(), name="phone-lifts")
