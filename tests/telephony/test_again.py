"""The same elder calls again, from the same line or another: one need is one case, and nobody is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from drill.ear import Ear
from drill.people import Elder, people_talk
from home.programs import Program
from models.elder_forms import ContactForm, ElderForm, TerminalForm

from .house import DAUGHTER, ELDER_LINE, SON, House, grandmother, open_house

BEDROOM = "02110000002"
GRANDMOTHER = {"id": 1, "name": "演示·王奶奶"}


def two_terminals() -> ElderForm:
    return replace(grandmother(), terminals=(TerminalForm(line=ELDER_LINE), TerminalForm(line=BEDROOM)))


def grandfather() -> ElderForm:
    """Lives with her; the terminal is in her name, the telephone is his as well."""
    son = ContactForm(name="演示·长子", phones=(SON,))
    return replace(grandmother(son), name="演示·王爷爷", terminals=())


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    async with open_house(tmp_path, asterisk_program, elders=[two_terminals()]) as house:
        await house.agent("801").is_ready()
        yield house


async def talking(house: House) -> Elder:
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key()
    await house.town.seat("801", voice="agent_a").answer()
    await house.case(state="talking", elder=GRANDMOTHER)
    await house.happens("speech_heard", within=10)
    return grandma


@pytest.mark.both_databases
@pytest.mark.clause("H12")
async def test_a_second_terminal_comes_to_the_agent_who_talks(house: House) -> None:
    grandma, bedroom = await talking(house), house.town.elder(BEDROOM)
    await bedroom.press_key(silent=True)
    await house.leg("elder-again-1", state="answered", place="elder")
    await house.told("alarm", alarm="calls_again", detail="1")
    await people_talk(5)
    assert len(house.controller.runs) == 1
    await grandma.hang_up()
    await house.leg("elder-again-1", kind="elder", place="elder")
    await people_talk(3)
    assert next(iter(house.controller.runs.values())).case.state == "talking"
    heard = Ear.of_the_town().listen(bedroom.line.ear)
    assert heard.voice("agent_a") > 3, str(heard)
    assert heard.longest_silence().seconds < 3, str(heard)


@pytest.mark.clause("H12")
async def test_while_seats_ring_the_second_line_is_answered_and_kept_company(house: House) -> None:
    first, second = house.town.elder(ELDER_LINE), house.town.elder(BEDROOM)
    await first.press_key(silent=True)
    await house.case(elder=GRANDMOTHER)
    await second.press_key(silent=True)
    await house.leg("elder-again-1", state="answered")
    await people_talk(4)
    await first.hang_up()
    await house.leg("elder-again-1", kind="elder")
    await house.town.seat("801", voice="agent_a").answer()
    await house.leg("elder-again-1", place="elder")
    await people_talk(3)
    heard = Ear.of_the_town().listen(second.line.ear)
    assert heard.prompt("comfort") > 1, str(heard)
    assert heard.voice("agent_a") > 1, str(heard)
    assert heard.longest_silence().seconds < 3, str(heard)
    assert not [m for m in house.messages if m["kind"] == "alarm" and m["data"]["alarm"] == "abandoned"]


@pytest.mark.clause("H12")
@pytest.mark.parametrize("filed", [False, True])
async def test_after_the_end_a_call_opens_a_case_that_names_the_one_before(house: House, *, filed: bool) -> None:
    grandma = await talking(house)
    await grandma.hang_up()
    first = (await house.case(state="wrapping_up"))["id"]
    if filed:
        assert (await house.agent("801").asks("close", outcome="other", note=""))[0] == 200
        await house.told("closed", within=15, id=first)
    await house.agent("802").is_ready()
    await grandma.press_key(silent=True)
    again = await house.case(again_of=first, state="ringing_seats")
    await house.town.seat("802").answer()
    await house.case(id=again["id"], state="talking")
    await house.told("alarm", case=again["id"], alarm="calls_again", detail=first)


@pytest.mark.clause("H12")
async def test_two_elders_in_one_home_are_asked_apart(tmp_path: Path, asterisk_program: Program) -> None:
    elders = [grandmother(ContactForm(name="演示·女儿", phones=(DAUGHTER,))), grandfather()]
    async with open_house(tmp_path, asterisk_program, elders=elders) as house:
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key()
        await house.town.seat("801").answer()
        await house.told("alarm", alarm="who_is_it", detail="2")
        case = await house.case(state="talking", elder={"id": 1, "name": "演示·王奶奶"})
        assert [file["name"] for file in case["household"]] == ["演示·王奶奶", "演示·王爷爷"]
        assert (await house.agent("801").asks("identify", elder="2"))[0] == 200
        case = await house.case(elder={"id": 2, "name": "演示·王爷爷"})
        assert [contact["phones"] for contact in case["file"]["contacts"]] == [[SON]]
        assert (await house.agent("801").asks("identify", elder="3"))[0] == 409
