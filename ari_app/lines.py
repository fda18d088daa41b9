"""Which Asterisk channel is which leg, and what each leg hears now. Switchboard and listener share it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from ivr import ids
from ivr.ids import Address
from ivr.vocabulary import Prompt

SOUNDS = 3  # ids that the prompts of a line take in turn: few, so that whoever inherits the line can stop them all


@dataclass(slots=True)
class Sound:
    """A prompt that is being played to a leg; `started` once Asterisk says so, `over` when it has come to `music`, the
    media URI that follows it."""

    playback: str
    prompt: Prompt
    music: str = ""
    started: bool = False
    over: bool = False


@dataclass(slots=True)
class Lines:
    """`inbound`: channels whose ids Asterisk chose. `causes`: the first specific hang-up cause that was heard of a
    channel, since `ChannelDestroyed` often says 0 where the caller hung up. `hanging_up`: what Asterisk was asked to
    hang up, and has not told the end of. `held`: lines that are not dialled yet, so that Asterisk cannot know them.
    `may_sound`: lines on which a prompt may be going on that is not on record: of a former boot, or asked to stop just
    when the link broke."""

    inbound: dict[str, Address] = field(default_factory=dict)
    sounds: dict[str, Sound] = field(default_factory=dict)
    music: set[str] = field(default_factory=set)
    causes: dict[str, int] = field(default_factory=dict)
    spoke: set[str] = field(default_factory=set)
    hanging_up: set[str] = field(default_factory=set)
    held: Container[Address] = frozenset()
    may_sound: set[str] = field(default_factory=set)
    _came_as: dict[Address, str] = field(default_factory=dict)
    _turns: dict[str, int] = field(default_factory=dict)

    def address(self, channel: str) -> Address | None:
        return self.inbound.get(channel) or ids.parse(channel)

    def channel(self, address: Address) -> str:
        """Asterisk's id of this leg's channel."""
        return self._came_as.get(address) or ids.channel_id(*address)

    def arrived(self, channel: str, case: str, leg: str = ids.ELDER) -> None:
        self._forget(channel)
        self.inbound[channel] = Address(case, leg)
        self._came_as[Address(case, leg)] = channel

    def _forget(self, channel: str) -> None:
        address = self.inbound.pop(channel, None)
        if address is not None and self._came_as.get(address) == channel:
            del self._came_as[address]

    def first_words(self, channel: str) -> bool:
        """Whether this is the first speech on the channel: what follows is a conversation, not news."""
        if channel in self.spoke:
            return False
        self.spoke.add(channel)
        return True

    def playback_id(self, channel: str) -> str:
        """Of the next prompt on this channel: never that of the one before, which may just be ending."""
        turn = (self._turns.get(channel, -1) + 1) % SOUNDS
        self._turns[channel] = turn
        return _playback_id(channel, turn)

    def possible_sounds(self, channel: str) -> list[str]:
        """What may be playing here without being on record."""
        return [_playback_id(channel, turn) for turn in range(SOUNDS)] if channel in self.may_sound else []

    def sound_started(self, channel: str, playback: str) -> None:
        sound = self.sounds.get(channel)
        if sound is not None and sound.playback == playback:
            sound.started = True

    def heard_out(self, channel: str, playback: str) -> Prompt | None:
        """The prompt that has ended by itself; None when it was replaced or stopped meanwhile, or that is known."""
        sound = self.sounds.get(channel)
        if sound is None or sound.playback != playback:
            return None
        del self.sounds[channel]
        return None if sound.over else sound.prompt

    def goes_on(self, channel: str, playback: str, media: str | None) -> Prompt | None:
        """The prompt that has ended although its playback has not: what comes now is its music."""
        sound = self.sounds.get(channel)
        if sound is None or sound.playback != playback or sound.over or media != sound.music:
            return None
        sound.over = True
        return sound.prompt

    def gone(self, channel: str) -> None:
        self._forget(channel)
        self.sounds.pop(channel, None)
        self._turns.pop(channel, None)
        self.may_sound.discard(channel)
        self.music.discard(channel)
        self.causes.pop(channel, None)
        self.spoke.discard(channel)
        self.hanging_up.discard(channel)


def _playback_id(channel: str, turn: int) -> str:
    return f"{ids.PREFIX}-sound.{turn}.{channel}"
