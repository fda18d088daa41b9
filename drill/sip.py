"""As much SIP as a load needs (RFC 3261 over UDP): read a message, write one, sign one with a password (RFC 7616, MD5).

No retransmission, no media: the peer is on this machine. Never use this as a telephone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')
_HOST = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
_PORT = re.compile(r"^m=audio ([0-9]+)", re.MULTILINE)
_NUMBER = re.compile(r"sips?:([^@;>]*)@")


@dataclass(frozen=True, slots=True)
class Message:
    """`headers` by small name; of a header that comes several times all lines are kept."""

    start: str
    headers: dict[str, list[str]]
    body: str = ""

    @property
    def method(self) -> str:
        """The method of a request; "" for a response."""
        return "" if self.start.startswith("SIP/2.0 ") else self.start.split(" ", 1)[0]

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if not self.method else 0

    @property
    def answers(self) -> str:
        """The method that a response answers, or that a request is."""
        return self["cseq"].rpartition(" ")[2]

    @property
    def caller(self) -> str:
        """The number in From."""
        found = _NUMBER.search(self["from"])
        return found[1] if found else ""

    @property
    def dialled(self) -> str:
        """The number in the first line of a request."""
        found = _NUMBER.search(self.start)
        return found[1] if found else ""

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the other side wants its sound."""
        host, port = _HOST.search(self.body), _PORT.search(self.body)
        return (host[1], int(port[1])) if host and port else None

    def __getitem__(self, name: str) -> str:
        return self.headers.get(name, [""])[0]


def parse(data: bytes) -> Message | None:
    """A datagram as a message; None for keep-alives."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if not start.strip():
        return None
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return Message(start, headers, body)


def build(start: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """A message with its length."""
    rest = [*headers, ("Content-Length", str(len(body.encode())))]
    return "\r\n".join([start, *(f"{name}: {value}" for name, value in rest), "", body]).encode()


def respond(
    request: Message, status: str, *, tag: str = "", extra: list[tuple[str, str]] | None = None, body: str = ""
) -> bytes:
    """The response `status` ("180 Ringing") to a request."""
    to = request["to"] if not tag or "tag=" in request["to"] else f"{request['to']};tag={tag}"
    headers = [("Via", via) for via in request.headers["via"]]
    headers += [("From", request["from"]), ("To", to), ("Call-ID", request["call-id"]), ("CSeq", request["cseq"])]
    return build(f"SIP/2.0 {status}", headers + (extra or []), body)


def credentials(challenge: str, *, method: str, uri: str, username: str, password: str) -> str:
    """The Authorization that answers a WWW-Authenticate."""
    asked = dict(_PARAMETER.findall(challenge))
    ha1 = _md5(f"{username}:{asked['realm']}:{password}")
    ha2 = _md5(f"{method}:{uri}")
    told = {"username": username, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri}
    if "qop" in asked:
        told |= {"response": _md5(f"{ha1}:{asked['nonce']}:00000001:bench:auth:{ha2}"), "cnonce": "bench"}
        plain = ", qop=auth, nc=00000001"
    else:
        told["response"], plain = _md5(f"{ha1}:{asked['nonce']}:{ha2}"), ""
    if "opaque" in asked:
        told["opaque"] = asked["opaque"]
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in told.items()) + ", algorithm=MD5" + plain


def sdp(host: str, port: int = 9) -> str:
    """An offer of A-law; at port 9 nobody listens."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 8 101"]
    lines += ["a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=sendrecv", ""]
    return "\r\n".join(lines)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
