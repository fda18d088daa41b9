"""A professional is consulted, joins, leaves or takes over: who hears whom at each step (S2), and who is left with the
elder when somebody hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from drill import behaviour
from drill.ear import Ear
from drill.hearing import Hearing
from drill.people import Elder, Seat, people_talk
from home.programs import Program
from ivr.vocabulary import FollowUpKind, Skill
from models.follow_ups import FollowUp
from models.orders.work_orders import WorkOrder

from .house import ELDER_LINE, House, grandmother, open_house

QUICK = {"YJT_POLICY__PROFESSIONAL": "10", "YJT_POLICY__SEAT_RING": "30", "YJT_POLICY__CALL_BACK_PAUSE": "1"}
SILENCE_OF_OURS = 3.0  # seconds: promise 2


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    doctor = {"802": Skill.DOCTOR}
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], skills=doctor, environment=QUICK, whole_prompts=True
    ) as house:
        yield house


async def talking(house: House) -> tuple[Elder, Seat]:
    """The elder speaks with an agent."""
    grandma = house.town.elder(ELDER_LINE)
    agent = house.town.seat("801", voice="agent_a")
    await house.agent("801").is_ready()
    await grandma.press_key()
    await agent.answer()
    await house.case(state="talking")
    await house.happens("speech_heard", within=10)
    return grandma, agent


async def consulting(house: House) -> tuple[Elder, Seat, Seat]:
    """The agent speaks with a doctor alone."""
    grandma, agent = await talking(house)
    doctor = house.town.seat("802", voice="doctor")
    await house.agent("802").is_ready()
    assert (await house.agent("801").asks("consult", skill="doctor"))[0] == 200
    await doctor.answer()
    await house.case(state="consulting")
    await house.leg("x-1", place="intercom")
    return grandma, agent, doctor


async def now_talking(house: House, *legs: str) -> None:
    """The case is in talk, with exactly these seats beside the elder."""
    wanted = sorted(["elder", *legs])
    async with asyncio.timeout(8):
        while (told := _latest(house)) is None or (told["state"], _with_elder(told)) != ("talking", wanted):
            await house.next_message()


def _latest(house: House) -> dict[str, Any] | None:
    cases = [message["data"] for message in house.messages if message["kind"] == "case"]
    return cases[-1] if cases else None


def _with_elder(case: dict[str, Any]) -> list[str]:
    return sorted(leg["id"] for leg in case["legs"] if leg["state"] == "answered" and leg["place"] == "elder")


async def listen(seat: Seat | Elder) -> Hearing:
    return await asyncio.to_thread(Ear.of_the_town().listen, seat.line.ear)


@pytest.mark.clause("S2.1")
async def test_the_elder_waits_with_music_and_does_not_hear_the_consultation(house: House) -> None:
    grandma, agent, doctor = await consulting(house)
    await people_talk(10)
    assert (await house.agent("801").asks("return"))[0] == 200
    await now_talking(house, "a-1")
    await people_talk(4)
    assert (await house.agent("801").asks("close", outcome="consultation", note=""))[0] == 200
    await house.case(within=20, state="closed")
    await house.nothing_is_left()
    by_grandma, by_agent, by_doctor = await listen(grandma), await listen(agent), await listen(doctor)
    assert by_grandma.voice("doctor") == 0, str(by_grandma)
    assert by_grandma.prompt("hold") > 1, str(by_grandma)
    assert by_grandma.music() > 4, str(by_grandma)
    waited = by_grandma.of("prompt", "hold")[0].start
    again = [one for one in by_grandma.of("voice", "agent_a") if one.start > waited + 8]
    assert again, f"the agent did not come back: {by_grandma}"
    assert by_grandma.longest_silence().seconds < SILENCE_OF_OURS, str(by_grandma)
    assert by_agent.voice("doctor") > 5, str(by_agent)
    assert by_doctor.voice("agent_a") > 5, str(by_doctor)
    assert by_doctor.voice("elder_help") == 0, str(by_doctor)


@pytest.mark.clause("S2.1")
async def test_all_three_hear_each_other_and_the_doctor_keeps_the_elder(house: House) -> None:
    grandma, agent, doctor = await consulting(house)
    assert (await house.agent("801").asks("three_way"))[0] == 200
    await now_talking(house, "a-1", "x-1")
    await people_talk(8)
    assert (await house.agent("801").asks("hand_over"))[0] == 200
    await agent.line.ended(within=5)
    left = len(agent.notes)
    await people_talk(5)
    await doctor.hang_up()
    await house.case(within=20, state="wrapping_up")
    assert (await house.agent("802").asks("close", outcome="consultation", note=""))[0] == 200
    await house.case(within=20, state="closed")
    await house.nothing_is_left()
    by_grandma, by_agent, by_doctor = await listen(grandma), await listen(agent), await listen(doctor)
    assert left == len(agent.notes)
    assert by_grandma.voice("doctor") > 8, str(by_grandma)
    assert by_grandma.longest_silence().seconds < SILENCE_OF_OURS, str(by_grandma)
    assert by_agent.voice("doctor") > 4, str(by_agent)
    assert by_agent.voice("elder_help") > 4, str(by_agent)
    assert by_doctor.voice("agent_a") > 4, str(by_doctor)
    assert by_doctor.voice("elder_help") > 8, str(by_doctor)


async def test_the_telephones_alone_are_enough(house: House) -> None:
    """`*46` brings all together, `*47` sends the professional back, hanging up hands over."""
    _, agent, doctor = await consulting(house)
    await agent.press("*46")
    await now_talking(house, "a-1", "x-1")
    await agent.hang_up()
    await now_talking(house, "x-1")
    await doctor.hang_up()
    await house.case(within=20, state="wrapping_up")


async def test_the_professional_hangs_up_and_the_agent_has_the_elder(house: House) -> None:
    _, _, doctor = await consulting(house)
    await doctor.hang_up()
    await now_talking(house, "a-1")


async def test_the_agents_phone_breaks_and_the_professional_has_the_elder_until_the_next_agent(house: House) -> None:
    await consulting(house)
    channels = await house.ari.channels.list()
    seat = next(channel for channel in channels if channel.name.startswith("PJSIP/801"))
    await house.ari.channels.hangup(channelId=seat.id, reason_code="44")  # as rtp_timeout does
    await house.told("alarm", alarm="seat_lost")
    await house.leg("x-1", state="answered", place="elder")
    await house.agent("801").is_ready()
    await house.town.seat("801", voice="agent_a").answer(within=8)
    await now_talking(house, "a-2", "x-1")


async def test_an_elder_who_hangs_up_while_waiting_is_rung_back(house: House) -> None:
    grandma, _, doctor = await consulting(house)
    grandma.when_called = behaviour.Answers(voice="elder_answers", ring=0.5)
    await grandma.hang_up()
    await house.told("alarm", alarm="elder_hung_up")
    await doctor.line.ended(within=5)
    await house.leg("elder-2", within=10, state="answered", place="elder")
    await house.case(state="talking")


async def test_when_no_professional_answers_the_agent_is_told(house: House) -> None:
    await talking(house)
    assert (await house.agent("801").asks("consult", skill="lawyer"))[0] == 200
    await house.told("alarm", within=15, alarm="no_professional", detail="lawyer")
    case = next(iter(house.controller.runs.values())).case
    assert case.state == "talking"
    assert not case.searching


async def test_in_an_emergency_all_three_go_to_the_elder(house: House) -> None:
    await consulting(house)
    assert (await house.agent("801").asks("emergency"))[0] == 200
    await house.case(state="emergency")
    await house.leg("x-1", place="elder")
    await house.leg("a-1", place="elder")


@pytest.mark.clause("S2.1")
@pytest.mark.clause("S2.2")
async def test_a_consultation_is_marked_and_followed_up_within_two_days(house: House) -> None:
    await talking(house)
    assert (await house.agent("801").asks("classify", topic="medical"))[0] == 200
    await house.case(topic="medical")
    assert (await house.agent("801").asks("close", outcome="consultation", note=""))[0] == 200
    closed = await house.case(within=20, state="closed")
    await house.on_record(closed["id"], closed["timeline"][-1]["seq"])
    async with house.database.read() as session:
        owed = (await session.scalars(select(FollowUp))).one()
    assert owed.kind is FollowUpKind.CONSULTATION
    assert owed.due_at - owed.booked_at <= timedelta(days=2, seconds=5)


@pytest.mark.clause("S3.1")
async def test_a_life_service_that_is_wanted_becomes_a_draft_of_a_verified_elder(house: House) -> None:
    await talking(house)
    await house.case(elder=bool)  # an order can be drafted from then on
    status, answer = await house.agent("801").asks("draft_order", aid="meals", wish="每天中午送饭")
    assert status == 200, answer
    case = answer["case"]
    assert (case["topic"], case["elder"]["name"]) == ("life_service", "演示·王奶奶")
    await house.on_record(case["id"], case["timeline"][-1]["seq"])
    async with house.database.read() as session:
        order = (await session.scalars(select(WorkOrder).where(WorkOrder.case_id.is_not(None)))).one()
    assert (order.aid, order.wish, order.state, order.drafted_by) == ("meals", "每天中午送饭", "draft", "seat:801")
    assert order.elder_id == case["elder"]["id"]
