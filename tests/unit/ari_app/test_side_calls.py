"""Star codes of a seat's phone and the terminals' test line: answered, done, confirmed, hung up; never an alarm."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.desk import SeatState
from ivr.vocabulary import CaseState, Prompt, SeatRelease
from tests.unit.ari_app.fakes import event, playback_frame, refused
from tests.unit.ari_app.platform import Platform, platform, whole_recordings

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
pytestmark = pytest.mark.usefixtures("whole_recordings")
SIDE = "1767600000.99"


async def dials(p: Platform, code: str, *, seat: str = "801", channel: str = SIDE) -> Prompt | None:
    """A seat dials the code; what it hears."""
    p.ari.asked.clear()
    await p.call("star", seat, code, channel=channel)
    played = [asked["media"] for name, asked in p.ari.asked if name == "play" and asked["channel"] == channel]
    return Prompt(played[0]) if played else None


async def heard_out(p: Platform, state: str = "done") -> None:
    await p.hears(event("PlaybackFinished", playback=playback_frame("s", f"channel:{SIDE}", state)))


async def test_ready_and_pause(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        seat = p.controller.desk.seat("801")
        assert await dials(p, "*42") is Prompt.PAUSED
        assert (seat.state, seat.reason) == (SeatState.PAUSED, "phone")
        assert await dials(p, "*41", channel="another") is Prompt.READY
        assert seat.state is SeatState.READY


async def test_wrap_up_done(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        p.controller.desk.release(p.case.id, "801", SeatRelease.TALKED)
        assert await dials(p, "*43") is Prompt.WRAP_UP_DONE
        assert p.controller.desk.seat("801").state is SeatState.READY


@pytest.mark.parametrize(
    ("code", "confirmed", "state"),
    [
        ("*44", Prompt.EMERGENCY_STARTED, CaseState.EMERGENCY),
        ("*45", Prompt.SILENT_STARTED, CaseState.CALLING_BACK),
    ],
)
async def test_a_decision_on_the_call_that_the_seat_is_in(
    tmp_path: Path, code: str, confirmed: Prompt, state: CaseState
) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        await p.answers("a-1")
        assert await dials(p, code) is confirmed
        assert p.case.state is state
        assert p.run.entries[-1].actor == "seat:801"


@pytest.mark.parametrize("code", ["*44", "*45"])
async def test_emergency_without_a_call(tmp_path: Path, code: str) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        assert await dials(p, code) is Prompt.NOT_IN_CALL


async def test_emergency_before_the_seat_has_answered_is_refused(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        assert await dials(p, "*44") is Prompt.NOT_IN_CALL
        assert p.case.state is CaseState.RINGING_SEATS


@pytest.mark.parametrize("code", ["*46", "", "*4", "'; --", "🙂"])
async def test_a_code_that_nobody_knows(tmp_path: Path, code: str) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        assert await dials(p, code) is Prompt.SORRY_LATER


@pytest.mark.parametrize("code", ["*41", "*42", "*43"])
async def test_a_phone_that_the_desk_does_not_know_is_told_so(tmp_path: Path, code: str) -> None:
    async with platform(tmp_path) as p:
        assert await dials(p, code, seat="899") is Prompt.SORRY_LATER
        assert SIDE in p.controller.side_calls_live
        await heard_out(p)
        assert p.ari.asked[-1] == ("hangup", {"channel": SIDE})


@pytest.mark.clause("S8")
async def test_a_terminal_test_is_heard_and_is_no_alarm(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.call("test", "+862100000007", channel=SIDE)
        said = " ".join(f"digit_{digit}" for digit in "02100000007")
        assert p.ari.asked == [
            ("answer", {"channel": SIDE}),
            ("play", {"channel": SIDE, "media": f"test_ok {said}", "playback": ""}),
        ]
        assert not p.controller.runs


@pytest.mark.parametrize("state", ["done", "failed"])
async def test_it_is_hung_up_after_the_prompt_once(tmp_path: Path, state: str) -> None:
    async with platform(tmp_path) as p:
        await p.call("test", "1", channel=SIDE)
        await heard_out(p, state)
        await heard_out(p, state)
        assert [asked for asked in p.ari.asked if asked[0] == "hangup"] == [("hangup", {"channel": SIDE})]
        assert not p.controller.side_calls_live


async def test_who_hangs_up_first_is_left_in_peace(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.call("test", "1", channel=SIDE)
        await p.ends(SIDE)
        await heard_out(p)
        assert not p.asked("hangup")
        assert not p.controller.side_calls_live


@pytest.mark.parametrize(("status", "hung_up"), [(404, False), (500, True)])
async def test_a_call_that_cannot_be_served_is_ended(tmp_path: Path, status: int, hung_up: bool) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["play"] = refused(status)
        await p.call("test", "1", channel=SIDE)
        assert bool(p.asked("hangup")) is hung_up
        assert not p.controller.side_calls_live


async def test_a_hang_up_that_comes_too_late_is_no_harm(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["hangup"] = refused(404)
        await p.call("test", "1", channel=SIDE)
        await heard_out(p)
        assert not p.controller.side_calls_live
