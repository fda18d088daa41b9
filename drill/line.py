"""One call in the town, seen from the town's end: what its person does on it, and what is told about it.

A line always sends sound (a voice, or silence): the recording of what it hears takes its time from that. Nothing here
knows why a person does something; never decide here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ari_app.ari import AriError, NotFound
from drill.chronicle import PATIENCE, Note, NotSeen
from drill.voices import clip

if TYPE_CHECKING:
    from drill.exchange import Exchange

Refusal = Literal["busy", "rejected", "wrong number", "unreachable"]
# Q.850: user busy, call rejected, unallocated number, subscriber absent; to SIP 486, 403, 404, 480.
_CAUSES: dict[Refusal, str] = {"busy": "17", "rejected": "21", "wrong number": "1", "unreachable": "20"}
# A voice goes on until it is stopped; Asterisk takes the repetitions as one list, and 60 of them last ten minutes.
_REPEATS = 60
_KEY_MS = 120


class Line:
    """`number` is the other end's: what was dialled to reach the platform, or the caller that the platform shows."""

    def __init__(self, exchange: Exchange, *, channel: str, person: str, number: str, ear: Path) -> None:
        self.id = channel
        self.person = person
        self.number = number
        self.ear = ear
        self.started = time.monotonic()
        self.answered: float | None = None
        self.over: float | None = None
        self._stood_at: datetime | None = None
        self._ended_at: datetime | None = None
        self.cause: int | None = None
        self._exchange = exchange
        self._playback: str | None = None
        self._voice: str | None = None
        self._plays = 0
        self._up = asyncio.Event()
        self._ended = asyncio.Event()

    # --- what the person does

    async def ring(self) -> None:
        """Tell the caller that it rings here."""
        with contextlib.suppress(AriError):
            await self._exchange.client.channels.ring(channelId=self.id)
        self._note("rang", self.number)

    async def answer(self, *, within: float = PATIENCE) -> None:
        """Pick up. The ear listens from here on. Raises NotSeen when the caller has gone."""
        try:
            await self._exchange.client.channels.setChannelVar(
                channelId=self.id, variable="TOWN_EAR", value=str(self.ear)
            )
            await self._exchange.client.channels.continueInDialplan(
                channelId=self.id, context="line", extension="s", priority=1
            )
        except NotFound:
            raise NotSeen(f"{self.person}: the caller was gone before the answer") from None
        await self.picked_up(within=within)

    async def refuse(self, how: Refusal) -> None:
        """End a call that rings, with the cause that means this."""
        self._note("refused", how)
        with contextlib.suppress(NotFound):
            await self._exchange.client.channels.hangup(channelId=self.id, reason_code=_CAUSES[how])

    async def say(self, voice: str, *, once: bool = False) -> None:
        """Speak, on and on, or one time; ends what was said before."""
        await self._stop_sound()
        self._voice = None if once else voice
        await self._play(voice, times=1 if once else _REPEATS)
        self._note("speaks", voice)

    async def fall_silent(self) -> None:
        """Stay on the line and say nothing more."""
        self._voice = None
        await self._stop_sound()
        self._note("is silent")

    async def press(self, keys: str) -> None:
        """Press keys (RFC 4733); a voice goes on afterwards."""
        await self._stop_sound()
        await self._exchange.client.channels.sendDTMF(channelId=self.id, dtmf=keys, between=_KEY_MS, duration=_KEY_MS)
        self._note("pressed", keys)
        if self._voice is not None:
            await self._play(self._voice, times=_REPEATS)

    async def hold(self) -> None:
        """Press the telephone's HOLD key: the other end is told with a re-INVITE, and hears nothing more from here."""
        await self._stop_sound()
        await self._exchange.client.channels.hold(channelId=self.id)
        self._note("holds")

    async def take_back(self) -> None:
        """Press HOLD once more; a voice goes on."""
        await self._exchange.client.channels.unhold(channelId=self.id)
        self._note("takes back")
        if self._voice is not None:
            await self._play(self._voice, times=_REPEATS)

    async def hang_up(self) -> None:
        """Put down; nothing happens when the call is over already."""
        if self.over is None:
            self._note("hangs up")
            with contextlib.suppress(NotFound):
                await self._exchange.client.channels.hangup(channelId=self.id)

    # --- what can be waited for

    async def picked_up(self, *, within: float) -> None:
        """Until the call stands. Raises NotSeen."""
        await self._wait(self._up, "the call does not stand", within)

    async def ended(self, *, within: float) -> int | None:
        """Until the call is over; its Q.850 cause. Raises NotSeen."""
        await self._wait(self._ended, "the call is not over", within)
        return self.cause

    @property
    def seconds(self) -> float:
        """How long the call has stood, until now or its end, by Asterisk's clock: we may be told late."""
        if self._stood_at is None:
            return 0.0
        return ((self._ended_at or datetime.now(UTC)) - self._stood_at).total_seconds()

    async def _wait(self, event: asyncio.Event, problem: str, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                await event.wait()
        except TimeoutError:
            raise NotSeen(f"{self.person}: {problem} within {within:g} s") from None
        if event is self._up and self.answered is None:
            raise NotSeen(f"{self.person}: the call ended unanswered, cause {self.cause}")

    # --- what the exchange tells

    def stands(self, at: datetime) -> None:
        """Picked up, by either end; called by the exchange."""
        self.answered, self._stood_at = time.monotonic(), at
        self._note("answered")
        self._up.set()

    def ends(self, cause: int | None, at: datetime | None = None) -> None:
        """The call is over, since now where nobody tells; called by the exchange."""
        if self.over is None:
            self.over, self._ended_at = time.monotonic(), at or datetime.now(UTC)
            self.cause = cause
            self._note("ended", "" if cause is None else str(cause))
            self._up.set()
            self._ended.set()

    async def begin_silence(self) -> None:
        """Send silence whenever nothing else is sent. Asterisk does this after what plays now."""
        with contextlib.suppress(AriError):
            await self._exchange.client.channels.startSilence(channelId=self.id)

    # --- sound

    async def _play(self, voice: str, *, times: int) -> None:
        self._plays += 1
        self._playback = f"{self.id}-{self._plays}"
        media = [f"sound:{clip(voice).with_suffix('')}"] * times
        await self._exchange.client.channels.playWithId(channelId=self.id, playbackId=self._playback, media=media)
        await self.begin_silence()

    async def _stop_sound(self) -> None:
        playback, self._playback = self._playback, None
        if playback is not None:
            with contextlib.suppress(NotFound):
                await self._exchange.client.playbacks.stop(playbackId=playback)

    def _note(self, what: str, detail: str = "") -> None:
        self._exchange.chronicle.write(Note(self.person, what, detail, line=self.id))
