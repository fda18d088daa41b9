"""The outbox: a message is owed once, is sent in the end or given up, and never stands in the way of a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.outbox import LEASE, Outbox
from ivr.case import Case, ElderFile
from ivr.commands import SendMessage
from ivr.policy import Policy
from ivr.vocabulary import MessageKind
from models.database import Database
from models.journal import JournalEntry, write
from models.messages import MessageView, messages_of
from sms import Message, NotNow, Refused

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
FILE = ElderFile(id=1, name="演示·王奶奶", address="演示小区3号楼501")
HELP = SendMessage(MessageKind.HELP_NEEDED, 7, "演示·儿子", "12000000001")


@dataclass
class Gateway:
    """Takes messages, after failing as it is told."""

    fails: list[Exception] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> str:
        if self.fails:
            raise self.fails.pop(0)
        self.taken.append(message)
        return "77"


@dataclass
class Office:
    """An outbox, its gateway, and a clock that only tests move."""

    db: Database
    gateway: Gateway = field(default_factory=Gateway)
    now: datetime = AT

    def __post_init__(self) -> None:
        self.outbox = self.another()

    def another(self) -> Outbox:
        policy = Policy.of({"sms_tries": 3, "sms_pause": 10})
        return Outbox(
            self.db, self.gateway, policy=lambda: policy, lang="zh", phone="02110000000", now=lambda: self.now
        )

    async def owe(self, *commands: SendMessage, times: int = 1) -> None:
        entry = JournalEntry(Case(id="one", file=FILE), 1, AT, "call_requested", "seat:801", None, {}, commands)
        for _ in range(times):
            async with self.db.write() as session:
                await write(session, [entry])

    async def on_record(self) -> list[MessageView]:
        async with self.db.read() as session:
            return list(await messages_of(session, "one"))

    async def later(self, seconds: float) -> int:
        self.now += timedelta(seconds=seconds)
        return await self.outbox.send_due()


@pytest.fixture
def office(db: Database) -> Office:
    return Office(db)


async def test_what_is_decided_twice_is_sent_once(office: Office) -> None:
    await office.owe(HELP, HELP, times=2)
    assert await office.outbox.send_due() == 1
    assert await office.outbox.send_due() == 0
    (message,) = office.gateway.taken
    assert message.number == "12000000001"
    assert (
        message.text == "演示·王奶奶需要帮助，地址：演示小区3号楼501。能赶去请接听我们的电话并按1，或致电02110000000。"
    )
    (row,) = await office.on_record()
    assert (row.status, row.tries, row.sent_at) == ("sent", 1, AT)


async def test_the_end_is_another_message(office: Office) -> None:
    await office.owe(HELP, SendMessage(MessageKind.HELP_ARRIVED, 7, "演示·儿子", "12000000001"))
    await office.outbox.send_due()
    assert [message.template for message in office.gateway.taken] == ["help_needed", "help_arrived"]


async def test_who_has_no_mobile_is_on_record_and_nothing_is_sent(office: Office) -> None:
    await office.owe(SendMessage(MessageKind.HELP_NEEDED, 8, "演示·居委会", ""))
    assert await office.outbox.send_due() == 0
    (row,) = await office.on_record()
    assert row.status == "skipped"
    assert "no mobile" in row.problem


async def test_what_does_not_work_now_is_tried_again_with_growing_pauses(office: Office) -> None:
    office.gateway.fails = [NotNow("HTTP 503"), NotNow("HTTP 503")]
    await office.owe(HELP)
    assert await office.later(0) == 1
    assert await office.later(9) == 0
    assert await office.later(1) == 1
    assert await office.later(19) == 0
    assert await office.later(1) == 1
    (row,) = await office.on_record()
    assert (row.status, row.tries, row.problem) == ("sent", 3, "")


async def test_it_is_given_up_after_so_many_tries_and_says_why(office: Office) -> None:
    office.gateway.fails = [NotNow("HTTP 503")] * 9
    await office.owe(HELP)
    for _ in range(9):
        await office.later(60)
    (row,) = await office.on_record()
    assert (row.status, row.tries, row.problem) == ("failed", 3, "HTTP 503")


async def test_what_is_refused_is_not_tried_again(office: Office) -> None:
    office.gateway.fails = [Refused("isv.MOBILE_NUMBER_ILLEGAL")]
    await office.owe(HELP)
    await office.outbox.send_due()
    assert await office.later(3600) == 0
    (row,) = await office.on_record()
    assert (row.status, row.problem) == ("failed", "isv.MOBILE_NUMBER_ILLEGAL")


async def test_a_sender_that_died_while_sending_is_followed_by_another(office: Office) -> None:
    office.gateway.fails = [RuntimeError("killed")]
    await office.owe(HELP)
    with pytest.raises(RuntimeError):
        await office.outbox.send_due()
    assert await office.another().send_due() == 0
    office.now += LEASE
    assert await office.another().send_due() == 1
    assert len(office.gateway.taken) == 1
