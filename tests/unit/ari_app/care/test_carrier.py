"""The carrier: what is due begins as lines and agents allow, and stops at once for an alarm or the stop button."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio

from ari_app.background import Background
from ari_app.care.carrier import Carrier
from ari_app.care.words import Spoken
from ari_app.desk import SeatState
from ari_app.lines import Lines
from ivr.care.vocabulary import CareQuestion
from ivr.case import Case, ElderFile
from ivr.commands import Dial, Hangup, LineCommand
from ivr.events import KeyPressed, LegAnswered, LegEnded, PromptFinished
from ivr.offer_call import OfferResult
from ivr.policy import Policy
from ivr.vocabulary import CaseKind, CaseState, Prompt
from models.care.calls import LeftCall, Outcome
from models.care.filling import ClaimedCall
from models.care.planning import CareKind, CareReason
from models.orders.order_calls import ClaimedOffer
from models.queries.care_messages import CareMessage
from tests.unit.ari_app.fakes import START, FakeAri, channel, picture
from tests.unit.ari_app.virtual_time import passes

VIRTUAL_TIME = True
pytestmark = [pytest.mark.clause("S5"), pytest.mark.clause("K8")]


@dataclass
class FakeRecords:
    """`due`: rows that wait; `told`: what was written of each, in order."""

    due: list[int] = field(default_factory=list)
    halted: bool = False
    others: list[LeftCall] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)

    async def waiting(self, now: datetime, *, most: int) -> tuple[bool, int]:
        return self.halted, min(most, len(self.due))

    async def claim(self, now: datetime, limit: int) -> list[ClaimedCall]:
        taken, self.due = self.due[:limit], self.due[limit:]
        return [ClaimedCall(one, one, CareKind.REGULAR, f"0211000{one:04d}", LATEST, 0, 1, None) for one in taken]

    async def message(self, call: int) -> CareMessage:
        return CareMessage(
            CareKind.REGULAR,
            "",
            False,
            LATEST,
            ElderFile(call, "演示", home_phone=f"0211000{call:04d}"),
            CareQuestion.WELL,
        )

    async def dialled(self, call: int, at: datetime) -> bool:
        self.told.append(("dialled", call))
        return True

    async def put_off(self, call: int, until: datetime, reason: CareReason) -> None:
        self.told.append(("put off", call, reason))

    async def end(self, call: int, outcome: Outcome, at: datetime, *, policy: Policy) -> None:
        self.told.append(("end", call, outcome.state))

    async def left(self) -> list[LeftCall]:
        return self.others

    async def go_on_with(self, call: LeftCall) -> bool:
        self.told.append(("ours", call.id))
        return True

    async def take_from(self, call: LeftCall, at: datetime) -> None:
        self.told.append(("taken", call.id))

    async def try_again(self, call: LeftCall, at: datetime) -> None:
        self.told.append(("again", call.id))


@dataclass
class FakeOfferRecords:
    """`due`: calls about urgent orders that wait; `told`: what was written of each."""

    due: list[int] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)

    async def take_over(self, now: datetime) -> None:
        return

    async def claim(self, now: datetime) -> ClaimedOffer | None:
        return ClaimedOffer(self.due.pop(0), "12000000301", 0, "助洁", "cleaning", "演示社区") if self.due else None

    async def dialled(self, call: int, at: datetime) -> bool:
        self.told.append(("dialled", call))
        return True

    async def answered(self, call: int, key: str, now: datetime, policy: Policy) -> OfferResult:
        self.told.append(("answered", call, key))
        return OfferResult.ACCEPTED

    async def not_answered(self, call: int, now: datetime, policy: Policy) -> None:
        self.told.append(("not answered", call))

    async def put_off(self, call: int, now: datetime) -> None:
        self.told.append(("put off", call))


LATEST = START + timedelta(days=1)


@dataclass
class House:
    """Some seats, some cases, and what was ordered about lines: (call, command)."""

    records: FakeRecords = field(default_factory=FakeRecords)
    offers: FakeOfferRecords = field(default_factory=FakeOfferRecords)
    said: list[Any] = field(default_factory=list)
    lang: str = "zh"
    policy: Policy = field(default_factory=lambda: Policy.of({"care_at_once": 3, "care_starts": 10}))
    ari: FakeAri = field(default_factory=FakeAri)
    lines: Lines = field(default_factory=Lines)
    runs: dict[str, Any] = field(default_factory=dict)
    ordered: list[tuple[str, LineCommand]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.link = SimpleNamespace(stands=True, wait=self._no_wait)
        self.seats = [SimpleNamespace(state=SeatState.READY, owes=set()) for _ in range(2)]
        self.desk = SimpleNamespace(seats=dict(enumerate(self.seats)))
        self.reception = None

    def now(self) -> datetime:
        return START

    async def _no_wait(self) -> None:
        return

    async def carry_out(self, name: str, command: LineCommand) -> None:
        self.ordered.append((name, command))

    async def make_louder(self, line: object, decibels: float) -> None:
        return

    async def say(self, line: object, media: object, *, known_as: object) -> None:
        self.said.append(media)

    async def aloud(self, text: str) -> str:
        return f"sound:{text}"

    def prompt(self, prompt: Prompt) -> str:
        return f"sound:{prompt}"

    async def speak(self, message: CareMessage) -> Spoken:
        return Spoken({})

    def media(self, *words: object) -> list[str]:
        return []

    def rung(self) -> list[str]:
        return [name for name, command in self.ordered if isinstance(command, Dial)]

    def hung_up(self) -> list[str]:
        return [name for name, command in self.ordered if isinstance(command, Hangup)]

    @contextmanager
    def an_alarm(self, carrier: Carrier) -> Iterator[None]:
        """It waits for its agent inside."""
        case = Case("sos", kind=CaseKind.SOS, state=CaseState.RINGING_SEATS, waiting_since=START)
        self.runs["sos"] = SimpleNamespace(case=case)
        carrier.changed(case)
        yield
        del self.runs["sos"]
        carrier.changed(Case("sos", kind=CaseKind.SOS, state=CaseState.TALKING))


@dataclass
class At:
    house: House
    carrier: Carrier


@pytest_asyncio.fixture
async def at() -> AsyncIterator[At]:
    house, background = House(), Background()
    part = cast(Any, house)
    carrier = Carrier(
        part,
        client=cast(Any, house.ari),
        app="sos-a-1",
        switchboard=part,
        records=cast(Any, house.records),
        offer_records=cast(Any, house.offers),
        words=part,
        background=background,
        can_dial=True,
    )
    task = asyncio.create_task(carrier.run())
    yield At(house, carrier)
    carrier.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await background.close()


async def test_as_many_begin_as_there_is_room_for_each_on_record_before_it_rings(at: At) -> None:
    at.house.records.due = [1, 2, 3, 4, 5]
    await passes(5)
    assert at.house.rung() == []  # what lives in Asterisk is not known yet
    at.carrier.resynced(picture())
    await passes(5)
    assert at.house.rung() == ["care-1-1", "care-2-1", "care-3-1"]
    assert at.house.records.told == [("dialled", 1), ("dialled", 2), ("dialled", 3)]
    at.carrier.told("care-1-1", LegAnswered(at=START, leg="elder"))
    await passes(5)
    assert at.house.records.due == [4, 5]
    assert at.carrier.count == 3


async def test_an_alarm_stops_what_rings_and_nothing_begins_until_it_has_an_agent(at: At) -> None:
    at.carrier.resynced(picture())
    at.house.records.due = [1, 2]
    await passes(2)
    at.carrier.told("care-1-1", LegAnswered(at=START, leg="elder"))
    await passes(1)
    at.house.records.due = [3]
    with at.house.an_alarm(at.carrier):
        await passes(10)
        assert at.house.hung_up() == ["care-2-1"]  # who is spoken to is not cut off
        assert ("put off", 2, CareReason.EMERGENCY) in at.house.records.told
        assert at.house.records.due == [3]
    await passes(2)
    assert at.house.rung()[-1] == "care-3-1"


async def test_the_stop_button_stops_what_rings_as_well(at: At) -> None:
    at.carrier.resynced(picture())
    at.house.records.due = [1]
    await passes(2)
    at.house.records.due, at.house.records.halted = [2], True
    await passes(2)
    assert at.house.hung_up() == ["care-1-1"]
    assert at.house.records.told[-1] == ("put off", 1, CareReason.HALTED)
    assert at.house.rung() == ["care-1-1"]


async def test_without_an_agent_or_a_link_nothing_begins(at: At) -> None:
    at.carrier.resynced(picture())
    for seat in at.house.seats:
        seat.owes = {"a case"}
    at.house.records.due = [1]
    await passes(3)
    assert at.house.rung() == []
    at.house.seats[0].owes = set()
    at.house.link.stands = False
    await passes(3)
    assert at.house.rung() == []
    at.house.link.stands = True
    await passes(3)
    assert at.house.rung() == ["care-1-1"]


async def test_an_elder_whom_somebody_is_with_is_not_rung(at: At) -> None:
    at.carrier.resynced(picture())
    case = Case("talk", kind=CaseKind.ORDINARY, state=CaseState.TALKING, file=ElderFile(1, "演示"))
    at.house.runs["talk"] = SimpleNamespace(case=case)
    at.house.records.due = [1]
    await passes(3)
    assert at.house.rung() == []
    assert at.house.records.told == [("put off", 1, CareReason.EMERGENCY)]


async def test_what_a_dead_controller_left_is_lost_in_no_case_and_rung_twice_in_none(at: At) -> None:
    """One is on the line, one's telephone rings, one was perhaps heard, one was not dialled; a case has the line of the
    fifth."""
    at.house.records.others = [LeftCall(n, n, "sos-a-0", int(n != 4), n != 4) for n in (1, 2, 3, 4)]
    up, ringing, stray = "yjt.care-1-1.elder", "yjt.care-2-1.elder", "yjt.care-9-1.elder"
    taken = "yjt.care-5-1.elder"
    at.house.lines.arrived(taken, "a-case")
    at.carrier.resynced(picture(channel(up), channel(ringing, "Ringing"), channel(stray), channel(taken)))
    assert {up, ringing, stray} <= at.carrier.live_channels
    assert taken not in at.carrier.live_channels
    await passes(2)
    assert at.house.records.told == [("ours", 1), ("again", 2), ("taken", 3), ("taken", 4)]
    asked = [(name, more.get("channel")) for name, more in at.house.ari.asked]
    assert ("move", up) in asked
    assert {line for name, line in asked if name == "hangup"} == {ringing, stray}
    assert [run.name for run in at.carrier.runs.values()] == ["care-1-1"]
    assert at.house.rung() == []


OFFER, LINE = "care-offer-7-1", {"at": START, "leg": "elder"}


@pytest.mark.clause("S3.3")
async def test_an_urgent_order_goes_first_needs_no_seat_and_is_answered_by_a_key(at: At) -> None:
    at.carrier.resynced(picture())
    at.house.desk.seats.clear()
    at.house.records.due, at.house.offers.due = [1], [7]
    await passes(2)
    assert at.house.rung() == [OFFER]  # nobody could speak with whoever wants to talk in a care call
    at.carrier.told(OFFER, LegAnswered(**LINE))
    await passes(1)
    (said,) = at.house.said
    assert said == ["sound:order_offer", "sound:演示社区，助洁。", "sound:order_keys"]
    at.carrier.told(OFFER, PromptFinished(**LINE, prompt=Prompt.ORDER_OFFER))
    at.carrier.told(OFFER, KeyPressed(**LINE, key="1"))
    await passes(1)
    at.carrier.told(OFFER, LegEnded(**LINE, cause=16))
    await passes(1)
    assert at.house.said[1:] == [["sound:order_accepted"]]
    assert at.house.offers.told == [("dialled", 7), ("answered", 7, "1")]
    assert at.carrier.count == 0


@pytest.mark.clause("S3.3")
async def test_an_alarm_puts_an_offer_off_as_long_as_nobody_has_picked_up(at: At) -> None:
    at.carrier.resynced(picture())
    at.house.offers.due = [7]
    await passes(2)
    at.house.records.halted = True  # which is about care calls
    await passes(2)
    with at.house.an_alarm(at.carrier):
        at.house.offers.due = [8]
        await passes(5)
        assert at.house.hung_up() == [OFFER]
        assert at.house.offers.told == [("dialled", 7), ("put off", 7)]
    await passes(2)
    assert at.house.rung() == [OFFER, "care-offer-8-1"]
    at.carrier.told("care-offer-8-1", LegAnswered(**LINE))
    for _ in range(2):
        at.carrier.told("care-offer-8-1", PromptFinished(**LINE, prompt=Prompt.ORDER_OFFER))
        await passes(at.house.policy.offer_answer + 1)
    assert at.house.offers.told[-1] == ("not answered", 8)  # a voicemail presses nothing
