"""The outbox: sends what the journal, and pages about work orders, have put into it, beside the calls and never in
their way: contacts of callers first. Tried again with growing pauses; given up after as many tries as the policy
allows. Numbers and words are never logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from ivr.policy import Policy
from models.database import Database, DatabaseUnavailable
from models.masking import numbers_in
from models.messages import MessageStatus, Outgoing, anything_due, settle, take_due
from models.outbox import TABLES
from sms import Message, NotNow, Refused, SmsGateway, text_of

log = structlog.get_logger(__name__)
LOOK_EVERY = 1.0  # seconds
AT_ONCE = 20  # messages that are on their way at the same time
LEASE = timedelta(minutes=1)  # longer than a gateway may take


class Outbox:
    """`gateway` None: this installation sends no messages; `phone`: where a reader can ring the platform."""

    def __init__(
        self,
        database: Database,
        gateway: SmsGateway | None,
        *,
        policy: Callable[[], Policy],
        lang: str,
        phone: str,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._policy = policy
        self._lang = lang
        self._phone = phone
        self._now = now

    async def run(self) -> None:
        """For ever; while the database is away nothing is sent and nothing is lost."""
        while True:
            try:
                while await self.send_due():
                    pass
            except DatabaseUnavailable:
                log.info("the database is away; messages wait")
            except Exception:
                # The outermost guard: one odd message must not keep all others back.
                log.exception("messages could not be sent")
            await asyncio.sleep(LOOK_EVERY)

    async def send_due(self) -> int:
        """Send what is due now; how many were tried."""
        for table in TABLES:
            async with self._database.read() as session:
                if not await anything_due(session, table, self._now()):
                    continue
            async with self._database.write() as session:
                rows = await take_due(session, table, now=self._now(), lease=LEASE, limit=AT_ONCE)
            await asyncio.gather(*(self._send(row) for row in rows))
            return len(rows)
        return 0

    async def _send(self, row: Outgoing) -> None:
        try:
            reference = await self._hand_over(row)
        except Refused as refused:
            await self._settle(row, status=MessageStatus.FAILED, problem=str(refused))
        except NotNow as problem:
            await self._later(row, str(problem))
        else:
            await self._settle(row, status=MessageStatus.SENT, sent_at=self._now(), reference=reference, problem="")

    async def _hand_over(self, row: Outgoing) -> str:
        if self._gateway is None:
            raise Refused("YJT_SMS_GATEWAY=none")
        parameters = {**{name: str(value) for name, value in row.parameters.items()}, "phone": self._phone}
        text = text_of(row.text, parameters, self._lang)
        return await self._gateway.send(Message(row.number, row.text, parameters, text, row.our_reference))

    async def _later(self, row: Outgoing, problem: str) -> None:
        if row.tries >= self._policy().sms_tries:
            await self._settle(row, status=MessageStatus.FAILED, problem=problem)
            return
        pause = timedelta(seconds=self._policy().sms_pause * 2 ** (row.tries - 1))
        await self._settle(row, due_at=self._now() + pause, problem=problem)

    async def _settle(self, row: Outgoing, **values: object) -> None:
        async with self._database.write() as session:
            if values.get("status") is not None:
                values["parameters"] = row.parameters_afterwards()
            await settle(session, type(row), row.id, **values)
        log.info("message", message=row.id, reference=row.our_reference, tries=row.tries, **_told(values))


def _told(values: dict[str, object]) -> dict[str, str]:
    """For the log: a gateway's own words may quote the number."""
    return {name: numbers_in(str(values[name])) for name in ("status", "problem") if values.get(name)}
