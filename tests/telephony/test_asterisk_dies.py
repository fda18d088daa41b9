"""Asterisk itself dies with calls up, and is started anew: everybody whose call broke off is rung back at once, seats
can be rung without waiting for their phones, 120 is never rung again by the machine."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from drill.behaviour import Answers
from drill.ear import Ear
from drill.hearing import Hearing
from drill.line import Line
from drill.people import Elder, people_talk
from home.programs import Program
from models.elder_forms import ElderForm, TerminalForm

from .house import ELDER_LINE, House, grandmother, open_house

NEXT_DOOR = "02110000002"
BACK_WITHIN = 10.0  # seconds from Asterisk's return until every elder is being rung


def grandfather() -> ElderForm:
    return ElderForm(name="演示·李爷爷", home_phone=NEXT_DOOR, terminals=(TerminalForm(line=NEXT_DOOR),))


async def asterisk_dies(house: House) -> float:
    """Without a farewell, and is started anew; the moment at which it is back (monotonic)."""
    house.messages.clear()
    await house.asterisk.kill()
    await house.asterisk.start()
    await house.asterisk.wait_fully_booted()
    return time.monotonic()


async def rung_back(elder: Elder, *, since: float) -> Line:
    """The call that reaches the elder after `since`, picked up."""
    rang = await elder.sees("rang", within=BACK_WITHIN, after=since)
    line = next(line for line in elder.lines if line.id == rang.line)
    await line.picked_up(within=5)
    return line


async def what_is_heard(*lines: Line) -> list[Hearing]:
    ear = Ear.of_the_town()
    return [await asyncio.to_thread(ear.listen, line.ear) for line in lines]


@pytest.mark.clause("S12")
async def test_who_talks_and_who_waits_are_rung_back_and_the_same_seat_is_rung_at_once(
    tmp_path: Path, asterisk_program: Program
) -> None:
    elders = [grandmother(), grandfather()]
    async with open_house(tmp_path, asterisk_program, elders=elders, seats=("801",), whole_prompts=True) as house:
        talks, waits = house.town.elder(ELDER_LINE, name="talks"), house.town.elder(NEXT_DOOR, name="waits")
        for elder in (talks, waits):
            elder.when_called = Answers(voice="elder_answers", ring=0.3)
        seat = house.town.seat("801", voice="agent_a")
        await house.agent("801").is_ready()
        await talks.press_key()
        await seat.answer()
        case = await house.case(within=10, state="talking")
        await waits.press_key()
        other = await house.case(within=10, state="arriving", elder={"id": 2, "name": "演示·李爷爷"})
        await people_talk(2)
        died = time.monotonic()
        back = await asterisk_dies(house)

        line, waiting = await rung_back(talks, since=died), await rung_back(waits, since=died)
        assert max(line.started, waiting.started) - back < BACK_WITHIN
        await people_talk(2.5)
        await seat.answer(within=10)
        talking = await house.case(within=10, id=case["id"], state="talking")
        await house.case(within=10, id=other["id"], state="ringing_seats")
        await people_talk(4)
        assert (await house.agent("801").asks("close", case["id"], outcome="other", note=""))[0] == 200
        await waits.hang_up()
        told = {alarm["kind"] for alarm in talking["alarms"]}
        assert "lines_lost" in told
        assert told.isdisjoint({"elder_hung_up", "abandoned", "seat_lost", "no_response"})
        heard, heard_waiting = await what_is_heard(line, waiting)
    assert heard.prompt("line_broke") > 1.5, str(heard)
    assert heard.voice("agent_a") > 2, str(heard)
    assert heard_waiting.prompt("line_broke") > 2, str(heard_waiting)
    assert heard_waiting.longest_silence().seconds < 3, str(heard_waiting)


async def test_in_an_emergency_elder_a_and_b_are_rung_again_and_120_is_not(
    tmp_path: Path, asterisk_program: Program
) -> None:
    quiet = {"YJT_POLICY__CASCADE_WITH_SERVICE": "0"}
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=quiet) as house:
        elder = house.town.elder(ELDER_LINE)
        elder.when_called = Answers(voice="elder_answers", ring=2)
        a, b = house.town.seat("801", voice="agent_a"), house.town.seat("802", voice="agent_b")
        ambulance = house.town.service("120")
        await house.agent("801").is_ready()
        await elder.press_key()
        await a.answer()
        await house.case(within=10, state="talking")
        await house.agent("802").is_ready()
        assert (await house.agent("801").asks("call", target="120"))[0] == 200
        await b.answer()
        await house.leg("120-1", place="rescue")
        await people_talk(1.5)
        died = time.monotonic()
        await asterisk_dies(house)

        await b.answer(within=10)
        await a.answer(within=10)
        line = await rung_back(elder, since=died)
        await house.leg("b-2", place="elder")
        await house.leg("a-2", place="rescue")
        alarm = await house.told("alarm", alarm="service_lost")
        await people_talk(4)
        assert alarm["data"]["detail"] == "120"
        assert (await house.leg("120-1", state="ended"))["cause"] == 38
        assert len(ambulance.lines) == 1
        (heard,) = await what_is_heard(line)
    assert heard.prompt("line_broke") > 0.5, str(heard)
    assert heard.voice("agent_b") > 2, str(heard)
