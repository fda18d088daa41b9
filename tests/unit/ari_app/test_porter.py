"""The stand-by at the door: it takes what nobody takes, keeps callers company, and hands them to whoever is active."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from ari_app.ari import Client
from ari_app.background import Background
from ari_app.lease import Lease
from ari_app.porter import LET_THE_ACTIVE_ONE, Porter
from dialplan.agi import record
from models.leases import NOBODY, Standing

from .fakes import FakeAri, channel_frame, event, playback_frame, refused

VIRTUAL_TIME = True
ARGS = ["sos", "96890", "02100000007", "r.wav"]


@dataclass
class FakeLease:
    """`active`: the application of the active controller, once it has shown that it lives."""

    active: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def well_since(self, moment: float) -> str:
        return self.active

    async def next_beat(self) -> Standing:
        await self.news.wait()
        self.news.clear()
        return Standing(NOBODY)

    def shows_itself(self, app: str) -> None:
        self.active = app
        self.news.set()


@dataclass
class Door:
    ari: FakeAri
    lease: FakeLease
    porter: Porter
    records: Path

    def offered(self, name: str = "c") -> None:
        self.porter._take(event("CallBroadcast", channel=channel_frame(name, "Ring")))

    def enters(self, name: str = "c") -> None:
        self.porter._take(event("StasisStart", channel=channel_frame(name, "Ring"), args=ARGS))

    def hears_the_welcome_out(self, name: str = "c") -> None:
        frame = playback_frame(f"porter-{name}", f"channel:{name}")
        self.porter._take(event("PlaybackFinished", playback=frame))

    def is_gone(self, name: str = "c") -> None:
        self.porter._take(event("StasisEnd", channel=channel_frame(name)))

    @property
    def asked(self) -> list[str]:
        return self.ari.names


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    ari, lease, background = FakeAri(), FakeLease(), Background()
    porter = Porter(
        cast(Client, ari), cast(Lease, lease), background, app="sos-a-door", prompts=tmp_path, ladder=tmp_path
    )
    yield Door(ari, lease, porter, tmp_path)
    await background.close()


async def a_while(seconds: float = 0.05) -> None:
    """Virtual time: what is due has been done then."""
    await asyncio.sleep(seconds)


async def test_the_call_is_the_active_ones_for_a_moment_then_ours(door: Door) -> None:
    door.offered()
    await a_while(LET_THE_ACTIVE_ONE / 2)
    assert door.asked == []
    await a_while(LET_THE_ACTIVE_ONE)
    assert door.ari.asked == [("claim", {"channel": "c"})]


async def test_what_the_active_one_has_taken_is_left_alone(door: Door) -> None:
    door.ari.refusals["claim"] = refused(409)
    door.offered()
    await a_while(LET_THE_ACTIVE_ONE * 2)
    assert door.porter.callers == 0


async def test_the_caller_is_answered_welcomed_and_hears_music(door: Door) -> None:
    door.enters()
    await a_while()
    assert door.asked == ["answer", "play"]
    door.hears_the_welcome_out()
    await a_while()
    assert door.asked == ["answer", "play", "startMoh"]
    assert door.porter.callers == 1


async def test_they_are_handed_over_as_if_the_dialplan_had_offered_the_call(door: Door) -> None:
    door.enters()
    door.hears_the_welcome_out()
    await a_while()
    door.lease.shows_itself("sos-a-active")
    await a_while()
    assert door.asked[-2:] == ["stopMoh", "move"]
    assert door.ari.asked[-1][1] == {"channel": "c", "app": "sos-a-active", "args": "sos,96890,02100000007,r.wav"}
    door.is_gone()
    await a_while()
    assert door.porter.callers == 0


async def test_a_welcome_that_is_still_played_does_not_keep_the_active_one_waiting(door: Door) -> None:
    door.enters()
    await a_while()
    door.lease.shows_itself("sos-a-active")
    await a_while()
    assert door.asked == ["answer", "play", "stop", "move"]


async def test_an_active_one_that_does_not_take_them_is_asked_again_with_music_meanwhile(door: Door) -> None:
    door.enters()
    door.hears_the_welcome_out()
    await a_while()
    door.lease.shows_itself("sos-a-active")
    await a_while(2.5)
    moves = [number for number, name in enumerate(door.asked) if name == "move"]
    assert len(moves) >= 2
    assert "startMoh" in door.asked[moves[0] : moves[1]]


async def test_this_very_process_becomes_active_and_has_them_all(door: Door) -> None:
    for name in ("c", "d"):
        door.enters(name)
        door.hears_the_welcome_out(name)
    await a_while()
    handing = asyncio.create_task(door.porter.hand_all_to("sos-a-here"))
    await a_while()
    assert sorted(one["channel"] for name, one in door.ari.asked if name == "move") == ["c", "d"]
    assert not handing.done()
    door.is_gone("c")
    door.is_gone("d")
    await asyncio.wait_for(handing, 5)
    door.offered("e")
    await a_while(LET_THE_ACTIVE_ONE * 2)
    assert "claim" not in door.asked  # ours already, in the other application


async def test_a_caller_who_is_sent_back_at_once_is_kept_once_and_let_go_once(door: Door) -> None:
    """The end and the next beginning arrive together, before we have let go of them."""
    door.enters()
    door.hears_the_welcome_out()
    await a_while()
    door.is_gone()
    door.enters()
    await a_while()
    assert door.porter.callers == 1
    assert door.asked[-2:] == ["answer", "play"]
    handing = asyncio.create_task(door.porter.hand_all_to("sos-a-here"))
    await a_while()
    door.is_gone()
    await asyncio.wait_for(handing, 5)
    assert door.porter.callers == 0


async def test_an_alarm_is_on_record_before_anybody_has_it(door: Door) -> None:
    door.porter._write_down("c", tuple(ARGS))
    kept = record.read(door.records / "c.jsonl")
    assert kept is not None
    assert (kept.channel, kept.caller, kept.dialled, kept.recording) == ("c", "02100000007", "96890", "r.wav")
    door.porter._write_down("star", ("star", "801", "*41"))
    assert len([*door.records.iterdir()]) == 1


async def test_a_caller_who_hangs_up_is_let_go(door: Door) -> None:
    door.enters()
    await a_while()
    door.is_gone()
    await a_while()
    assert door.porter.callers == 0
