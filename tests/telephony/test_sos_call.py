"""One SOS call from the key to the closed case, on real Asterisk, with people who really speak."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from drill import behaviour
from home.programs import Program

from .house import COMMITTEE, DAUGHTER, ELDER_LINE, NEIGHBOUR, SON, House, grandmother, open_house


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()]) as house:
        await house.agent("801").is_ready()
        yield house


@pytest.mark.both_databases
@pytest.mark.clause("S1.1")
@pytest.mark.clause("S1.2")
@pytest.mark.clause("S1.5")
@pytest.mark.clause("S1.7")
@pytest.mark.clause("S1.8")
@pytest.mark.clause("S1.9")
async def test_from_the_key_to_the_closed_case(house: House) -> None:
    town, a, b = house.town, house.agent("801"), house.agent("802")
    town.relative(SON, behaviour.accepts("son"))
    town.relative(DAUGHTER, behaviour.voicemail())
    town.relative(NEIGHBOUR, behaviour.Refuses("busy"))
    town.relative(COMMITTEE, behaviour.RingsOn())
    town.service("120")
    grandma = town.elder(ELDER_LINE)

    await grandma.press_key()
    await house.told("screen", extension="801", role="A")
    await town.seat("801", voice="agent_a").answer()
    case = await house.case(state="talking", elder=bool)
    assert case["elder"]["name"] == "演示·王奶奶"
    assert "501" in case["file"]["address"]  # what A confirms with the elder

    await b.is_ready()
    assert (await a.asks("emergency"))[0] == 200
    await house.told("screen", extension="802", role="B")
    await town.seat("802", voice="agent_b").answer()
    await house.leg("a-1", place="rescue")

    assert (await a.asks("call", target="120"))[0] == 200
    await house.leg("120-1", place="rescue", result="accepted")
    son, daughter, neighbour, committee = [contact["id"] for contact in case["file"]["contacts"]]
    await house.leg(f"contact-{son}-1", within=45, result="accepted", place="rescue")
    await house.leg(f"contact-{neighbour}-1", result="busy")
    assert (await a.asks("merge", leg=f"contact-{son}-1"))[0] == 200
    await house.leg(f"contact-{son}-1", place="elder")

    assert (await a.asks("arrived"))[0] == 200
    await house.leg(f"contact-{committee}-1", result="cancelled", state="ended")
    await house.leg(f"contact-{daughter}-1", state="ended")
    assert (await a.asks("close", outcome="rescued", note="演示"))[0] == 200
    closed = await house.case(within=20, state="closed")

    assert closed["outcome"] == "rescued"
    assert None not in (closed["answered_at"], closed["emergency_at"], closed["arrived_at"])
    await grandma.line.ended(within=5)
    await house.nothing_is_left()

    rescue, follow_up = await house.kept(closed)
    assert (rescue.outcome, rescue.note, rescue.arrived_at is None) == ("rescued", "演示", False)
    assert follow_up.kind == "emergency"
    assert rescue.closed_at is not None
    assert (follow_up.due_at - rescue.closed_at).total_seconds() == pytest.approx(2 * 86400, abs=1)
