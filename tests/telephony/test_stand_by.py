"""Two controllers: the active one dies, or hangs; the other takes everything over, and nobody who calls is lost."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from shutil import copy2

import aiohttp
import pytest

from drill.chronicle import PATIENCE
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program

from .controllers import a_case_on_record, agents_ready, controller_process, kill, until_it_stands_by, until_ready
from .house import ELDER_LINE, House, grandmother, open_house

SILENCE_OF_OURS = 3.0  # seconds: promise 2


def another_home(home: Path) -> Path:
    """Of another machine: it finds the first one's Asterisk on its loopback, and names prompts by the same path."""
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "asterisk").symlink_to(home / "asterisk")
    return elsewhere


async def one_alone_hears_of_seats(house: House) -> None:
    """What the one before had asked for costs Asterisk nothing any more."""

    async def hear() -> list[str]:
        return [one.name for one in await house.ari.applications.list() if one.endpoint_ids]

    async with asyncio.timeout(PATIENCE):
        while len(await hear()) != 1:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.1)


async def presses_close(http: aiohttp.ClientSession, case: str) -> int | None:
    """The answer of that controller; None: it has ended without one."""
    body = {"action": "close", "outcome": "other", "note": "", "actor": "seat:801"}
    try:
        async with http.post(f"/cases/{case}/actions", json=body) as answer:
            return answer.status
    except aiohttp.ClientError:
        return None


def wake(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("machines", [1, 2])
async def test_the_active_one_dies_and_people_who_talk_notice_nothing(
    tmp_path: Path, asterisk_program: Program, machines: int
) -> None:
    elsewhere = another_home(tmp_path) if machines == 2 else None
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        grandma, seat = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
        if elsewhere is not None:
            copy2(house.settings.home / "secrets.toml", elsewhere)
        async with controller_process(house) as first, controller_process(house, second=True, home=elsewhere):
            async with house.following():
                await agents_ready(house, "801", "802")
                await grandma.press_key()
                await seat.answer()
                case = await a_case_on_record(house)
                await kill(first)
            house.turn_to_the_second()
            await until_ready(house.http)
            async with house.following():
                await house.leg("a-1", within=15, state="answered", place="elder")
                await one_alone_hears_of_seats(house)
                assert (await house.agent("801").asks("emergency", case))[0] == 200
                await house.town.seat("802", voice="agent_b").answer()
                await house.leg("b-1", place="elder")
                assert grandma.line.over is None
                assert seat.line.over is None
                await people_talk(2)
                assert (await house.agent("801").asks("close", case, outcome="other", note=""))[0] == 200
                await house.case(within=20, state="closed")
                await house.nothing_is_left()
        heard = await asyncio.to_thread(Ear.of_the_town().listen, grandma.line.ear)
    assert heard.longest_silence().seconds < SILENCE_OF_OURS, str(heard)


@pytest.mark.clause("X1")
async def test_the_active_one_hangs_a_call_comes_in_and_it_wakes_up_as_the_stand_by(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        grandma, neighbour = house.town.elder(ELDER_LINE), house.town.elder("02110000009", name="neighbour")
        async with (
            AsyncExitStack() as anew,
            controller_process(house) as first,
            controller_process(house, second=True),
        ):
            async with house.following():
                await agents_ready(house, "801", "802")
                await grandma.press_key()
                await house.town.seat("801", voice="agent_a").answer()
                case = await a_case_on_record(house)
            first.send_signal(signal.SIGSTOP)
            first_http = house.http
            try:
                await neighbour.press_key(within=3)  # picked up by the stand-by, while nobody has the lease
                house.turn_to_the_second()
                await until_ready(house.http)
                async with house.following():
                    await house.leg("a-1", within=15, state="answered", place="elder")
                    await house.town.seat("802", voice="agent_b").answer(within=15)
                    await house.told("case", within=10, state="talking", caller="02110000009")
                    pressed = asyncio.create_task(presses_close(first_http, case))
                    await people_talk(0.5)  # it has been sent, and waits in the one that hangs
                    wake(first)
                    assert await pressed != 200
                    if first.returncode is not None:  # it hung in the middle of writing, and had to be ended
                        await anew.enter_async_context(controller_process(house))
                    await until_it_stands_by(first_http)
                    await people_talk(2)
                    for one in {message["data"]["id"] for message in house.messages if message["kind"] == "case"}:
                        assert house.latest(one)["state"] == "talking"
                        assert (await house.agent("802").asks("close", one, outcome="other", note=""))[0] == 200
                        await house.case(within=20, id=one, state="closed")
                    await house.nothing_is_left()
            finally:
                wake(first)
        assert case
        heard = await asyncio.to_thread(Ear.of_the_town().listen, neighbour.line.ear)
    assert heard.voice("agent_b") > 1, str(heard)
    assert heard.longest_silence().seconds < SILENCE_OF_OURS, str(heard)
