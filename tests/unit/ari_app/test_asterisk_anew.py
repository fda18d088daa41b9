"""Asterisk was started anew, or the link to it was away: who is rung and when, what is tried, what is made good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.ari.errors import LinkLost, RequestTimeout
from ari_app.ari.messages import Disconnected
from ari_app.catching_up import PHONE_AGAIN
from ari_app.desk import SeatState
from ari_app.resync import UNDER_WAY
from ari_app.standing import LINK_PATIENCE
from ari_app.taking_over import take_over
from ivr import ids
from ivr.events import CallRequested, CloseRequested, EmergencyRequested
from ivr.vocabulary import CaseState, LegKind, Outcome, Place, Result
from tests.unit.ari_app.fakes import bridge, channel, picture
from tests.unit.ari_app.platform import CALLER, Platform, passes, platform, whole_recordings
from tests.unit.ari_app.virtual_time import settled

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
pytestmark = pytest.mark.usefixtures("whole_recordings")


async def talking(p: Platform) -> None:
    p.seats("801")
    await p.sos()
    await p.answers("a-1")
    await p.elder_speaks()
    assert p.case.state is CaseState.TALKING


async def is_started_anew(p: Platform, *, endpoints: tuple[tuple[str, str], ...] = ()) -> None:
    """It died with all that lived in it, and is back."""
    await p.hears(Disconnected("the link ended", final=False))
    p.ari.living.clear()
    p.ari.asked.clear()
    started = p.controller.now() + timedelta(milliseconds=1)
    await p.hears(picture(started=started, endpoints=endpoints))


def rung(p: Platform) -> list[str]:
    return [str(asked["channel"]).rpartition(".")[2] for _, asked in p.asked("originate")]


# --- Asterisk was started anew ----------------------------------------------------------------------------------------


async def test_elder_and_seat_are_rung_again(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        await is_started_anew(p)
        assert rung(p) == ["elder-2", "a-2"]
        assert "lines_broke" in p.events
        assert p.controller.desk.seat("801").state is SeatState.RESERVED
        assert not p.controller.lines.inbound


async def test_it_is_told_once(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        await is_started_anew(p)
        started = p.case.exchange_since
        names = [p.channel("elder-2"), p.channel("a-2")]
        p.ari.living |= set(names)
        await p.hears(picture(*(channel(name, "Ringing") for name in names), started=started))
        assert p.events.count("lines_broke") == 1
        assert all(leg.alive for leg in p.case.legs[-2:])


async def test_a_case_that_is_younger_than_this_asterisk_only_lost_its_line(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        started = p.controller.now()
        await talking(p)
        await p.hears(picture(channel(p.channel("a-1")), started=started))
        assert p.case.state is CaseState.WRAPPING_UP
        assert "lines_broke" not in p.events


async def test_a_case_that_lives_in_it_is_left_alone_whatever_the_clocks_say(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        later = p.controller.now() + timedelta(hours=1)
        await p.hears(picture(channel(CALLER), channel(p.channel("a-1")), started=later))
        assert p.case.state is CaseState.TALKING


async def test_controller_and_asterisk_were_both_started_anew(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        case, entries = p.case, list(p.run.entries)
    async with platform(tmp_path) as p:
        p.seats("801")
        take_over(p.controller, [(case, entries)])
        await is_started_anew(p)
        assert rung(p) == ["elder-2", "a-2"]


async def test_many_are_rung_in_turn(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        for number in range(30):
            await p.call("sos", "96890", f"021000001{number:02}", "x.wav", channel=f"1767600000.{100 + number}")
        await is_started_anew(p)
        assert len(rung(p)) == 1
        await passes(p.controller.policy.revival_gap * 2)
        assert len(rung(p)) == 3
        await passes(p.controller.policy.revival_within)
        assert len(rung(p)) == 30
        numbers = [asked["endpoint"] for _, asked in p.asked("originate")]
        assert numbers == [f"PJSIP/trunk/sip:021000001{number:02}@127.0.0.1:5999" for number in range(30)]


async def test_a_phone_that_it_has_not_asked_yet_can_be_rung_at_once(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        p.seats("802", "803")
        p.ari.phones |= {"801": "online", "802": "offline"}
        await is_started_anew(p, endpoints=(("801", "offline"), ("802", "offline"), ("803", "online")))
        seats = p.controller.desk.seats
        assert [seats[one].registered for one in ("801", "802", "803")] == [True, True, True]
        await passes(PHONE_AGAIN)
        assert seats["802"].state is SeatState.OFFLINE
        assert seats["801"].registered


# --- while there is no link -------------------------------------------------------------------------------------------


async def test_what_is_decided_without_a_link_waits_for_it(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        await p.hears(Disconnected("the link ended", final=False))
        p.ari.asked.clear()
        await p.run.request(CallRequested(at=p.controller.now(), actor="seat:801", target="number:02100000009"))
        await passes(LINK_PATIENCE / 2)
        assert p.ari.asked == []
        lines = (channel(CALLER), channel(p.channel("a-1")))
        p.ari.living |= {CALLER, p.channel("a-1")}
        await p.hears(picture(*lines))
        assert rung(p) == ["number-1"]


async def test_not_for_ever(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        await p.hears(Disconnected("the link ended", final=False))
        p.ari.refusals["originate"] = LinkLost("no link")
        await p.run.request(CallRequested(at=p.controller.now(), actor="seat:801", target="number:02100000009"))
        await passes(LINK_PATIENCE + 1)
        assert p.case.leg("number-1").result is Result.UNREACHABLE  # type: ignore[union-attr]


async def test_what_was_to_be_done_on_lines_that_broke_is_not_tried(tmp_path: Path) -> None:
    """120 above all: whoever wanted it is told, and decides again."""
    async with platform(tmp_path) as p:
        await talking(p)
        await p.hears(Disconnected("the link ended", final=False))
        await p.run.request(EmergencyRequested(at=p.controller.now(), actor="seat:801"))
        await p.run.request(CallRequested(at=p.controller.now(), actor="seat:801", target="120"))
        await passes(3)
        await is_started_anew(p)
        await passes(LINK_PATIENCE)
        assert "120-1" not in rung(p)
        assert [leg.id for leg in p.case.legs if leg.kind is LegKind.SERVICE] == ["120-1"]
        assert {"add", "record"}.isdisjoint(p.ari.names)
        assert "service_lost" in [alarm["alarm"] for alarm in p.told("alarm")]


# --- what was lost on the way -----------------------------------------------------------------------------------------


def timeout() -> RequestTimeout:
    return RequestTimeout("no answer")


async def test_people_are_brought_together_who_should_have_been(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        p.ari.refusals["add"] = timeout()
        await p.answers("a-1")
        p.ari.refusals.clear()
        p.ari.asked.clear()
        p.ari.standing = {ids.bridge_id(p.case.id, Place.ELDER): {CALLER}}
        await p.hears(picture(channel(CALLER), channel(p.channel("a-1"))))
        assert p.asked("add") == [
            ("add", {"bridge": ids.bridge_id(p.case.id, Place.ELDER), "channel": p.channel("a-1")})
        ]


async def test_a_bridge_that_was_never_made_is_made(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["create"] = timeout()
        await p.sos()
        p.ari.refusals.clear()
        p.ari.asked.clear()
        await p.hears(picture(channel(CALLER)))
        assert p.asked("create") == [("create", {"bridge": ids.bridge_id(p.case.id, Place.ELDER)})]


async def test_who_was_to_be_answered_is(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["answer"] = timeout()
        await p.call("sos", "96890", "02100000007", "x.wav")
        p.ari.refusals.clear()
        p.ari.asked.clear()
        await p.hears(picture(channel(CALLER, "Ring")))
        assert p.asked("answer") == [("answer", {"channel": CALLER})]


async def test_who_was_to_be_taken_out_is(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        p.ari.refusals["remove"] = timeout()
        await p.ends(p.channel("a-1"), cause=38)
        p.ari.refusals.clear()
        p.ari.asked.clear()
        elders = ids.bridge_id(p.case.id, Place.ELDER)
        p.ari.standing = {elders: {CALLER}}
        await p.hears(picture(channel(CALLER)))
        assert p.asked("remove") == [("remove", {"bridge": elders, "channel": CALLER})]


async def test_who_was_to_be_hung_up_is(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        seat = p.channel("a-1")
        p.ari.refusals["hangup"] = timeout()
        await p.run.request(CloseRequested(at=p.controller.now(), actor="seat:801", outcome=Outcome.OTHER, note=""))
        await settled()
        p.ari.refusals.clear()
        p.ari.asked.clear()
        await p.hears(picture(channel(seat)))
        assert ("hangup", {"channel": seat}) in p.ari.asked


async def test_a_phone_that_rings_although_it_was_given_up_is_hung_up(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["originate"] = timeout()
        p.seats("801")
        await p.sos()
        assert not p.case.leg("a-1").alive  # type: ignore[union-attr]
        p.ari.asked.clear()
        await p.hears(picture(channel(CALLER), channel(p.channel("a-1"), "Ringing")))
        assert ("hangup", {"channel": p.channel("a-1")}) in p.ari.asked


async def test_bridges_that_nobody_wants_any_more_are_removed(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        mine, foreign = ids.bridge_id(p.case.id, Place.ELDER), "somebody-elses"
        over, in_use = ids.bridge_id("over", Place.ELDER), ids.bridge_id("over", Place.RESCUE)
        never = ids.bridge_id(p.case.id, Place.RESCUE)
        names = [bridge(name) for name in (mine, foreign, over, never)]
        lines = (channel(CALLER), channel(p.channel("a-1")))
        await p.hears(picture(*lines, bridges=[*names, bridge(in_use, "somebody")]))
        assert p.asked("destroy") == [("destroy", {"bridge": over}), ("destroy", {"bridge": never})]


async def test_when_nothing_was_lost_nothing_is_looked_for(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        p.ari.asked.clear()
        await p.hears(picture(channel(CALLER), channel(p.channel("a-1"))))
        assert p.ari.asked == []


# --- who was handed to us when the link broke -------------------------------------------------------------------------


def just_now(p: Platform) -> str:
    return p.controller.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


async def test_a_caller_of_whom_only_the_dead_link_was_told_goes_back_to_the_start(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.living.add(CALLER)
        await p.hears(picture(channel(CALLER, "Ring", app="StasisBroadcast", creationtime=just_now(p))))
        assert p.ari.asked == []
        await passes(UNDER_WAY.total_seconds())
        assert p.asked("continue") == [("continue", {"channel": CALLER, "context": "sos-again"})]


async def test_a_caller_who_comes_in_meanwhile_is_left_where_they_are(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.hears(picture(channel(CALLER, "Ring", app="StasisBroadcast", creationtime=just_now(p))))
        await p.sos()
        await passes(UNDER_WAY.total_seconds())
        assert not p.asked("continue")
