"""The listener: ARI's events -> events of the procedure, posted to the case they belong to.

It only translates: it keeps no state but `Lines`, never waits, and never decides what a thing means for the elder.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog

from ari_app.ari.generated.events import (
    ApplicationReplaced,
    BridgeCreated,
    CallBroadcast,
    ChannelCallerId,
    ChannelConnectedLine,
    ChannelCreated,
    ChannelDestroyed,
    ChannelDialplan,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelHangupRequest,
    ChannelHold,
    ChannelLeftBridge,
    ChannelStateChange,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    ChannelUnhold,
    ChannelVarset,
    ContactStatusChange,
    Dial,
    EndpointStateChange,
    PeerStatusChange,
    PlaybackContinuing,
    PlaybackFinished,
    PlaybackStarted,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from ari_app.ari.generated.events import Event as AriEvent
from ari_app.ari.generated.models import Channel, Playback
from ari_app.ari.messages import Connected, Disconnected, MalformedEvent, Resynced, StreamItem, UnknownEvent
from ari_app.care.addresses import is_care
from ari_app.lines import Lines
from ivr import ids
from ivr.events import (
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegRinging,
    LegUnheld,
    PromptFinished,
    SpeechHeard,
)
from ivr.ids import Address
from ivr.vocabulary import NORMAL_CLEARING

log = structlog.get_logger(__name__)
SOFT_HANGUP = 32  # Asterisk's own flag in place of a Q.850 cause, when we asked for the hang-up
REMEMBERED = 1000  # events within which a repetition is noticed
_KEYS = frozenset("0123456789*#")
# Three quarters of what Asterisk would tell of a call; each would be read while another caller waits for an answer.
UNHEARD: tuple[type[AriEvent], ...] = (
    BridgeCreated,
    ChannelCallerId,
    ChannelConnectedLine,
    ChannelCreated,
    ChannelDialplan,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    ChannelVarset,
    ContactStatusChange,
    Dial,
    PeerStatusChange,
)


class House(Protocol):
    """What the listener tells of besides legs."""

    def post(self, case: str, event: Event) -> None: ...
    def call_offered(self, channel: str) -> None: ...
    def call_came_in(self, channel: str, args: tuple[str, ...]) -> None: ...
    def side_call_event(self, event: StreamItem) -> None: ...
    def care_line_sounds(self, line: Address, *, sounds: bool) -> None: ...
    def holds_at_desk(self, channel: str) -> bool: ...
    def seat_registered(self, endpoint: str, *, is_registered: bool) -> None: ...
    def link_lost(self, reason: str, *, final: bool) -> None: ...
    def resynced(self, picture: Resynced) -> None: ...


class Listener:
    def __init__(self, lines: Lines, house: House, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._lines = lines
        self._house = house
        self._now = now
        self._heard: dict[object, None] = {}  # a set that keeps its order

    def hear(self, event: StreamItem) -> None:
        """One item of the ARI stream, in order."""
        if self._repeated(event):
            return
        match event:
            case CallBroadcast(channel=channel):
                self._house.call_offered(channel.id)
            case StasisStart(channel=channel, args=args):
                self._entered(channel, args)
            case ChannelStateChange(channel=channel):
                self._state_changed(channel.id, channel.state)
            case ChannelHangupRequest(channel=channel, cause=cause):
                if cause and cause != SOFT_HANGUP:
                    self._lines.causes.setdefault(channel.id, cause)
            case ChannelDestroyed(channel=channel, cause=cause):
                self._destroyed(channel.id, cause, event)
            case StasisEnd(channel=channel):
                self._left(channel.id)
            case ChannelDtmfReceived(channel=channel, digit=digit):
                self._key(channel.id, digit)
            case ChannelTalkingStarted(channel=channel):
                self._speech(channel.id)
            case ChannelTalkingFinished(channel=channel):
                self._quiet(channel.id)
            case ChannelHold(channel=channel):
                self._held(channel.id, is_held=True)
            case ChannelUnhold(channel=channel):
                self._held(channel.id, is_held=False)
            case PlaybackStarted(playback=playback):
                self._lines.sound_started(playback.target_uri.removeprefix("channel:"), playback.id)
            case PlaybackContinuing(playback=playback):
                self._playback_goes_on(playback)
            case PlaybackFinished(playback=playback):
                self._playback_ended(playback.id, playback.target_uri, event)
            case RecordingFinished() | RecordingFailed():
                self._house.side_call_event(event)  # of a bridge: nobody there knows it
            case EndpointStateChange(endpoint=endpoint):
                if endpoint.technology == "PJSIP":
                    self._house.seat_registered(endpoint.resource, is_registered=endpoint.state == "online")
            case Disconnected(reason=reason, final=final):
                self._house.link_lost(reason, final=final)
            case Resynced():
                self._house.resynced(event)
            case ApplicationReplaced():
                log.error("another program took over our Stasis application")
            case MalformedEvent(problem=problem):
                log.warning("malformed ARI event", problem=problem)
            case UnknownEvent(type=kind):
                log.info("unknown ARI event", type=kind)
            case Connected() | _:
                pass  # Asterisk tells more than we need

    def _repeated(self, event: StreamItem) -> bool:
        """Overlapping subscriptions (a channel and its endpoint) tell the same thing twice, with the same time."""
        match event:
            case ChannelStateChange() | ChannelHangupRequest() | ChannelDestroyed() | StasisStart():
                key: object = (type(event), event.channel.id, event.channel.state, event.timestamp)
            case ChannelHold() | ChannelUnhold():
                key = (type(event), event.channel.id, event.timestamp)
            case ChannelDtmfReceived():
                key = (type(event), event.channel.id, event.digit, event.timestamp)
            case _:
                return False
        if key in self._heard:
            return True
        self._heard[key] = None
        if len(self._heard) > REMEMBERED:
            del self._heard[next(iter(self._heard))]
        return False

    def _entered(self, channel: Channel, args: tuple[str, ...]) -> None:
        known = self._lines.address(channel.id)
        if known is None:
            self._house.call_came_in(channel.id, args)
        # A caller whom the dialplan or a stand-by has answered already: Asterisk tells of no pick-up any more.
        address = known or (self._lines.address(channel.id) if channel.state == "Up" else None)
        if address is not None:
            self._post(address, LegAnswered(at=self._now(), leg=address.leg))

    def _state_changed(self, channel: str, state: str) -> None:
        address = self._lines.address(channel)
        if address is None:
            return
        if state == "Ringing":
            self._post(address, LegRinging(at=self._now(), leg=address.leg))
        elif state == "Up" and channel in self._lines.inbound:
            self._post(address, LegAnswered(at=self._now(), leg=address.leg))

    def _destroyed(self, channel: str, cause: int, event: ChannelDestroyed) -> None:
        address = self._lines.address(channel)
        heard = self._lines.causes.get(channel)
        self._lines.gone(channel)
        if address is None:
            self._house.side_call_event(event)
            return
        self._post(address, LegEnded(at=self._now(), leg=address.leg, cause=heard or cause or NORMAL_CLEARING))

    def _left(self, channel: str) -> None:
        """A channel that listens to another one was made in our application and never leaves it alive; Asterisk does
        not tell that it was destroyed."""
        address = self._lines.address(channel)
        if address is not None and ids.is_snoop(address.leg):
            self._post(address, LegEnded(at=self._now(), leg=address.leg, cause=NORMAL_CLEARING))

    def _key(self, channel: str, digit: str) -> None:
        address = self._lines.address(channel)
        if address is not None and digit in _KEYS:
            self._post(address, KeyPressed(at=self._now(), leg=address.leg, key=digit))

    def _speech(self, channel: str) -> None:
        address = self._lines.address(channel)
        if address is not None and is_care(address.case):
            self._house.care_line_sounds(address, sounds=True)
        elif address is not None and self._lines.first_words(channel):
            self._post(address, SpeechHeard(at=self._now(), leg=address.leg))

    def _quiet(self, channel: str) -> None:
        """Of interest in a care call alone, where each word may be the answer."""
        address = self._lines.address(channel)
        if address is not None and is_care(address.case):
            self._house.care_line_sounds(address, sounds=False)

    def _held(self, channel: str, *, is_held: bool) -> None:
        """Somebody's own telephone holds the call (a re-INVITE, `sendonly`), or has taken it back; the desk may hold it
        all the same."""
        address = self._lines.address(channel)
        if address is not None:
            told = LegHeld if is_held or self._house.holds_at_desk(channel) else LegUnheld
            self._post(address, told(at=self._now(), leg=address.leg))

    def _playback_ended(self, playback: str, target: str, event: PlaybackFinished) -> None:
        channel = target.removeprefix("channel:")
        address = self._lines.address(channel)
        if address is None:
            self._house.side_call_event(event)
            return
        sound = self._lines.sounds.get(channel)
        if sound is None or not sound.started:
            return  # what ends here is an older one of the same id: each begins before it ends
        prompt = self._lines.heard_out(channel, playback)
        if prompt is None:
            return
        # A playback that "failed" had begun: it broke off because the line is ending, which is no fault of the prompt.
        self._post(address, PromptFinished(at=self._now(), leg=address.leg, prompt=prompt))

    def _playback_goes_on(self, playback: Playback) -> None:
        """Either to the next words, or to the music after the last."""
        channel = playback.target_uri.removeprefix("channel:")
        address = self._lines.address(channel)
        prompt = self._lines.goes_on(channel, playback.id, playback.next_media_uri)
        if address is not None and prompt is not None:
            self._post(address, PromptFinished(at=self._now(), leg=address.leg, prompt=prompt))

    def _post(self, address: Address, event: Event) -> None:
        self._house.post(address.case, event)
