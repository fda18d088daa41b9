"""One try of a care call from the first ring to the row that says what became of it: commands in, events out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ari_app.ari.errors import AriError
from ari_app.care.run import CareRun
from ari_app.care.words import Spoken
from ivr.care.commands import Finish
from ivr.care.vocabulary import CareCaseKind, CareQuestion, CareResult, CareWords
from ivr.case import ContactCard, ElderFile
from ivr.commands import Dial, Hangup, LineCommand, Play
from ivr.events import Event, KeyPressed, LegAnswered, LegEnded, PromptFinished
from ivr.ids import Address
from ivr.policy import Policy
from ivr.vocabulary import LegKind, Prompt
from models.care.planning import CareKind
from models.queries.care_messages import CareMessage
from tests.unit.ari_app.fakes import START
from tests.unit.ari_app.virtual_time import passes

VIRTUAL_TIME = True
pytestmark = pytest.mark.clause("S5")
SON = ContactCard(7, "演示·儿子", "", ("12000000001", "12000000002"))
FILE = ElderFile(id=1, name="演示·甲", home_phone="02110000001", contacts=(SON,))


@dataclass
class FakeHouse:
    """`done`: what was ordered, in order; `refused`: orders that Asterisk does not take."""

    policy: Policy = field(default_factory=lambda: Policy.of({"care_tries": 2, "care_repeats": 0}))
    ours: bool = True
    refused: tuple[type[LineCommand], ...] = ()
    done: list[object] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    async def is_ours(self, run: CareRun) -> bool:
        self.done.append("on record")
        return self.ours

    async def order(self, name: str, command: LineCommand) -> None:
        self.done.append(command)
        if isinstance(command, self.refused):
            raise AriError("refused")

    async def prepare(self, line: Address) -> None:
        self.done.append("listens")

    async def say(self, run: CareRun, words: tuple[CareWords, ...]) -> None:
        self.done.append(words[-1])

    async def open_case(self, run: CareRun, kind: CareCaseKind) -> str:
        self.done.append(kind)
        return "a-case"

    async def finished(self, run: CareRun, outcome: Finish) -> None:
        self.done.append((outcome.result, outcome.answer, run.case))

    async def again(self, run: CareRun, at: datetime) -> None:
        self.done.append(("again", round((at - self.now()).total_seconds())))


@asynccontextmanager
async def rung(house: FakeHouse, *, tries: int = 0, must_answer: bool = False) -> AsyncIterator[CareRun]:
    message = CareMessage(CareKind.REGULAR, "", must_answer, START + timedelta(days=1), FILE, CareQuestion.WELL)
    run = CareRun(house, "care-1-1", 1, FILE.home_phone, tries, message, Spoken({}))
    task = asyncio.create_task(run.run())
    try:
        await passes(1)
        yield run
        await passes(1)
    finally:
        run.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def answered(leg: str = "elder") -> Event:
    return LegAnswered(at=START, leg=leg)


def ended(cause: int, leg: str = "elder") -> Event:
    return LegEnded(at=START, leg=leg, cause=cause)


def key(pressed: str, leg: str = "elder") -> Event:
    return KeyPressed(at=START, leg=leg, key=pressed)


def heard_out(leg: str = "elder", *, problem: str = "") -> Event:
    return PromptFinished(at=START, leg=leg, prompt=Prompt.CARE_HELLO, problem=problem)


async def tell(run: CareRun, *events: Event) -> None:
    for event in events:
        run.told(event)
        await passes(1)


DIALLED = Dial("elder", LegKind.ELDER, FILE.home_phone, Policy().care_ring)


async def test_it_is_on_record_before_the_telephone_rings_and_a_word_is_an_answer() -> None:
    house = FakeHouse()
    async with rung(house) as run:
        assert house.done == ["on record", DIALLED]
        await tell(run, answered())
        run.sounds(sounds=True)  # hello
        await passes(1)
        run.sounds(sounds=False)
        await tell(run, heard_out())
        run.sounds(sounds=True)
        await passes(1)
        run.sounds(sounds=False)
        await passes(1)
        await tell(run, heard_out())
    assert house.done[2:] == [
        "listens",
        CareWords.QUESTION,
        CareWords.THANKS,
        Hangup("elder"),
        (CareResult.REACHED, "speech", ""),
    ]


async def test_who_is_another_controllers_is_not_rung() -> None:
    house = FakeHouse(ours=False)
    async with rung(house) as run:
        assert run.over
    assert house.done == ["on record"]


async def test_a_voicemail_is_tried_again_by_the_planner() -> None:
    house = FakeHouse()
    async with rung(house) as run:
        await tell(run, answered())
        run.sounds(sounds=True)
        await passes(house.policy.care_machine)
        await tell(run, heard_out())
        await passes(house.policy.care_answer)
        assert run.over
    assert house.done[-2:] == [Hangup("elder"), ("again", 60 * house.policy.care_pause)]


async def test_key_2_opens_a_case_and_the_line_is_left_to_it() -> None:
    house = FakeHouse()
    async with rung(house) as run:
        await tell(run, answered(), key("2"))
        assert run.over
    assert house.done[-2:] == [CareCaseKind.HELP, (CareResult.ASKED_FOR_HELP, "2", "a-case")]
    assert Hangup("elder") not in house.done


async def test_what_cannot_be_dialled_or_played_is_no_end_of_it() -> None:
    house = FakeHouse(refused=(Dial,))
    async with rung(house) as run:
        assert run.over
    assert house.done[1:] == [DIALLED, Hangup("elder"), ("again", 60 * house.policy.care_pause)]
    house = FakeHouse()
    async with rung(house) as run:
        await tell(run, answered(), heard_out(problem="unreadable"), key("1"), heard_out())
        assert run.over
    assert house.done[-1] == (CareResult.REACHED, "1", "")


@pytest.mark.clause("K8")
async def test_an_alarm_puts_off_what_rings_and_lets_go_on_what_speaks() -> None:
    house = FakeHouse()
    async with rung(house) as run:
        run.alarm_waits()
    assert house.done[-2:] == [Hangup("elder"), (CareResult.PUT_OFF, "", "")]
    house = FakeHouse()
    async with rung(house) as run:
        await tell(run, answered())
        run.alarm_waits()
        await passes(1)
        assert not run.over
        assert Hangup("elder") not in house.done


@pytest.mark.clause("S14")
async def test_the_last_try_asks_the_contacts_on_each_phone_and_then_opens_a_case() -> None:
    house = FakeHouse()
    async with rung(house, tries=1, must_answer=True) as run:
        await tell(run, ended(17))
        first, second = "contact-7-1", "contact-7-2"
        assert house.done[-1] == Dial(first, LegKind.CONTACT, SON.phones[0], house.policy.contact_ring)
        await tell(run, ended(19, first))
        await tell(run, answered(second))  # a machine: it hears no name and presses nothing
        assert house.done[-1] == Play(second, Prompt.CARE_CONTACT)
        await passes(house.policy.contact_key)
        assert run.over
    assert house.done[-2:] == [CareCaseKind.NO_ANSWER, (CareResult.NOT_REACHED, "", "a-case")]


async def test_a_contact_who_looks_in_is_told_the_number_and_spares_the_case() -> None:
    house = FakeHouse()
    async with rung(house, tries=1, must_answer=True) as run:
        leg = "contact-7-1"
        await tell(run, ended(17), answered(leg), key("9", leg), key("1", leg))
        last = house.done[-1]
        assert isinstance(last, Play)
        assert (last.prompt, len(last.then)) == (Prompt.CARE_LOOK_IN, len(FILE.home_phone))
        await tell(run, heard_out(leg))
        assert run.over
    assert house.done[-2:] == [Hangup(leg), (CareResult.NOT_REACHED, "", "")]
