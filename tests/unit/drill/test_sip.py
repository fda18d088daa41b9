"""The little SIP that benchmarks and storms speak."""

from __future__ import annotations

import hashlib

from drill import sip

INVITE = (
    b"INVITE sip:801@127.0.0.3:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK2\r\nFrom: <sip:02110000001@127.0.0.1>;tag=1\r\n"
    b"To: <sip:801@127.0.0.3>\r\nCall-ID: abc\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n"
)


def test_a_request_is_read() -> None:
    message = sip.parse(INVITE)
    assert message is not None
    assert (message.method, message.caller, message.answers, message.status) == ("INVITE", "02110000001", "INVITE", 0)


def test_a_response_carries_what_the_request_had() -> None:
    request = sip.parse(INVITE)
    assert request is not None
    response = sip.parse(sip.respond(request, "180 Ringing", tag="seat"))
    assert response is not None
    assert (response.status, response.method, response["call-id"], response["cseq"]) == (180, "", "abc", "7 INVITE")
    assert response.headers["via"] == request.headers["via"]
    assert response["to"] == "<sip:801@127.0.0.3>;tag=seat"


def test_keep_alives_are_no_messages() -> None:
    assert sip.parse(b"\r\n\r\n") is None


def test_a_challenge_without_qop_is_answered() -> None:
    signed = sip.credentials(
        'Digest realm="asterisk",nonce="n",algorithm=MD5', method="REGISTER", uri="sip:x", username="801", password="p"
    )
    ha1, ha2 = (hashlib.md5(part).hexdigest() for part in (b"801:asterisk:p", b"REGISTER:sip:x"))
    assert f'response="{hashlib.md5(f"{ha1}:n:{ha2}".encode()).hexdigest()}"' in signed


def test_a_challenge_with_qop_is_answered_with_a_count() -> None:
    challenge = 'Digest realm="asterisk",nonce="n",opaque="o",algorithm=MD5,qop="auth"'
    signed = sip.credentials(challenge, method="REGISTER", uri="sip:x", username="801", password="p")
    assert all(part in signed for part in ("qop=auth", "nc=00000001", 'cnonce="bench"', 'opaque="o"'))
