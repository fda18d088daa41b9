"""The SIP telephone of a seat, as far as the agent's screen can work it: ask it to lift its handset, which also takes
back what it holds, hang up, no longer be heard. The phone in the page does all of that by itself. Not every telephone
lifts its handset for somebody else, and none says whether it will: what has become of it is told by the line alone.

A line that is not heard says so in a variable of its channel: whoever takes the line over reads it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

import structlog

from ari_app.ari import AriError, Client, NotFound
from ari_app.ari.generated.models import Channel
from ari_app.background import Background
from ari_app.desk import Desk
from ari_app.lines import Lines
from ari_app.phones import Phones
from home.asterisk import platform_asterisk
from home.programs import find
from home.settings import Settings
from ivr.case import Case, Leg
from ivr.ids import Address
from ivr.vocabulary import LegKind

log = structlog.get_logger(__name__)
MUTED = "YJT_MUTED"
LIFT_WITHIN = 3.0  # seconds


class HandsetAction(StrEnum):
    ANSWER = "answer"
    HANG_UP = "hangup"
    MUTE = "mute"
    UNMUTE = "unmute"


class NoCall(Exception):
    """This cannot be done with the seat's phone now; the text is the code: `no_call`, `not_answered`, `not_lifted`."""


class Handsets:
    """`case_of(id)` is a live case; `lift(name)` asks the telephone at Asterisk's channel of this name."""

    def __init__(
        self,
        client: Client,
        lines: Lines,
        phones: Phones,
        background: Background,
        *,
        desk: Callable[[], Desk],
        case_of: Callable[[str], Case | None],
        lift: Callable[[str], Awaitable[None]],
    ) -> None:
        self._ari = client
        self._lines = lines
        self._phones = phones
        self._background = background
        self._desk = desk
        self._case_of = case_of
        self._lift = lift
        self._inherited: dict[str, str] = {}

    async def do(self, extension: str, action: HandsetAction) -> None:
        """Done, or already as it should be.

        Raises:
            UnknownSeat: there is no such seat.
            NoCall: it has no line now, one that rings still, or a telephone that cannot be asked.
            AriError, AsteriskError, ProgramMissing: Asterisk refused, or could not be reached.
        """
        channel, leg = self._line(extension)
        try:
            match action:
                case HandsetAction.ANSWER if leg.up and leg.held_at is None:
                    pass
                case HandsetAction.ANSWER:
                    await self._lift((await self._ari.channels.get(channelId=channel)).name)
                case HandsetAction.HANG_UP:
                    # as the telephone itself would: what follows is told by the end of the line, not from here
                    await self._ari.channels.hangup(channelId=channel, reason="normal" if leg.up else "rejected")
                case HandsetAction.MUTE:
                    await self._mute(channel, extension, leg, on=True)
                case HandsetAction.UNMUTE:
                    await self._mute(channel, extension, leg, on=False)
        except NotFound as gone:
            raise NoCall("no_call") from gone

    async def _mute(self, channel: str, extension: str, leg: Leg, *, on: bool) -> None:
        """What comes in from this channel is dropped in whichever bridge it is, until its end. If we die in the middle
        of it, the line may be heard and said not to be, never the other way round."""
        if not leg.up:
            raise NoCall("not_answered")
        if on:
            await self._ari.channels.setChannelVar(channelId=channel, variable=MUTED, value="1")
            await self._ari.channels.mute(channelId=channel, direction="in")
        else:
            await self._ari.channels.unmute(channelId=channel, direction="in")
            await self._ari.channels.setChannelVar(channelId=channel, variable=MUTED, value="")
        self._desk().set_muted(extension, is_muted=on)

    def _line(self, extension: str) -> tuple[str, Leg]:
        seat = self._desk().seat(extension)
        case = self._case_of(seat.case or "")
        legs = [leg for leg in case.live(LegKind.SEAT) if leg.number == extension] if case is not None else []
        leg = legs[-1] if legs else None
        if case is None or leg is None:
            raise NoCall("no_call")
        return self._lines.channel(Address(case.id, leg.id)), leg

    # --- lines of a former boot ---------------------------------------------------------------------------------

    def inherit(self, channel: str, extension: str) -> None:
        """The seat was found at work on this line."""
        self._inherited[channel] = extension

    def found(self, channels: Iterable[Channel]) -> None:
        """Asterisk's channels, as they are: which telephone of a seat has such a line, and whether it is heard."""
        inherited, self._inherited = self._inherited, {}
        for channel in channels:
            extension = inherited.get(channel.id)
            if extension is not None:
                self._phones.rung(extension, channel.name)
                self._background.spawn(self._ask(channel.id, extension), f"muted-{channel.id}")

    async def _ask(self, channel: str, extension: str) -> None:
        try:
            variable = await self._ari.channels.getChannelVar(channelId=channel, variable=MUTED)
        except NotFound:
            muted = False  # never set, or the line has ended
        except AriError as problem:
            log.warning("whether a seat is heard is not known", reason=str(problem))
            return
        else:
            muted = bool(variable.value)
        if extension in self._desk().seats:
            self._desk().set_muted(extension, is_muted=muted)


def lifting(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """A NOTIFY with `Event: talk` inside of the call, which desk telephones that can be worked from afar obey. Neither
    ARI sends one, nor AMI, which may look and not act: Asterisk's own command line does."""

    async def lift(channel: str) -> None:
        program = await asyncio.to_thread(find, "asterisk", settings)
        command = f"pjsip send notify lift channel {channel}"
        said = await platform_asterisk(settings, program).cli(command, timeout=LIFT_WITHIN)
        if "Unable" in said or "No such" in said:
            log.warning("a telephone could not be asked to lift its handset")
            raise NoCall("not_lifted")

    return lift
