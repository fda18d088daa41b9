"""What the calls about urgent orders read and write (`ari_app/care/writing.py`)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

from ari_app.care.writing import Step, Writing
from ari_app.lease import LeaseLost
from ivr.offer_call import OfferResult
from ivr.policy import Policy
from models.orders import by_telephone, order_calls
from models.orders.order_calls import ClaimedOffer

ANSWERED_WITHIN: Final = 5.0  # seconds: who has pressed a key listens


class OfferRecords:
    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._caller = writing.caller

    # --- may fail: DatabaseUnavailable, LeaseLost

    async def take_over(self, now: datetime) -> None:
        await self._writing.write(lambda session: order_calls.take_from_others(session, caller=self._caller, now=now))

    async def claim(self, now: datetime) -> ClaimedOffer | None:
        async with self._writing.database.read() as session:
            if not await order_calls.is_due(session, now):
                return None
        return await self._writing.write(lambda session: order_calls.claim(session, now=now, caller=self._caller))

    async def dialled(self, call: int, at: datetime) -> bool:
        return await self._writing.write(lambda session: order_calls.dialled(session, call, caller=self._caller, at=at))

    async def answered(self, call: int, key: str, now: datetime, policy: Policy) -> OfferResult:
        """Tried again for as long as somebody can be kept listening."""
        async with asyncio.timeout(ANSWERED_WITHIN):
            return await self._writing.until_written(
                lambda session: by_telephone.answered(session, call, key, caller=self._caller, now=now, policy=policy)
            )

    # --- written in the end

    async def not_answered(self, call: int, now: datetime, policy: Policy) -> None:
        await self._in_the_end(
            lambda session: by_telephone.not_answered(session, call, caller=self._caller, now=now, policy=policy)
        )

    async def put_off(self, call: int, now: datetime) -> None:
        await self._in_the_end(lambda session: order_calls.put_off(session, call, caller=self._caller, now=now))

    async def _in_the_end(self, step: Step[None]) -> None:
        with suppress(LeaseLost):  # whoever has taken over rings again
            await self._writing.until_written(step)
