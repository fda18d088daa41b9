"""The rescue side on real Asterisk: who is rung and when, what each answer means, what contacts hear, services,
messages, recordings (S1.3, S1.4, S1.9, S1.10, S4.4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drill import behaviour
from drill.behaviour import Behaviour
from drill.ear import Ear
from drill.hearing import Hearing
from drill.people import Callee, people_talk
from home.asterisk import recordings_dir
from home.programs import Program
from ivr.vocabulary import Relation
from models.elder_forms import ContactForm
from models.messages import messages_of

from .controllers import agents_ready, controller_process, kill
from .house import COMMITTEE, DAUGHTER, ELDER_LINE, NEIGHBOUR, SON, House, grandmother, open_house

STATION = "12000000005"
QUICK = {
    "YJT_POLICY__CONTACT_RING": "10",
    "YJT_POLICY__CONTACT_KEY": "15",
    "YJT_POLICY__CALL_BACK_PAUSE": "1",
    "YJT_POLICY__REDIAL_PAUSE": "1",
}
FAMILY = (
    ContactForm(name="演示·居委会", kind=Relation.COMMITTEE, phones=(COMMITTEE,)),
    ContactForm(name="演示·儿子", kind=Relation.CHILD, phones=(SON,)),
    ContactForm(name="演示·邻居", kind=Relation.NEIGHBOUR, phones=(NEIGHBOUR,)),
    ContactForm(name="演示·女儿", kind=Relation.CHILD, phones=(DAUGHTER,)),
)


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear.of_the_town()


@asynccontextmanager
async def emergency(
    home: Path, program: Program, *contacts: ContactForm, signed: bool = True, **policy: str
) -> AsyncIterator[House]:
    """A talks with the elder and has called B, who is with the elder now; nobody has been rung yet."""
    environment = {**QUICK, **{f"YJT_POLICY__{name.upper()}": value for name, value in policy.items()}}
    elder = grandmother(*contacts, signed=signed)
    async with open_house(home, program, elders=[elder], environment=environment) as house:
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key()
        await house.town.seat("801", voice="agent_a").answer()
        await house.case(state="talking")
        await house.agent("802").is_ready()
        assert (await house.agent("801").asks("emergency"))[0] == 200
        await house.town.seat("802", voice="agent_b").answer()
        await house.leg("a-1", place="rescue")
        yield house


async def contact_legs(house: House) -> list[str]:
    """The first leg to each contact, in the order of the file."""
    case = await house.case(state="emergency", file=bool)
    return [f"contact-{contact['id']}-1" for contact in case["file"]["contacts"]]


async def listen(ear: Ear, path: Path) -> Hearing:
    return await asyncio.to_thread(ear.listen, path)


async def rang(person: Callee, within: float) -> float:
    return (await person.sees("rang", within=within)).clock


@pytest.mark.clause("S1.4")
async def test_five_answers_that_are_none(tmp_path: Path, asterisk_program: Program) -> None:
    people: dict[str, tuple[str, Behaviour]] = {
        "voicemail": (SON, behaviour.voicemail()),
        "busy": (DAUGHTER, behaviour.Refuses("busy")),
        "rejected": (NEIGHBOUR, behaviour.Refuses("rejected")),
        "wrong_number": (COMMITTEE, behaviour.Refuses("wrong number")),
        "no_answer": (STATION, behaviour.RingsOn()),
    }
    contacts = [ContactForm(name=f"演示·{result}", phones=(number,)) for result, (number, _) in people.items()]
    async with emergency(tmp_path, asterisk_program, *contacts) as house:
        for number, plan in people.values():
            house.town.relative(number, plan)
        assert (await house.agent("801").asks("call", target="contacts"))[0] == 200
        for leg, result in zip(await contact_legs(house), people, strict=True):
            ended = await house.leg(leg, within=25, state="ended")
            assert ended["result"] == result
            assert ended["place"] == "nowhere"


@pytest.mark.clause("S1.9")
async def test_contacts_in_waves_and_the_agent_sees_when_the_next_is_due(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with emergency(
        tmp_path, asterisk_program, *FAMILY, contact_ring="30", cascade_waves="1", wave_pause="6"
    ) as house:
        son, daughter = (house.town.relative(number, behaviour.RingsOn()) for number in (SON, DAUGHTER))
        neighbour = house.town.relative(NEIGHBOUR, behaviour.Refuses("busy"))
        committee = house.town.relative(COMMITTEE, behaviour.accepts("committee"))
        house.town.service("120")
        assert (await house.agent("801").asks("call", target="120"))[0] == 200
        first = [await rang(son, 5), await rang(daughter, 5)]
        await house.case(state="emergency", next_wave_at=bool)
        await neighbour.sees("refused", within=10)
        refused = neighbour.notes[-1].clock
        assert 5 < refused - max(first) < 8
        # the neighbour's line is busy, but the family still rings: the next wave waits its time
        assert 5 < await rang(committee, 10) - refused < 8
        committee_leg = (await contact_legs(house))[0]
        await house.leg(committee_leg, within=40, result="accepted", place="rescue")


@pytest.mark.clause("S1.4")
@pytest.mark.clause("S1.6")
async def test_who_presses_1_hears_who_and_what_again_with_9_and_then_a(
    tmp_path: Path, asterisk_program: Program, ear: Ear
) -> None:
    async with emergency(tmp_path, asterisk_program, FAMILY[1]) as house:
        son = house.town.relative(SON, behaviour.Answers(voice="", keys="91", listen=3.0))
        assert (await house.agent("801").asks("call", target="contacts"))[0] == 200
        (leg,) = await contact_legs(house)
        await house.leg(leg, within=20, result="accepted")
        await people_talk(3)
        await son.press("9")
        await house.leg(leg, within=30, place="rescue")
        await son.line.say("son")
        await people_talk(4)
        assert (await house.agent("801").asks("close", outcome="rescued", note=""))[0] == 200
        await house.case(within=20, state="closed")
        heard = await listen(ear, son.line.ear)
        told_a = await listen(ear, house.town.seat("801").line.ear)
    assert heard.prompt("contact_offer") > 3, str(heard)
    assert heard.prompt("contact_thanks") > 2, str(heard)
    assert heard.prompt("contact_who") > 1, str(heard)
    assert heard.prompt("digit_0") > 0.5, str(heard)
    assert heard.prompt("what_key") > 1, str(heard)
    assert heard.voice("agent_a") > 2, str(heard)
    assert told_a.voice("son") > 2, str(told_a)


@pytest.mark.clause("S1.4")
async def test_each_contact_has_a_message_once_and_the_end_as_well(tmp_path: Path, asterisk_program: Program) -> None:
    async with emergency(tmp_path, asterisk_program, *FAMILY) as house:
        for number in (SON, DAUGHTER, NEIGHBOUR, COMMITTEE):
            house.town.relative(number, behaviour.Refuses("busy"))
        agent = house.agent("801")
        assert (await agent.asks("call", target="contacts"))[0] == 200
        for leg in await contact_legs(house):
            await house.leg(leg, within=10, state="ended")
        assert (await agent.asks("call", target="contacts"))[0] == 200
        assert (await agent.asks("arrived"))[0] == 200
        lines = await messages_in(house.settings.home / "sms", 6)
        on_record = await settled_messages(house)
    assert sorted((line["number"], line["template"]) for line in lines) == sorted(
        (number, kind) for number in (SON, DAUGHTER, NEIGHBOUR) for kind in ("help_needed", "help_arrived")
    )
    assert "演示·王奶奶" in lines[0]["text"]
    assert "501" in lines[0]["text"]
    assert on_record["演示·居委会", "help_needed"] == "skipped"
    assert on_record["演示·儿子", "help_needed"] == "sent"


async def settled_messages(house: House) -> dict[tuple[str, str], str]:
    """What is on record of each message, once none is on its way any more."""
    case = next(iter(house.controller.runs))
    async with asyncio.timeout(10):
        while True:
            async with house.database.read() as session:
                found = {(row.name, row.kind): row.status for row in await messages_of(session, case)}
            if "waiting" not in found.values():
                return found
            await asyncio.sleep(0.1)


async def messages_in(folder: Path, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while True:
            if len(lines := read_lines(folder)) >= count:
                return lines
            await asyncio.sleep(0.1)


def read_lines(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]


@pytest.mark.clause("S1.3")
@pytest.mark.clause("S1.10")
async def test_a_service_is_called_although_no_agreement_is_on_file(
    tmp_path: Path, asterisk_program: Program, ear: Ear
) -> None:
    async with emergency(tmp_path, asterisk_program, FAMILY[0], signed=False) as house:
        operator = house.town.service("120")
        await house.told("alarm", alarm="no_agreement")
        assert (await house.agent("801").asks("call", target="120"))[0] == 200
        await house.leg("120-1", place="rescue", result="accepted")
        assert operator.line.number == "02110000000"
        await people_talk(3)
        assert (await house.agent("801").asks("close", outcome="rescued", note=""))[0] == 200
        await house.case(within=20, state="closed")
        heard = await listen(ear, operator.line.ear)
    assert heard.voice("agent_a") > 1, str(heard)


@pytest.mark.clause("S1.3")
async def test_a_service_that_does_not_answer_is_not_called_again_by_the_machine(
    tmp_path: Path, asterisk_program: Program
) -> None:
    """Not when its line is busy, not when it hangs up, not when the controller dies and comes back."""
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother(FAMILY[0])], environment=QUICK, controller=False
    ) as house:
        house.town.service("120", behaviour.Refuses("busy"))
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801")
            await house.town.elder(ELDER_LINE).press_key()
            await house.town.seat("801").answer()
            case = (await house.case(state="talking"))["id"]
            assert (await house.agent("801").asks("call", case, target="120"))[0] == 200
            await house.leg("120-1", state="ended", result="busy")
            house.town.service("120", behaviour.RingsOn())
            assert (await house.agent("801").asks("call", case, target="120"))[0] == 200
            await house.leg("120-2", state="ringing")
            await house.on_record(case, house.latest(case)["timeline"][-1]["seq"])
            await kill(first)
        house.messages.clear()
        async with controller_process(house), house.following():
            await house.leg("120-2", within=10, state="ended")
            await people_talk(5)
            legs = house.latest(case)["legs"]
            assert [leg["id"] for leg in legs if leg["kind"] == "service"] == ["120-1", "120-2"]
            calls = [note.what for note in house.town.chronicle.notes if note.who == "120"]
            assert sorted(what for what in calls if what in {"rang", "refused"}) == ["rang", "refused"]


@pytest.mark.clause("S4.4")
async def test_when_nobody_can_be_reached_110_is_offered_and_a_calls_it(
    tmp_path: Path, asterisk_program: Program
) -> None:
    quick = {**QUICK, "YJT_POLICY__CALL_BACK_RING": "15"}
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother(FAMILY[1], FAMILY[0])], environment=quick
    ) as house:
        son = house.town.relative(SON, behaviour.RingsOn())
        committee = house.town.relative(COMMITTEE, behaviour.Refuses("busy"))
        house.town.service("110")
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key(silent=True)
        await house.town.seat("801", voice="agent_a").answer()
        await house.case(state="talking")
        await house.agent("801").asks("silent")
        await house.case(state="calling_back")
        await house.agent("801").asks("emergency")
        await son.sees("rang")
        await committee.sees("refused")
        assert not [message for message in house.messages if message["data"].get("alarm") == "offer_police"]
        await house.told("alarm", within=20, alarm="offer_police")
        assert (await house.agent("801").asks("call", target="110"))[0] == 200
        await house.leg("110-1", result="accepted", place="elder")  # where A is, who waits there for the elder


@pytest.mark.clause("S1.3")
async def test_the_rescue_side_and_the_call_back_are_recorded(
    tmp_path: Path, asterisk_program: Program, ear: Ear
) -> None:
    quick = {**QUICK, "YJT_POLICY__CALL_BACK_RING": "15"}
    async with open_house(tmp_path, asterisk_program, elders=[grandmother(FAMILY[0])], environment=quick) as house:
        grandma = house.town.elder(ELDER_LINE)
        house.town.service("120")
        await house.agent("801").is_ready()
        await grandma.press_key(silent=True)
        await people_talk(2)
        await grandma.hang_up()
        grandma.when_called = behaviour.Answers(voice="elder_help", ring=0.5)
        await house.town.seat("801", voice="agent_a").answer()
        await house.leg("elder-2", within=15, place="elder")
        await people_talk(3)
        await house.agent("802").is_ready()
        assert (await house.agent("801").asks("emergency"))[0] == 200
        await house.town.seat("802", voice="agent_b").answer()
        await house.leg("a-1", place="rescue")
        assert (await house.agent("801").asks("call", target="120"))[0] == 200
        await house.leg("120-1", place="rescue")
        await people_talk(4)
        run = next(iter(house.controller.runs.values()))  # not there any more when the case is long closed
        assert (await house.agent("801").asks("close", outcome="rescued", note=""))[0] == 200
        closed = await house.case(within=20, state="closed")
        await house.nothing_is_left()
        await until_checked(house, closed["id"], 3)
        case = run.case
        call, back, rescue = [await listen(ear, recordings_dir(house.settings) / tape.file) for tape in case.tapes]
        seen = house.latest(closed["id"])["recordings"]
    assert [tape.place for tape in case.tapes] == ["nowhere", "elder", "rescue"]
    assert call.voice("agent_a") == 0, str(call)
    assert back.voice("elder_help") > 2, str(back)
    assert back.voice("agent_a") > 1, str(back)
    assert back.voice("agent_b") > 1, str(back)
    assert rescue.voice("operator_120") > 2, str(rescue)
    assert rescue.voice("agent_a") > 2, str(rescue)
    assert rescue.voice("elder_help") == 0, str(rescue)
    assert [recording["problem"] for recording in seen] == ["", "", ""]
    assert seen[2]["people"] == ["a-1", "120-1"]


async def until_checked(house: House, case: str, count: int) -> None:
    async with asyncio.timeout(10):
        while True:
            if sum(recording["seconds"] is not None for recording in house.latest(case)["recordings"]) >= count:
                return
            await house.next_message()
