"""The plain HTTP transport: one request, one answer, over pooled connections.

Also carries what the WebSocket cannot: recordings, and the snapshot of a resync, whose size has no limit here.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from .errors import LinkLost, NotConnected, RequestTimeout, RequestTooLarge, rejection
from .resource import Answer, Request

KEEP_ALIVE = 10.0  # seconds; Asterisk drops an idle session after 15
CONNECTIONS = 16  # Asterisk serves 100 sessions in all
LARGEST_BODY = 40_960  # bytes that Asterisk reads
LONGEST_QUERY = 4_096  # bytes; what is longer travels as a form, where Asterisk looks too


def new_session(username: str, password: str) -> aiohttp.ClientSession:
    """A session that authenticates by header and never through a proxy or a key in the URL."""
    return aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(username, password, encoding="utf-8")},
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE),
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def perform(session: aiohttp.ClientSession, base: URL, request: Request, *, timeout: float) -> Answer:
    """Send a request. Raises NotConnected and RequestTooLarge (nothing was sent), LinkLost and RequestTimeout.

    Raises InvalidParameter for characters which Asterisk would silently cut off or distort.
    """
    url, body, kind = _parts(base, request)
    try:
        async with session.request(
            request.method,
            url,
            data=body or None,
            headers={"Content-Type": kind} if body else None,
            timeout=aiohttp.ClientTimeout(total=timeout),
            allow_redirects=False,
        ) as response:
            return Answer(response.status, response.reason or "", await response.read())
    except TimeoutError:
        raise RequestTimeout(f"{request.method} /{request.uri}: no answer within {timeout:g} s") from None
    except aiohttp.ClientConnectorError as problem:
        raise NotConnected(f"nobody answers at {base.host}:{base.port}: {problem.os_error}") from None
    except (aiohttp.ClientError, ConnectionError) as problem:
        raise LinkLost(f"{request.method} /{request.uri}: {problem}") from None


def _parts(base: URL, request: Request) -> tuple[URL, bytes, str]:
    """Address, body and content type."""
    for name, value in request.query:
        if "\0" in value or not _encodable(value):
            message = f"{name} holds a NUL or half a surrogate pair"
            raise rejection(400, "not sent", method=request.method, uri=request.uri, message=message)
    query = urlencode(request.query)
    body, kind = b"", "application/json"
    if request.body is not None:
        body = json.dumps(request.body).encode()
    elif len(query) > LONGEST_QUERY:
        body, query, kind = query.encode(), "", "application/x-www-form-urlencoded"
    if len(query) > LONGEST_QUERY or len(body) > LARGEST_BODY:
        raise RequestTooLarge(
            f"{request.method} /{request.uri} takes {len(query) + len(body)} bytes;"
            f" over HTTP Asterisk reads {LARGEST_BODY}, and {LONGEST_QUERY} beside a body"
        )
    address = f"{base}/{request.uri}?{query}" if query else f"{base}/{request.uri}"
    return URL(address, encoded=True), body, kind


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
