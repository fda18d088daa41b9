"""One try of one call about an urgent order, on the supplier's line. It asks `ivr.offer_call`, and translates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, assert_never

import structlog

from ari_app.ari import AriError
from ari_app.care import carried
from ari_app.care.addresses import ELDER
from ari_app.care.carried import Carried
from ari_app.switchboard import LineGone
from ivr import offer_call as o
from ivr.commands import Dial
from ivr.events import Event, KeyPressed, LegAnswered, LegEnded, PromptFinished
from ivr.offer_call import OfferCall, OfferResult, OfferState
from ivr.policy import Policy
from ivr.vocabulary import LegKind, Prompt
from models.orders.order_calls import ClaimedOffer

log = structlog.get_logger(__name__)


class House(carried.House, Protocol):
    """What such a call asks for. `may_ring`: written before the telephone rings; False: it is not made now, and
    that is on record. `finished` is the last that is heard of it here."""

    @property
    def policy(self) -> Policy: ...
    async def may_ring(self, run: OfferRun) -> bool: ...
    async def say(self, run: OfferRun, prompt: Prompt) -> None: ...
    async def answered(self, run: OfferRun, key: str) -> OfferResult: ...
    async def finished(self, run: OfferRun, result: OfferResult) -> None: ...


@dataclass(slots=True)
class OfferRun(Carried[o.OfferEvent, o.OfferCommand]):
    """`details`: the sound that says what the order is about, empty: there is none."""

    house: House
    call: ClaimedOffer
    details: str = ""
    offer: OfferCall = field(default_factory=OfferCall)

    @property
    def ringing(self) -> bool:
        return self.offer.state is OfferState.RINGING

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

    # --- what is done

    async def _carry_out(self, command: o.OfferCommand) -> None:
        match command:
            case o.Ring(seconds):
                await self._ring(seconds)
            case o.Say(prompt):
                await self._say(prompt)
            case o.Await(seconds):
                self._start_timer(seconds, self._post, o.Silence())
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
        if not await self._dial(Dial(ELDER, LegKind.NUMBER, self.call.number, seconds)):
            self._post(o.LineEnded())

    async def _say(self, prompt: Prompt) -> None:
        try:
            await self.house.say(self, prompt)
        except LineGone:
            self._post(o.LineEnded())
        except AriError as problem:
            log.warning("a supplier could not be told", call=self.call.id, reason=str(problem))
            self._post(o.Said())
