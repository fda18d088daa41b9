"""Care calls on real Asterisk: elders are rung, hear the words and answer with a key; an alarm comes before all of
them, and a controller that dies in the middle rings nobody twice (S5, K8)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from drill.behaviour import Answers, Refuses, accepts, voicemail
from drill.ear import Ear
from drill.people import Elder, people_talk
from home.plan_recordings import keep_recording
from home.programs import Program
from models.base import local_today, utc_now
from models.care.calls import CareCall, CareState
from models.care.planning import CareKind, CareReason
from models.care.plans import PlanForm, create_plan
from models.care.recordings import set_recording
from models.care.wishes import CareWishes
from models.elder_forms import ContactForm, ElderForm

from .controllers import agents_ready, controller_process, kill
from .house import ELDER_LINE, SON, House, grandmother, open_house

pytestmark = [pytest.mark.clause("S5"), pytest.mark.slow]
LINES = ("02110000011", "02110000012", "02110000013", "02110000014")
QUICK = {
    "YJT_POLICY__WRAP_UP": "0",
    "YJT_POLICY__CARE_STARTS": "10",
    "YJT_POLICY__CARE_TRIES": "2",
    "YJT_POLICY__CARE_REPEATS": "0",
    "YJT_POLICY__CARE_ANSWER": "5",
    "YJT_POLICY__CARE_MACHINE": "2",
}


def people(*contacts: ContactForm) -> list[ElderForm]:
    """One behind each of these lines, all plainly fictitious; the last one has these contacts."""
    named = [ElderForm(name=f"演示·老人{number}", home_phone=line) for number, line in enumerate(LINES)]
    return [*named[:-1], ElderForm(name="演示·末位", home_phone=LINES[-1], contacts=contacts)]


async def due(house: House, elder: int, *, must_answer: bool = False, recording: str = "") -> int:
    """A call to the elder of this number in the order of their files, due now; the row. `recording`: the prompt that
    somebody has recorded for it, which no call of this kind says by itself."""
    kind = CareKind.BIRTHDAY
    now, today = utc_now(), local_today()
    async with house.database.write() as session:
        plan = await create_plan(session, PlanForm(kind, "演示", today, ("09:00",), must_answer=must_answer), by="test")
        if recording:
            sound = (house.settings.home / "prompts" / "zh" / f"{recording}.wav").read_bytes()
            await set_recording(session, plan, keep_recording(house.settings, plan.id, sound), by="test")
        if await session.get(CareWishes, elder) is None:
            session.add(CareWishes(elder_id=elder, consent_on=today, consent_by="test"))
        row = CareCall(plan_id=plan.id, elder_id=elder, day=today, slot=0, kind=kind, due_at=now)
        row.latest_at = now + timedelta(hours=2)
        session.add(row)
        await session.flush()
        return row.id


async def row(house: House, call: int, within: float = 30.0, **wanted: object) -> CareCall:
    """The row once it has these values."""
    async with asyncio.timeout(within):
        while True:
            async with house.database.read() as session:
                found = await session.scalar(select(CareCall).where(CareCall.id == call))
            assert found is not None
            if all(getattr(found, name) == value for name, value in wanted.items()):
                return found
            await asyncio.sleep(0.1)


async def pause_is_over(house: House, call: int) -> None:
    """The minutes between two tries have passed."""
    async with house.database.write() as session:
        await session.execute(update(CareCall).where(CareCall.id == call).values(due_at=utc_now()))


def rung(elder: Elder) -> int:
    return len(elder.lines)


async def is_rung(elder: Elder, times: int = 1, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while rung(elder) < times:  # noqa: ASYNC110 (another process has no event for us)
            await asyncio.sleep(0.05)


async def test_one_answers_one_is_a_voicemail_one_wants_to_talk_and_one_is_looked_after(
    tmp_path: Path, asterisk_program: Program
) -> None:
    elders = people(ContactForm(name="演示·儿子", phones=(SON,)))
    async with open_house(tmp_path, asterisk_program, elders=elders, environment=QUICK) as house:
        well, machine, talks, nobody = (house.town.elder(line, name=line) for line in LINES)
        well.when_called = Answers(voice="", ring=0.3, listen=12, keys="1")
        machine.when_called = voicemail(ring=0.3)
        talks.when_called = Answers(voice="elder_answers", ring=0.3, listen=11, keys="2")
        nobody.when_called = Refuses("busy")
        son = house.town.relative(SON, Refuses("busy"), name="son")
        await house.agent("801").is_ready()
        calls = [await due(house, 1), await due(house, 2), await due(house, 3, recording="care_festival")]
        calls.append(await due(house, 4, must_answer=True))

        # Who presses 2 lands with an agent, whose screen has the file before the telephone rings.
        await is_rung(talks, within=20)  # their words are spoken first, by programs that give way to everybody
        shown = await house.told("screen", within=20, extension="801")
        assert shown["data"]["data"]["file"]["home_phone"] == LINES[2]
        await house.town.seat("801", voice="agent_a").answer()
        case = await house.case(within=10, caller=LINES[2], state="talking")
        assert case["kind"] == "care"
        assert talks.line.over is None
        await row(house, calls[2], state=CareState.ASKED_FOR_HELP, answer="2", case_id=case["id"])
        assert (await house.agent("801").asks("close", case["id"], outcome="other", note=""))[0] == 200

        await row(house, calls[0], state=CareState.REACHED, answer="1")
        heard = await asyncio.to_thread(Ear.of_the_town().listen, well.line.ear)
        assert sum(one.seconds for one in heard.of("unknown")) > 2, str(heard)  # the name, which no prompt says
        assert heard.prompt("care_birthday") > 0.8, str(heard)
        assert heard.prompt("care_question") > 0.8, str(heard)
        heard = await asyncio.to_thread(Ear.of_the_town().listen, talks.line.ear)
        assert (heard.prompt("care_festival") > 0.8, heard.of("prompt", "care_birthday")) == (True, []), str(heard)
        await row(house, calls[1], state=CareState.PUT_OFF, reason=CareReason.NO_ANSWER, tries=1)
        assert machine.line.over is not None

        # Nobody answers, the second time neither, nor does the contact: the case asks them once more.
        await row(house, calls[3], state=CareState.PUT_OFF, reason=CareReason.NO_ANSWER, tries=1)
        await pause_is_over(house, calls[3])
        await is_rung(nobody, 2)
        async with asyncio.timeout(10):
            while not son.lines:  # noqa: ASYNC110 (another process has no event for us)
                await asyncio.sleep(0.05)
        son.behaviour = accepts("son", ring=0.3, listen=2)
        unanswered = await row(house, calls[3], state=CareState.NOT_REACHED, tries=2)
        case = await house.case(id=unanswered.case_id, state="no_response")
        assert case["kind"] == "care"
        async with asyncio.timeout(20):
            while not _reached(house, case["id"]):  # noqa: ASYNC110 (another process has no event for us)
                await asyncio.sleep(0.1)
        assert (rung(well), rung(machine), rung(talks)) == (1, 1, 1)


def _reached(house: House, case: str) -> bool:
    return any(leg["kind"] == "contact" and leg["result"] == "accepted" for leg in house.latest(case)["legs"])


@pytest.mark.clause("K8")
async def test_an_alarm_is_with_an_agent_first_and_no_care_call_begins_before(
    tmp_path: Path, asterisk_program: Program
) -> None:
    elders = [*people(), grandmother()]
    async with open_house(tmp_path, asterisk_program, elders=elders, environment=QUICK) as house:
        spoken_to, later = (house.town.elder(line, name=line) for line in LINES[:2])
        spoken_to.when_called = Answers(voice="", ring=0.3, listen=6, keys="1")
        later.when_called = Answers(voice="", ring=0.3, listen=3, keys="1")
        grandma = house.town.elder(ELDER_LINE)
        for seat in ("801", "802"):
            await house.agent(seat).is_ready()
        first = await due(house, 1)
        await is_rung(spoken_to)
        await spoken_to.line.picked_up(within=5)
        await grandma.press_key()
        case = await house.case(caller=ELDER_LINE, state="ringing_seats")
        second = await due(house, 2)
        await row(house, first, state=CareState.REACHED, answer="1")  # who is spoken to is not cut off
        assert rung(later) == 0
        rings = next(seat for seat in ("801", "802") if house.town.seat(seat).lines)
        await house.town.seat(rings, voice="agent_a").answer()
        await house.case(id=case["id"], state="talking")
        await is_rung(later)
        await row(house, second, state=CareState.REACHED, answer="1")


async def test_a_controller_dies_in_the_middle_and_nobody_is_rung_twice(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=people(), environment=QUICK, controller=False) as house:
        grandma = house.town.elder(LINES[0])
        grandma.when_called = Answers(voice="", ring=0.3, listen=60)
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801")
            call = await due(house, 1)
            await is_rung(grandma)
            await grandma.line.picked_up(within=5)
            await people_talk(1)
            before = (await row(house, call, state=CareState.CALLING)).caller
            await kill(first)
        house.messages.clear()
        async with controller_process(house), house.following():
            async with asyncio.timeout(20):
                while (await row(house, call, state=CareState.CALLING)).caller == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert grandma.line.over is None
            await people_talk(1)
            await grandma.line.press("1")
            await row(house, call, state=CareState.REACHED, answer="1", tries=1)
            await grandma.line.ended(within=5)
            await house.nothing_is_left()
        assert rung(grandma) == 1
