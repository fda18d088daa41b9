"""Nobody speaks, or nobody is there any more: asked, rung back twice, then somebody is sent (S4). People in the town
really speak, stay silent, are out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from drill import behaviour
from drill.ear import Ear
from drill.people import Elder
from home.programs import Program

from .house import COMMITTEE, DAUGHTER, ELDER_LINE, NEIGHBOUR, SON, House, grandmother, open_house

QUICK = {
    "YJT_POLICY__SILENCE": "5",
    "YJT_POLICY__SILENCE_DECIDES": "10",
    "YJT_POLICY__CALL_BACK_RING": "15",
    "YJT_POLICY__CALL_BACK_PAUSE": "1",
    "YJT_POLICY__REDIAL_PAUSE": "1",
    "YJT_POLICY__CONTACT_RING": "10",
    "YJT_POLICY__CONTACT_KEY": "15",
}


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=QUICK) as house:
        await house.agent("801").is_ready()
        yield house


async def talking(house: House, *, silent: bool) -> Elder:
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key(silent=silent)
    await house.town.seat("801", voice="").answer()
    await house.case(state="talking")
    return grandma


async def test_an_elder_who_speaks_is_heard(house: House) -> None:
    await talking(house, silent=False)
    await house.happens("speech_heard", within=10)
    assert next(iter(house.controller.runs.values())).case.heard


@pytest.mark.clause("S4.1")
async def test_a_silent_line_is_asked_twice_then_rung_back(house: House) -> None:
    grandma = await talking(house, silent=True)
    grandma.when_called = behaviour.Answers(voice="elder_answers", ring=0.5)
    await house.told("alarm", within=30, alarm="silent")
    first = grandma.line
    await house.leg("elder-2", within=15, state="answered", place="elder")
    await house.happens("speech_heard", within=10)
    assert first is not grandma.line
    case = next(iter(house.controller.runs.values())).case
    assert (case.state, case.call_backs, case.heard) == ("talking", 1, True)
    heard = Ear.of_the_town().listen(first.ear)
    assert heard.prompt("can_you_hear_me") > 1, str(heard)
    assert heard.prompt("can_you_hear_me_again") > 1, str(heard)


async def test_any_key_of_the_elder_is_an_answer(house: House) -> None:
    grandma = await talking(house, silent=True)
    await grandma.press("5")
    await house.happens("key_pressed")
    assert next(iter(house.controller.runs.values())).case.heard


@pytest.mark.clause("S4.2")
@pytest.mark.clause("S4.3")
@pytest.mark.clause("S4.4")
async def test_without_an_answer_to_two_call_backs_somebody_is_sent(house: House) -> None:
    house.town.relative(SON, behaviour.Refuses("busy"))
    for number in (DAUGHTER, NEIGHBOUR, COMMITTEE):
        house.town.relative(number, behaviour.Refuses("rejected"))
    grandma = await talking(house, silent=True)
    await house.agent("802").is_ready()
    assert (await house.agent("801").asks("silent"))[0] == 200
    await house.told("alarm", within=60, alarm="no_response")
    case = next(iter(house.controller.runs.values())).case
    rung = [leg for leg in case.legs if leg.kind == "elder" and leg.id != "elder"]
    assert [leg.result for leg in rung] == ["no_answer", "no_answer"]
    await house.told("alarm", within=20, alarm="offer_police")
    await house.town.seat("802", voice="agent_b").answer(within=10)
    await house.leg("b-1", place="elder")
    await house.leg("elder-4", within=10, state="ringing")
    grandma.when_called = behaviour.Answers(voice="elder_answers", ring=0.5)
    await house.told("alarm", within=40, alarm="elder_spoke")
    await house.case(state="emergency")
    assert (await house.agent("802").asks("close", outcome="helped_at_home", note=""))[0] == 200
    await house.case(within=20, state="closed")
    await house.nothing_is_left()


@pytest.mark.clause("S4.5")
@pytest.mark.clause("S4.6")
@pytest.mark.clause("S4.7")
async def test_arrival_ends_the_ringing_and_a_follow_up_is_booked(house: House) -> None:
    house.town.relative(SON, behaviour.accepts("son"))
    await talking(house, silent=True)
    await house.agent("802").is_ready()
    await house.agent("801").asks("silent")
    await house.case(state="calling_back")
    await house.agent("801").asks("emergency")
    await house.town.seat("802", voice="agent_b").answer(within=10)
    await house.leg("elder-2", within=10, state="ringing")
    assert (await house.agent("801").asks("arrived"))[0] == 200
    await house.leg("elder-2", within=5, state="ended")
    assert (await house.agent("801").asks("close", outcome="rescued", note=""))[0] == 200
    closed = await house.case(within=20, state="closed")
    await house.nothing_is_left()
    rescue, follow_up = await house.kept(closed)
    assert (rescue.outcome, rescue.arrived_at is None) == ("rescued", False)
    assert follow_up.kind == "emergency"
    due = follow_up.due_at - datetime.fromisoformat(closed["closed_at"])
    assert due.total_seconds() == pytest.approx(timedelta(days=2).total_seconds(), abs=0.01)


async def test_every_abandoned_call_is_called_back(house: House) -> None:
    grandma = house.town.elder(ELDER_LINE)
    grandma.when_called = behaviour.Answers(voice="elder_answers", ring=0.5)
    await grandma.press_key(silent=True)
    await grandma.hang_up()
    await house.told("alarm", alarm="abandoned")
    await house.town.seat("801", voice="agent_a").answer()
    await house.leg("elder-2", within=15, state="answered", place="elder")
    await house.case(state="talking")


@pytest.mark.clause("H12")
async def test_the_call_back_crosses_with_the_elder_calling_in_again(house: House) -> None:
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key(silent=True)
    await grandma.hang_up()
    await house.town.seat("801", voice="agent_a").answer()
    await house.leg("elder-2", within=10, state="ringing")
    await grandma.press_key()
    await house.leg("elder-again-1", within=5, state="answered", place="elder")
    await house.leg("elder-2", state="ended", result="cancelled")
    await house.case(state="talking")
    assert len(house.controller.runs) == 1
