"""Which calls about urgent orders are made, one after the other, and what each of them asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from ari_app.background import Background
from ari_app.care.addresses import offer_name_of
from ari_app.care.carried import Carried
from ari_app.care.words import Words
from ari_app.lease import LeaseLost
from ari_app.offers.records import OfferRecords
from ari_app.offers.run import OfferRun
from ivr.commands import LineCommand
from ivr.offer_call import OfferResult
from ivr.policy import Policy
from ivr.vocabulary import Prompt
from models.database import DatabaseUnavailable
from models.orders.order_calls import ClaimedOffer

log = structlog.get_logger(__name__)


class House(Protocol):
    """What is asked of the carrier, whose lines these are."""

    runs: dict[str, Carried[Any, Any]]

    @property
    def policy(self) -> Policy: ...
    @property
    def alarm_waits(self) -> bool: ...
    def now(self) -> datetime: ...
    async def order(self, name: str, command: LineCommand) -> None: ...
    async def play(self, name: str, media: Sequence[str], known_as: Prompt) -> None: ...


class OfferCalls:
    def __init__(self, house: House, *, records: OfferRecords, words: Words, background: Background) -> None:
        self._house = house
        self._records = records
        self._words = words
        self._background = background

    async def take_over(self) -> None:
        """Raises DatabaseUnavailable, LeaseLost: to be asked again."""
        await self._records.take_over(self.now())

    async def look(self) -> None:
        """Begin the one that is due, if any. Raises as above."""
        call = await self._records.claim(self.now())
        if call is not None:
            run = OfferRun(self, offer_name_of(call.id, call.tries + 1), call)
            self._house.runs[run.name] = run
            self._background.spawn(self._live(run), run.name)

    async def _live(self, run: OfferRun) -> None:
        try:
            run.details = await self._words.aloud(_about(run.call, self._words.lang))
            await run.run()
        except Exception:
            # The outermost guard of one call: the order must not wait for it without an end.
            log.exception("a call about an order has failed", call=run.call.id)
            run.close()
            await run.put_down()
            await self._records.not_answered(run.call.id, self.now(), self.policy)
        finally:
            self._house.runs.pop(run.name, None)

    # --- what a call asks for (House of the run)

    @property
    def policy(self) -> Policy:
        return self._house.policy

    def now(self) -> datetime:
        return self._house.now()

    async def may_ring(self, run: OfferRun) -> bool:
        if self._house.alarm_waits:
            await self._records.put_off(run.call.id, self.now())
            return False
        try:
            return await self._records.dialled(run.call.id, self.now())
        except DatabaseUnavailable:
            await self._records.put_off(run.call.id, self.now())
            return False
        except LeaseLost:
            return False

    async def order(self, name: str, command: LineCommand) -> None:
        await self._house.order(name, command)

    async def say(self, run: OfferRun, prompt: Prompt) -> None:
        media = [self._words.prompt(prompt)]
        if prompt is Prompt.ORDER_OFFER:
            media += [run.details or self._words.prompt(Prompt.ORDER_WHERE_TOLD), self._words.prompt(Prompt.ORDER_KEYS)]
        await self._house.play(run.name, media, prompt)

    async def answered(self, run: OfferRun, key: str) -> OfferResult:
        try:
            return await self._records.answered(run.call.id, key, self.now(), self.policy)
        except (TimeoutError, DatabaseUnavailable, LeaseLost) as problem:
            log.warning("what a supplier has pressed is not on record", call=run.call.id, reason=str(problem))
            return OfferResult.PUT_OFF

    async def finished(self, run: OfferRun, result: OfferResult) -> None:
        if result is OfferResult.NO_ANSWER:
            await self._records.not_answered(run.call.id, self.now(), self.policy)
        elif result is OfferResult.PUT_OFF:
            await self._records.put_off(run.call.id, self.now())


def _about(call: ClaimedOffer, lang: str) -> str:
    """Service and community; who and where exactly is for who has taken the order (S14)."""
    return f"{call.place}，{call.service_zh}。" if lang == "zh" else f"{call.service_en}, {call.place}."
