"""One try of one call about an urgent order: a mailbox and a task, with the supplier's line."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import structlog

from ari_app.ari import AriError
from ari_app.care.addresses import ELDER, elder_of
from ari_app.switchboard import LineGone, NoRoute
from ivr import offer_call as o
from ivr.commands import Dial, Hangup, LineCommand
from ivr.events import Event, KeyPressed, LegAnswered, LegEnded, PromptFinished
from ivr.ids import Address
from ivr.offer_call import OfferCall, OfferResult, OfferState
from ivr.policy import Policy
from ivr.vocabulary import LegKind, Prompt
from models.orders.order_calls import ClaimedOffer

log = structlog.get_logger(__name__)


class House(Protocol):
    """What such a call asks for. `may_ring`: written before the telephone rings; False: it is not made now, and
    that is on record. `finished` is the last that is heard of it here."""

    @property
    def policy(self) -> Policy: ...
    async def may_ring(self, run: OfferRun) -> bool: ...
    async def order(self, name: str, command: LineCommand) -> None: ...
    async def say(self, run: OfferRun, prompt: Prompt) -> None: ...
    async def answered(self, run: OfferRun, key: str) -> OfferResult: ...
    async def finished(self, run: OfferRun, result: OfferResult) -> None: ...


@dataclass(slots=True)
class OfferRun:
    """`name`: in the place of a case's id (`care/addresses.py`); `details`: the sound that says what the order is
    about, empty: there is none; `dialled`: when, in the loop's time."""

    house: House
    name: str
    call: ClaimedOffer
    details: str = ""
    over: bool = False
    dialled: float | None = None
    offer: OfferCall = field(default_factory=OfferCall)
    _mailbox: asyncio.Queue[o.OfferEvent] = field(default_factory=asyncio.Queue)
    _timer: asyncio.TimerHandle | None = None

    @property
    def ringing(self) -> bool:
        """Nobody has picked up: it may still be put off."""
        return self.offer.state is OfferState.RINGING

    def lines(self) -> list[Address]:
        return [elder_of(self.name)]

    async def run(self) -> None:
        """Until this try has come to its end."""
        self.offer, commands = o.begin(self.house.policy)
        await self._carry_out_all(commands)
        while not self.over:
            event = await self._mailbox.get()
            self.offer, commands = o.decide(self.offer, event, self.house.policy)
            if self.offer.state is not OfferState.ASKING:
                self._stop_timer()
            await self._carry_out_all(commands)

    def close(self) -> None:
        """Nothing more is done here; the line stays as it is."""
        self.over = True
        self._stop_timer()

    # --- what happens

    def told(self, event: Event) -> None:
        match event:
            case LegAnswered():
                self._post(o.PickedUp())
            case LegEnded():
                self._post(o.LineEnded())
            case KeyPressed(key=key):
                self._post(o.Pressed(key))
            case PromptFinished():
                self._post(o.Said())
            case _:
                pass  # it rings

    def sounds(self, *, sounds: bool) -> None:
        """Only keys count."""

    def alarm_waits(self) -> None:
        self._post(o.AlarmWaits())

    def _post(self, event: o.OfferEvent) -> None:
        self._mailbox.put_nowait(event)

    # --- what is done

    async def _carry_out_all(self, commands: tuple[o.OfferCommand, ...]) -> None:
        for command in commands:
            if not self.over:
                await self._carry_out(command)

    async def _carry_out(self, command: o.OfferCommand) -> None:
        match command:
            case o.Ring(seconds):
                await self._ring(seconds)
            case o.Say(prompt):
                await self._say(prompt)
            case o.Await(seconds):
                self._stop_timer()
                self._timer = asyncio.get_running_loop().call_later(seconds, self._post, o.Silence())
            case o.Decide(key):
                self._post(o.OnRecord(await self.house.answered(self, key)))
            case o.PutDown():
                await self.put_down()
            case o.Finish(result):
                self.close()
                await self.house.finished(self, result)
            case _:
                assert_never(command)

    async def _ring(self, seconds: float) -> None:
        if not await self.house.may_ring(self):
            self.close()
            return
        self.dialled = asyncio.get_running_loop().time()
        try:
            await self.house.order(self.name, Dial(ELDER, LegKind.NUMBER, self.call.number, seconds))
        except (AriError, NoRoute) as problem:
            log.warning("a supplier could not be dialled", call=self.call.id, reason=str(problem))
            await self.put_down()  # it may ring all the same: the answer alone was lost
            self._post(o.LineEnded())

    async def _say(self, prompt: Prompt) -> None:
        try:
            await self.house.say(self, prompt)
        except LineGone:
            self._post(o.LineEnded())
        except AriError as problem:
            log.warning("a supplier could not be told", call=self.call.id, reason=str(problem))
            self._post(o.Said())

    async def put_down(self) -> None:
        with suppress(AriError, LineGone):
            await self.house.order(self.name, Hangup(ELDER))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
