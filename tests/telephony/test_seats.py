"""Who is rung, in which order, and what a seat can do without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from drill.chronicle import NotSeen
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program
from models.seats import Seat

from .house import ELDER_LINE, House, grandmother, open_house
from .sip_phone import SipPhone


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    quick = {"YJT_POLICY__SEAT_RING": "3", "YJT_POLICY__WRAP_UP": "1"}
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=quick) as house:
        yield house


async def test_a_seat_that_does_not_answer_is_paused_and_the_next_one_rung(house: House) -> None:
    await house.agent("801").is_ready()
    await house.agent("802").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("801").rings()
    await house.told("seat", within=8, extension="801", state="paused", reason="no_answer")
    await house.town.seat("802").answer()
    case = await house.case(state="talking")
    results = [(leg["number"], leg["result"]) for leg in case["legs"] if leg["kind"] == "seat"]
    assert results == [("801", "no_answer"), ("802", None)]


async def test_an_unplugged_phone_is_not_rung(house: House) -> None:
    await house.agent("801").is_ready()
    await house.agent("802").is_ready()
    await house.town.seat("801").unplug()
    await house.told("seat", extension="801", state="offline")
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("802").answer()
    await house.case(state="talking")


async def test_a_phone_unplugged_in_the_middle_brings_the_next_seat(house: House) -> None:
    await house.agent("801").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("801").answer()
    await house.case(state="talking")
    await house.agent("802").is_ready()
    leg = await house.ari.channels.list()
    seat = next(channel for channel in leg if channel.name.startswith("PJSIP/801"))
    await house.ari.channels.hangup(channelId=seat.id, reason_code="44")  # as rtp_timeout does
    await house.told("alarm", alarm="seat_lost")
    await house.town.seat("802").answer()
    case = await house.told("case", state="talking", searching=[], within=5)
    assert case["data"]["state"] == "talking"
    await house.leg("a-2", state="answered", place="elder")


async def test_star_codes_make_a_seat_ready_and_pause_it(house: House) -> None:
    seat = house.town.seat("801")
    call = await seat.dial("*41")
    await house.told("seat", extension="801", state="ready")
    await call.ended(within=6)  # confirmed by a prompt, then hung up by us
    call = await seat.dial("*42")
    await house.told("seat", extension="801", state="paused", reason="phone")
    await call.ended(within=6)


async def test_the_phone_starts_the_emergency_by_keys_in_the_call(house: House) -> None:
    await house.agent("801").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("801").answer()
    await house.case(state="talking")
    await house.agent("802").is_ready()
    await house.town.seat("801").press("*44")
    await house.town.seat("802").answer()
    await house.leg("a-1", place="rescue")
    await house.leg("b-1", place="elder")


async def test_the_phone_starts_the_emergency_by_a_second_call(house: House) -> None:
    await house.agent("801").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    first = await house.town.seat("801").answer()
    await house.case(state="talking")
    await house.town.seat("801").dial("*44")
    case = await house.case(state="emergency")
    asked = next(entry for entry in case["timeline"] if entry["event"] == "emergency_requested")
    assert asked["actor"] == "seat:801"
    await first.hang_up()


async def test_a_seat_dials_nothing_but_its_codes(house: House) -> None:
    seat = house.town.seat("801")
    call = await seat.dial("120")  # answered by the sentence that it is not allowed
    await call.ended(within=8)
    with pytest.raises(NotSeen):
        await house.town.service("120").sees("rang", within=0.1)


async def test_two_agents_press_emergency_at_the_same_moment(house: House) -> None:
    await house.agent("801").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("801").answer()
    await house.case(state="talking")
    first, second = house.agent("801").asks("emergency"), house.agent("802").asks("emergency")
    answers = [await first, await second]
    assert [status for status, _ in answers] == [200, 409]
    assert answers[1][1]["error"]["code"] == "already_done"


async def test_the_screen_silences_holds_and_hangs_up_the_telephone(house: House) -> None:
    grandma, a = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
    await house.agent("801").is_ready()
    await grandma.press_key()
    await a.rings()
    await house.told("seat", extension="801", state="reserved", phone="telephone")
    assert await house.agent("801").works_phone("mute") == (409, "not_answered")
    await a.answer()
    await house.case(state="talking")
    await people_talk(4)
    assert await house.agent("801").works_phone("mute") == (200, "")
    await house.told("seat", extension="801", muted=True)
    begin = grandma.line.seconds
    await people_talk(4)
    end = grandma.line.seconds
    assert await house.agent("801").works_phone("unmute") == (200, "")
    await people_talk(3)
    back = grandma.line.seconds
    assert await house.agent("801").works_phone("hold") == (200, "")
    await house.leg("elder", place="nowhere")
    held = grandma.line.seconds
    await people_talk(6)
    taken = grandma.line.seconds
    assert await house.agent("801").works_phone("unhold") == (200, "")
    await house.leg("elder", place="elder")
    await people_talk(3)
    assert await house.agent("801").works_phone("hangup") == (200, "")
    await a.line.ended(within=3)
    await house.seat_is("801", state="wrap_up", muted=False)
    assert await house.agent("801").works_phone("hangup") == (409, "no_call")
    await grandma.hang_up()
    heard = await asyncio.to_thread(Ear.of_the_town().listen, grandma.line.ear)

    def spoken(first: float, last: float) -> float:
        """Seconds of the agent's voice in this stretch."""
        of_agent = heard.of("voice", "agent_a")
        return sum(max(0.0, min(item.end, last) - max(item.start, first)) for item in of_agent)

    assert spoken(0, begin) > 1.5, str(heard)
    assert spoken(begin + 0.5, end - 0.5) < 0.3, str(heard)
    assert spoken(end, back) > 1.5, str(heard)
    assert spoken(held + 0.5, taken - 0.5) < 0.3, str(heard)
    assert heard.prompt("hold") > 0.5, str(heard)  # its first words
    assert heard.music() > 1, str(heard)
    assert spoken(taken, grandma.line.seconds) > 1.5, str(heard)
    assert heard.longest_silence().seconds < 3 + end - begin, str(heard)


async def test_the_screen_declines_a_telephone_that_rings(house: House) -> None:
    await house.agent("801").is_ready()
    await house.agent("802").is_ready()
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("801").rings()
    assert await house.agent("801").works_phone("hangup") == (200, "")
    await house.told("seat", extension="801", state="paused", reason="no_answer")
    await house.town.seat("802").answer()
    await house.case(state="talking")


@pytest.mark.parametrize("lifts", [True, False])
async def test_a_telephone_that_can_be_worked_from_afar_answers_by_the_screen(
    tmp_path: Path, asterisk_program: Program, lifts: bool
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], phones=("802",)) as house:
        async with house.database.read() as session:
            password = (await session.get_one(Seat, "801")).sip_password
        server = (house.settings.sip_host, house.settings.sip_port)
        async with SipPhone.plugged_in("127.0.0.5", server, user="801", password=password) as phone:
            phone.lifts = lifts
            assert await phone.register() == 200
            await house.told("seat", extension="801", registered=True)
            await house.agent("801").is_ready()
            await house.town.elder(ELDER_LINE).press_key()
            await house.leg("a-1", state="ringing")
            assert await house.agent("801").works_phone("answer") == (200, "")
            if not lifts:
                await phone.answer()  # somebody has to
            case = await house.case(state="talking")
            assert [leg["number"] for leg in case["legs"] if leg["kind"] == "seat"] == ["801"]
            assert await house.agent("801").works_phone("hangup") == (200, "")
            async with asyncio.timeout(3):
                await phone.ended.wait()
