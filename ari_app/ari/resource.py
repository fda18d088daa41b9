"""What every generated resource stands on: building one request, reading one answer.

Knows nothing of connections: it hands a Request to whoever carries it (`Carrier`), which is the Client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from .errors import MalformedMessage, rejection
from .shape import Json, Shape

_S = TypeVar("_S", bound=Shape)
Value = str | int | bool | tuple[str, ...] | None
_SPLITS_NOWHERE = re.compile(r"[\w:;/.@+=&#~ -]*")


@dataclass(frozen=True, slots=True)
class Request:
    """One REST request. `uri` has no leading slash and no query; `query` keeps its order; `body` is JSON or None."""

    method: str
    uri: str
    query: Sequence[tuple[str, str]] = ()
    body: Json = None
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What Asterisk said: the HTTP status, its words, and the undecoded body."""

    status: int
    reason: str
    body: str | bytes


class Carrier(Protocol):
    """Takes a request to Asterisk and brings the answer, or raises an AriError."""

    async def perform(self, request: Request) -> Answer: ...


class Resource:
    """The common part of `client.channels`, `client.bridges` and the rest."""

    __slots__ = ("_carrier",)

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def _send(
        self, method: str, uri: str, *, query: Mapping[str, Value] | None = None, body: Json = None
    ) -> None:
        request = request_of(method, uri, query or {}, body)
        accept(request, await self._carrier.perform(request))

    async def _fetch(
        self,
        kind: Callable[[object], _S],
        method: str,
        uri: str,
        *,
        query: Mapping[str, Value] | None = None,
        body: Json = None,
    ) -> _S:
        request = request_of(method, uri, query or {}, body)
        return kind(decoded(request, await self._carrier.perform(request)))

    async def _fetch_all(
        self,
        kind: Callable[[object], _S],
        method: str,
        uri: str,
        *,
        query: Mapping[str, Value] | None = None,
        body: Json = None,
    ) -> tuple[_S, ...]:
        request = request_of(method, uri, query or {}, body)
        return tuple([kind(item) for item in decoded_list(request, await self._carrier.perform(request))])

    async def _fetch_bytes(self, method: str, uri: str) -> bytes:
        request = Request(method, uri, binary=True)
        body = accept(request, await self._carrier.perform(request)).body
        return body if isinstance(body, bytes) else body.encode()


def segment(value: str) -> str:
    """One segment of a path: names with slashes, spaces or Chinese in them stay one segment."""
    if not value:
        raise ValueError("an id in a path must not be empty: Asterisk would read another path")
    return quote(value, safe="", errors="replace")


def listed(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """A parameter that may be given more than once: a single text is one value, whatever is in it."""
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def request_of(method: str, uri: str, query: Mapping[str, Value], body: Json) -> Request:
    """A request with its parameters where Asterisk reads them without harm; None means: not given.

    In a query, Asterisk splits lists at commas and minds quotes and brackets. Values with such characters travel as a
    list in the body, which it takes as it is.
    """
    pairs: list[tuple[str, str]] = []
    lists: dict[str, Json] = {}
    for name, value in query.items():
        if isinstance(value, tuple) and not all(map(_SPLITS_NOWHERE.fullmatch, value)):
            lists[name] = value
        elif value is not None:
            pairs.append((name, _text(value)))
    if not lists:
        return Request(method, uri, pairs, body)
    if body is not None and not isinstance(body, Mapping):
        raise TypeError("a body beside lists must be an object")
    return Request(method, uri, pairs, {**lists, **(body or {})})


def _text(value: str | int | bool | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return ",".join(value)


def accept(request: Request, answer: Answer) -> Answer:
    """The answer if it is a success. Raises the fitting RequestRejected otherwise."""
    if answer.status < 400:
        return answer
    raise rejection(
        answer.status, answer.reason, method=request.method, uri=request.uri, message=_explanation(answer.body)
    )


def decoded(request: Request, answer: Answer) -> Any:
    """The JSON of a successful answer."""
    body = accept(request, answer).body
    try:
        return json.loads(body if isinstance(body, str) else body.decode(errors="replace"))
    except ValueError as problem:
        raise MalformedMessage(f"the answer to {request.method} /{request.uri} is not JSON: {problem}") from None


def decoded_list(request: Request, answer: Answer) -> list[Any]:
    items = decoded(request, answer)
    if not isinstance(items, list):
        raise MalformedMessage(f"the answer to {request.method} /{request.uri} is not a list")
    return items


def _explanation(body: str | bytes) -> str:
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(data, dict):
        return ""
    return str(data.get("message") or data.get("error") or "")
