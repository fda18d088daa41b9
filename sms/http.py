"""To any HTTP service of the operator's own: POST of one JSON object. Also how any request is made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from sms.gateway import Message, NotNow, Refused

TIMEOUT = aiohttp.ClientTimeout(total=10)
_LATER = frozenset({408, 425, 429})


class HttpGateway:
    """Any answer 2xx means taken; an `id` in it is kept. 408, 425, 429 and 5xx are tried again."""

    def __init__(self, session: aiohttp.ClientSession, *, url: str, headers: Mapping[str, str]) -> None:
        self._session = session
        self._url = url
        self._headers = headers

    async def send(self, message: Message) -> str:
        body = {
            "number": message.number,
            "template": message.template,
            "parameters": dict(message.parameters),
            "text": message.text,
            "reference": message.reference,
        }
        status, answer = await post(self._session, self._url, headers=self._headers, json=body)
        if not 200 <= status < 300:
            raise Refused(f"HTTP {status}")
        return str(answer.get("id", ""))[:100]


async def post(session: aiohttp.ClientSession, url: str, **what: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of the answer (empty when it is none).

    Raises:
        NotNow: the service cannot be reached or asks us to come later.
    """
    try:
        async with session.post(url, timeout=TIMEOUT, allow_redirects=False, **what) as answer:
            if answer.status in _LATER or answer.status >= 500:
                raise NotNow(f"HTTP {answer.status}")
            return answer.status, _object(await answer.json(content_type=None))
    except ValueError:  # taken, or refused, without a word of JSON
        return answer.status, {}
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise NotNow(type(problem).__name__) from problem


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
