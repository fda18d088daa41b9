"""What a seat owes, on real telephones: no ordinary call before the outcome is filed, an alarm all the same. And a
call of the agent's own: their phone first, and it is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from drill import behaviour
from drill.chronicle import NotSeen
from drill.people import Seat, people_talk
from home.programs import Program
from models.elder_forms import TerminalForm

from .house import ELDER_LINE, House, grandmother, open_house

ORDINARY = "96891"
NEIGHBOUR_LINE = "02110000002"
AT_ONCE = {"YJT_POLICY__WRAP_UP": "0", "YJT_ORDINARY_NUMBERS": ORDINARY, "YJT_SOS_NUMBERS": "96890"}


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    other = replace(
        grandmother(), name="演示·李爷爷", home_phone=NEIGHBOUR_LINE, terminals=(TerminalForm(line=NEIGHBOUR_LINE),)
    )
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother(), other], seats=("801",), environment=AT_ONCE
    ) as house:
        yield house


def _last_ring(seat: Seat) -> float:
    return max(note.clock for note in seat.notes if note.what == "rang")


@pytest.mark.clause("K8")
async def test_who_owes_an_outcome_is_rung_for_an_alarm_and_for_no_ordinary_call(house: House) -> None:
    grandma, grandpa = house.town.elder(ELDER_LINE), house.town.elder(NEIGHBOUR_LINE)
    agent, screen = house.town.seat("801", voice="agent_a"), house.agent("801")
    await screen.is_ready()
    await grandma.press_key(number=ORDINARY)
    await agent.answer()
    first = await house.case(state="talking")
    await house.happens("speech_heard", within=10)
    await grandma.hang_up()
    await house.case(id=first["id"], state="wrapping_up")
    await house.told("seat", extension="801", state="ready", owes=[first["id"]])

    await grandma.press_key(number=ORDINARY)
    await house.told("seat", extension="801", needed=True)
    with pytest.raises(NotSeen):
        await agent.rings(within=2.0, after=_last_ring(agent))

    await grandpa.press_key()  # an alarm
    await agent.answer()
    alarm = await house.case(state="talking", caller=NEIGHBOUR_LINE)
    assert (alarm["kind"], alarm["id"] == first["id"]) == ("sos", False)
    await people_talk(1.0)
    before = _last_ring(agent)
    for case in (alarm["id"], first["id"]):
        assert (await screen.asks("close", case, outcome="false_alarm", code="by_mistake"))[0] == 200
    await agent.rings(within=8.0, after=before)  # for whoever has waited: both outcomes are filed


async def test_an_agents_own_call_rings_their_phone_first_and_is_on_record(house: House) -> None:
    grandma, agent = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
    grandma.when_called = behaviour.Answers(voice="elder_help")
    body = {"extension": "801", "number": ELDER_LINE, "name": "演示·王奶奶", "file": None, "actor": "user:7"}
    async with house.http.post("/calls", json=body) as answer:
        assert answer.status == 200, await answer.text()
        case = (await answer.json())["case"]
    async with house.http.post("/calls", json=body) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (409, "seat_not_free")
    assert (await house.leg("a-1", state="ringing"))["number"] == "801"
    await agent.answer()
    await house.case(id=case["id"], state="talking", elder=bool, within=15)
    await people_talk(2.0)
    await agent.hang_up()
    ended = await house.case(id=case["id"], state="wrapping_up", within=10)
    assert [leg["kind"] for leg in ended["legs"]] == ["seat", "elder"]
    assert (await house.agent("801").asks("close", case["id"], outcome="consultation", code="daily"))[0] == 200
    closed = await house.case(id=case["id"], state="closed")
    assert (closed["kind"], closed["code"]) == ("outbound", "daily")
    await house.nothing_is_left()
    taped = await house.happens("recording_ended")
    assert float(taped["data"]["seconds"]) > 1
