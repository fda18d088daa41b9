"""The ARI client on a real Asterisk of its own, which may be killed, frozen and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from ari_app.ari import (
    Backoff,
    Client,
    Conflict,
    Connected,
    Disconnected,
    InvalidParameter,
    NotConnected,
    NotFound,
    RequestTimeout,
    Resynced,
    ServerError,
    StreamItem,
    Unauthorized,
)
from ari_app.ari.client import Transport
from ari_app.ari.generated.events import (
    ApplicationReplaced,
    BridgeDestroyed,
    CallBroadcast,
    ChannelDestroyed,
    ChannelEnteredBridge,
    ChannelUserevent,
    ChannelVarset,
    Event,
    PlaybackFinished,
    RecordingFinished,
    RecordingStarted,
    StasisStart,
)
from home.asterisk import AsteriskProcess, render_platform
from home.programs import Program
from home.secrets import Secrets

from .conftest import SEATS, platform_settings

_T = TypeVar("_T", bound=StreamItem)
APP = "proof-1"
DIALPLAN = """
[proof]
exten => wait,1,Answer()
 same => n,Wait(60)
exten => hello,1,Stasis(hello)
 same => n,Hangup()
exten => offer,1,StasisBroadcast(5000,^proof-.*,hello:world)
 same => n,Set(GLOBAL(OFFER)=${STASISSTATUS})
 same => n,Hangup()
