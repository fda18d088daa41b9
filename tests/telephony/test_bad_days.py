"""Bad days: whoever hangs up, at whatever moment, nobody is forgotten and nothing is left behind.

One house for all of them; each day begins with one agent ready, and ends with nobody on the line.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from drill import behaviour
from drill.behaviour import Behaviour
from drill.people import Elder
from home.programs import Program
from ivr.case import Case
from ivr.vocabulary import Role

from .aftermath import all_come_to_an_end, is_in_somebodys_hands, nothing_is_left, open_runs
from .house import COMMITTEE, DAUGHTER, ELDER_LINE, NEIGHBOUR, SON, House, grandmother, open_house

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

QUICK = {
    "YJT_POLICY__SEAT_RING": "3",
    "YJT_POLICY__SILENCE": "60",
    "YJT_POLICY__CALL_BACK_RING": "15",
    "YJT_POLICY__CALL_BACK_PAUSE": "1",
    "YJT_POLICY__REDIAL_PAUSE": "1",
    "YJT_POLICY__CONTACT_RING": "10",
    "YJT_POLICY__CONTACT_KEY": "15",
    "YJT_POLICY__WRAP_UP": "0",
}


class Day:
    """One elder, two agents, whoever is called; and the ways to come to each state of a case."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.began = time.monotonic()
        self.elder: Elder = house.town.elder(ELDER_LINE)
        self.a, self.b = house.town.seat("801", voice="agent_a"), house.town.seat("802", voice="agent_b")
        for number in (SON, DAUGHTER, NEIGHBOUR, COMMITTEE):
            house.town.relative(number, behaviour.RingsOn())
        house.town.service("120")

    @property
    def case(self) -> Case:
        return open_runs(self.house)[-1].case

    async def asks(self, action: str, **fields: str) -> None:
        status, answer = await self.house.agent("801").asks(action, case=self.case.id, **fields)
        assert status == 200, answer

    async def sees(self, wanted: Callable[[dict[str, Any]], bool], *, within: float = 10.0) -> None:
        """The case as the screens show it becomes so."""
        messages = self.house.messages
        async with asyncio.timeout(within):
            while not any(message["kind"] == "case" and wanted(message["data"]) for message in messages[-3:]):
                await self.house.next_message()

    async def becomes(self, state: str, *, within: float = 10.0) -> None:
        await self.sees(lambda case: bool(case["state"] == state), within=within)

    async def alarm(self, kind: str, *, within: float = 10.0) -> None:
        await self.house.told("alarm", within, alarm=kind)

    # --- how it comes to each state

    async def b_is_there(self) -> None:
        await self.house.agent("802").is_ready()

    async def arriving(self) -> None:
        await self.house.agent("801").is_paused()
        await self.elder.press_key()
        await self.becomes("arriving")

    async def ringing_seats(self) -> None:
        await self.elder.press_key()
        await self.a.rings(after=self.began)

    async def talking(self, *, silent: bool = False) -> None:
        await self.elder.press_key(silent=silent)
        await self.a.answer()
        await self.becomes("talking")
        if not silent:
            await self.house.happens("speech_heard", within=10)

    async def talking_unheard(self) -> None:
        await self.talking(silent=True)

    async def calling_back(self) -> None:
        await self.talking(silent=True)
        await self.asks("silent")
        await self.becomes("calling_back")

    async def no_response(self) -> None:
        await self.calling_back()
        await self.b_is_there()
        await self.asks("emergency")
        await self.becomes("no_response")

    async def emergency(self) -> None:
        """B rings."""
        await self.talking()
        await self.b_is_there()
        await self.asks("emergency")
        await self.b.rings(after=self.began)

    async def emergency_with_b(self) -> None:
        await self.emergency()
        await self.b.answer()
        await self.house.leg("a-1", place="rescue")

    async def arrived(self) -> None:
        await self.emergency_with_b()
        await self.asks("arrived")

    async def goodbye(self) -> None:
        await self.talking()
        await self.a.hang_up()
        await self.becomes("wrapping_up")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, asterisk_program: Program) -> AsyncIterator[House]:
    home = tmp_path_factory.mktemp("house")
    async with open_house(home, asterisk_program, elders=[grandmother()], environment=QUICK) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def day(house: House) -> AsyncIterator[Day]:
    house.messages.clear()
    await house.agent("802").is_paused()  # until somebody is needed besides A
    await house.agent("801").is_ready()
    try:
        yield Day(house)
        assert [run.case for run in open_runs(house) if not is_in_somebodys_hands(run.case)] == []
    finally:
        await all_come_to_an_end(house)
    await nothing_is_left(house)


