"""The dialplan by itself: what reaches a controller, and what happens to a caller when there is none."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ari_app.ari import Client
from ari_app.ari.generated.events import CallBroadcast, StasisEnd, StasisStart
from drill.sip_load import Call, Callers
from home.asterisk import SeatLine, recordings_dir, render_platform
from home.asterisk import platform_asterisk as process_of
from home.asterisk_platform import LADDER_AT_ONCE, LADDER_STEPS_A_SECOND, SLOW_STEPS_A_SECOND, ladder_dir
from home.programs import Program
from home.secrets import Secrets
from home.settings import Settings

from .conftest import SEATS, TRUNK_HOST, PlatformAsterisk, platform_settings
from .sip_phone import SipPhone

HOSTILE = [
    '"a;b\\"c <sip:x@y>" <sip:+8602155550101@{host}>',
    '"\U0001f198\U0001f600" <sip:+8602155550101@{host}>',
    '"${{SHELL(id)}} $[1/0] %x %n" <sip:+8602155550101@{host}>',
    '"tab\tbell\x07" <sip:+8602155550101@{host}>',
]


class Controller:
    """A controller that claims every broadcast and remembers the calls it was given."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.calls: asyncio.Queue[StasisStart] = asyncio.Queue()
        self.ends: asyncio.Queue[StasisEnd] = asyncio.Queue()

    async def serve(self) -> None:
        async for event in self.client.events():
            if isinstance(event, CallBroadcast):
                await self.client.user_events.claimChannel(
                    channelId=event.channel.id, application=self.client.app or ""
                )
            elif isinstance(event, StasisStart):
                self.calls.put_nowait(event)
            elif isinstance(event, StasisEnd):
                self.ends.put_nowait(event)

    async def next_call(self) -> StasisStart:
        async with asyncio.timeout(5):
            return await self.calls.get()


@asynccontextmanager
async def controller_of(asterisk: PlatformAsterisk) -> AsyncIterator[Controller]:
    user, password = asterisk.secrets.ari_user, asterisk.secrets.ari_password
    async with Client(asterisk.url, username=user, password=password, app="sos-test-1") as client:
        await client.ready()
        async with asyncio.TaskGroup() as group:
            controller = Controller(client)
            serving = group.create_task(controller.serve())
            yield controller
            serving.cancel()


@asynccontextmanager
async def caller_of(asterisk: PlatformAsterisk) -> AsyncIterator[SipPhone]:
    async with SipPhone.plugged_in(TRUNK_HOST, asterisk.sip) as phone:
        yield phone
    await quiet(asterisk)


@asynccontextmanager
async def seat_of(asterisk: PlatformAsterisk, seat: SeatLine) -> AsyncIterator[SipPhone]:
    async with SipPhone.plugged_in("127.0.0.3", asterisk.sip, user=seat.extension, password=seat.password) as phone:
        assert await phone.register() == 200
        yield phone


async def until(happened: Callable[[], bool], deadline: float) -> None:
    """For what has no event of its own: waits until `happened()`."""
    async with asyncio.timeout(deadline):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def quiet(asterisk: PlatformAsterisk, deadline: float = 5.0) -> None:
    """Nothing is left behind: no channel. Each look is a process: without a pause they would be a whole processor."""
    async with asyncio.timeout(deadline):
        while "0 active channels" not in await asterisk.process.cli("core show channels count"):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


def seconds_of(path: Path) -> float:
    with wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


@pytest.mark.parametrize("number", ["12349", "+8612349", "96890", "sos", ""])
async def test_any_dialled_number_reaches_the_controller(platform_asterisk: PlatformAsterisk, number: str) -> None:
    async with controller_of(platform_asterisk) as controller, caller_of(platform_asterisk) as caller:
        calling = asyncio.create_task(caller.call(number))
        call = await controller.next_call()
        word, dialled, cli, recording = call.args
        assert (word, cli) == ("sos", "02155550101")
        assert dialled == (number if number.strip("+").isdigit() else "")
        assert recording == f"{call.channel.creationtime:%Y/%m/%d}/{call.channel.id}.wav"
        await controller.client.channels.answer(channelId=call.channel.id)
        assert await calling == 200
        # MixMonitor opens its file in a thread of its own.
        await until((recordings_dir(platform_asterisk.settings) / recording).is_file, 3)
        await controller.client.channels.hangup(channelId=call.channel.id)
        async with asyncio.timeout(3):
            await caller.ended.wait()


