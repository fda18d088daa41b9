"""The town itself, beside a real Asterisk of the platform on which no controller runs: its dialplan answers alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from drill import behaviour
from drill.chronicle import NotSeen
from drill.ear import Ear
from drill.own_platform import SOUND_PORTS
from drill.people import people_talk
from drill.settings import LiveTrunk, TownSettings
from drill.town import Town
from home.asterisk import AsteriskProcess, SeatLine, platform_asterisk, render_platform
from home.ports import free_ports, sound_ports
from home.programs import Program
from home.secrets import Secrets
from home.settings import Settings

SEATS = [SeatLine("801", "password-801"), SeatLine("802", "password-802")]


def neighbours(home: Path) -> tuple[Settings, TownSettings]:
    """A platform and a town for each other, on free ports."""
    web, sip, ari, ami, control, standby, town_sip, town_ari = free_ports(8)
    town = TownSettings.load(
        {
            "YJT_TOWN_SIP_PORT": str(town_sip),
            "YJT_TOWN_ARI_PORT": str(town_ari),
            "YJT_TOWN_RTP_PORTS": str(sound_ports("town", SOUND_PORTS)),
        }
    )
    settings = Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_WEB_PORT": str(web),
            "YJT_SIP_PORT": str(sip),
            "YJT_ARI_PORT": str(ari),
            "YJT_AMI_PORT": str(ami),
            "YJT_CONTROL_PORT": str(control),
            "YJT_STANDBY_PORT": str(standby),
            "YJT_RTP_PORTS": str(sound_ports("platform", SOUND_PORTS)),
            **town.platform_environment(),
        }
    )
    settings.prepare_home()
    return settings, town


async def started(stack: AsyncExitStack, home: Path, program: Program) -> tuple[Town, AsteriskProcess]:
    settings, town = neighbours(home)
    render_platform(settings, Secrets.load_or_create(settings.home), SEATS, program=program)
    made = await stack.enter_async_context(Town.open(platform=settings, town=town, seats=SEATS, program=program))
    process = platform_asterisk(settings, program)
    await stack.enter_async_context(process.run())
    await made.seats_registered()
    return made, process


@pytest_asyncio.fixture
async def town(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        made, _ = await started(stack, tmp_path, asterisk_program)
        yield made


async def test_a_call_is_heard_from_the_first_word_to_the_last(town: Town) -> None:
    grandma, agent = town.elder("02110000001"), town.seat("801", voice="agent_a")
    await grandma.press_key()
    rang = await agent.rings(within=15)
    await agent.answer()
    await people_talk(3)
    await agent.hang_up()
    await grandma.sees("ended", within=10)

    ear = await asyncio.to_thread(Ear.of_the_town)
    elder_heard = await asyncio.to_thread(ear.listen, grandma.line.ear)
    agent_heard = await asyncio.to_thread(ear.listen, agent.line.ear)

    assert elder_heard.seconds == pytest.approx(grandma.line.seconds, abs=0.5)
    assert elder_heard.prompt("welcome") > 3
    assert elder_heard.voice("agent_a") == pytest.approx(3, abs=1)
    answered = next(note for note in grandma.notes if note.what == "answered")
    voice = elder_heard.of("voice", "agent_a")[0]
    assert voice.start == pytest.approx(rang.clock - answered.clock, abs=1.0)
    assert agent_heard.voice("elder_help") == pytest.approx(3, abs=1)
    assert not elder_heard.of("voice", "elder_help"), "an ear hears what is received, never its own mouth"


async def test_time_passes_for_the_ear_when_nothing_is_received(town: Town) -> None:
    """Pressing keys stops the agent's voice; a shorter recording would hide such silences."""
    grandma, agent = town.elder("02110000001"), town.seat("801", voice="")
    await grandma.press_key()
    await agent.rings(within=15)
    await agent.answer()
    await people_talk(4)
    await grandma.hang_up()

    hearing = await asyncio.to_thread((await asyncio.to_thread(Ear.of_the_town)).listen, grandma.line.ear)
    assert hearing.seconds == pytest.approx(grandma.line.seconds, abs=0.5)
    assert hearing.longest_silence().seconds == pytest.approx(4, abs=1)


async def test_keys_arrive_and_the_voice_goes_on(town: Town) -> None:
    agent, other = town.seat("801", voice="agent_a"), town.seat("802", voice="")
    grandma = town.elder("02110000001")
    await grandma.press_key(silent=True)
    await agent.rings(within=15)
    await other.rings(within=15)
    await agent.answer()
    await agent.press("*44")
    await people_talk(3)
    await grandma.hang_up()
    await agent.sees("ended")
    assert [note.detail for note in agent.notes if note.what == "speaks"] == ["agent_a"]
    hearing = await asyncio.to_thread((await asyncio.to_thread(Ear.of_the_town)).listen, grandma.line.ear)
    assert hearing.voice("agent_a") > 1
    assert other.line.cause == 26, "answered elsewhere"


ODD_NAMES = {
    "quotes": '王 "奶" 奶',
    "emoji": "😀" * 50,
    "10 kB": "a" * 10_000,
    "brackets": "<sip:110@127.0.0.1>;tag=x",
    "line break": "x\r\nX-Evil: 1",
    "control": "\u202e\x01",
    "signs": "%s%n,^&|",
}


async def test_whatever_is_written_in_the_display_name_the_call_is_answered(town: Town) -> None:
    headers = {"X-Told": "a,b;c 😀 ${SHELL(id)}"}
    for number, (kind, display) in enumerate(ODD_NAMES.items()):
        grandma = town.elder(f"0211000000{number}", name=kind)
        line = await grandma.press_key(display=display, headers=headers, within=8)
        assert line.answered is not None, kind
        await grandma.hang_up()


async def test_a_seat_that_is_unplugged_does_not_ring(town: Town) -> None:
    gone, there = town.seat("801"), town.seat("802")
    await gone.unplug()
    grandma = town.elder("02110000001")
    await grandma.press_key()
    await there.rings(within=15)
    assert gone.lines == []
    await grandma.hang_up()
    await gone.plug_in()
    assert await gone.registered()


async def test_a_drill_beside_a_live_trunk_does_not_start(tmp_path: Path, asterisk_program: Program) -> None:
    settings, town = neighbours(tmp_path)
    live = settings.model_copy(update={"trunk_match": ["127.0.0.2", "192.0.2.7"]})
    with pytest.raises(LiveTrunk, match=r"192\.0\.2\.7"):
        async with Town.open(platform=live, town=town, seats=SEATS, program=asterisk_program):
            pass
    assert not (tmp_path / "town").exists()


async def test_two_towns_live_side_by_side(tmp_path: Path, asterisk_program: Program) -> None:
    async with AsyncExitStack() as stack:
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
        towns = [(await started(stack, tmp_path / name, asterisk_program))[0] for name in ("one", "other")]
        callers = [town.elder("02110000001") for town in towns]
        await asyncio.gather(*(caller.press_key() for caller in callers))
        for town, caller in zip(towns, callers, strict=True):
            await town.seat("801").rings(within=15)
            await caller.hang_up()


async def test_a_stranger_who_is_called_lets_it_ring(town: Town) -> None:
    """Nobody whom a script forgot to describe may help by accident."""
    grandma = town.elder("02110000001")
    assert grandma.meets(await grandma.press_key()) == behaviour.RingsOn()
    await grandma.hang_up()
    with pytest.raises(NotSeen, match="rang not within"):
        await town.relative("12000000009", behaviour.accepts()).sees("rang", within=0.1)