# --- the elder hangs up -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "then", "alarm"),
    [
        (Day.arriving, "calling_back", "abandoned"),
        (Day.ringing_seats, "calling_back", "abandoned"),
        (Day.talking_unheard, "calling_back", "silent"),
        (Day.talking, "wrapping_up", None),
        (Day.emergency, "emergency", "elder_hung_up"),
        (Day.emergency_with_b, "emergency", "elder_hung_up"),
        (Day.arrived, "emergency", None),
        (Day.goodbye, "wrapping_up", None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_the_elder_hangs_up(
    day: Day, moment: Callable[[Day], Awaitable[None]], then: str, alarm: str | None
) -> None:
    await moment(day)
    await day.elder.hang_up()
    await day.becomes(then)
    if alarm is not None:
        await day.alarm(alarm)
        await day.elder.sees("rang", within=20, after=day.began)  # and is rung back


@pytest.mark.parametrize("how", [behaviour.Refuses("rejected"), behaviour.PutsDown()], ids=["rejects", "puts down"])
async def test_the_elder_hangs_up_on_both_call_backs(day: Day, how: Behaviour) -> None:
    await day.calling_back()
    day.elder.when_called = how
    await day.alarm("no_response", within=30)
    assert day.case.call_backs == 2


async def test_the_elder_hangs_up_on_b(day: Day) -> None:
    await day.no_response()
    await day.b.answer()
    day.elder.when_called = behaviour.PutsDown()
    await day.alarm("elder_hung_up", within=15)
    await day.house.leg("elder-3", within=15, state="answered")  # rung again, and again


# --- an agent hangs up ------------------------------------------------------------------------------------------------


async def test_a_rejects_the_call_and_the_next_seat_rings(day: Day) -> None:
    await day.ringing_seats()
    await day.b_is_there()
    await day.a.line.refuse("rejected")
    await day.b.answer(within=10)
    await day.becomes("talking")


async def test_a_hangs_up_after_the_talk(day: Day) -> None:
    await day.talking()
    await day.a.hang_up()
    await day.becomes("wrapping_up")
    await day.elder.line.ended(within=15)  # after the goodbye


@pytest.mark.parametrize(
    ("moment", "alarm"),
    [
        (Day.calling_back, None),
        (Day.no_response, "seat_lost"),
        (Day.emergency_with_b, "seat_lost"),
        (Day.arrived, None),
        (Day.goodbye, None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_hangs_up(day: Day, moment: Callable[[Day], Awaitable[None]], alarm: str | None) -> None:
    await moment(day)
    await day.a.hang_up()
    if alarm is not None:
        await day.alarm(alarm)
        await day.house.leg("a-2", within=10, state="ringing")


async def test_a_hangs_up_before_there_is_a_b(day: Day) -> None:
    await day.emergency()
    await day.a.hang_up()
    await day.alarm("seat_lost")
    await day.b.answer()
    await day.sees(lambda case: _leg(case, "b-1")["place"] == _leg(case, "elder")["place"] == "elder")
    await day.house.leg("a-2", within=10, state="ringing")


@pytest.mark.parametrize("moment", [Day.emergency, Day.no_response], ids=["emergency", "no response"])
async def test_b_rejects_the_call_and_is_looked_for_again(day: Day, moment: Callable[[Day], Awaitable[None]]) -> None:
    await moment(day)
    await day.b.rings(after=day.began)
    await day.b.line.refuse("rejected")
    await day.house.leg("b-1", state="ended", result="rejected")
    await day.house.agent("802").is_ready()
    await day.house.leg("b-2", within=10, state="ringing")


@pytest.mark.parametrize("moment", [Day.emergency_with_b, Day.no_response], ids=["emergency", "no response"])
async def test_b_hangs_up_and_is_replaced(day: Day, moment: Callable[[Day], Awaitable[None]]) -> None:
    await moment(day)
    if day.case.state == "no_response":
        await day.b.answer()
        await day.house.leg("b-1", place="elder")
    await day.b.hang_up()
    await day.alarm("seat_lost")
    await day.house.leg("b-2", within=10, state="ringing")


async def test_all_seats_ring_out_and_the_elder_is_not_given_up(day: Day) -> None:
    await day.b_is_there()
    await day.ringing_seats()
    for leg in ("a-1", "a-2"):
        await day.house.leg(leg, within=10, state="ended", result="no_answer")
    assert (day.case.state, day.case.elder_up) == ("ringing_seats", True)
    await day.house.agent("802").is_ready()
    await day.b.answer(within=10)
    await day.becomes("talking")


# --- those who are called hang up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("son", "result"),
    [
        (behaviour.Refuses("rejected"), "rejected"),
        (behaviour.Refuses("busy"), "busy"),
        (behaviour.PutsDown(), "voicemail"),
        (behaviour.declines(listen=0.5), "declined"),
    ],
    ids=["rejects", "is busy", "puts down during the offer", "declines"],
)
@pytest.mark.parametrize("moment", [Day.emergency_with_b, Day.no_response], ids=["emergency", "no response"])
async def test_a_contact_is_not_reached(
    day: Day, moment: Callable[[Day], Awaitable[None]], son: Behaviour, result: str
) -> None:
    day.house.town.relative(SON, son)
    await moment(day)
    if day.case.state == "emergency":
        await day.asks("call", target="contacts")
    await day.sees(lambda case: any(leg["number"] == SON and leg["result"] == result for leg in case["legs"]))
    assert day.case.seat_up(Role.A)


@pytest.mark.parametrize("merged", [False, True], ids=["with A", "with the elder"])
async def test_the_contact_who_accepted_drops(day: Day, merged: bool) -> None:
    son = day.house.town.relative(SON, behaviour.accepts("son", listen=0.5))
    await day.emergency_with_b()
    await day.asks("call", target="contacts")
    leg = await _accepted(day)
    if merged:
        await day.asks("merge", leg=leg)
        await day.house.leg(leg, place="elder")
    await son.hang_up()
    await day.house.leg(leg, state="ended", result="accepted")
    await day.sees(lambda case: _leg(case, "b-1")["place"] == _leg(case, "elder")["place"] == "elder")


async def _accepted(day: Day) -> str:
    """The son's leg, once he is with the helpers."""
    found: list[str] = []

    def wanted(case: dict[str, Any]) -> bool:
        found[:] = [leg["id"] for leg in case["legs"] if leg["number"] == SON and leg["place"] == "rescue"]
        return bool(found)

    await day.sees(wanted, within=45)  # he hears first who is in need
    return found[0]


async def test_120_is_busy_and_can_be_called_again_by_a_person_only(day: Day) -> None:
    day.house.town.service("120", behaviour.Refuses("busy"))
    await day.emergency_with_b()
    await day.asks("call", target="120")
    await day.house.leg("120-1", state="ended", result="busy")
    day.house.town.service("120")
    assert [leg.id for leg in day.case.legs if leg.number == "120"] == ["120-1"]
    await day.asks("call", target="120")
    await day.house.leg("120-2", result="accepted", place="rescue")


async def test_120_hangs_up_and_the_rescue_goes_on(day: Day) -> None:
    operator = day.house.town.service("120")
    await day.emergency_with_b()
    await day.asks("call", target="120")
    await day.house.leg("120-1", result="accepted", place="rescue")
    await operator.hang_up()
    await day.house.leg("120-1", state="ended")
    await day.sees(lambda case: _leg(case, "a-1")["place"] == "rescue" and _leg(case, "b-1")["place"] == "elder")


# --- calls cross ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("H12")
@pytest.mark.clause("S4.2")
async def test_both_call_backs_cross_with_the_elder_calling_in_again(day: Day) -> None:
    await day.ringing_seats()
    await day.elder.hang_up()
    await day.becomes("calling_back")  # an agent who picks up in that very moment has had the elder on the line
    await day.a.answer()
    for again, rung in (("elder-again-1", "elder-2"), ("elder-again-2", "elder-4")):
        await day.house.leg(rung, within=10, state="ringing")
        await day.elder.press_key(silent=True)
        await day.house.leg(again, state="answered", place="elder")
        await day.house.leg(rung, state="ended", result="cancelled")
        if again == "elder-again-1":
            await day.elder.hang_up()
    await day.elder.say("elder_help")
    await day.sees(lambda case: bool(case["state"] == "talking"))
    assert len(open_runs(day.house)) == 1


def _leg(case: dict[str, Any], leg: str) -> dict[str, Any]:
    return next((one for one in case["legs"] if one["id"] == leg), {"place": "", "state": ""})
