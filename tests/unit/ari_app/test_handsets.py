"""The phone of a seat, worked from the agent's screen: hung up, not heard, on hold, and what is known of it after a
restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.desk import SeatState
from ari_app.handsets import HandsetAction, NoCall
from ari_app.taking_over import take_over
from ivr.decide import actions_now
from ivr.events import EmergencyRequested
from ivr.vocabulary import CaseState, Place
from tests.unit.ari_app.fakes import channel, channel_frame, event, picture
from tests.unit.ari_app.platform import CALLER, Platform, platform, whole_recordings
from tests.unit.ari_app.virtual_time import passes, settled

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
pytestmark = pytest.mark.usefixtures("whole_recordings")


async def talking(p: Platform) -> None:
    p.controller.seat_registered("801", is_registered=True)
    await p.sos()
    await p.answers("a-1")
    await p.elder_speaks()
    assert p.case.state is CaseState.TALKING


def places(p: Platform) -> tuple[bool, Place]:
    """Whether the agent holds, and where the elder is."""
    seat, elder = p.case.leg("a-1"), p.case.elder
    assert seat is not None
    assert elder is not None
    return seat.held_at is not None, elder.place


async def test_a_telephone_is_silenced_and_hung_up(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await talking(p)
        seat, handsets, line = p.controller.desk.seat("801"), p.controller.handsets, p.channel("a-1")
        p.ari.asked.clear()
        await handsets.do("801", HandsetAction.MUTE)
        assert p.asked("mute") == [("mute", {"channel": line, "direction": "in"})]
        shown = p.told("seat")[-1]
        assert (shown["phone"], shown["muted"], shown["state"]) == ("telephone", True, "talking")
        await handsets.do("801", HandsetAction.UNMUTE)
        assert (p.told("seat")[-1]["muted"], p.ari.variables[line, "YJT_MUTED"]) == (False, "")
        await handsets.do("801", HandsetAction.MUTE)
        await handsets.do("801", HandsetAction.HANG_UP)
        assert p.asked("hangup") == [("hangup", {"channel": line, "reason": "normal"})]
        await p.ends(line)
        assert (seat.muted, seat.state) == (False, SeatState.WRAP_UP)


async def test_either_phone_is_put_on_hold_by_the_desk_and_taken_back_without_being_asked(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await talking(p)
        handsets, line = p.controller.handsets, p.channel("a-1")
        assert "hold" in actions_now(p.case, p.controller.policy, p.controller.now())
        p.ari.asked.clear()
        await handsets.do("801", HandsetAction.HOLD)
        await settled()
        assert p.asked("mute") == [("mute", {"channel": line, "direction": "both"})]
        assert places(p) == (True, Place.NOWHERE)
        # the telephone's own key changes nothing, nor does a gap
        await p.hears(event("ChannelHold", channel=channel_frame(line, "Up")))
        await p.hears(event("ChannelUnhold", channel=channel_frame(line, "Up")))
        await p.hears(picture(channel(CALLER), channel(line)))
        await settled()
        assert places(p) == (True, Place.NOWHERE)
        await handsets.do("801", HandsetAction.MUTE)
        await handsets.do("801", HandsetAction.UNHOLD)
        await settled()
        assert p.asked("unmute") == [("unmute", {"channel": line, "direction": "out"})]  # silenced still
        assert places(p) == (False, Place.ELDER)
        await handsets.do("801", HandsetAction.HOLD)
        p.run.post(EmergencyRequested(at=p.controller.now()))  # somebody has to be there: nobody asks for a second key
        await settled()
        assert p.case.state is CaseState.EMERGENCY
        assert places(p) == (False, Place.ELDER)


async def test_nobody_is_put_on_hold_before_they_were_heard_or_in_an_emergency(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        with pytest.raises(NoCall, match="not_answered"):
            await p.controller.handsets.do("801", HandsetAction.HOLD)
        await p.answers("a-1")
        for _ in range(2):
            with pytest.raises(NoCall, match="not_to_be_held"):
                await p.controller.handsets.do("801", HandsetAction.HOLD)
            await p.elder_speaks()
            p.run.post(EmergencyRequested(at=p.controller.now()))
            await settled()
        assert not p.asked("mute")


async def test_a_line_that_rings_is_declined_and_cannot_be_silenced(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        p.controller.seat_registered("801", is_registered=True)
        with pytest.raises(NoCall, match="no_call"):
            await p.controller.handsets.do("801", HandsetAction.HANG_UP)
        await p.sos()
        await passes(0.1)
        line = p.channel("a-1")
        with pytest.raises(NoCall, match="not_answered"):
            await p.controller.handsets.do("801", HandsetAction.MUTE)
        await p.controller.handsets.do("801", HandsetAction.HANG_UP)
        assert p.asked("hangup") == [("hangup", {"channel": line, "reason": "rejected"})]
        await p.ends(line, cause=21)
        assert p.controller.desk.seat("801").reason == "no_answer"


async def test_a_telephone_that_rings_is_asked_to_lift_its_handset(tmp_path: Path) -> None:
    asked: list[str] = []

    async def lift(channel: str) -> None:
        asked.append(channel)

    async with platform(tmp_path) as p:
        p.controller.handsets._lift = lift
        p.seats("801")
        await p.sos()
        await passes(0.1)
        line = p.channel("a-1")
        p.ari.living.add(line)
        await p.controller.handsets.do("801", HandsetAction.ANSWER)
        assert asked == [f"PJSIP/{line}"]
        await p.answers("a-1")
        await p.controller.handsets.do("801", HandsetAction.ANSWER)  # it speaks already
        assert len(asked) == 1
        await p.hears(event("ChannelHold", channel=channel_frame(line, "Up")))
        await p.controller.handsets.do("801", HandsetAction.ANSWER)  # the same request takes back what it holds
        assert len(asked) == 2


async def test_which_phone_is_used_is_told_when_it_changes(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        p.controller.seat_registered("801", is_registered=True)
        p.controller.seat_registered("801-page", is_registered=True)
        await p.sos()
        await p.answers("a-1")
        p.controller.seat_registered("801-page", is_registered=False)
        assert p.told("seat")[-1]["phone"] == "page"  # it is the one with the call
        await p.ends(p.channel("a-1"))
        phones = [seat["phone"] for seat in p.told("seat")]
        assert list(dict.fromkeys(phones)) == [None, "telephone", "page"]
        assert phones[-1] == "telephone"


@pytest.mark.parametrize("said", [{}, {"YJT_MUTED": ""}, {"YJT_MUTED": "1"}, {"YJT_ON_HOLD": "1"}])
async def test_after_a_restart_a_silenced_or_held_line_is_known_to_be_one(tmp_path: Path, said: dict[str, str]) -> None:
    async with platform(tmp_path) as before, platform(tmp_path) as p:
        before.seats("801")
        await talking(before)
        line = before.channel("a-1")
        p.seats("801")
        p.ari.variables.update({(line, name): value for name, value in said.items()})
        take_over(p.controller, [(before.case, list(before.run.entries))])
        await p.hears(picture(channel(CALLER), replace(channel(line), name="PJSIP/801-0000001f")))
        await settled()
        shown = p.told("seat")[-1]
        assert (shown["phone"], shown["muted"]) == ("telephone", said.get("YJT_MUTED") == "1")
        assert p.controller.handsets.holds(line) == ("YJT_ON_HOLD" in said)
