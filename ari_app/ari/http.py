"""The plain HTTP transport: one request, one answer, over pooled connections.

Also carries what the WebSocket cannot: recordings, and the snapshot of a resync, whose size has no limit here.
"""

from __future__ import annotations

import json

import aiohttp
from yarl import URL

from .errors import LinkLost, NotConnected, RequestTimeout
from .resource import Answer, Request

KEEP_ALIVE = 10.0  # seconds; Asterisk drops an idle session after 15
CONNECTIONS = 16  # Asterisk serves 100 sessions in all


def new_session(username: str, password: str) -> aiohttp.ClientSession:
    """A session that authenticates by header and never through a proxy or a key in the URL."""
    return aiohttp.ClientSession(
        auth=aiohttp.BasicAuth(username, password, encoding="utf-8"),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE),
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def perform(session: aiohttp.ClientSession, base: URL, request: Request, *, timeout: float) -> Answer:
    """Send a request. Raises NotConnected (nothing was sent), LinkLost (perhaps done), RequestTimeout."""
    url = URL(f"{base}/{request.uri}", encoded=True).with_query(list(request.query))
    body = None if request.body is None else json.dumps(request.body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        async with session.request(
            request.method,
            url,
            data=body,
            headers=headers,
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
