"""The link between controller and Asterisk breaks, or is dead without a word, with calls up, ringing and arriving: who
talks hears nothing of it, nobody is stranded, nothing is left over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from drill.ear import Ear
from drill.people import Elder, people_talk
from home.programs import Program
from models.elder_forms import ElderForm, TerminalForm

from .broken_link import until_link, wired_house
from .house import ELDER_LINE, House, grandmother

SECOND, THIRD = "02110000002", "02110000003"
NOTICED_WITHIN = 10.0  # seconds: four on an idle machine
BACK_WITHIN = 15.0  # seconds: a handshake that was swallowed is given up after five


def neighbours() -> list[ElderForm]:
    return [
        grandmother(),
        *(
            ElderForm(name=name, home_phone=line, terminals=(TerminalForm(line=line),))
            for name, line in (("演示·李爷爷", SECOND), ("演示·赵奶奶", THIRD))
        ),
    ]


async def talking_and_ringing(house: House, first: Elder, second: Elder) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first elder talks with 801, for the second 802 rings: their cases."""
    await house.agent("801").is_ready()
    await first.press_key()
    await house.town.seat("801", voice="agent_a").answer()
    talks = await house.case(within=10, state="talking")
    await house.agent("802").is_ready()
    await second.press_key()
    await house.town.seat("802", voice="agent_b").rings()
    rings = await house.case(within=10, state="ringing_seats", elder={"id": 2, "name": "演示·李爷爷"})
    return talks, rings


async def test_a_link_that_drops_is_noticed_by_nobody_who_talks_and_what_happened_meanwhile_is(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with wired_house(tmp_path, asterisk_program, elders=neighbours(), seats=("801", "802")) as (house, wire):
        grandma, second = house.town.elder(ELDER_LINE), house.town.elder(SECOND)
        talks, rings = await talking_and_ringing(house, grandma, second)
        wire.cut()
        await until_link(house, stands=False, within=NOTICED_WITHIN)
        closing = asyncio.create_task(house.agent("801").asks("close", talks["id"], outcome="other", note=""))
        await people_talk(2)
        wire.mend()
        await until_link(house, stands=True, within=BACK_WITHIN)
        assert (await closing)[0] == 200
        await house.town.seat("802", voice="agent_b").answer()
        await house.case(within=10, id=rings["id"], state="talking")
        await house.case(within=20, id=talks["id"], state="closed")
        assert (await house.agent("802").asks("close", rings["id"], outcome="other", note=""))[0] == 200
        await house.case(within=20, id=rings["id"], state="closed")
        await house.nothing_is_left()
        ear = Ear.of_the_town()
        first = await asyncio.to_thread(ear.listen, grandma.line.ear)
    assert first.voice("agent_a") > 1.5, str(first)
    assert first.prompt("goodbye") > 1, str(first)
    assert first.longest_silence().seconds < 3, str(first)


async def test_a_link_that_is_dead_without_a_word_is_noticed_and_who_calls_meanwhile_is_served(
    tmp_path: Path, asterisk_program: Program
) -> None:
    seats = ("801", "802", "803")
    async with wired_house(tmp_path, asterisk_program, elders=neighbours(), seats=seats) as (house, wire):
        grandma, third = house.town.elder(ELDER_LINE), house.town.elder(THIRD)
        talks, rings = await talking_and_ringing(house, grandma, house.town.elder(SECOND))
        by_themselves = house.town.seat("803", voice="doctor")
        by_themselves.auto_answer = 0.5
        wire.swallow()
        closing = asyncio.create_task(house.agent("801").asks("close", talks["id"], outcome="other", note=""))
        await house.town.seat("802", voice="agent_b").answer()
        await third.press_key(within=15)  # the dialplan's ladder answers, and rings whoever is there
        await until_link(house, stands=False, within=NOTICED_WITHIN)
        await by_themselves.sees("answered", within=15)  # before there is a controller again, which would take the call
        wire.mend()
        await until_link(house, stands=True, within=BACK_WITHIN)
        assert (await closing)[0] == 200
        await house.case(within=10, id=rings["id"], state="talking")
        await house.case(within=20, id=talks["id"], state="closed")
        await people_talk(3)
        await third.hang_up()
        assert (await house.agent("802").asks("close", rings["id"], outcome="other", note=""))[0] == 200
        await house.case(within=20, id=rings["id"], state="closed")
        await house.nothing_is_left()
        ear = Ear.of_the_town()
        heard = await asyncio.to_thread(ear.listen, third.line.ear)
    assert heard.voice("doctor") > 1.5, str(heard)
