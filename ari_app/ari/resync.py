"""The picture of what lives in Asterisk, taken after each connection.

Subscriptions are renewed first and the snapshot is taken afterwards, so that nothing falls between the two. One object
that cannot be read never spoils the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from .api import Api
from .errors import MalformedMessage, NotFound, RequestRejected
from .generated.events import Event
from .generated.models import Application, Bridge, Channel, Endpoint
from .messages import MalformedEvent, Resynced
from .resource import Carrier, Request, decoded_list
from .shape import Shape

log = logging.getLogger(__name__)
_S = TypeVar("_S", bound=Shape)
TOGETHER = 20  # event sources in one request: a request line must stay short
REGISTRATION_PAUSE = 0.02  # seconds between looks for an application that was just registered
REGISTRATION_LOOKS = 25


@dataclass(frozen=True, slots=True)
class Picture:
    """A resync, and what in it could not be read."""

    resynced: Resynced
    malformed: tuple[MalformedEvent, ...]


async def take(
    carrier: Carrier, *, app: str, sources: Collection[str], unwanted: Collection[type[Event]] = ()
) -> Picture:
    """Renew the subscriptions to `sources` that Asterisk does not hold, keep it from sending events of the `unwanted`
    kinds, then look at everything.

    Raises any AriError of the requests; the caller sets the deadline.
    """
    api = Api(carrier)
    application = await _registered(api, app)
    if unwanted:
        refused = [{"type": kind.__name__} for kind in unwanted]
        try:
            await api.applications.filter(applicationName=app, filter={"disallowed": refused})
        except RequestRejected as problem:
            log.warning("ARI application %s: unwanted events will come: %s", app, problem)
    held = set(held_sources(application))
    application, lost = await _renew(api, application, [s for s in sources if s not in held])
    problems: list[MalformedEvent] = []
    resynced = Resynced(
        channels=await _list(carrier, "channels", Channel.from_json, problems),
        bridges=await _list(carrier, "bridges", Bridge.from_json, problems),
        endpoints=await _list(carrier, "endpoints", Endpoint.from_json, problems),
        application=application,
        lost=tuple(lost),
        started=await _started(api),
    )
    return Picture(resynced, tuple(problems))


def held_sources(application: Application) -> Iterator[str]:
    """The event sources of an application, spelt as they are subscribed."""
    yield from (f"channel:{name}" for name in application.channel_ids)
    yield from (f"bridge:{name}" for name in application.bridge_ids)
    yield from (f"endpoint:{name}" for name in application.endpoint_ids)
    yield from (f"deviceState:{name}" for name in application.device_names)


async def _started(api: Api) -> datetime | None:
    try:
        status = (await api.asterisk.getInfo(only=["status"])).status
    except (RequestRejected, MalformedMessage) as problem:
        log.warning("Asterisk does not tell when it was started: %s", problem)
        return None
    return None if status is None else status.startup_time


async def _registered(api: Api, app: str) -> Application:
    """The application, which the handshake registers a moment before or after it is answered."""
    for _ in range(REGISTRATION_LOOKS):
        try:
            return await api.applications.get(applicationName=app)
        except NotFound:
            await asyncio.sleep(REGISTRATION_PAUSE)
    return await api.applications.get(applicationName=app)


async def _renew(api: Api, application: Application, sources: Sequence[str]) -> tuple[Application, list[str]]:
    lost = []
    for group in _groups(sources):
        try:
            application = await api.applications.subscribe(applicationName=application.name, eventSource=group)
        except RequestRejected:
            for source in group:
                try:
                    application = await api.applications.subscribe(applicationName=application.name, eventSource=source)
                except RequestRejected:
                    lost.append(source)
    return application, lost


def _groups(sources: Sequence[str]) -> Iterable[Sequence[str]]:
    return [sources[start : start + TOGETHER] for start in range(0, len(sources), TOGETHER)]


async def _list(
    carrier: Carrier, uri: str, kind: Callable[[object], _S], problems: list[MalformedEvent]
) -> tuple[_S, ...]:
    request = Request("GET", uri)
    found = []
    for item in decoded_list(request, await carrier.perform(request)):
        try:
            found.append(kind(item))
        except MalformedMessage as problem:
            problems.append(MalformedEvent(f"left out of a resync: {problem}", item))
    return tuple(found)
