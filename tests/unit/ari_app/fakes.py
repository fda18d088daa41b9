"""Small stand-ins: Asterisk as the controller's commands see it, and the frames that it sends.

They do what a test tells them to and remember what they were asked; no rule of the controller lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ari_app.ari.errors import AriError, NotFound, rejection
from ari_app.ari.generated.models import Application, Bridge, Channel, Endpoint, Playback, Variable
from ari_app.ari.messages import Resynced, StreamItem, read

LONG_AGO = "2026-01-05T08:00:00.000+0000"
Frame = dict[str, Any]


def channel_frame(name: str, state: str = "Up", *, context: str = "offer", app: str = "Stasis", **more: Any) -> Frame:
    """A channel as Asterisk writes it."""
    return {
        "id": name,
        "protocol_id": "",
        "name": f"PJSIP/{name}",
        "state": state,
        "caller": {"name": "", "number": ""},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": context, "exten": "s", "priority": 1, "app_name": app, "app_data": ""},
        "creationtime": LONG_AGO,
        "language": "zh",
        **more,
    }


def channel(name: str, state: str = "Up", **more: Any) -> Channel:
    return Channel.from_json(channel_frame(name, state, **more))


def event(kind: str, *, at: str = LONG_AGO, **fields: Any) -> StreamItem:
    """An event as the client reads it."""
    return read({"type": kind, "application": "sos-a-1", "timestamp": at, **fields})


def playback_frame(name: str, target: str, state: str = "done") -> Frame:
    return {"id": name, "media_uri": "sound:x", "target_uri": target, "state": state}


def bridge(name: str, *channels: str) -> Bridge:
    frame = {"id": name, "technology": "softmix", "bridge_type": "mixing", "bridge_class": "base", "creator": "Stasis"}
    return Bridge.from_json({**frame, "name": name, "channels": list(channels), "creationtime": LONG_AGO})


def picture(
    *channels: Channel,
    ours: Sequence[str] | None = None,
    endpoints: Sequence[tuple[str, str]] = (),
    bridges: Sequence[Bridge] = (),
    started: datetime | None = None,
) -> Resynced:
    """What lives in Asterisk; `ours` are the channels of our application, by default all."""
    application = Application(
        name="sos-a-1",
        channel_ids=tuple(c.id for c in channels) if ours is None else tuple(ours),
        bridge_ids=(),
        endpoint_ids=(),
        device_names=(),
        events_allowed=(),
        events_disallowed=(),
    )
    phones = tuple(
        Endpoint.from_json({"technology": "PJSIP", "resource": name, "state": state, "channel_ids": []})
        for name, state in endpoints
    )
    return Resynced(
        channels=channels, bridges=tuple(bridges), endpoints=phones, application=application, started=started
    )


def refused(status: int, message: str = "") -> AriError:
    return rejection(status, "refused", method="POST", uri="some/thing", message=message)


@dataclass
class FakeAri:
    """`asked`: every request as (name, arguments), in order. `refusals`: what a request is answered with instead of
    being accepted. `living` and `sounding`: channels and playbacks that can be found; `standing`: bridges, and who is
    in them. `watched`: called when asked."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: dict[str, AriError] = field(default_factory=dict)
    living: set[str] = field(default_factory=set)
    sounding: set[str] = field(default_factory=set)
    standing: dict[str, set[str]] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    variables: dict[tuple[str, str], str] = field(default_factory=dict)
    watched: dict[str, Callable[[], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.channels = Channels(self)
        self.bridges = Bridges(self)
        self.playbacks = Playbacks(self)
        self.endpoints = Endpoints(self)
        self.user_events = UserEvents(self)

    def hear(self, name: str, **arguments: Any) -> None:
        self.asked.append((name, arguments))
        self.watched.get(name, lambda: None)()
        if name in self.refusals:
            raise self.refusals[name]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    async def subscribe(self, *sources: str) -> None:
        self.hear("subscribe", sources=sources)


@dataclass
class Part:
    ari: FakeAri


class Channels(Part):
    async def answer(self, *, channelId: str) -> None:
        self.ari.hear("answer", channel=channelId)

    async def hangup(self, *, channelId: str, **more: str) -> None:
        self.ari.hear("hangup", channel=channelId, **more)

    async def mute(self, *, channelId: str, direction: str) -> None:
        self.ari.hear("mute", channel=channelId, direction=direction)

    async def unmute(self, *, channelId: str, direction: str) -> None:
        self.ari.hear("unmute", channel=channelId, direction=direction)

    async def setChannelVar(self, *, channelId: str, variable: str, value: str) -> None:
        self.ari.variables[channelId, variable] = value

    async def getChannelVar(self, *, channelId: str, variable: str) -> Variable:
        if (channelId, variable) not in self.ari.variables:
            raise NotFound(404, "Not Found", method="GET", uri="channels/x", message="Provided variable was not found")
        return Variable.from_json({"value": self.ari.variables[channelId, variable]})

    async def originate(self, *, endpoint: str, channelId: str, **more: Any) -> None:
        self.ari.hear("originate", endpoint=endpoint, channel=channelId, **more)

    async def play(self, *, channelId: str, media: str | Sequence[str], playbackId: str = "") -> None:
        names = [one.rsplit("/", 1)[-1] for one in ([media] if isinstance(media, str) else media)]
        self.ari.hear("play", channel=channelId, media=" ".join(names), playback=playbackId)

    async def snoopChannelWithId(self, *, channelId: str, snoopId: str, **more: Any) -> None:
        self.ari.hear("snoop", channel=channelId, snoop=snoopId, **more)

    async def startMoh(self, *, channelId: str) -> None:
        self.ari.hear("startMoh", channel=channelId)

    async def stopMoh(self, *, channelId: str) -> None:
        self.ari.hear("stopMoh", channel=channelId)

    async def move(self, *, channelId: str, app: str, appArgs: str) -> None:
        self.ari.hear("move", channel=channelId, app=app, args=appArgs)

    async def continueInDialplan(self, *, channelId: str, context: str, extension: str) -> None:
        self.ari.hear("continue", channel=channelId, context=context)

    async def get(self, *, channelId: str) -> Channel:
        self.ari.hear("get channel", channel=channelId)
        if channelId not in self.ari.living:
            raise NotFound(404, "Not Found", method="GET", uri="channels/x", message="Channel not found")
        return channel(channelId)


class Bridges(Part):
    async def get(self, *, bridgeId: str) -> Bridge:
        self.ari.hear("get bridge", bridge=bridgeId)
        if bridgeId not in self.ari.standing:
            raise NotFound(404, "Not Found", method="GET", uri="bridges/x", message="Bridge not found")
        return bridge(bridgeId, *self.ari.standing[bridgeId])

    async def create(self, *, bridgeId: str, **more: str) -> None:
        self.ari.hear("create", bridge=bridgeId)

    async def record(self, *, bridgeId: str, name: str, format: str) -> None:  # noqa: A002 (Asterisk's name)
        self.ari.hear("record", bridge=bridgeId, file=f"{name}.{format}")

    async def destroy(self, *, bridgeId: str) -> None:
        self.ari.hear("destroy", bridge=bridgeId)

    async def addChannel(self, *, bridgeId: str, channel: str) -> None:
        self.ari.hear("add", bridge=bridgeId, channel=channel)

    async def removeChannel(self, *, bridgeId: str, channel: str) -> None:
        self.ari.hear("remove", bridge=bridgeId, channel=channel)


class Playbacks(Part):
    async def get(self, *, playbackId: str) -> Playback:
        self.ari.hear("get playback", playback=playbackId)
        if playbackId not in self.ari.sounding:
            raise NotFound(404, "Not Found", method="GET", uri="playbacks/x", message="Playback not found")
        return Playback.from_json(playback_frame(playbackId, "channel:x", "playing"))

    async def stop(self, *, playbackId: str) -> None:
        self.ari.hear("stop", playback=playbackId)


class Endpoints(Part):
    async def get(self, *, tech: str, resource: str) -> Endpoint:
        self.ari.hear("get endpoint", endpoint=resource)
        if resource not in self.ari.phones:
            raise NotFound(404, "Not Found", method="GET", uri="endpoints/x", message="Endpoint not found")
        state = self.ari.phones[resource]
        return Endpoint.from_json({"technology": tech, "resource": resource, "state": state, "channel_ids": []})


class UserEvents(Part):
    async def claimChannel(self, *, channelId: str, application: str) -> None:
        self.ari.hear("claim", channel=channelId)


START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
