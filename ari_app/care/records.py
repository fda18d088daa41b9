"""What care calls read and write in the planner's table. What became of a call is written until it is on record
(`writing.py`)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import select

from ari_app.care.writing import Step, Writing
from ari_app.lease import LeaseLost
from ivr.policy import Policy
from models.care import calls
from models.care.answers import end_call
from models.care.calls import LeftCall, Outcome
from models.care.filling import ClaimedCall, claim
from models.care.halting import is_halted
from models.care.planning import CareReason
from models.cases import CaseRow
from models.database import DatabaseUnavailable
from models.queries.care_messages import CareMessage, care_calls_due, care_message

log = structlog.get_logger(__name__)
CASE_WITHIN: Final = 10.0  # seconds in which the journal has a case that was just opened


class CareRecords:
    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._database = writing.database
        self._caller = writing.caller

    # --- may fail: DatabaseUnavailable, LeaseLost

    async def waiting(self, now: datetime, *, most: int) -> tuple[bool, int]:
        """Whether all is halted, and how many calls could be made now, counted up to `most`."""
        async with self._database.read() as session:
            return await is_halted(session), await care_calls_due(session, now, most=most)

    async def claim(self, now: datetime, limit: int) -> list[ClaimedCall]:
        return await self._writing.write(lambda session: claim(session, now=now, limit=limit, caller=self._caller))

    async def message(self, call: int) -> CareMessage | None:
        async with self._database.read() as session:
            return await care_message(session, call)

    async def dialled(self, call: int, at: datetime) -> bool:
        """Its telephone is going to ring; False: it is not ours any more."""
        return await self._writing.write(lambda session: calls.dialled(session, call, caller=self._caller, at=at))

    async def left(self) -> list[LeftCall]:
        async with self._database.read() as session:
            return await calls.left_by_others(session, caller=self._caller)

    async def go_on_with(self, call: LeftCall) -> bool:
        return await self._writing.write(lambda session: calls.go_on_with(session, call, caller=self._caller))

    async def take_from(self, call: LeftCall, at: datetime) -> None:
        await self._writing.write(lambda session: calls.take_from(session, call.caller, at=at, only=call.id))

    async def try_again(self, call: LeftCall, at: datetime) -> None:
        """As if it had not been answered."""
        await self._writing.write(
            lambda session: calls.put_off(session, call.id, caller=call.caller, until=at, reason=CareReason.NO_ANSWER)
        )

    # --- written in the end

    async def put_off(self, call: int, until: datetime, reason: CareReason) -> None:
        await self._until_written(
            lambda session: calls.put_off(session, call, caller=self._caller, until=until, reason=reason)
        )

    async def end(self, call: int, outcome: Outcome, at: datetime, *, policy: Policy) -> None:
        if outcome.case is not None and not await self._is_on_record(outcome.case):
            log.error("a care call's case is not on record yet: the call does not name it", call=call)
            outcome = replace(outcome, case=None)
        await self._until_written(
            lambda session: end_call(session, call, outcome, caller=self._caller, at=at, policy=policy)
        )

    async def _is_on_record(self, case: str) -> bool:
        """The journal writes it in a moment."""
        deadline = asyncio.get_running_loop().time() + CASE_WITHIN
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with self._database.read() as session:
                    if await session.scalar(select(CaseRow.id).where(CaseRow.id == case)) is not None:
                        return True
            except DatabaseUnavailable:
                pass
            await asyncio.sleep(0.2)
        return False

    async def _until_written(self, step: Step[bool]) -> None:
        with suppress(LeaseLost):
            if not await self._writing.until_written(step):
                log.warning("a care call is another's, or has ended before")
