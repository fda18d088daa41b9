"""Nobody answers: other seats, duty phones, the elder's own contacts, and somebody has to explain it (K1); emergencies
go before all else (K8); no menu stands between an elder and a person (K2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from drill import behaviour
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program
from ivr.vocabulary import Skill
from models.exception_reports import ExceptionReport
from models.seats import Seat

from .house import DAUGHTER, ELDER_LINE, SON, House, grandmother, open_house

ON_DUTY, ON_DUTY_TOO = "12000000091", "12000000092"
ORDINARY = "96891"
NEIGHBOURS_LINE = "02110000002"
QUICK = {
    "YJT_POLICY__OVERFLOW_SEATS": "2",
    "YJT_POLICY__OVERFLOW_DUTY": "4",
    "YJT_POLICY__OVERFLOW_CONTACTS": "6",
    "YJT_POLICY__OVERFLOW_REPORT": "12",
    "YJT_POLICY__CONTACT_KEY": "15",
    "YJT_POLICY__WRAP_UP": "60",
    "YJT_DUTY_PHONES": f"{ON_DUTY},{ON_DUTY_TOO}",
    "YJT_ORDINARY_NUMBERS": ORDINARY,
}


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], environment=QUICK, whole_prompts=True
    ) as house:
        yield house


async def skilled(house: House, extension: str, skill: Skill) -> None:
    """This seat is somebody else's than an agent's."""
    async with house.database.write() as session:
        await session.execute(update(Seat).where(Seat.extension == extension).values(skills=[skill.value]))
    async with house.http.post("/reload", json={}) as answer:
        assert answer.status == 200, await answer.text()
    await house.told("seat", extension=extension, skills=[skill.value])


async def reported(house: House, within: float = 5.0) -> ExceptionReport:
    """The exception report, once the journal has written it."""
    async with asyncio.timeout(within):
        while True:
            async with house.database.read() as session:
                report = await session.scalar(select(ExceptionReport))
            if report is not None:
                return report
            await asyncio.sleep(0.05)


@pytest.mark.clause("K1")
@pytest.mark.clause("K2")
async def test_an_agent_answers_and_the_elder_met_no_menu_before(house: House) -> None:
    grandma = house.town.elder(ELDER_LINE)
    await house.agent("801").is_ready()
    await grandma.press_key()
    await house.town.seat("801", voice="agent_a").answer()
    case = await house.case(state="talking")
    await people_talk(3)
    heard = Ear.of_the_town().listen(grandma.line.ear)
    assert case["answered_at"] is not None
    assert heard.voice("agent_a") > 1.5, str(heard)
    assert not [entry for entry in case["timeline"] if entry["event"] == "key_pressed"]
    assert not [alarm for alarm in case["alarms"] if alarm["kind"] == "waiting"]


@pytest.mark.clause("K1")
async def test_a_supervisors_seat_is_rung_when_no_agents_is_free(house: House) -> None:
    await skilled(house, "802", Skill.SUPERVISOR)
    await house.agent("802").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    await house.told("alarm", alarm="waiting", detail="2")
    await house.told("screen", extension="802", role="A")
    await house.town.seat("802").answer()
    await house.case(state="talking")


async def test_an_agent_in_wrap_up_is_asked_to_break_off_and_does_with_a_star_code(house: House) -> None:
    seat, first = house.town.seat("801"), house.town.elder(ELDER_LINE)
    await house.agent("801").is_ready()
    await first.press_key()
    await seat.answer()
    await house.case(state="talking")
    await seat.hang_up()
    await house.told("seat", extension="801", state="wrap_up", needed=False)
    await house.town.elder(NEIGHBOURS_LINE, name="another").press_key()
    await house.told("seat", extension="801", state="wrap_up", needed=True)
    code = await seat.dial("*43")
    await house.told("seat", extension="801", state="reserved", needed=False)
    await code.ended(within=6)
    await seat.answer()
    await house.told("seat", extension="801", state="talking")


@pytest.mark.clause("K1")
async def test_a_duty_phone_takes_the_call_with_key_1_and_a_voicemail_does_not(house: House) -> None:
    house.town.relative(ON_DUTY, behaviour.voicemail())
    lead = house.town.relative(ON_DUTY_TOO, behaviour.accepts("agent_b", listen=6))
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key()
    await house.leg("duty-1", within=10, state="answered")
    await house.leg("duty-2", within=10, state="answered")
    await house.leg("duty-2", within=15, result="accepted", role="A", place="elder")
    case = await house.case(state="talking")
    await house.leg("duty-1", state="ended")
    await people_talk(4)
    by_grandma = Ear.of_the_town().listen(grandma.line.ear)
    by_lead = Ear.of_the_town().listen(lead.line.ear)
    assert by_grandma.voice("agent_b") > 2, str(by_grandma)
    assert by_grandma.voice("voicemail") == 0, str(by_grandma)
    assert by_grandma.longest_silence().seconds < 3, str(by_grandma)
    assert by_lead.prompt("duty_offer") > 3, str(by_lead)
    assert by_lead.voice("elder_help") > 2, str(by_lead)
    assert case["searching"] == []
    assert [alarm["detail"] for alarm in case["alarms"] if alarm["kind"] == "waiting"][:1] == ["2"]
    await lead.hang_up()
    await house.case(within=15, state="wrapping_up")
    await house.nothing_is_left(within=20)


@pytest.mark.clause("K1")
async def test_a_contact_keeps_the_elder_company_until_an_agent_comes(house: House) -> None:
    son = house.town.relative(SON, behaviour.accepts("son"))
    house.town.relative(DAUGHTER, behaviour.voicemail())
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key()
    card = (await house.case(within=10, state="ringing_seats", file=bool))["file"]["contacts"][0]
    await house.leg(f"contact-{card['id']}-1", within=40, result="accepted", place="elder")
    case = await house.told("alarm", within=15, alarm="waiting", detail="12")
    await people_talk(3)
    await house.agent("801").is_ready()
    await house.town.seat("801", voice="agent_a").answer()
    case = await house.case(state="talking")
    await people_talk(4)
    heard = Ear.of_the_town().listen(grandma.line.ear)
    assert heard.voice("son") > 2, str(heard)
    assert heard.voice("agent_a") > 1.5, str(heard)
    assert heard.longest_silence().seconds < 3, str(heard)
    details = [alarm["detail"] for alarm in case["alarms"] if alarm["kind"] == "waiting"]
    assert details == ["2", "6", "12"]
    alive = [leg["number"] for leg in case["legs"] if leg["kind"] == "contact" and leg["state"] != "ended"]
    assert SON in alive
    report = await reported(house)
    assert (report.case_id, report.explained_at) == (case["id"], None)
    assert 11 < (report.opened_at - report.waiting_since).total_seconds() < 14
    assert son.line.answered is not None


@pytest.mark.clause("K8")
async def test_an_alarm_is_served_before_an_ordinary_call_that_waited_longer(house: House) -> None:
    asks, presses = house.town.elder(NEIGHBOURS_LINE, name="asks"), house.town.elder(ELDER_LINE)
    await asks.press_key(number=ORDINARY)
    ordinary = await house.case(caller=NEIGHBOURS_LINE, searching=["A"])
    await presses.press_key()
    sos = await house.case(caller=ELDER_LINE, searching=["A"])
    assert (ordinary["kind"], sos["kind"]) == ("ordinary", "sos")
    await house.agent("801").is_ready()
    await house.town.seat("801").answer()
    assert (await house.case(state="talking"))["id"] == sos["id"]
    await house.agent("802").is_ready()
    await house.town.seat("802").answer()
    await house.case(id=ordinary["id"], state="talking")