@pytest.mark.parametrize("sender", HOSTILE)
async def test_a_hostile_display_name_goes_nowhere(platform_asterisk: PlatformAsterisk, sender: str) -> None:
    async with controller_of(platform_asterisk) as controller, caller_of(platform_asterisk) as caller:
        calling = asyncio.create_task(caller.call("12349", sender=sender))
        call = await controller.next_call()
        assert call.args[:3] == ("sos", "12349", "+8602155550101")
        assert call.channel.caller.name == ""
        await controller.client.channels.hangup(channelId=call.channel.id)
        assert await calling >= 400


@pytest.mark.parametrize("user", ["anonymous", "a:b,c", "0" * 3000])
async def test_a_caller_without_a_usable_number_is_served_the_same(
    platform_asterisk: PlatformAsterisk, user: str
) -> None:
    async with controller_of(platform_asterisk) as controller, caller_of(platform_asterisk) as caller:
        calling = asyncio.create_task(caller.call("12349", sender=f"<sip:{user}@{{host}}>"))
        call = await controller.next_call()
        assert len(call.args) == 4
        assert call.args[2] == ("0" * 24 if user[0] == "0" else "")
        await controller.client.channels.hangup(channelId=call.channel.id)
        await calling


async def test_the_test_key_is_no_alarm(platform_asterisk: PlatformAsterisk) -> None:
    async with controller_of(platform_asterisk) as controller, caller_of(platform_asterisk) as caller:
        calling = asyncio.create_task(caller.call("*99"))
        call = await controller.next_call()
        assert call.args == ("test", "02155550101")
        await controller.client.channels.hangup(channelId=call.channel.id)
        await calling


async def test_the_test_key_is_answered_without_a_controller(platform_asterisk: PlatformAsterisk) -> None:
    async with caller_of(platform_asterisk) as caller:
        assert await caller.call("*99") == 200
        async with asyncio.timeout(15):
            await caller.ended.wait()
        assert caller.ear.sound_seconds > 2


async def test_a_star_code_tells_which_seat_pressed_it(platform_asterisk: PlatformAsterisk) -> None:
    async with controller_of(platform_asterisk) as controller, seat_of(platform_asterisk, SEATS[1]) as phone:
        # The From of a phone is whatever the phone says: the seat is known by its password.
        calling = asyncio.create_task(phone.call("*44", sender='"801" <sip:802@{host}>'))
        call = await controller.next_call()
        assert call.args == ("star", "802", "*44")
        await controller.client.channels.hangup(channelId=call.channel.id)
        await calling
    await quiet(platform_asterisk)


@pytest.mark.parametrize("number", ["120", "13800000000", "802", "*46", "12349%40trunk", "s", "refused", "h"])
async def test_a_seat_reaches_nothing_by_itself(platform_asterisk: PlatformAsterisk, number: str) -> None:
    async with seat_of(platform_asterisk, SEATS[0]) as phone:
        if await phone.call(number) == 200:
            async with asyncio.timeout(10):
                await phone.ended.wait()
            assert phone.ear.sound_seconds > 1
    await quiet(platform_asterisk)


async def test_a_caller_who_gives_up_leaves_nothing_behind(platform_asterisk: PlatformAsterisk) -> None:
    async with caller_of(platform_asterisk) as caller, asyncio.timeout(5):
        calling = asyncio.create_task(caller.call("12349"))
        await caller.progress.wait()
        await caller.hang_up()
        assert await calling == 487


