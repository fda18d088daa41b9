"""Messages that are not SIP, or hardly: written ones in the spirit of RFC 4475, and random damage to valid ones.

The same seed makes the same messages. Nothing is sent from here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from .raw_sip import RawSip

_BIG = 9_999_999_999_999_999_999
_BYTES = (b"\x00", b"\r\n", b"\r\n\r\n", b"\n", b":", b";", b"<", b">", b'"', b"\\", b"%", b"%00", b"\xff", b"\xc0\x80")
_METHODS = ("INVITE", "REGISTER", "OPTIONS", "BYE", "CANCEL", "ACK", "SUBSCRIBE", "NOTIFY", "MESSAGE", "INFO", "REFER")


def torture(sip: RawSip) -> list[bytes]:
    """Each breaks one rule, or strains one; none is random."""
    base = sip.request("INVITE", user="02155550199", body=sip.sdp(), call_id="torture")
    change = base.replace
    texts = [
        "",
        "\r\n" * 50,
        "\x00" * 500,
        "INVITE",
        "SIP/2.0 200 OK\r\n\r\n",
        "SIP/2.0 999999999999 Much\r\nCSeq: 1 INVITE\r\n\r\n",
        base[: len(base) // 2],
        base.partition("\r\n\r\n")[0],
        change("SIP/2.0\r\n", "SIP/7.0\r\n", 1),
        change("SIP/2.0\r\n", "\r\n", 1),
        change("INVITE sip:", "INVITE  sip:", 1),
        change("INVITE sip:", "INVITE https:", 1),
        change("INVITE sip:", "INVITE tel:+86", 1),
        change("INVITE sip:100@", "INVITE sip:@", 1),
        change("INVITE sip:100@", "INVITE <sip:100@", 1),
        change("INVITE sip:100", "INVITE sip:" + "1" * 5000, 1),
        change("INVITE sip:100", "INVITE sip:100;" + "a=b;" * 1000, 1),
        change("INVITE sip:100@", "INVITE sip:%00%0d%0a%ff@", 1),
        change("1 INVITE", f"{_BIG} INVITE", 1),
        change("1 INVITE", "-1 INVITE", 1),
        change("1 INVITE", "1 BYE", 1),
        change("1 INVITE", "one INVITE", 1),
        change("Max-Forwards: 70", "Max-Forwards: -1", 1),
        change("Max-Forwards: 70", "Max-Forwards: 0", 1),
        change("Max-Forwards: 70", f"Max-Forwards: {_BIG}", 1),
        change("Content-Length: ", "Content-Length: 9", 1),
        change("Content-Length: ", "Content-Length: -", 1),
        change("Content-Length: ", f"Content-Length: {_BIG}", 1),
        change("application/sdp", "application/sdp/sdp;;;=", 1),
        change("application/sdp", "multipart/mixed;boundary=", 1),
        change("application/sdp", "multipart/mixed;boundary=x", 1),
        change("Via: SIP/2.0/UDP", "Via: SIP/2.0/CARRIER-PIGEON", 1),
        change("Via:", "Via: SIP/2.0/UDP 999.999.999.999:99999999\r\nVia:", 1),
        change("Via:", "Via: ,,,,\r\nVia:", 1),
        change("Via:", "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n" * 300 + "Via:", 1),
        change("rport", "rport=" + "9" * 300, 1),
        change("From: <", "From: <<<<", 1),
        change("From: <", 'From: "unterminated <', 1),
        change("From: <", "From: " + '"' + "\\" * 999 + '" <', 1),
        change("From:", "From: <sip:twice@h>;tag=1\r\nFrom:", 1),
        change("tag=", "tag=" + "t" * 9000, 1),
        change("To:", "t:\r\n ,\r\n To:", 1),
        change("Contact: <sip:", "Contact: *;<sip:", 1),
        change("Contact: <sip:", "Contact: <sip:[::ffff:999]:0;", 1),
        change("Contact:", "Record-Route: <sip:x;lr>\r\nRoute: <sip:127.0.0.1;lr>\r\nContact:", 1),
        change("Contact:", "Authorization: Digest username=,realm=\x01,nonce=,response=\r\nContact:", 1),
        change("Contact:", "Authorization: Digest " + 'x="y",' * 900 + "\r\nContact:", 1),
        change("Contact:", "Proxy-Authorization: NTLM\r\nAuthorization: Basic OjpF\r\nContact:", 1),
        change("Contact:", "Require: nothing, 100rel, replaces, timer\r\nContact:", 1),
        change("Contact:", f"Session-Expires: {_BIG};refresher=who\r\nMin-SE: -5\r\nContact:", 1),
        change("Contact:", f"Expires: {_BIG}\r\nContact:", 1),
        change("Contact:", "Event: \r\nAllow-Events: ,\r\nAccept: ;;;\r\nContact:", 1),
        change("v=0", "v=0\r\n" * 500, 1),
        change("m=audio 9", "m=audio 99999999", 1),
        change("m=audio 9", "m=audio -1", 1),
        change("m=audio", "m=audio 9 RTP/AVP 8\r\n" * 60 + "m=audio", 1),
        change("RTP/AVP 8", "RTP/AVP " + "8 " * 2000, 1),
        change("c=IN IP4 ", "c=IN IP6 ", 1),
        change("c=IN IP4 ", "c=IN IP4 no.such.host.invalid.", 1),
        change("a=rtpmap:8 PCMA/8000", "a=rtpmap:8 PCMA/0/0\r\na=rtpmap:\r\na=ptime:0\r\na=crypto:1 X inline:", 1),
        sip.request("CANCEL", call_id="torture"),
        sip.request("ACK", call_id="torture"),
        sip.request("BYE", call_id="torture", to="<sip:100@x>;tag=nobody"),
        sip.request(
            "NOTIFY", extra="Event: presence\r\nSubscription-State: \r\n", kind="application/pidf+xml", body="<"
        ),
        sip.request("NOTIFY", extra="Event: message-summary\r\n", kind="application/simple-message-summary", body="x"),
        sip.request(
            "PUBLISH", extra="Event: presence\r\nExpires: 0\r\n", kind="application/pidf+xml", body="<a>" * 900
        ),
        sip.request("REGISTER", contact="<sip:a@h>;expires=-1, <sip:b@h>;q=9.9, *"),
        sip.request("REGISTER", contact=",".join(f"<sip:{n}@h>" for n in range(400))),
        sip.request("X" * 900),
        sip.request("INVITE", body=sip.sdp(), extra="X: \r\n \r\n\t\r\n" * 100),
    ]
    return [text.encode("utf-8", "surrogateescape") for text in texts]


def damaged(sip: RawSip, chance: random.Random, count: int) -> Iterator[bytes]:
    """Valid requests, each with one to six random wounds."""
    for _ in range(count):
        method = chance.choice(_METHODS)
        body = sip.sdp() if chance.random() < 0.6 else ""
        data = sip.request(method, user=chance.choice(("801", "999", "02155550199")), body=body).encode()
        for _ in range(chance.randint(1, 6)):
            data = _wound(data, chance)
        yield data[:65_000]


def _wound(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    to = min(len(data), at + chance.randint(1, 40))
    match chance.randrange(7):
        case 0:
            return data[:at] + data[to:]
        case 1:
            return data[:at] + data[at:to] * chance.randint(2, 40) + data[to:]
        case 2:
            return data[:at] + chance.choice(_BYTES) * chance.choice((1, 1, 3, 200)) + data[at:]
        case 3:
            return data[:at] + chance.randbytes(to - at) + data[to:]
        case 4:
            return data[:at] + str(chance.choice((-1, 0, 2**31, 2**32, _BIG))).encode() + data[to:]
        case 5:
            lines = data.split(b"\r\n")
            chance.shuffle(lines)
            return b"\r\n".join(lines)
        case _:
            return data[:at]
