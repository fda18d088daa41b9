"""Calls that are no alarms: star codes dialled at a seat (`*41` ...), and the terminals' test line (`*99`, S8).

Each is answered, done, confirmed by a prompt and hung up; its whole life is in this file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog

from ari_app.ari import AriError, Client, NotFound, StreamItem
from ari_app.ari.generated.events import ChannelDestroyed, PlaybackFinished
from ari_app.background import Background
from ari_app.desk import SeatNotFree, UnknownSeat
from ivr.vocabulary import DIGITS, Prompt

log = structlog.get_logger(__name__)
StarCode = Callable[[str], Awaitable[Prompt]]


class SideCalls:
    """`star_codes`: what each code does for a seat's extension; it returns the prompt that confirms it."""

    def __init__(
        self,
        client: Client,
        background: Background,
        *,
        star_codes: dict[str, StarCode],
        tested: Callable[[str], None],
        prompts: Path,
    ) -> None:
        self._ari = client
        self._background = background
        self._star_codes = star_codes
        self._tested = tested
        self._prompts = prompts
        self._live: set[str] = set()

    @property
    def live(self) -> frozenset[str]:
        """The channels of such calls that are being served now."""
        return frozenset(self._live)

    def star(self, channel: str, extension: str, code: str) -> None:
        self._live.add(channel)
        self._background.spawn(self._serve(channel, extension, code), f"star-{channel}")

    def test(self, channel: str, caller: str) -> None:
        """A terminal test: heard, told its own number, and logged; never an alarm."""
        self._live.add(channel)
        self._tested(caller)
        number = (DIGITS[int(digit)] for digit in caller if digit.isdecimal())
        self._background.spawn(self._say(channel, Prompt.TEST_OK, *number), f"test-{channel}")

    async def _serve(self, channel: str, extension: str, code: str) -> None:
        act = self._star_codes.get(code)
        try:
            prompt = Prompt.SORRY_LATER if act is None else await act(extension)
        except (UnknownSeat, SeatNotFree):
            prompt = Prompt.SORRY_LATER  # a phone that Asterisk knows and the desk does not (yet), or a disabled seat
        await self._say(channel, prompt)

    async def _say(self, channel: str, *prompts: Prompt) -> None:
        try:
            await self._ari.channels.answer(channelId=channel)
            await self._ari.channels.play(
                channelId=channel, media=[f"sound:{self._prompts / prompt.value}" for prompt in prompts]
            )
        except NotFound:
            self._live.discard(channel)  # hung up already
        except AriError as problem:
            log.warning("a side call could not be served", reason=str(problem))
            await self._hang_up(channel)

    def hear(self, event: StreamItem) -> None:
        match event:
            case PlaybackFinished(playback=playback):
                channel = playback.target_uri.removeprefix("channel:")
                if channel in self._live:
                    self._background.spawn(self._hang_up(channel), f"side-{channel}")
            case ChannelDestroyed(channel=channel_data):
                self._live.discard(channel_data.id)
            case _:
                pass

    async def _hang_up(self, channel: str) -> None:
        self._live.discard(channel)
        with suppress(NotFound):
            await self._ari.channels.hangup(channelId=channel)