@pytest.mark.slow
async def test_without_a_controller_the_seats_ring_and_the_caller_hears_no_silence(
    platform_asterisk: PlatformAsterisk,
) -> None:
    async with caller_of(platform_asterisk) as caller:
        assert await caller.call("12349") == 200
        # No phone is registered: prompts and music follow one another all the same, through a whole round.
        rounds = platform_asterisk.sos_log().count(": CHANUNAVAIL")
        await until(lambda: platform_asterisk.sos_log().count(": CHANUNAVAIL") == rounds + 2, 40)
        assert caller.ear.longest_silence(caller.answered_at) < 3
        assert not caller.ended.is_set()
        async with seat_of(platform_asterisk, SEATS[0]) as first, seat_of(platform_asterisk, SEATS[1]) as second:
            await first.answer(40)
            assert caller.ear.longest_silence(caller.answered_at) < 3
            async with asyncio.timeout(3):
                await second.ended.wait()
            # The agent puts down the phone: that is the end of the call.
            await first.hang_up()
            async with asyncio.timeout(3):
                await caller.ended.wait()


@pytest.mark.slow
async def test_a_seat_that_dies_in_the_call_does_not_end_it(platform_asterisk: PlatformAsterisk) -> None:
    async with (
        seat_of(platform_asterisk, SEATS[0]) as seat,
        seat_of(platform_asterisk, SEATS[1]) as other,
        caller_of(platform_asterisk) as caller,
    ):
        assert await caller.call("12349") == 200
        await seat.answer(20)
        async with asyncio.timeout(3):
            await other.ended.wait()
        await seat.mute()
        async with asyncio.timeout(30):
            await seat.ended.wait()
        heard = caller.ear.sound_seconds
        await until(lambda: caller.ear.sound_seconds > heard + 1, 10)
        assert not caller.ended.is_set()


async def test_a_caller_whom_the_controller_lets_go_of_is_not_hung_up_on(platform_asterisk: PlatformAsterisk) -> None:
    async with caller_of(platform_asterisk) as caller:
        async with controller_of(platform_asterisk) as controller:
            calling = asyncio.create_task(caller.call("12349"))
            call = await controller.next_call()
            await controller.client.channels.answer(channelId=call.channel.id)
            await controller.client.channels.continueInDialplan(channelId=call.channel.id)
            assert await calling == 200
        await until(lambda: caller.ear.sound_seconds > 1, 5)
        assert f"{call.channel.id} no controller: the dialplan rings" in platform_asterisk.sos_log()
        assert not caller.ended.is_set()


@pytest.mark.slow
async def test_a_controller_that_comes_back_takes_the_call_over(platform_asterisk: PlatformAsterisk) -> None:
    async with caller_of(platform_asterisk) as caller:
        assert await caller.call("12349") == 200
        async with controller_of(platform_asterisk) as controller, asyncio.timeout(40):
            call = await controller.calls.get()
            assert call.args[:3] == ("sos", "12349", "02155550101")
            assert call.channel.state == "Up"
            await controller.client.channels.hangup(channelId=call.channel.id)
            await caller.ended.wait()


@pytest.mark.slow
@pytest.mark.clause("K2")
async def test_a_full_ladder_takes_its_steps_in_turn_and_a_controller_that_is_back_has_everybody(
    asterisk_program: Program, tmp_path: Path
) -> None:
    """Also one that lives, and has not the time to take anybody: for as long as it shows itself, steps are few."""
    turn = 4.0  # seconds for which the last one waits for theirs
    crowd = LADDER_AT_ONCE + round(turn * LADDER_STEPS_A_SECOND)
    async with own_asterisk(asterisk_program, tmp_path) as asterisk:
        transport, callers = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Callers(asterisk.sip), local_addr=(TRUNK_HOST, 0)
        )
        shown = time.time() + 8.0  # it will be missed a few seconds after the welcome
        await asterisk.process.cli(f"dialplan set global CONTROLLER_AT {shown:.0f}")
        calls = [Call("12349", f"0215555{number:04}", f"crowd-{number}") for number in range(crowd)]
        for call in calls:
            await callers.invite(call)
        await until(lambda: all(call.picked_up for call in calls), 10)
        await until(lambda: len(first_steps(asterisk)) == crowd, 60)
        times = sorted(first_steps(asterisk).values())
        assert sum(at < times[0] + 4 for at in times) <= 4 * SLOW_STEPS_A_SECOND + 2
        assert times[-1] - times[0] > turn / 2
        async with controller_of(asterisk) as controller:
            await until(lambda: controller.calls.qsize() == crowd, 30)
            for call in calls:
                callers.hang_up(call)
            await quiet(asterisk, 15)
        transport.close()


