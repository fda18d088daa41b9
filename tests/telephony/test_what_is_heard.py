"""The elder never hears nothing: what arrived at their ear, and what stands in the recording."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ari_app import on_hold
from drill.ear import Ear
from drill.hearing import Hearing
from drill.people import people_talk
from home.asterisk import prompts_dir, recordings_dir
from home.programs import Program
from models.cases import RecordingRow

from .house import ELDER_LINE, House, grandmother, open_house

SILENCE_OF_OURS = 3.0  # seconds: promise 2


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear.of_the_town()


async def listen(ear: Ear, path: Path) -> Hearing:
    return await asyncio.to_thread(ear.listen, path)


async def test_an_elder_who_waits_hears_welcome_music_and_comfort(
    tmp_path: Path, asterisk_program: Program, ear: Ear
) -> None:
    often = {"YJT_POLICY__COMFORT_EVERY": "5"}
    async with open_house(
        tmp_path, asterisk_program, elders=[grandmother()], environment=often, whole_prompts=True
    ) as house:
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key(silent=True)
        await the_second_comfort(house)
        await grandma.hang_up()
        heard = await listen(ear, grandma.line.ear)
    assert heard.prompt("welcome") > 2
    assert heard.prompt("comfort") > 2
    assert heard.music() > 4
    assert heard.longest_silence().seconds < SILENCE_OF_OURS, str(heard)


async def the_second_comfort(house: House) -> None:
    def comforts() -> int:
        case = house.messages[-1]["data"] if house.messages[-1]["kind"] == "case" else {"timeline": []}
        said = [entry for entry in case["timeline"] if entry["event"] == "prompt_finished"]
        return sum(entry["data"]["prompt"] == "comfort" for entry in said)

    async with asyncio.timeout(40):
        while comforts() < 2:
            await house.next_message()


@pytest.mark.clause("S1.5")
async def test_whom_the_elder_hears_in_an_emergency(tmp_path: Path, asterisk_program: Program, ear: Ear) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], whole_prompts=True) as house:
        grandma, a, b = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a"), house.town.seat("802")
        b.voice = "agent_b"
        operator = house.town.service("120")
        await house.agent("801").is_ready()
        await grandma.press_key()
        await a.answer()
        await house.case(state="talking")
        await house.agent("802").is_ready()
        await house.leg("elder", state="answered")
        await people_talk(4)
        await house.agent("801").asks("emergency")
        await b.answer()
        await house.leg("a-1", place="rescue")
        await house.agent("801").asks("call", target="120")
        await house.leg("120-1", place="rescue")
        await people_talk(4)
        run = next(iter(house.controller.runs.values()))  # not there any more when the case is long closed
        await house.agent("801").asks("close", outcome="rescued", note="")
        await house.case(within=20, state="closed")
        by_grandma = await listen(ear, grandma.line.ear)
        by_a = await listen(ear, a.line.ear)
        by_operator = await listen(ear, operator.line.ear)
        case = run.case
        recorded = await listen(ear, recordings_dir(house.settings) / case.tapes[0].file)
        async with house.database.read() as session:
            row = await session.get(RecordingRow, f"{case.id}-1")

    assert by_grandma.voice("agent_a") > 2, str(by_grandma)
    assert by_grandma.voice("agent_b") > 2, str(by_grandma)
    assert by_grandma.voice("operator_120") == 0, str(by_grandma)
    assert by_grandma.prompt("goodbye") > 1, str(by_grandma)
    assert by_grandma.longest_silence().seconds < SILENCE_OF_OURS, str(by_grandma)
    assert by_a.voice("elder_help") > 2, str(by_a)
    assert by_a.voice("operator_120") > 2, str(by_a)
    assert by_operator.voice("agent_a") > 2, str(by_operator)
    assert by_operator.voice("elder_help") == 0, str(by_operator)
    assert recorded.voice("elder_help") > 2, str(recorded)
    assert recorded.voice("agent_a") > 2, str(recorded)
    assert recorded.voice("agent_b") > 2, str(recorded)
    assert row is not None
    assert row.problem == ""
    assert row.seconds == pytest.approx(recorded.seconds, abs=0.1)


async def test_a_prompt_that_is_gone_leaves_no_silence(tmp_path: Path, asterisk_program: Program, ear: Ear) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], whole_prompts=True) as house:
        (prompts_dir(house.settings) / "welcome.wav").unlink()
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key(silent=True)
        case = await house.told("case", state="arriving")
        while not any(entry["event"] == "prompt_finished" for entry in case["data"]["timeline"]):
            case = await house.next_message()
        await people_talk(3)
        await grandma.hang_up()
        heard = await listen(ear, grandma.line.ear)
    assert heard.music() > 1
    assert heard.longest_silence().seconds < SILENCE_OF_OURS, str(heard)


async def test_a_telephone_that_holds_leaves_the_elder_with_words_and_music(
    tmp_path: Path, asterisk_program: Program, ear: Ear
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], whole_prompts=True) as house:
        grandma, a, b = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a"), house.town.seat("802")
        b.voice = "agent_b"
        house.town.service("120")
        await house.agent("801").is_ready()
        await grandma.press_key()
        await a.answer()
        await house.leg("elder", place="elder")
        await people_talk(3)
        await a.line.hold()
        await house.leg("elder", place="nowhere")
        assert await holds(house) == "1"  # as it is asked after a gap
        await people_talk(8)
        await a.line.take_back()
        await house.happens("leg_unheld")
        assert await holds(house) == "0"
        await people_talk(3)
        alone = await listen(ear, grandma.line.ear)

        await house.agent("802").is_ready()
        await house.agent("801").asks("emergency")
        await b.answer()
        await house.agent("801").asks("call", target="120")
        await house.leg("120-1", place="rescue")
        await house.agent("801").asks("merge", leg="120-1")
        await house.leg("120-1", place="elder")
        await people_talk(2)
        await b.line.hold()
        await people_talk(5)
        await b.line.take_back()
        await people_talk(1)
        await grandma.hang_up()
        together = await listen(ear, grandma.line.ear)

    assert alone.voice("agent_a") > 4, str(alone)
    assert alone.prompt("hold") > 1, str(alone)
    assert alone.music() > 2, str(alone)
    assert alone.longest_silence().seconds < SILENCE_OF_OURS, str(alone)
    assert together.voice("operator_120") > 4, str(together)
    assert together.longest_silence().seconds < SILENCE_OF_OURS, str(together)


async def holds(house: House) -> str:
    seat = next(channel for channel in await house.ari.channels.list() if channel.name.startswith("PJSIP/801"))
    return (await house.ari.channels.getChannelVar(channelId=seat.id, variable=on_hold.VARIABLE)).value
