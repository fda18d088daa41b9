"""The phone of a seat, as far as the agent's screen works it from here. A SIP telephone is asked to lift its handset,
is hung up, is no longer heard; the phone in the page does that by itself. Not every telephone lifts its handset for
somebody else, and none says whether it will: what has become of it is told by the line alone. HOLD asks neither of
them anything: the line is cut off here, both ways, and the procedure does what it does when a telephone holds.

A line that is not heard, or held, says so in a variable of its channel: whoever takes the line over reads it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from enum import StrEnum

import structlog

from ari_app import on_hold
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
from ivr.events import Event, LegHeld, LegUnheld
from ivr.holding import may_hold
from ivr.ids import Address
from ivr.vocabulary import CaseState, LegKind

log = structlog.get_logger(__name__)
MUTED = "YJT_MUTED"
LIFT_WITHIN = 3.0  # seconds


class HandsetAction(StrEnum):
    ANSWER = "answer"
    HANG_UP = "hangup"
    MUTE = "mute"
    UNMUTE = "unmute"
    HOLD = "hold"
    UNHOLD = "unhold"


class NoCall(Exception):
    """This cannot be done with the seat's phone now; the text is the code: `no_call`, `not_answered`, `not_lifted`,
    `not_to_be_held`."""


class Handsets:
    """`case_of(id)` is a live case; `post(case, event)` tells it what happened; `lift(name)` asks the telephone at
    Asterisk's channel of this name."""

    def __init__(
        self,
        client: Client,
        lines: Lines,
        phones: Phones,
        background: Background,
        *,
        desk: Callable[[], Desk],
        case_of: Callable[[str], Case | None],
        post: Callable[[str, Event], None],
        now: Callable[[], datetime],
        lift: Callable[[str], Awaitable[None]],
    ) -> None:
        self._ari = client
        self._lines = lines
        self._phones = phones
        self._background = background
        self._desk = desk
        self._case_of = case_of
        self._post = post
        self._now = now
        self._lift = lift
        self._inherited: dict[str, str] = {}
        self._held: dict[str, str] = {}  # by extension, the channel that its desk holds

    async def do(self, extension: str, action: HandsetAction) -> None:
        """Done, or already as it should be.

        Raises:
            UnknownSeat: there is no such seat.
            NoCall: it has no line now, one that rings still or is not to be held, or a telephone that cannot be asked.
            AriError, AsteriskError, ProgramMissing: Asterisk refused, or could not be reached.
        """
        channel, case, leg = self._line(extension)
        try:
            match action:
                case HandsetAction.ANSWER if not leg.up:
                    await self._lifted(channel)
                case HandsetAction.ANSWER | HandsetAction.UNHOLD:
                    await self._take_back(channel, extension, case, leg)
                case HandsetAction.HOLD:
                    await self._hold(channel, extension, case, leg)
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
            if not self.holds(channel):
                await self._ari.channels.unmute(channelId=channel, direction="in")
            await self._ari.channels.setChannelVar(channelId=channel, variable=MUTED, value="")
        self._desk().set_muted(extension, is_muted=on)

    def holds(self, channel: str) -> bool:
        """Its desk does, whatever its telephone's own key says."""
        return channel in self._held.values()

    async def _hold(self, channel: str, extension: str, case: Case, leg: Leg) -> None:
        if not leg.up:
            raise NoCall("not_answered")
        if leg.held_at is not None:
            return
        if not may_hold(case, leg):
            raise NoCall("not_to_be_held")
        await self._ari.channels.setChannelVar(channelId=channel, variable=on_hold.AT_DESK, value="1")
        await self._ari.channels.mute(channelId=channel, direction="both")
        self._held[extension] = channel
        self._post(case.id, LegHeld(at=self._now(), actor=f"seat:{extension}", leg=leg.id))

    async def _take_back(self, channel: str, extension: str, case: Case, leg: Leg) -> None:
        """What the desk holds, and what the telephone itself holds: that one is asked, and tells when it has."""
        if leg.held_at is None:
            return
        if self.holds(channel):
            await self._free(channel, extension, case, leg)
        else:
            await self._lifted(channel)

    def changed(self, case: Case) -> None:
        """A desk's hold ends where somebody is to be there: in an emergency, with a professional, in a call-back."""
        if not self._held or case.state is CaseState.TALKING:
            return
        for leg in case.live(LegKind.SEAT):
            channel = self._lines.channel(Address(case.id, leg.id))
            if leg.held_at is not None and self.holds(channel):
                self._background.spawn(self._free(channel, leg.number, case, leg), f"unhold-{channel}")

    async def _free(self, channel: str, extension: str, case: Case, leg: Leg) -> None:
        muted = self._desk().seat(extension).muted
        await self._ari.channels.unmute(channelId=channel, direction="out" if muted else "both")
        await self._ari.channels.setChannelVar(channelId=channel, variable=on_hold.AT_DESK, value="")
        self._held.pop(extension, None)
        if await on_hold.is_set(self._ari, channel, on_hold.VARIABLE):
            await self._lifted(channel)
        else:
            self._post(case.id, LegUnheld(at=self._now(), actor=f"seat:{extension}", leg=leg.id))

    async def _lifted(self, channel: str) -> None:
        await self._lift((await self._ari.channels.get(channelId=channel)).name)

    def _line(self, extension: str) -> tuple[str, Case, Leg]:
        seat = self._desk().seat(extension)
        case = self._case_of(seat.case or "")
        legs = [leg for leg in case.live(LegKind.SEAT) if leg.number == extension] if case is not None else []
        leg = legs[-1] if legs else None
        if case is None or leg is None:
            raise NoCall("no_call")
        return self._lines.channel(Address(case.id, leg.id)), case, leg

    # --- lines of a former boot ---------------------------------------------------------------------------------

    def inherit(self, channel: str, extension: str) -> None:
        """The seat was found at work on this line."""
        self._inherited[channel] = extension

    def found(self, channels: Iterable[Channel]) -> None:
        """Asterisk's channels, as they are: which telephone of a seat has such a line, whether it is heard, or held."""
        inherited, self._inherited = self._inherited, {}
        for channel in channels:
            extension = inherited.get(channel.id)
            if extension is not None:
                self._phones.rung(extension, channel.name)
                self._background.spawn(self._ask(channel.id, extension), f"muted-{channel.id}")

    async def _ask(self, channel: str, extension: str) -> None:
        try:
            muted = await on_hold.is_set(self._ari, channel, MUTED)
            if await on_hold.is_set(self._ari, channel, on_hold.AT_DESK):
                self._held[extension] = channel
        except AriError as problem:
            log.warning("whether a seat is heard is not known", reason=str(problem))
            return
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
