"""A sensor raises the alarm: the elder's telephone rings at once, and an agent is there when they pick up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from drill import behaviour
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program
from models.elder_forms import TerminalForm
from models.people import UserRole

from .house import ELDER_LINE, SON, House, grandmother, open_house
from .web_beside import client_of, web_process

QUICK = {
    "YJT_POLICY__CALL_BACK_RING": "15",
    "YJT_POLICY__CALL_BACK_PAUSE": "1",
    "YJT_POLICY__CONTACT_RING": "10",
    "YJT_POLICY__CONTACT_KEY": "15",
}
SERIAL = "DEMO-SMOKE-1"


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    elder = replace(grandmother(), terminals=(TerminalForm(line=ELDER_LINE, serial=SERIAL),))
    async with open_house(tmp_path, asterisk_program, elders=[elder], environment=QUICK) as house:
        await house.agent("801").is_ready()
        yield house


@asynccontextmanager
async def gateway(house: House) -> AsyncIterator[aiohttp.ClientSession]:
    """The web as it runs in a home, and a gateway's client that has a token for it."""
    async with (
        web_process(house) as address,
        client_of(house, address, "sensors", UserRole.GATEWAY) as client,
    ):
        yield client


def alarm(device: str = SERIAL, kind: str = "smoke", *, seconds: float = 0) -> dict[str, Any]:
    return {"device": device, "kind": kind, "at": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()}


async def hand_in(client: aiohttp.ClientSession, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with client.post("/api/v1/alarms", json=body) as answer:
        return answer.status, await answer.json()


@pytest.mark.clause("K7")
@pytest.mark.clause("H12")
async def test_from_the_sensor_to_the_elder_who_talks_with_an_agent(house: House) -> None:
    grandma = house.town.elder(ELDER_LINE)
    grandma.when_called = behaviour.Answers(voice="elder_answers", ring=2)
    async with gateway(house) as client:
        status, said = await hand_in(client, alarm(kind=""))
        assert (status, said["handed"]) == (201, True)
        await grandma.sees("rang")
        await house.told("alarm", alarm="device_alarm", detail="unknown")
        await house.town.seat("801", voice="agent_a").answer()
        talking = await house.case(within=15, id=said["case"], state="talking")
        assert talking["kind"] == "sensor"
        status, again = await hand_in(client, alarm(kind="smoke", seconds=1))
        assert (status, again["case"]) == (201, said["case"])
        await house.told("alarm", alarm="offer_fire", case=said["case"])
        await people_talk(4)
    assert len(house.controller.runs) == 1
    heard = Ear.of_the_town().listen(grandma.line.ear)
    assert heard.voice("agent_a") > 2, str(heard)
    assert heard.longest_silence().seconds < 3, str(heard)


@pytest.mark.clause("S4.3")
async def test_an_elder_who_does_not_answer_is_sent_for(house: House) -> None:
    house.town.elder(ELDER_LINE).when_called = behaviour.Refuses("rejected")
    son = house.town.relative(SON, behaviour.accepts("son"))
    async with gateway(house) as client:
        status, said = await hand_in(client, alarm(kind="fall"))
        assert status == 201
        await house.town.seat("801", voice="agent_a").answer()
        await house.told("alarm", within=40, alarm="no_response", case=said["case"])
        await son.sees("rang")


@pytest.mark.clause("X5")
async def test_a_device_that_nobody_knows_comes_to_an_agent(house: House) -> None:
    async with gateway(house) as client:
        status, said = await hand_in(client, alarm("NOBODYS-1", "gas"))
        assert status == 201
        await house.town.seat("801").answer()
        case = await house.case(id=said["case"], state="no_response")
        assert [(report["device"], report["kind"]) for report in case["reports"]] == [("NOBODYS-1", "gas")]
        assert (await house.agent("801").asks("close", case=said["case"], outcome="other", note=""))[0] == 200
        await house.case(within=10, id=said["case"], state="closed")
        await house.nothing_is_left()


@pytest.mark.clause("H12")
async def test_an_elder_who_calls_while_we_ring_them_because_of_a_sensor_is_the_same_case(house: House) -> None:
    grandma = house.town.elder(ELDER_LINE)
    async with gateway(house) as client:
        _, said = await hand_in(client, alarm(kind="fall"))
        await grandma.sees("rang")
        await house.case(id=said["case"], elder={"id": 1, "name": "演示·王奶奶"})
        await grandma.press_key()
        await house.town.seat("801").answer()
        await house.case(id=said["case"], state="talking")
    assert len(house.controller.runs) == 1
