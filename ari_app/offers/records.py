"""What the calls about urgent orders read and write, as this controller (`caller`): each write only while the lease is
ours and callers are not being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from ari_app.callers_first import CallersFirst
from ari_app.lease import LeaseLost, Ownership
from ivr.offer_call import OfferResult
from ivr.policy import Policy
from models.database import Database, DatabaseUnavailable
from models.orders import by_telephone, order_calls
from models.orders.order_calls import ClaimedOffer

T = TypeVar("T")
PATIENCE: Final = 0.3  # seconds for which a write lets callers go first
AGAIN_AFTER: Final = 1.0  # seconds after which what the database did not take is written again
ANSWERED_WITHIN: Final = 5.0  # seconds: who has pressed a key listens


class OfferRecords:
    def __init__(self, database: Database, *, caller: str, ownership: Ownership, callers_first: CallersFirst) -> None:
        self._database = database
        self._caller = caller
        self._ownership = ownership
        self._callers_first = callers_first

    # --- may fail: DatabaseUnavailable, LeaseLost

    async def take_over(self, now: datetime) -> None:
        await self._write(lambda session: order_calls.take_from_others(session, caller=self._caller, now=now))

    async def claim(self, now: datetime) -> ClaimedOffer | None:
        async with self._database.read() as session:
            if not await order_calls.is_due(session, now):
                return None
        return await self._write(lambda session: order_calls.claim(session, now=now, caller=self._caller))

    async def dialled(self, call: int, at: datetime) -> bool:
        return await self._write(lambda session: order_calls.dialled(session, call, caller=self._caller, at=at))

    async def answered(self, call: int, key: str, now: datetime, policy: Policy) -> OfferResult:
        """Tried again for as long as somebody can be kept listening."""
        async with asyncio.timeout(ANSWERED_WITHIN):
            return await self._until_written(
                lambda session: by_telephone.answered(session, call, key, caller=self._caller, now=now, policy=policy)
            )

    # --- written in the end

    async def not_answered(self, call: int, now: datetime, policy: Policy) -> None:
        await self._in_the_end(
            lambda session: by_telephone.not_answered(session, call, caller=self._caller, now=now, policy=policy)
        )

    async def put_off(self, call: int, now: datetime) -> None:
        await self._in_the_end(lambda session: order_calls.put_off(session, call, caller=self._caller, now=now))

    async def _in_the_end(self, step: Callable[[AsyncSession], Awaitable[T]]) -> None:
        try:
            await self._until_written(step)
        except LeaseLost:
            return  # whoever has taken over rings again

    async def _until_written(self, step: Callable[[AsyncSession], Awaitable[T]]) -> T:
        while True:
            try:
                return await self._write(step)
            except DatabaseUnavailable:
                await asyncio.sleep(AGAIN_AFTER)

    async def _write(self, step: Callable[[AsyncSession], Awaitable[T]]) -> T:
        await self._callers_first.pass_by(PATIENCE)
        async with self._database.write() as session:
            await self._ownership.fence(session)
            return await step(session)
