"""No controller at all: whoever presses the key is served by the dialplan and its script and hears us all the while;
afterwards there is one case of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ari_app import snapshot
from dialplan.agi import desk
from drill import behaviour
from drill.ear import Ear
from drill.hearing import Hearing
from drill.people import Person, people_talk
from home import asterisk_platform
from home.asterisk_platform import desk_file, ladder_dir
from home.programs import Program
from ivr.policy import Policy

from .controllers import controller_process, no_records
from .house import ELDER_LINE, SON, House, grandmother, open_house

ON_DUTY, ON_DUTY_TOO = "12000000091", "12000000092"
NOBODY_KNOWS = "02110000077"
SILENCE_OF_OURS = 3.0  # seconds: promise 2
DUTY = {"YJT_DUTY_PHONES": f"{ON_DUTY},{ON_DUTY_TOO}"}


async def heard_by(person: Person) -> Hearing:
    """All that this person heard in their last call, which is over."""
    hearing = await asyncio.to_thread(Ear.of_the_town().listen, person.line.ear)
    assert hearing.longest_silence().seconds < SILENCE_OF_OURS, str(hearing)
    return hearing


async def joined(house: House, within: float = 40.0) -> None:
    """Until the dialplan has brought somebody to the caller."""
    async with asyncio.timeout(within):
        while '"joined"' not in written_down(house):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


def written_down(house: House) -> str:
    """All that the ladder has on record."""
    return "".join(file.read_text("utf-8") for file in ladder_dir(house.settings).glob("*"))


async def test_a_seat_answers_and_whoever_got_nobody_is_called_back(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], environment=DUTY, controller=False, phones=("801",)
    ) as house:
        await snapshot.write(house.settings)
        desk_file(house.settings).write_text(desk.text_of(frozenset({"801"}), Policy()), "utf-8")
        lost = house.town.elder(NOBODY_KNOWS, name="another elder")
        await lost.press_key()
        await lost.hang_up()
        grandma, agent = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
        await grandma.press_key()
        await agent.answer(within=20)
        await people_talk(3)
        await agent.hang_up()
        await grandma.line.ended(within=5)
        async with controller_process(house), house.following():
            filed = await house.case(within=10, state="wrapping_up", caller=ELDER_LINE, elder=bool)
            await lost.sees("rang", within=20)
            called_back = await house.case(state="calling_back", caller=NOBODY_KNOWS)
            await no_records(house)
            assert (await house.agent("801").asks("close", filed["id"], outcome="other", note=""))[0] == 200
            await house.case(id=filed["id"], state="closed")
            assert {message["data"]["id"] for message in house.messages if message["kind"] == "case"} == {
                filed["id"],
                called_back["id"],
            }
        assert [(leg["kind"], leg["number"], leg["result"]) for leg in filed["legs"]] == [
            ("elder", ELDER_LINE, None),
            ("seat", "801", None),
        ]
        assert filed["answered_at"] is not None
        assert {alarm["kind"] for alarm in called_back["alarms"]} == {"ladder", "abandoned"}
        assert (await heard_by(grandma)).voice("agent_a") > 1.5


async def test_a_contact_hears_who_it_is_about_and_then_the_elder(tmp_path: Path, asterisk_program: Program) -> None:
    grandmothers = [grandmother()]
    async with open_house(
        tmp_path, asterisk_program, elders=grandmothers, seats=(), controller=False, phones=(), whole_prompts=True
    ) as house:
        await snapshot.write(house.settings)
        son = house.town.relative(SON, behaviour.accepts("son", listen=1))
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key()
        await son.sees("pressed", within=30)
        await joined(house)
        await people_talk(6)
        await grandma.hang_up()
        await son.line.ended(within=5)
        async with controller_process(house), house.following():
            filed = await house.case(within=10, state="wrapping_up", elder=bool)
            await no_records(house)
        contact = next(leg for leg in filed["legs"] if leg["number"] == SON)
        assert (contact["kind"], contact["result"], contact["name"]) == ("contact", "accepted", "演示·儿子")
        told = await asyncio.to_thread(Ear.of_the_town().listen, son.line.ear)
        for prompt in ("contact_who", "digit_0", "what_key", "elder_next"):
            assert told.prompt(prompt) > 0, f"{prompt}: {told}"
        assert told.voice("elder_help") > 1, str(told)
        assert (await heard_by(grandma)).voice("son") > 1


def hangs_then_breaks(folder: Path) -> Path:
    """In place of Python."""
    script = folder / "broken"
    script.write_text(f"#!/bin/sh\ntest -e {script}.hung && exit 1\ntouch {script}.hung\nexec sleep 60\n", "utf-8")
    script.chmod(0o700)
    return script


async def test_a_script_that_hangs_or_breaks_keeps_nobody_from_being_rung(
    tmp_path: Path, asterisk_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a duty phone that presses 1 has the elder, while a voicemail has not."""
    monkeypatch.setattr(asterisk_platform.sys, "executable", str(hangs_then_breaks(tmp_path)))
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], environment=DUTY, controller=False, phones=()
    ) as house:
        monkeypatch.undo()
        machine = house.town.relative(ON_DUTY, behaviour.voicemail(ring=0.5))
        lead = house.town.relative(ON_DUTY_TOO, behaviour.accepts("agent_b", listen=3))
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key()
        await machine.sees("answered", within=40)
        await lead.sees("pressed", within=20)
        await joined(house)
        await people_talk(3)
        await machine.line.ended(within=20)
        await lead.hang_up()
        await grandma.line.ended(within=5)
        async with controller_process(house), house.following():
            filed = await house.case(within=10, state="wrapping_up")
        results = {leg["number"]: (leg["kind"], leg["result"]) for leg in filed["legs"]}
        assert results[ON_DUTY_TOO] == ("duty", "accepted")
        assert results[ON_DUTY] == ("duty", "cancelled")
        assert {results["801"], results["802"]} == {("seat", "unreachable")}
        heard = await heard_by(grandma)
        assert heard.voice("agent_b") > 1.5, str(heard)
        assert heard.voice("voicemail") == 0, str(heard)