"""


@dataclass(frozen=True, slots=True)
class Switch:
    process: AsteriskProcess
    url: str
    secrets: Secrets

    def client(
        self, app: str | None = APP, *, transport: Transport = "websocket", unwanted: Collection[type[Event]] = ()
    ) -> Client:
        return Client(
            self.url,
            username=self.secrets.ari_user,
            password=self.secrets.ari_password,
            app=app,
            transport=transport,
            backoff=Backoff(first=0.02, most=0.2),
            unwanted=unwanted,
        )


@pytest.fixture
async def switch(asterisk_program: Program, tmp_path: Path) -> AsyncIterator[Switch]:
    settings = platform_settings(tmp_path)
    secrets = Secrets.load_or_create(settings.home)
    render_platform(settings, secrets, SEATS, program=asterisk_program)
    process = AsteriskProcess(asterisk_program, settings.home / "asterisk")
    process.etc.joinpath("extensions_custom.conf").write_text(DIALPLAN)
    async with process.run():
        yield Switch(process, f"http://127.0.0.1:{settings.ari_port}", secrets)


async def until(
    client: Client, kind: type[_T], matches: Callable[[_T], bool] = lambda item: True, *, deadline: float = 10.0
) -> _T:
    """The next such item of the stream; everything before it is dropped."""
    async with asyncio.timeout(deadline):
        async for item in client.events():
            if isinstance(item, kind) and matches(item):
                return item
    raise AssertionError(f"the stream ended before {kind.__name__}")


async def enter(client: Client, channel: str) -> StasisStart:
    """A channel of this id in the application, heard of until its end."""
    await client.channels.originate(
        endpoint="Local/wait@proof", app=client.app, appArgs="a,b", channelId=channel, timeout=5
    )
    await client.subscribe(f"channel:{channel}")
    return await until(client, StasisStart, lambda start: start.channel.id == channel)


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_call_from_beginning_to_end(switch: Switch, transport: Transport) -> None:
    async with switch.client(transport=transport) as client:
        await client.ready()
        start = await enter(client, "c-1")
        assert start.args == ("a", "b")
        assert start.channel.state == "Up"
        call = client.channel("c-1")

        name = ('"\\\x01;,${X}' + "😀中") * 500
        await call.setChannelVar(variable="NAME", value=name)
        assert (await call.getChannelVar(variable="NAME")).value == name

        await call.setChannelVars(variables={"CASE": {"value": "c&1 +", "report_events": True}})
        assert (await call.get()).channelvars == {"CASE": "c&1 +"}

        played = await call.play(media="tone:450/100,0/100", playbackId="p-1")
        assert played.target_uri == "channel:c-1"
        await client.playback("p-1").stop()
        await until(client, PlaybackFinished, lambda done: done.playback.id == "p-1")

        bridge = await client.bridges.create(type="mixing", bridgeId="b-1", name="房间 1")
        assert bridge.name == "房间 1"
        await client.subscribe("bridge:b-1")
        await client.bridge("b-1").addChannel(channel=["c-1"])
        entered = await until(client, ChannelEnteredBridge)
        assert (entered.bridge.id, entered.channel and entered.channel.id) == ("b-1", "c-1")

        await client.bridge("b-1").record(name="proof/录音 1", format="wav")
        # Asterisk forgets a stop that comes before the start.
        await until(client, RecordingStarted, lambda begun: begun.recording.name == "proof/录音 1")
        await client.recording("proof/录音 1").stop()
        await until(client, RecordingFinished, lambda done: done.recording.name == "proof/录音 1")
        assert (await client.recording("proof/录音 1").getStoredFile()).startswith(b"RIFF")

        await client.bridge("b-1").destroy()
        await until(client, BridgeDestroyed)  # which the end of the channel might overtake
        await call.hangup(reason="busy")
        gone = await until(client, ChannelDestroyed, lambda end: end.channel.id == "c-1")
        assert (gone.cause, gone.cause_txt) == (17, "User busy")
        assert client.subscriptions == ()


async def test_refusals_are_the_errors_that_are_documented(switch: Switch) -> None:
    async with switch.client() as client:
        await client.ready()
        with pytest.raises(NotFound, match="Channel not found"):
            await client.channel("nobody").answer()
        with pytest.raises(ServerError, match="Allocation failed"):
            await client.channels.originate(endpoint="PJSIP/801", app=APP)
        await enter(client, "c-1")
        with pytest.raises(Conflict):
            await client.channels.originate(endpoint="Local/wait@proof", app=APP, channelId="c-1")
        with pytest.raises(InvalidParameter):
            await client.channel("c-1").setChannelVar(variable="NAME", value="half \ud83d")
        with pytest.raises(InvalidParameter):
            await client.over_http().channel("c-1").setChannelVar(variable="NAME", value="cut\0off")
        await client.channel("c-1").hangup()
        await switch.process.kill()  # after a refused duplicate this Asterisk never ends politely


async def test_a_stranger_is_told_so(switch: Switch) -> None:
    async with Client(switch.url, username="nobody", password="nothing", app=APP) as stranger:
        with pytest.raises(Unauthorized):
            await stranger.ready()


async def test_a_broadcast_call_belongs_to_who_claims_it_first(switch: Switch) -> None:
    async with switch.client("proof-1") as first, switch.client("proof-2") as second:
        await first.ready()
        await second.ready()
        await first.channels.originate(
            endpoint="Local/offer@proof/n",
            context="proof",
            extension="wait",
            channelId="far",
            otherChannelId="call",
        )
        for client in (first, second):
            assert (await until(client, CallBroadcast)).channel.id == "call"

        await second.user_events.claimChannel(channelId="call", application="proof-2")
        with pytest.raises(Conflict):
            await first.user_events.claimChannel(channelId="call", application="proof-1")

        start = await until(second, StasisStart)
        assert (start.channel.id, start.args) == ("call", ("hello", "world"))
        await second.channel("call").hangup()


async def test_a_killed_asterisk_is_found_again(switch: Switch) -> None:
    async with switch.client() as client:
        await client.ready()
        await enter(client, "c-1")
        await client.subscribe("endpoint:PJSIP/801")

        await switch.process.kill()
        lost = await until(client, Disconnected)
        assert not lost.final
        with pytest.raises(NotConnected):
            await client.channel("c-1").answer()
        await switch.process.start()

        picture = await until(client, Resynced, deadline=20)
        assert picture.channels == ()
        assert picture.lost == ("channel:c-1",)
        assert picture.application.endpoint_ids == ("PJSIP/801",)
        assert client.subscriptions == ("endpoint:PJSIP/801",)
        await enter(client, "c-2")
        await client.channel("c-2").hangup()


async def kinds_told_when_a_variable_is_set(client: Client, channel: str) -> set[type[StreamItem]]:
    await enter(client, channel)
    await client.channel(channel).setChannelVar(variable="NAME", value="value")
    await client.user_events.userEvent(eventName="that-was-all", application=APP)
    told: set[type[StreamItem]] = set()
    async with asyncio.timeout(10):
        async for item in client.events():
            told.add(type(item))
            if isinstance(item, ChannelUserevent):
                break
    return told


async def test_unwanted_events_are_not_sent_before_or_after_a_reconnection(switch: Switch) -> None:
    async with switch.client() as client:
        await client.ready()
        assert ChannelVarset in await kinds_told_when_a_variable_is_set(client, "c-1")
    async with switch.client(unwanted=[ChannelVarset]) as client:
        await client.ready()
        assert ChannelVarset not in await kinds_told_when_a_variable_is_set(client, "c-2")
        await switch.process.kill()
        await until(client, Disconnected)
        await switch.process.start()
        await until(client, Resynced, deadline=20)
        assert ChannelVarset not in await kinds_told_when_a_variable_is_set(client, "c-3")


async def stands_still(pid: int) -> None:
    """Until every thread has stopped: a busy machine takes a moment, in which one may still answer."""
    while _some_run(pid):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.01)


def _some_run(pid: int) -> bool:
    return any(" T " not in task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/stat"))


async def test_a_frozen_asterisk_is_noticed_and_its_calls_are_found_again(switch: Switch) -> None:
    async with switch.client() as client:
        await client.ready()
        await enter(client, "c-1")
        assert switch.process.pid is not None
        clock = asyncio.get_running_loop().time

        os.kill(switch.process.pid, signal.SIGSTOP)
        try:
            frozen_at = clock()
            await asyncio.wait_for(stands_still(switch.process.pid), 2.0)
            with pytest.raises(RequestTimeout):
                await client.within(0.2).channel("c-1").answer()
            await until(client, Disconnected)
            assert clock() - frozen_at < 5.0
        finally:
            os.kill(switch.process.pid, signal.SIGCONT)

        picture = await until(client, Resynced)
        assert "c-1" in [channel.id for channel in picture.channels]
        assert "c-1" in picture.application.channel_ids
        await client.channel("c-1").hangup()
        await until(client, ChannelDestroyed, lambda end: end.channel.id == "c-1")


async def test_who_connects_later_owns_the_application(switch: Switch) -> None:
    async with switch.client() as old:
        await old.ready()
        await enter(old, "c-1")
        async with switch.client() as new:
            connected = await until(new, Connected)
            assert connected == Connected()
            picture = await until(new, Resynced)
            assert "c-1" in picture.application.channel_ids
            await until(old, ApplicationReplaced)
            assert (await until(old, Disconnected)).final
            with pytest.raises(NotConnected, match="no longer the owner"):
                await old.channel("c-1").hangup()
            await new.channel("c-1").hangup()


async def test_the_example_in_the_documentation_answers_a_call(switch: Switch, tmp_path: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "ari.md").read_text("utf-8")
    example = tmp_path / "example.py"
    example.write_text(page.split("```python\n", 1)[1].split("```", 1)[0], encoding="utf-8")
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        str(example),
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ARI_URL": switch.url,
            "ARI_USER": switch.secrets.ari_user,
            "ARI_PASSWORD": switch.secrets.ari_password,
        },
    )
    try:
        async with asyncio.timeout(10), switch.client() as client:
            assert program.stdout is not None
            assert await program.stdout.readline() == b"connected; 0 channels live\n"
            await client.channels.originate(
                endpoint="Local/hello@proof/n",
                context="proof",
                extension="wait",
                channelId="far",
                otherChannelId="caller",
            )
            await client.subscribe("channel:caller")
            await until(client, PlaybackFinished)
            gone = await until(client, ChannelDestroyed, lambda end: end.channel.id == "caller")
            assert gone.cause == 16
    finally:
        program.kill()
        await program.wait()


async def test_order_holds_under_a_flood(switch: Switch) -> None:
    async with switch.client() as client:
        await client.ready()
        await asyncio.gather(
            *(
                client.user_events.userEvent(eventName="tick", application=APP, variables={"number": number})
                for number in range(500)
            )
        )
        for number in range(500):
            tick = await until(client, ChannelUserevent)
            assert tick.userevent["number"] == number