def first_steps(asterisk: PlatformAsterisk) -> dict[str, float]:
    """When each caller of the ladder has had their first step, in seconds of the day."""
    found = re.findall(r"([0-9]+):([0-9]+):([0-9.]+)\].* (yjt-\S+) step 0: CHANUNAVAIL", asterisk.sos_log())
    return {channel: int(hour) * 3600 + int(minute) * 60 + float(second) for hour, minute, second, channel in found}


@pytest.mark.parametrize("broken", [recordings_dir, ladder_dir], ids=["recordings", "what the ladder writes"])
async def test_an_alarm_is_served_when_nothing_can_be_written(
    asterisk_program: Program, tmp_path: Path, broken: Callable[[Settings], Path]
) -> None:
    async with own_asterisk(asterisk_program, tmp_path) as asterisk:
        folder = broken(asterisk.settings)
        shutil.rmtree(folder)
        folder.write_text("no folder")
        async with controller_of(asterisk) as controller, caller_of(asterisk) as caller:
            calling = asyncio.create_task(caller.call("12349"))
            call = await controller.next_call()
            await controller.client.channels.answer(channelId=call.channel.id)
            assert await calling == 200
        async with seat_of(asterisk, SEATS[0]) as seat, caller_of(asterisk) as caller:
            assert await caller.call("12349") == 200
            await seat.answer(20)
            await until(lambda: caller.ear.sound_seconds > 1, 10)
            assert caller.ear.longest_silence(caller.answered_at) < 3


async def test_only_the_configured_numbers_raise_an_alarm(asterisk_program: Program, tmp_path: Path) -> None:
    async with own_asterisk(asterisk_program, tmp_path, YJT_SOS_NUMBERS="12349,+8696890,*99") as asterisk:
        async with controller_of(asterisk) as controller:
            for number in ("12349", "+8696890", "*99"):
                async with caller_of(asterisk) as caller:
                    calling = asyncio.create_task(caller.call(number))
                    call = await controller.next_call()
                    assert call.args[0] == ("test" if number == "*99" else "sos")
                    await controller.client.channels.hangup(channelId=call.channel.id)
                    await calling
            for number in ("12340", "", "sos"):
                async with caller_of(asterisk) as caller:
                    assert await caller.call(number) in (404, 503)
            assert controller.calls.empty()
        assert "12340 is not among YJT_SOS_NUMBERS" in asterisk.process.log.read_text("utf-8")


async def test_what_the_caller_heard_is_on_the_recording(platform_asterisk: PlatformAsterisk) -> None:
    async with caller_of(platform_asterisk) as caller, controller_of(platform_asterisk) as controller:
        calling = asyncio.create_task(caller.call("12349"))
        call = await controller.next_call()
        await controller.client.channels.answer(channelId=call.channel.id)
        assert await calling == 200
        sound = f"sound:{platform_asterisk.settings.home}/asterisk/prompts/zh/hold"
        await controller.client.channels.play(channelId=call.channel.id, media=[sound])
        await until(lambda: caller.ear.sound_seconds > 1.5, 10)
    path = recordings_dir(platform_asterisk.settings) / call.args[3]
    await until(lambda: seconds_of(path) > 1.5, 5)


@asynccontextmanager
async def own_asterisk(program: Program, home: Path, **changes: str) -> AsyncIterator[PlatformAsterisk]:
    """An Asterisk for one test."""
    settings = platform_settings(home, **changes)
    secrets = Secrets.load_or_create(settings.home)
    render_platform(settings, secrets, SEATS, program=program)
    async with process_of(settings, program).run() as process:
        assert process.log_problems() == []
        yield PlatformAsterisk(settings, secrets, process)
