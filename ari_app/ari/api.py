"""All resources of ARI in one place, over whatever carries the requests."""

from __future__ import annotations

from .generated.applications import Applications
from .generated.asterisk import Asterisk
from .generated.bridges import Bridges
from .generated.channels import Channels
from .generated.device_states import DeviceStates
from .generated.endpoints import Endpoints
from .generated.events_resource import Events
from .generated.handles import BridgeHandle, ChannelHandle, PlaybackHandle, RecordingHandle
from .generated.mailboxes import Mailboxes
from .generated.playbacks import Playbacks
from .generated.recordings import Recordings
from .generated.sounds import Sounds
from .resource import Carrier


class Api:
    """`api.channels.originate(...)` for operations, `api.channel(id).answer()` when the id is known.

    Names and parameters are spelt as Asterisk spells them. `user_events` holds what Asterisk calls its events resource
    (user events and claims); the stream of events is the client's.
    """

    def __init__(self, carrier: Carrier) -> None:
        self.applications = Applications(carrier)
        self.asterisk = Asterisk(carrier)
        self.bridges = Bridges(carrier)
        self.channels = Channels(carrier)
        self.device_states = DeviceStates(carrier)
        self.endpoints = Endpoints(carrier)
        self.user_events = Events(carrier)
        self.mailboxes = Mailboxes(carrier)
        self.playbacks = Playbacks(carrier)
        self.recordings = Recordings(carrier)
        self.sounds = Sounds(carrier)

    def channel(self, channel_id: str) -> ChannelHandle:
        """The operations on this channel. Nothing is asked of Asterisk; the channel need not exist yet."""
        return ChannelHandle(self.channels, channel_id)

    def bridge(self, bridge_id: str) -> BridgeHandle:
        return BridgeHandle(self.bridges, bridge_id)

    def playback(self, playback_id: str) -> PlaybackHandle:
        return PlaybackHandle(self.playbacks, playback_id)

    def recording(self, name: str) -> RecordingHandle:
        return RecordingHandle(self.recordings, name)
