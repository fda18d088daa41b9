"""SIP as bytes: sends whatever a test writes, from an address of its choice, and keeps what comes back.

It knows no dialogs and answers nothing: for strangers, liars and broken messages. Honest calls are `sip_phone.py`'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

Address = tuple[str, int]


class RawSip(asyncio.DatagramProtocol):
    """`host` and `port` are its own."""

    transport: asyncio.DatagramTransport

    def __init__(self, server: Address) -> None:
        self.server = server
        self.answers: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    @asynccontextmanager
    async def at(cls, host: str, server: Address, *, port: int = 0) -> AsyncIterator[RawSip]:
        loop = asyncio.get_running_loop()
        made = cls(server)
        made.transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=(host, port))
        try:
            yield made
        finally:
            made.transport.close()
            await asyncio.sleep(0)

    @property
    def host(self) -> str:
        return str(self.transport.get_extra_info("sockname")[0])

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.answers.put_nowait(data.decode("utf-8", "replace"))

    def send(self, message: str | bytes) -> None:
        data = message if isinstance(message, bytes) else message.encode("utf-8", "surrogateescape")
        self.transport.sendto(data[:65_000], self.server)

    def request(self, method: str, **wanted: str) -> str:
        """A valid request but for what `wanted` replaces: `user`, `uri`, `call_id`, `to`, `extra` (whole lines),
        `body`, `kind` (its type), `display`, `contact`, `sequence`, `tag`."""
        uri = wanted.get("uri", f"sip:100@{self.server[0]}:{self.server[1]}")
        user, call_id = wanted.get("user", "999"), wanted.get("call_id", secrets.token_hex(8))
        body = wanted.get("body", "")
        kind = f"Content-Type: {wanted.get('kind', 'application/sdp')}\r\n" if body else ""
        tag = wanted.get("tag") or secrets.token_hex(4)
        shown = f"{wanted['display']} " if "display" in wanted else ""
        contact = wanted.get("contact", f"<sip:{user}@{self.host}:{self.port}>")
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{secrets.token_hex(8)}\r\n"
            f"Max-Forwards: 70\r\nFrom: {shown}<sip:{user}@{self.host}>;tag={tag}\r\n"
            f"To: {wanted.get('to', f'<{uri}>')}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {wanted.get('sequence', '1')} {method}\r\nContact: {contact}\r\n"
            f"{wanted.get('extra', '')}{kind}Content-Length: {len(body.encode())}\r\n\r\n{body}"
        )

    async def ask(self, method: str, *, deadline: float = 5.0, **wanted: str) -> str:
        """The first answer that is no mere progress; an INVITE's is acknowledged."""
        message = self.request(method, **wanted)
        self.send(message)
        answer = await self.answer_to(message, deadline=deadline)
        if method == "INVITE":
            self.send(acknowledgement(message, answer))
        return answer

    async def answer_to(self, message: str, *, deadline: float = 5.0) -> str:
        """The first answer to this request that is no mere progress."""
        mine = header(message, "Call-ID"), header(message, "CSeq")
        async with asyncio.timeout(deadline):
            while True:
                answer = await self.answers.get()
                theirs = header(answer, "Call-ID"), header(answer, "CSeq")
                if theirs == mine and answer.startswith("SIP/2.0") and status(answer) >= 200:
                    return answer

    def sdp(self) -> str:
        """An offer of A-law, at a port where nobody listens."""
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )

    async def ask_as_seat(self, method: str, *, password: str, account: str = "", **wanted: str) -> str:
        """The answer after the password was asked for and given, as `account` (default: the user in From)."""
        asked = await self.ask(method, **wanted)
        uri = header(self.request(method, **wanted), "To").strip("<>") if "uri" not in wanted else wanted["uri"]
        mine = proof(asked, method, uri, user=account or wanted["user"], password=password)
        return await self.ask(method, **{**wanted, "uri": uri, "extra": wanted.get("extra", "") + mine})

    async def silence(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.answers.get()
        except TimeoutError:
            return True
        return False


def status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def header(message: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(.*?)\r$", message, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def acknowledgement(invite: str, answer: str) -> str:
    """The ACK of an answer that is no 2xx."""
    uri = invite.split(" ", 2)[1]
    kept = "".join(f"{name}: {header(invite, name)}\r\n" for name in ("Via", "From", "Call-ID"))
    number = header(invite, "CSeq").split(" ")[0]
    return (
        f"ACK {uri} SIP/2.0\r\n{kept}To: {header(answer, 'To')}\r\nMax-Forwards: 70\r\n"
        f"CSeq: {number} ACK\r\nContent-Length: 0\r\n\r\n"
    )


def proof(answer: str, method: str, uri: str, *, user: str, password: str) -> str:
    """The Authorization line that answers the challenge in `answer`."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', header(answer, "WWW-Authenticate")))

    def digest(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret = digest(user, given["realm"], password)
    response = digest(secret, given["nonce"], "00000001", "mine", "auth", digest(method, uri))
    return (
        f'Authorization: Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="mine", opaque="{given["opaque"]}"\r\n'
    )
