"""A and B among themselves (S1.5, S1.6): what each ear hears in the intercom, after a split, a swap, a take-over, and
who speaks with whom when somebody drops in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from drill import behaviour
from drill.ear import Ear
from home.programs import Program

from .house import ELDER_LINE, House, grandmother, open_house
from .scenes import SILENCE_OF_OURS, Scenes

QUICK = {
    "YJT_POLICY__CASCADE_WITH_SERVICE": "0",
    "YJT_POLICY__WRAP_UP": "0",
    "YJT_POLICY__SEAT_RING": "5",
    "YJT_POLICY__REDIAL_PAUSE": "1",
}


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear.of_the_town()


@pytest_asyncio.fixture
async def scenes(tmp_path: Path, asterisk_program: Program, ear: Ear) -> AsyncIterator[Scenes]:
    """A (801) speaks with 120, B (802) with the elder; 803 sits by, and is not ready."""
    who = {"elders": [grandmother()], "seats": ("801", "802", "803")}
    async with open_house(tmp_path, asterisk_program, **who, environment=QUICK, whole_prompts=True) as house:
        town = house.town
        voices = {"801": "agent_a", "802": "agent_b", "803": "doctor"}
        people = {seat: town.seat(seat, voice=voice) for seat, voice in voices.items()}
        grandma, operator = town.elder(ELDER_LINE), town.service("120")
        await house.agent("801").is_ready()
        await grandma.press_key()
        await people["801"].answer()
        await house.case(state="talking")
        await house.agent("802").is_ready()
        await done(house, "emergency")
        await people["802"].answer()
        await house.leg("b-1", place="elder")
        await done(house, "call", target="120")
        await house.leg("120-1", place="rescue")
        yield Scenes(house, ear, {**people, "elder": grandma, "120": operator})


@pytest.fixture
def house(scenes: Scenes) -> House:
    return scenes.house


async def done(house: House, action: str, *, by: str = "801", **fields: str) -> None:
    status, body = await house.agent(by).asks(action, **fields)
    assert status == 200, body


async def places(house: House, **wanted: str) -> None:
    """Until these legs (`a_1` for `a-1`) are there."""
    case = next(iter(house.controller.runs.values()))

    def there() -> bool:
        legs = {leg.id.replace("-", "_"): leg.place.value for leg in case.case.live()}
        return all(legs.get(leg) == place for leg, place in wanted.items())

    async with asyncio.timeout(10):
        while not there():
            await house.next_message()


async def close(house: House) -> None:
    await done(house, "close", outcome="rescued", note="")
    await house.case(within=20, state="closed")
    await house.nothing_is_left()


# --- what each ear hears ----------------------------------------------------------------------------------------------


@pytest.mark.clause("S1.5")
@pytest.mark.clause("S1.6")
async def test_the_elder_does_not_hear_the_intercom_and_is_not_left_in_silence(house: House, scenes: Scenes) -> None:
    await done(house, "intercom")
    await places(house, a_1="intercom", b_1="intercom", elder="nowhere")
    alone = await scenes.play()
    await done(house, "intercom_end", by="802")
    await places(house, a_1="rescue", b_1="elder", elder="elder")
    back = await scenes.play()
    await close(house)
    assert await scenes.heard(alone, "801") == {"agent_b"}
    assert await scenes.heard(alone, "802") == {"agent_a"}
    assert await scenes.heard(alone, "elder") <= {"hold", "music"}
    assert await scenes.heard(alone, "120") == set()
    assert await scenes.heard(back, "elder") == {"agent_b"}
    assert await scenes.heard(back, "802") == {"elder_help"}
    assert await scenes.heard(back, "120") == {"agent_a"}
    by_elder = await scenes.hearing(alone, "elder")
    assert by_elder.prompt("hold") > 1, str(by_elder)
    assert by_elder.longest_silence().seconds < SILENCE_OF_OURS, str(by_elder)


@pytest.mark.clause("S1.6")
async def test_a_merged_leg_goes_back_and_a_and_b_swap(house: House, scenes: Scenes) -> None:
    await done(house, "merge", leg="120-1")
    await places(house, **{"120_1": "elder"})
    merged = await scenes.play()
    await done(house, "split", leg="120-1")
    await places(house, **{"120_1": "rescue"})
    split = await scenes.play()
    await done(house, "swap")
    await places(house, a_1="elder", b_1="rescue")
    swapped = await scenes.play()
    await close(house)
    assert await scenes.heard(merged, "elder") == {"agent_b", "operator_120"}
    assert await scenes.heard(split, "elder") == {"agent_b"}
    assert await scenes.heard(split, "801") == {"operator_120"}
    assert await scenes.heard(swapped, "elder") == {"agent_a"}
    assert await scenes.heard(swapped, "801") == {"elder_help"}
    assert await scenes.heard(swapped, "802") == {"operator_120"}
    assert await scenes.heard(swapped, "120") == {"agent_b"}
    by_elder = await scenes.hearing(merged, "elder")
    assert by_elder.longest_silence().seconds < SILENCE_OF_OURS, str(by_elder)


@pytest.mark.clause("S1.6")
async def test_another_agent_takes_over_with_the_file_on_the_screen_first(house: House, scenes: Scenes) -> None:
    await done(house, "take_over", by="803", role="B")
    await house.told("screen", extension="803", role="B")
    await scenes.seat("803").rings()
    before = await scenes.play()
    await scenes.seat("803").answer()
    await places(house, b_2="elder")
    await scenes.seat("802").line.ended(within=5)
    after = await scenes.play()
    case = next(iter(house.controller.runs.values())).case
    assert [(leg.number, leg.role) for leg in case.live() if leg.kind == "seat"] == [("801", "A"), ("803", "B")]
    asked = await house.happens("take_over_requested")
    assert (asked["actor"], asked["data"]["role"], asked["data"]["extension"]) == ("seat:803", "B", "803")
    await close(house)
    assert await scenes.heard(before, "elder") == {"agent_b"}
    assert await scenes.heard(after, "elder") == {"doctor"}
    assert await scenes.heard(after, "803") == {"elder_help"}
    assert await scenes.heard(after, "801") == {"operator_120"}
    by_elder = await scenes.hearing(after, "elder")
    assert by_elder.longest_silence().seconds < SILENCE_OF_OURS, str(by_elder)
    assert by_elder.prompt("hold") == 0, str(by_elder)


# --- somebody drops ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("S1.6")
async def test_b_drops_in_the_intercom(house: House) -> None:
    await house.agent("803").is_ready()
    await done(house, "intercom")
    await places(house, a_1="intercom", b_1="intercom")
    await house.town.seat("802").hang_up()
    await places(house, a_1="rescue", elder="nowhere")
    await house.town.seat("803").answer()
    await places(house, b_2="elder", elder="elder", a_1="rescue")
    await close(house)


@pytest.mark.clause("S1.6")
async def test_a_drops_in_the_intercom(house: House) -> None:
    await house.agent("803").is_ready()
    await done(house, "intercom")
    await places(house, a_1="intercom", b_1="intercom")
    await house.town.seat("801").hang_up()
    await places(house, b_1="elder", elder="elder")
    await house.town.seat("803").answer()
    await places(house, a_2="rescue", **{"120_1": "rescue"})
    await close(house)


@pytest.mark.clause("S1.6")
async def test_the_elder_drops_in_the_intercom_and_comes_back_to_b(house: House, scenes: Scenes) -> None:
    grandma = scenes.elder
    await done(house, "intercom")
    await places(house, a_1="intercom", b_1="intercom")
    grandma.when_called = behaviour.Answers(voice="elder_answers", ring=0.5)
    await grandma.hang_up()
    await places(house, b_1="elder", a_1="rescue", elder_2="elder")
    await close(house)


async def test_a_take_over_that_nobody_answers_changes_nothing(house: House) -> None:
    await done(house, "take_over", by="803", role="A")
    await house.town.seat("803").rings()
    await house.told("seat", within=12, extension="803", state="paused", reason="no_answer")
    await places(house, a_1="rescue", b_1="elder", elder="elder")
    await close(house)


async def test_the_agent_who_is_relieved_hangs_up_first(house: House) -> None:
    await done(house, "take_over", by="803", role="B")
    await house.town.seat("803").rings()
    await house.town.seat("802").hang_up()
    await places(house, elder="nowhere")
    await house.town.seat("803").answer()
    await places(house, elder="elder", b_2="elder")
    await close(house)


async def test_a_seat_that_cannot_come_is_named_and_why(house: House) -> None:
    status, body = await house.agent("801").asks("take_over", role="B")
    assert (status, body["error"]["code"]) == (409, "seat_in_case")
    await house.town.seat("803").unplug()
    await house.told("seat", extension="803", state="offline")
    status, body = await house.agent("801").asks("take_over", role="B", extension="803")
    assert (status, body["error"]["code"]) == (409, "seat_offline")
    status, body = await house.agent("801").asks("take_over", role="B", extension="899")
    assert (status, body["error"]["code"]) == (404, "unknown_seat")
    await close(house)


async def test_two_agents_press_emergency_within_the_same_50_ms(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=QUICK) as house:
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key()
        await house.town.seat("801").answer()
        await house.case(state="talking")
        loop = asyncio.get_running_loop()
        began = loop.time()
        answers = await asyncio.gather(*(house.agent(seat).asks("emergency") for seat in ("801", "802")))
        pressed_within = loop.time() - began
        assert sorted(status for status, _ in answers) == [200, 409]
        (told,) = [body for status, body in answers if status == 409]
        assert told["error"]["code"] == "already_done"
        assert pressed_within < 1.0
        case = next(iter(house.controller.runs.values())).case
        assert case.searching == {"B"}
