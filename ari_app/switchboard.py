"""The switchboard: commands of the procedure about lines -> ARI requests. One method for each command; no rule of ours.

Raises what went wrong (`AriError`, `NoRoute`); whoever called tells the procedure.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

import structlog

from ari_app.ari import Client
from ari_app.ari.errors import AriError, Conflict, InvalidParameter, NotFound
from ari_app.lines import Lines, Sound
from ivr import ids
from ivr.commands import (
    Announce,
    Answer,
    DetectSpeech,
    Dial,
    Hangup,
    Join,
    Leave,
    LineCommand,
    MakeBridge,
    Play,
    Record,
    RemoveBridge,
    Snoop,
    StartMusic,
    StopSound,
)
from ivr.events import Event, PromptFinished
from ivr.ids import Address
from ivr.vocabulary import LegKind, Prompt

log = structlog.get_logger(__name__)
SPEECH_ENDS_AFTER = 1000  # ms of quiet that end a stretch of speech
START_WITHIN = 2.0  # seconds in which a prompt has begun, or never will
_NUMBER = re.compile(r"[0-9]{3,15}")


class NoRoute(Exception):
    """This installation has no way to dial the number; the text names the setting."""


class LineGone(Exception):
    """The line ended before the command reached it. Its end is told by its own event, so nothing is lost."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Where outbound legs go. A service (110/120/119) is dialled only where the operator opened that route.

    `trunk` is the carrier's address (`sip:HOST:PORT`) or None. It is dialled by that address, not by the name of its
    AOR: Asterisk refuses to dial an AOR whose last OPTIONS was not answered, and an emergency call must be tried.
    """

    trunk: str | None
    emergency: bool
    caller_id: str
    phone: Callable[[str], str] = str  # of a seat: the endpoint that is dialled

    def endpoint(self, kind: LegKind, number: str) -> str:
        if not _NUMBER.fullmatch(number):
            raise NoRoute("not a number that can be dialled")
        match kind:
            case LegKind.SEAT:
                return f"PJSIP/{self.phone(number)}"
            case LegKind.SERVICE if not self.emergency:
                raise NoRoute("no route to emergency services: YJT_EMERGENCY_ROUTE is `none`")
            case LegKind.ELDER | LegKind.SECOND | LegKind.DUTY | LegKind.CONTACT | LegKind.NUMBER | LegKind.SERVICE:
                if self.trunk is None:
                    raise NoRoute("no trunk for outbound calls: YJT_TRUNK_CONTACT is empty")
                scheme, _, address = self.trunk.partition(":")
                return f"PJSIP/trunk/{scheme}:{number}@{address}"
            case LegKind.SNOOP:
                raise NoRoute("a channel that listens is not dialled")
            case _:
                assert_never(kind)


class Switchboard:
    """`prompts` is the folder of the prompts in the language of this platform, `music` the file (without its suffix)
    that may follow one; `tell(case, event)` posts what became of a command later."""

    def __init__(
        self,
        client: Client,
        lines: Lines,
        *,
        app: str,
        routes: Routes,
        prompts: Path,
        music: Path,
        tell: Callable[[str, Event], None],
    ) -> None:
        self._ari = client
        self._lines = lines
        self._app = app
        self._routes = routes
        self._prompts = prompts
        self._music = music
        self._tell = tell

    async def carry_out(self, case: str, command: LineCommand, *, shown_number: str = "") -> None:
        """Do it, and return when Asterisk has taken it. `shown_number`: the caller id that a seat sees.

        Raises:
            AriError: Asterisk refused, or could not be reached.
            LineGone: the leg has ended meanwhile.
            NoRoute: this number cannot be dialled from here.
        """
        # A leg that could not be dialled has no event of its own: that is a failure like any other.
        with _gone(told=not isinstance(command, Dial | Snoop)):
            await self._in_a_bridge(case, command, shown_number)

    async def say(self, line: Address, media: Sequence[str], *, known_as: Prompt) -> None:
        """Play these one after the other, instead of what plays now; their end is told as that of `known_as`.

        Raises AriError, LineGone.
        """
        with _gone(told=True):
            await self._sound(self._channel(*line), known_as, media)

    async def make_louder(self, line: Address, decibels: float) -> None:
        """What this line hears. Raises AriError, LineGone."""
        factor = f"{10 ** (decibels / 20):.2f}"
        with _gone(told=True):
            await self._ari.channels.setChannelVar(channelId=self._channel(*line), variable="VOLUME(TX)", value=factor)

    async def _in_a_bridge(self, case: str, command: LineCommand, shown_number: str) -> None:
        """Where a bridge is needed and is not there, the request to make it was lost, with a link or with the boot that
        had decided it: made now, or everybody who comes to this elder would stand outside."""
        try:
            await self._do(case, command, shown_number)
        except NotFound as refused:
            if "Bridge not found" not in refused.message or not isinstance(command, Join | Record | Announce):
                raise
            log.warning("a bridge was missing", case=case, place=command.place)
            await self._do(case, MakeBridge(command.place), shown_number)
            await self._do(case, command, shown_number)

    async def _do(self, case: str, command: LineCommand, shown_number: str) -> None:
        match command:
            case Answer(leg):
                await self._ari.channels.answer(channelId=self._channel(case, leg))
            case Dial():
                await self._dial(case, command, shown_number)
            case Snoop(leg, target, whisper):
                await self._ari.channels.snoopChannelWithId(
                    channelId=self._channel(case, target),
                    snoopId=self._channel(case, leg),
                    app=self._app,
                    spy="both",
                    whisper="out" if whisper else "none",
                )
            case Hangup(leg):
                await self._hang_up(self._channel(case, leg))
            case MakeBridge(place):
                bridge = ids.bridge_id(case, place)
                await self._ari.bridges.create(type="mixing,dtmf_events", bridgeId=bridge, name=bridge)
            case Join(leg, place):
                await self._join(ids.bridge_id(case, place), self._channel(case, leg))
            case Record(place, file):
                await self._ari.bridges.record(
                    bridgeId=ids.bridge_id(case, place), name=file.removesuffix(".wav"), format="wav"
                )
            case Leave(leg, place):
                await self._ari.bridges.removeChannel(
                    bridgeId=ids.bridge_id(case, place), channel=self._channel(case, leg)
                )
            case RemoveBridge(place):
                await self._remove_bridge(ids.bridge_id(case, place))
            case Play(leg):
                await self._play(self._channel(case, leg), command)
            case StopSound(leg):
                await self._stop_sound(self._channel(case, leg))
            case Announce(place, prompt):
                media = f"sound:{self._prompts / prompt.value}"
                await self._ari.bridges.play(bridgeId=ids.bridge_id(case, place), media=media)
            case DetectSpeech(leg, level):
                await self._ari.channels.setChannelVar(
                    channelId=self._channel(case, leg),
                    variable="TALK_DETECT(set)",
                    value=f"{SPEECH_ENDS_AFTER},{level:.0f}",
                )
            case StartMusic(leg):
                await self._start_music(self._channel(case, leg))
            case _:
                assert_never(command)

    def _channel(self, case: str, leg: str) -> str:
        return self._lines.channel(Address(case, leg))

    async def _dial(self, case: str, command: Dial, shown_number: str) -> None:
        endpoint = self._routes.endpoint(command.kind, command.number)
        caller_id = shown_number if command.kind is LegKind.SEAT else self._routes.caller_id
        channel = ids.channel_id(case, command.leg)
        try:
            await self._ari.channels.originate(
                endpoint=endpoint,
                app=self._app,
                channelId=channel,
                callerId=caller_id or None,
                timeout=round(command.ring),
            )
        except Conflict:
            # A stale 409 exists (Asterisk keeps it for a thread): only a living channel makes it true, and then
            # the leg is being dialled already.
            await self._ari.channels.get(channelId=channel)

    async def _hang_up(self, channel: str) -> None:
        self._lines.hanging_up.add(channel)
        try:
            await self._ari.channels.hangup(channelId=channel)
        except NotFound:  # gone already: its end is told by its own event
            self._lines.hanging_up.discard(channel)

    async def _join(self, bridge: str, channel: str) -> None:
        await self._ari.bridges.addChannel(bridgeId=bridge, channel=channel)

    async def _remove_bridge(self, bridge: str) -> None:
        with suppress(NotFound):
            await self._ari.bridges.destroy(bridgeId=bridge)

    async def _play(self, channel: str, command: Play) -> None:
        music = f"sound:{self._music}" if command.music else ""
        media = [*(f"sound:{self._prompts / prompt.value}" for prompt in (command.prompt, *command.then))]
        await self._sound(channel, command.prompt, [*media, music] if music else media, music)

    async def _sound(self, channel: str, prompt: Prompt, media: Sequence[str], music: str = "") -> None:
        await self._stop_sound(channel)
        sound = Sound(self._lines.playback_id(channel), prompt, music)
        self._lines.sounds[channel] = sound
        await self._ari.channels.play(channelId=channel, media=[*media], playbackId=sound.playback)
        asyncio.get_running_loop().call_later(START_WITHIN, self._never_started, channel, sound)

    def _never_started(self, channel: str, sound: Sound) -> None:
        """Asterisk tells neither start nor end of a file that it cannot read; the elder must not wait for it."""
        address = self._lines.address(channel)
        if sound.started or address is None or self._lines.heard_out(channel, sound.playback) is None:
            return
        problem = "the prompt cannot be played"
        at = datetime.now(UTC)
        self._tell(address.case, PromptFinished(at=at, leg=address.leg, prompt=sound.prompt, problem=problem))

    async def _stop_sound(self, channel: str) -> None:
        sound = self._lines.sounds.pop(channel, None)
        if sound is not None:
            try:
                await self._ari.playbacks.stop(playbackId=sound.playback)
            except NotFound:  # it came to its end meanwhile
                pass
            except AriError:
                self._lines.may_sound.add(channel)
                raise
        await stop_sounds(self._ari, self._lines, channel)
        if channel in self._lines.music:
            await self._ari.channels.stopMoh(channelId=channel)
            self._lines.music.discard(channel)

    async def _start_music(self, channel: str) -> None:
        await self._stop_sound(channel)  # of a prompt's own music, which must not keep the channel from all else
        self._lines.music.add(channel)
        await self._ari.channels.startMoh(channelId=channel)


@contextmanager
def _gone(*, told: bool) -> Iterator[None]:
    """A request about a line that has ended meanwhile; `told`: its end is told by an event of its own."""
    try:
        yield
    except (NotFound, InvalidParameter) as refused:
        if told and "Channel not found" in refused.message:
            raise LineGone from refused
        raise


async def stop_sounds(ari: Client, lines: Lines, channel: str) -> None:
    """Whatever may be playing on this channel: Asterisk would do nothing else with it until the end, and nothing else
    for us, since a request that waits for a channel keeps those behind it waiting."""
    for playback in lines.possible_sounds(channel):
        with suppress(NotFound):
            await ari.playbacks.stop(playbackId=playback)
    lines.may_sound.discard(channel)
