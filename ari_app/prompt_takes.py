"""A prompt spoken into a seat's phone: the phone is rung, gives a beep, and what is said until `#` is kept as a file. A
side call: no case, no journal; it is lost when the controller goes, and whoever speaks tries again.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from ari_app.ari import AriError, Client, NotFound, StreamItem
from ari_app.ari.generated.events import ChannelDestroyed, PlaybackFinished, RecordingFailed, RecordingFinished
from ari_app.background import Background

log = structlog.get_logger(__name__)
FOLDER: Final = "prompt-takes"  # below HOME/recordings
RING: Final = 25  # seconds
LONGEST: Final = 15  # seconds
KEPT: Final = 20  # takes that are remembered


class TakeState(StrEnum):
    RINGING = "ringing"
    SPEAKING = "speaking"
    DONE = "done"
    FAILED = "failed"  # not answered, or hung up without a word


@dataclass(slots=True)
class Take:
    """`id` names the file as well."""

    id: str
    extension: str
    state: TakeState = TakeState.RINGING

    @property
    def channel(self) -> str:
        return f"take-{self.id}"


class PromptTakes:
    """`beep`: the file that is played first, without its ending."""

    def __init__(self, client: Client, background: Background, *, app: str, beep: Path) -> None:
        self._ari = client
        self._background = background
        self._app = app
        self._beep = beep
        self._takes: dict[str, Take] = {}
        self._live: dict[str, Take] = {}  # by channel

    @property
    def live(self) -> frozenset[str]:
        """The channels of takes that go on."""
        return frozenset(self._live)

    def begin(self, extension: str) -> Take:
        """Ring this seat's phone."""
        take = Take(secrets.token_hex(8), extension)
        self._takes[take.id] = self._live[take.channel] = take
        while len(self._takes) > KEPT:
            del self._takes[next(iter(self._takes))]
        self._background.spawn(self._ring(take), take.channel)
        return take

    def take(self, number: str) -> Take | None:
        return self._takes.get(number)

    def answered(self, channel: str) -> None:
        """The phone was picked up."""
        take = self._live.get(channel)
        if take is not None:
            self._background.spawn(self._play(take), f"beep-{take.id}")
        else:
            self._background.spawn(self._hang_up(channel), f"hang-up-{channel}")

    def hear(self, event: StreamItem) -> None:
        match event:
            case PlaybackFinished(playback=playback):
                take = self._live.get(playback.target_uri.removeprefix("channel:"))
                if take is not None and take.state is TakeState.RINGING:  # the seat's endpoint tells it once more
                    take.state = TakeState.SPEAKING
                    self._background.spawn(self._record(take), f"record-{take.id}")
            case RecordingFinished(recording=recording):
                self._ended(recording.target_uri, TakeState.DONE)
            case RecordingFailed(recording=recording):
                self._ended(recording.target_uri, TakeState.FAILED)
            case ChannelDestroyed(channel=channel):
                self._ended(f"channel:{channel.id}", TakeState.FAILED)
            case _:
                pass

    def _ended(self, target: str, state: TakeState) -> None:
        take = self._live.pop(target.removeprefix("channel:"), None)
        if take is not None:
            take.state = state
            self._background.spawn(self._hang_up(take.channel), f"hang-up-{take.id}")

    async def _ring(self, take: Take) -> None:
        try:
            await self._ari.channels.originate(
                endpoint=f"PJSIP/{take.extension}",
                app=self._app,
                appArgs=f"take,{take.id}",
                channelId=take.channel,
                timeout=RING,
            )
        except AriError as problem:
            self._failed(take, problem)

    async def _play(self, take: Take) -> None:
        try:
            await self._ari.channels.play(channelId=take.channel, media=[f"sound:{self._beep}"])
        except AriError as problem:
            self._failed(take, problem)

    async def _record(self, take: Take) -> None:
        try:
            await self._ari.channels.record(
                channelId=take.channel,
                name=f"{FOLDER}/{take.id}",
                format="wav",
                maxDurationSeconds=LONGEST,
                ifExists="overwrite",
                terminateOn="#",
            )
        except AriError as problem:
            self._failed(take, problem)

    def _failed(self, take: Take, problem: AriError) -> None:
        log.warning("a prompt could not be recorded by phone", reason=str(problem))
        self._ended(f"channel:{take.channel}", TakeState.FAILED)

    async def _hang_up(self, channel: str) -> None:
        with suppress(NotFound):
            await self._ari.channels.hangup(channelId=channel)
