"""Supervisors on a real line: who hears whom when they listen, whisper, barge in, take over; that the elder's call and
its end do not depend on them; and that everybody can see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from drill.ear import Ear
from home.programs import Program

from .house import ELDER_LINE, House, grandmother, open_house
from .scenes import SILENCE_OF_OURS, Scenes

QUICK = {"YJT_POLICY__WRAP_UP": "0", "YJT_POLICY__SEAT_RING": "5"}


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear.of_the_town()


@pytest_asyncio.fixture
async def scenes(tmp_path: Path, asterisk_program: Program, ear: Ear) -> AsyncIterator[Scenes]:
    """A (801) and the elder speak; the supervisor sits at 803 and is not ready."""
    elders, seats = [grandmother()], ("801", "802", "803")
    async with open_house(tmp_path, asterisk_program, elders=elders, seats=seats, environment=QUICK) as house:
        town = house.town
        voices = {"801": "agent_a", "802": "agent_b", "803": "doctor"}
        people = {seat: town.seat(seat, voice=voice) for seat, voice in voices.items()}
        grandma = town.elder(ELDER_LINE)
        await house.agent("801").is_ready()
        await grandma.press_key()
        await people["801"].answer()
        await house.case(state="talking")
        yield Scenes(house, ear, {**people, "elder": grandma})


@pytest.fixture
def house(scenes: Scenes) -> House:
    return scenes.house


async def done(house: House, action: str, *, by: str = "803", **fields: str) -> None:
    status, body = await house.agent(by).asks(action, **fields)
    assert status == 200, body


async def until(house: House, what: str, **wanted: object) -> None:
    """Until the leg has these values."""
    run = next(iter(house.controller.runs.values()))

    def is_so() -> bool:
        leg = run.case.leg(what)
        return leg is not None and all(getattr(leg, name) == value for name, value in wanted.items())

    async with asyncio.timeout(10):
        while not is_so():
            await house.next_message()


async def close(house: House) -> None:
    await done(house, "close", outcome="other", note="")
    await house.case(within=20, state="closed")
    await house.nothing_is_left()


async def test_who_hears_whom(house: House, scenes: Scenes) -> None:
    await done(house, "supervise", mode="listen")
    await house.told("screen", extension="803", role="S")
    await scenes.seat("803").answer()
    await until(house, "snoop-1", place="supervision")
    listening = await scenes.play()
    await done(house, "supervise", mode="whisper")
    await until(house, "snoop-2", place="supervision")
    whispering = await scenes.play()
    await done(house, "supervise", mode="barge")
    await until(house, "s-1", place="elder")
    barging = await scenes.play()
    await done(house, "supervise", mode="listen")
    await until(house, "snoop-3", place="supervision")
    again = await scenes.play()
    shown = await house.leg("s-1", mode="whisper", state="answered")
    assert (shown["role"], shown["number"]) == ("S", "803")
    asked = await house.happens("supervise_requested")
    assert (asked["actor"], asked["data"]["mode"]) == ("seat:803", "listen")
    await close(house)
    assert await scenes.heard(listening, "803") == {"agent_a", "elder_help"}
    assert await scenes.heard(listening, "801") == {"elder_help"}
    assert await scenes.heard(listening, "elder") == {"agent_a"}
    assert await scenes.heard(whispering, "801") == {"elder_help", "doctor"}
    assert await scenes.heard(whispering, "elder") == {"agent_a"}
    assert await scenes.heard(whispering, "803") == {"agent_a", "elder_help"}
    assert await scenes.heard(barging, "elder") == {"agent_a", "doctor"}
    assert await scenes.heard(barging, "801") == {"elder_help", "doctor"}
    assert await scenes.heard(again, "elder") == {"agent_a"}
    assert await scenes.heard(again, "801") == {"elder_help"}
    by_elder = await scenes.hearing(again, "elder")
    assert by_elder.longest_silence().seconds < SILENCE_OF_OURS, str(by_elder)


async def test_a_supervisor_who_listens_takes_over_at_once(house: House, scenes: Scenes) -> None:
    await done(house, "supervise", mode="listen")
    await scenes.seat("803").answer()
    await until(house, "snoop-1", place="supervision")
    await done(house, "take_over", role="A")
    await until(house, "s-1", place="elder", role="A", mode=None)
    await scenes.seat("801").line.ended(within=5)
    await until(house, "snoop-1", state="ended")
    after = await scenes.play()
    await close(house)
    assert await scenes.heard(after, "elder") == {"doctor"}
    assert await scenes.heard(after, "803") == {"elder_help"}
    by_elder = await scenes.hearing(after, "elder")
    assert by_elder.prompt("hold") == 0, str(by_elder)


async def test_the_agent_drops_and_the_listener_is_no_company(house: House, scenes: Scenes) -> None:
    await done(house, "supervise", mode="listen")
    await scenes.seat("803").answer()
    await until(house, "snoop-1", place="supervision")
    leg = next(one for one in await house.ari.channels.list() if one.name.startswith("PJSIP/801"))
    await house.agent("802").is_ready()
    await house.ari.channels.hangup(channelId=leg.id, reason_code="44")  # as rtp_timeout does
    await house.told("alarm", alarm="seat_lost")
    await until(house, "elder", place="nowhere")
    await scenes.seat("803").line.ended(within=5)
    await scenes.seat("802").answer()
    await until(house, "elder", place="elder")
    await close(house)


async def test_the_elder_hangs_up_and_the_supervisor_goes_with_the_call(house: House, scenes: Scenes) -> None:
    await done(house, "supervise", mode="whisper")
    await scenes.seat("803").answer()
    await until(house, "snoop-1", place="supervision")
    await house.happens("speech_heard", within=10)
    await scenes.elder.hang_up()
    await scenes.seat("803").line.ended(within=5)
    await house.nothing_is_left()
    await house.seat_is("803", state="paused", case=None)
    await close(house)


async def test_a_supervisor_leaves_and_puts_the_phone_down(house: House, scenes: Scenes) -> None:
    await done(house, "supervise", mode="listen")
    await scenes.seat("803").answer()
    await until(house, "snoop-1", place="supervision")
    await done(house, "supervise_end")
    await scenes.seat("803").line.ended(within=5)
    await until(house, "snoop-1", state="ended")
    await house.seat_is("803", state="paused", case=None)
    await done(house, "supervise", mode="listen")
    await scenes.seat("803").answer()
    await until(house, "snoop-2", place="supervision")
    await scenes.seat("803").hang_up()
    await until(house, "snoop-2", state="ended")
    status, body = await house.agent("803").asks("supervise_end")
    assert (status, body["error"]["code"]) == (409, "already_done")
    await close(house)
