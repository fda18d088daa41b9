"""The controller dies in the middle of a call and comes back: people who talk notice nothing, nobody is forgotten."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from ari_app.spill import SPILL
from drill.behaviour import RingsOn
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program
from ivr.vocabulary import Skill
from models.queries.cases import list_cases
from models.scope import EVERYWHERE

from .controllers import a_case_on_record, agents_ready, controller_process, kill, no_records
from .faults import locked
from .house import ELDER_LINE, House, grandmother, open_house

ON_DUTY = "12000000091"
SILENCE_OF_OURS = 3.0  # seconds: promise 2


@pytest.mark.both_databases
async def test_people_who_talk_notice_nothing_and_the_case_goes_on(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        grandma, seat = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801", "802")
            await grandma.press_key()
            await seat.answer()
            case = await a_case_on_record(house)
            await no_records(house, within=5)  # of a call that is on record the dialplan's own has done its work
            await kill(first)
        house.messages.clear()
        async with controller_process(house), house.following():
            asked, _ = await house.agent("801").asks("emergency", case)
            assert asked == 200
            await house.town.seat("802", voice="agent_b").answer()
            await house.leg("b-1", place="elder")
            assert grandma.line.over is None
            assert seat.line.over is None
            assert (await house.agent("801").asks("close", case, outcome="other", note=""))[0] == 200
            await house.case(within=20, state="closed")
            await house.nothing_is_left()
            assert {message["data"]["id"] for message in house.messages if message["kind"] == "case"} == {case}
            assert "ladder_reported" not in {entry["event"] for entry in house.latest(case)["timeline"]}


@pytest.mark.clause("S4.2")
async def test_who_hung_up_while_the_controller_died_with_their_call_is_rung_back(
    tmp_path: Path, asterisk_program: Program
) -> None:
    """It had picked up, and nothing of the call was written down yet."""
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], seats=(), controller=False) as house:
        grandma = house.town.elder(ELDER_LINE)
        async with controller_process(house) as first, locked(house):
            await grandma.press_key()
            await kill(first)
            await grandma.hang_up()
        assert not (house.settings.home / SPILL).exists()
        async with house.database.read() as session:
            assert (await list_cases(session, scope=EVERYWHERE)).items == ()
        async with controller_process(house), house.following():
            await grandma.sees("rang", within=20)
            case = await house.case(state="calling_back", caller=ELDER_LINE)
            await no_records(house)
            assert {message["data"]["id"] for message in house.messages if message["kind"] == "case"} == {case["id"]}
            assert "no controller" not in house.asterisk.log.with_name("sos.log").read_text("utf-8")


async def test_who_was_to_be_together_is_when_the_controller_dies_before_it_has_done_what_it_decided(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        grandma, seat = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801")
            await grandma.press_key()
            await seat.answer()
            case = await a_case_on_record(house)
            await kill(first)
        for bridge in await house.ari.bridges.list():
            await house.ari.bridges.destroy(bridgeId=bridge.id)  # as if nobody had asked for it yet
        house.messages.clear()
        async with controller_process(house), house.following():
            await asyncio.wait_for(_both_in_one_bridge(house, case), 10)
            await grandma.hang_up()
            await house.nothing_is_left()


async def _both_in_one_bridge(house: House, case: str) -> None:
    while [len(bridge.channels) for bridge in await house.ari.bridges.list() if case in bridge.id] != [2]:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def test_who_consults_goes_on_and_the_elder_keeps_hearing_something(
    tmp_path: Path, asterisk_program: Program
) -> None:
    doctors = {"802": Skill.DOCTOR}
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], skills=doctors, controller=False
    ) as house:
        grandma, doctor = house.town.elder(ELDER_LINE), house.town.seat("802", voice="doctor")
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801", "802")
            await grandma.press_key()
            await house.town.seat("801", voice="agent_a").answer()
            case = await a_case_on_record(house)
            assert (await house.agent("801").asks("consult", case, skill="doctor"))[0] == 200
            await doctor.answer()
            await house.case(state="consulting")
            heard_out = await the_hold_prompt_ends(house)
            await house.on_record(case, heard_out)
            await kill(first)
        house.messages.clear()
        async with controller_process(house), house.following():
            await people_talk(15)
            assert (await house.agent("801").asks("three_way", case))[0] == 200
            await house.leg("x-1", place="elder")
            await people_talk(3)
            assert (await house.agent("801").asks("close", case, outcome="consultation", note=""))[0] == 200
            await house.case(within=20, state="closed")
            await house.nothing_is_left()
        heard = await asyncio.to_thread(Ear.of_the_town().listen, grandma.line.ear)
    assert heard.voice("doctor") > 1, str(heard)
    assert heard.music() > 8, str(heard)
    assert heard.longest_silence().seconds < SILENCE_OF_OURS, str(heard)


async def the_hold_prompt_ends(house: House) -> int:
    """From here on the elder hears music, which needs no controller; the seq of that entry."""
    async with asyncio.timeout(15):
        while True:
            message = await house.next_message()
            entries = message["data"]["timeline"] if message["kind"] == "case" else []
            for entry in entries:
                if (entry["event"], entry["data"].get("prompt")) == ("prompt_finished", "hold"):
                    return int(entry["seq"])


async def test_what_happened_meanwhile_is_noticed(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        grandma = house.town.elder(ELDER_LINE)
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801")
            await grandma.press_key()
            await house.town.seat("801").answer()
            case = await a_case_on_record(house)
            await kill(first)
        await grandma.hang_up()
        house.messages.clear()
        async with controller_process(house), house.following():
            await house.case(id=case, state="wrapping_up")
            await house.town.seat("801").line.ended(within=5)
            await house.nothing_is_left()


@pytest.mark.clause("K1")
async def test_an_elder_who_waits_is_counted_from_their_arrival_and_duty_phones_ring(
    tmp_path: Path, asterisk_program: Program
) -> None:
    """What was due while nobody was there is done at once, and once only."""
    short = {
        "YJT_POLICY__OVERFLOW_SEATS": "2",
        "YJT_POLICY__OVERFLOW_DUTY": "4",
        "YJT_POLICY__OVERFLOW_REPORT": "14",
        "YJT_DUTY_PHONES": ON_DUTY,
    }
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], environment=short, controller=False
    ) as house:
        async with controller_process(house) as first, house.following():
            await house.told("seat", extension="801", registered=True)
            house.town.relative(ON_DUTY, RingsOn())
            await house.town.elder(ELDER_LINE).press_key()
            await house.told("alarm", alarm="waiting", detail="2")
            case = await house.case(state="arriving")
            await house.on_record(case["id"], (await house.happens("timer_fired"))["seq"])
            await kill(first)
        house.messages.clear()
        async with controller_process(house), house.following():
            await house.leg("duty-1", within=8, state="ringing")
            report = await house.told("alarm", within=20, alarm="waiting", detail="14")
            told = await house.case(id=case["id"], within=5, state="ringing_seats")
            await house.agent("801").is_ready()
            await house.town.seat("801").answer()
            talking = await house.case(id=case["id"], within=5, state="talking")
    assert report["data"]["case"] == told["id"]
    assert [alarm["detail"] for alarm in talking["alarms"] if alarm["kind"] == "waiting"] == ["2", "14"]
    assert sum(leg["kind"] == "duty" for leg in talking["legs"]) == 1


async def test_a_call_that_came_while_nobody_was_there_is_offered_again(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], seats=(), controller=False) as house:
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key()
        async with controller_process(house), house.following():
            case = await house.case(within=30, state="arriving", elder={"id": 1, "name": "演示·王奶奶"})
            await grandma.hang_up()
            # What the dialplan has on record of this call is part of this case, not a second one.
            await house.happens("ladder_reported", within=15)
            cases = {message["data"]["id"] for message in house.messages if message["kind"] == "case"}
            assert cases == {case["id"]}
            assert house.latest(case["id"])["state"] == "calling_back"


async def test_a_controller_that_is_started_twice_says_so(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, controller=False) as house, controller_process(house) as first:
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ari_app",
            env={**os.environ, **house.settings.environment()},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await asyncio.wait_for(second.communicate(), 10)
        assert second.returncode == 1
        assert str(first.pid) in said.decode()
        assert "already runs" in said.decode()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_when_told(tmp_path: Path, asterisk_program: Program, how: signal.Signals) -> None:
    async with open_house(tmp_path, asterisk_program, controller=False) as house, controller_process(house) as process:
        process.send_signal(how)
        assert await asyncio.wait_for(process.wait(), 8) == 0


async def test_a_supervisor_goes_on_listening_over_a_restart(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        agent, supervisor = house.town.seat("801", voice="agent_a"), house.town.seat("802", voice="doctor")
        async with controller_process(house) as first, house.following():
            for extension in ("801", "802"):
                await house.told("seat", extension=extension, registered=True)
            await house.agent("801").is_ready()
            await house.town.elder(ELDER_LINE).press_key()
            await agent.answer()
            case = (await house.case(within=10, state="talking"))["id"]
            assert (await house.agent("802").asks("supervise", case, mode="listen"))[0] == 200
            await supervisor.answer()
            await house.leg("snoop-1", place="supervision")
            told = [message["data"] for message in house.messages if message["kind"] == "case"]
            await house.on_record(case, told[-1]["timeline"][-1]["seq"])
            await kill(first)
        house.messages.clear()
        async with controller_process(house), house.following():
            await house.leg("snoop-1", place="supervision", state="answered")
            assert supervisor.line.over is None
            assert (await house.agent("802").asks("take_over", case, role="A"))[0] == 200
            await house.leg("s-1", place="elder", role="A")
            await agent.line.ended(within=5)
            await house.leg("snoop-1", state="ended")
            assert (await house.agent("802").asks("close", case, outcome="other", note=""))[0] == 200
            await house.case(within=20, state="closed")
            await house.nothing_is_left()
