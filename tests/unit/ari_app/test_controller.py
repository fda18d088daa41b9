"""The controller between a fake Asterisk and its own desk, runner and bus: calls that come in, seats, cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ari_app.board import PUBLISH_EVERY
from ari_app.controller import RETIRE_AFTER
from ari_app.desk import SeatSetup, SeatState
from ari_app.taking_over import take_over
from ivr.commands import FindSeat
from ivr.events import CloseRequested
from ivr.policy import Policy
from ivr.vocabulary import CaseState, Outcome, Role, Skill
from tests.unit.ari_app.fakes import channel, channel_frame, event, picture, refused
from tests.unit.ari_app.platform import APP, CALLER, NUMBER, Platform, platform, whole_recordings
from tests.unit.ari_app.virtual_time import passes, settled

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
pytestmark = pytest.mark.usefixtures("whole_recordings")


async def test_a_call_that_is_offered_is_claimed(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.hears(event("CallBroadcast", channel=channel_frame("new", "Ring")))
        assert p.ari.asked == [("claim", {"channel": "new"})]


@pytest.mark.parametrize("status", [404, 409, 500])
async def test_a_claim_that_is_refused_is_no_harm(tmp_path: Path, status: int) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["claim"] = refused(status)
        await p.hears(event("CallBroadcast", channel=channel_frame("new", "Ring")))
        assert not p.controller.runs


@pytest.mark.clause("K2")
async def test_an_alarm_is_answered_before_anything_else(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.call("sos", "96890", NUMBER, "r.wav")
        assert [name for name in p.ari.names if name != "subscribe"] == ["answer", "play", "create"]
        assert p.asked("subscribe") == [("subscribe", {"sources": (f"channel:{CALLER}",)})]
        assert (p.case.channel, p.case.caller, p.case.tapes[0].file) == (CALLER, NUMBER, "r.wav")


@pytest.mark.clause("X5")
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("anonymous", ""),
        ("+86 21 0000 0007", "+862100000007"),
        ("1" * 100, "1" * 24),
        ("'; --🙂\x00", ""),
        ("${SHELL(id)}7", "7"),
    ],
)
async def test_whatever_the_carrier_sends_the_caller_is_served(tmp_path: Path, sent: str, kept: str) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.call("sos", "", sent, "r.wav")
        assert p.case.caller == (p.controller.reception._register.tidy(kept) if kept else "")
        assert p.asked("originate")


@pytest.mark.parametrize("args", [(), ("sos",), ("sos", "1", "2"), ("nonsense", "1"), ("takeover",)])
async def test_a_call_with_odd_arguments_goes_back_to_the_dialplan(tmp_path: Path, args: tuple[str, ...]) -> None:
    async with platform(tmp_path) as p:
        await p.call(*args)
        assert p.ari.asked == [("continue", {"channel": CALLER, "context": "sos-again"})]
        assert not p.controller.runs


async def test_the_same_call_is_never_opened_twice(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        moved = event(
            "StasisStart", at="2026-01-05T09:00:00.000+0000", args=["takeover"], channel=channel_frame(CALLER)
        )
        await p.hears(moved)
        assert len(p.controller.runs) == 1


async def test_the_file_is_on_the_screen_before_the_phone_is_rung(tmp_path: Path) -> None:
    """Promise 3."""
    async with platform(tmp_path) as p:
        p.seats("801")
        shown: list[bool] = []
        p.ari.watched["originate"] = lambda: shown.append(bool(p.told("screen")))
        run = await p.sos()
        assert shown == [True]
        screen = p.told("screen")[0]
        assert (screen["extension"], screen["case"], screen["role"]) == ("801", run.case.id, "A")
        assert screen["data"]["id"] == run.case.id
        assert p.asked("originate") == [
            (
                "originate",
                {
                    "endpoint": "PJSIP/801",
                    "channel": p.channel("a-1"),
                    "app": APP,
                    "callerId": NUMBER,
                    "timeout": 10,
                },
            )
        ]


async def test_changes_that_come_together_are_told_together(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        assert not p.told("case")
        await passes(0.05)
        assert [case["state"] for case in p.told("case")] == ["arriving"]


async def test_a_caller_who_had_gone_before_we_could_listen(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["subscribe"] = refused(422)
        p.ari.living.discard(CALLER)
        await p.hears(event("StasisStart", args=["sos", "", NUMBER, "r.wav"], channel=channel_frame(CALLER, "Ring")))
        assert (p.case.state, p.case.abandoned) == (CaseState.CALLING_BACK, True)


async def test_a_further_call_that_had_gone_before_we_could_listen(tmp_path: Path) -> None:
    """Or its case could never be closed."""
    async with platform(tmp_path) as p:
        await p.sos()
        p.ari.refusals["subscribe"] = refused(422)
        again = channel_frame("1767600000.8", "Ring")
        await p.hears(event("StasisStart", args=["sos", "", NUMBER, "r.wav"], channel=again))
        (second,) = [leg for leg in p.case.legs if leg.id != "elder"]
        assert not second.alive
        assert p.case.elder_up


async def test_a_caller_whom_we_cannot_watch_but_who_is_there(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals["subscribe"] = refused(500)
        await p.sos()
        assert p.case.elder_up


async def test_events_of_nobodys_case_are_passed_over(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.ends("yjt.20260101-000000-0000.a-1")
        assert not p.controller.runs


async def test_a_register_that_is_away_makes_an_unknown_caller(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        unknown = next(entry for entry in p.run.entries if entry.event == "caller_unknown")
        assert unknown.data["reason"] == "away"


# --- seats ------------------------------------------------------------------------------------------------------------


async def at_work(p: Platform) -> None:
    p.seats("801")
    await p.sos()
    await p.answers("a-1")
    await p.elder_speaks()
    assert p.case.state is CaseState.TALKING


async def test_a_seat_talks_wraps_up_and_is_ready(tmp_path: Path) -> None:
    async with platform(tmp_path, policy=Policy(wrap_up=60)) as p:
        await at_work(p)
        seat = p.controller.desk.seat("801")
        assert seat.state is SeatState.TALKING
        await p.ends(p.channel("a-1"))
        assert seat.state is SeatState.WRAP_UP
        await passes(59)
        assert seat.state is SeatState.WRAP_UP
        await passes(2)
        assert seat.state is SeatState.READY
        assert [told["state"] for told in p.told("seat")][-1] == "ready"


async def test_an_earlier_wrap_up_does_not_shorten_the_next(tmp_path: Path) -> None:
    async with platform(tmp_path, policy=Policy(wrap_up=60)) as p:
        await at_work(p)
        await p.ends(p.channel("a-1"))
        desk, seat = p.controller.desk, p.controller.desk.seat("801")
        await passes(30)
        desk.wrap_up_done("801")
        await p.ends(CALLER)
        before = set(p.controller.runs)
        await p.call("sos", "", NUMBER, "r.wav", channel="1767600000.8")
        (second,) = (run for key, run in p.controller.runs.items() if key not in before)
        await p.hears(event("StasisStart", args=[], channel=channel_frame(f"yjt.{second.case.id}.a-1")))
        await p.hears(event("ChannelStateChange", channel=channel_frame("1767600000.8", "Up")))
        await p.elder_speaks(second)
        await p.ends(f"yjt.{second.case.id}.a-1")
        assert seat.state is SeatState.WRAP_UP
        await passes(40)  # the first wrap-up would have been over
        assert seat.state is SeatState.WRAP_UP
        await passes(30)
        assert seat.state is SeatState.READY


async def test_a_seat_that_leaves_the_records_while_wrapping_up(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await at_work(p)
        await p.ends(p.channel("a-1"))
        p.controller.desk.load([])
        await passes(120)
        assert not p.controller.desk.seats


@pytest.mark.parametrize(("phone", "after"), [("online", SeatState.READY), ("offline", SeatState.OFFLINE)])
async def test_a_phone_that_could_not_be_reached_is_asked_for_again(
    tmp_path: Path, phone: str, after: SeatState
) -> None:
    """Asterisk tells changes only: a phone that is registered all the time would stay out for ever."""
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        p.ari.phones["801"] = phone
        await p.ends(p.channel("a-1"), cause=20)
        assert p.controller.desk.seat("801").state is SeatState.OFFLINE
        await passes(5)
        p.controller.desk.stop_finding(p.case.id, Role.A)
        await passes(10)
        assert p.controller.desk.seat("801").state is after


async def test_a_seat_that_is_reserved_for_a_case_that_is_gone_comes_back(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.controller.desk.load([SeatSetup("801", "801", willing=True)])
        p.controller.desk.find("gone", FindSeat(Role.A, Skill.AGENT))
        p.controller.desk.registered("801", is_registered=True)
        assert p.controller.desk.seat("801").state is SeatState.READY


async def test_phones_that_are_no_seats_are_nobodys(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        endpoint = {"technology": "PJSIP", "resource": "trunk", "state": "online", "channel_ids": []}
        await p.hears(event("EndpointStateChange", endpoint=endpoint))
        assert not p.controller.desk.seats


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_closed_case_stays_a_little_and_leaves_nothing(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await at_work(p)
        run = p.run
        asked = await run.request(
            CloseRequested(at=p.controller.now(), actor="seat:801", outcome=Outcome.OTHER, note="")
        )
        assert asked is None
        await p.ends(p.channel("a-1"))
        await p.ends(CALLER)
        await settled()
        assert run.case.state is CaseState.CLOSED
        await passes(RETIRE_AFTER / 2)
        assert p.events[-1] == "recording_ended"
        await passes(RETIRE_AFTER)
        assert not p.controller.runs
        assert p.told("closed") == [{"id": run.case.id}]
        assert p.controller.lines.inbound == {}
        assert all(task.done() for task in run._tasks)


async def test_what_does_not_work_is_told(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        assert p.controller.degraded == ["asterisk: not connected to Asterisk yet"]
        p.controller.link_lost("broken", final=False)
        assert p.controller.degraded == ["asterisk: broken"]
        picture = json.loads(p.controller.picture())
        assert picture["degraded"] == ["asterisk: broken"]
        assert (picture["app"], picture["seq"], picture["cases"]) == (APP, p.controller.bus.seq, [])


async def news_while_somebody_calls(p: Platform) -> int:
    """Another call is offered, and right then a case changes; how many pictures of cases there were before."""
    first = await p.sos()
    await passes(1)
    seen = len(p.told("case"))
    await p.hears(event("CallBroadcast", channel=channel_frame("c-2", "Ring")))
    await p.elder_speaks(first)
    return seen


async def test_pictures_for_screens_let_a_caller_go_first(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        seen = await news_while_somebody_calls(p)
        await passes(PUBLISH_EVERY + 0.02)
        assert len(p.told("case")) == seen

        await p.call("sos", "96890", "02100000008", "2026/01/05/y.wav", channel="c-2")
        assert ("answer", {"channel": "c-2"}) in p.asked()
        await passes(0.01)
        assert len(p.told("case")) == seen + 1


async def test_pictures_come_although_a_caller_is_never_answered(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        seen = await news_while_somebody_calls(p)
        await passes(2 * PUBLISH_EVERY + 0.02)
        assert len(p.told("case")) == seen + 1


async def test_who_hangs_up_in_a_storm_is_rung_back_in_order_and_not_all_at_once(tmp_path: Path) -> None:
    policy = Policy.of({"ringing_at_once": 2, "call_back_pause": 1, "crowd": 1000})
    async with platform(tmp_path, policy=policy) as p:
        for number in range(4):
            await p.call("sos", "96890", f"0210000000{number}", "r.wav", channel=f"c-{number}")
            await p.hears(event("ChannelStateChange", channel=channel_frame(f"c-{number}", "Up")))
        for number in range(4):
            await p.ends(f"c-{number}")
        await passes(1.1)

        def rung() -> list[str]:
            return [asked["endpoint"].partition(":")[2].partition("@")[0] for _, asked in p.asked("originate")]

        assert rung() == ["02100000000", "02100000001"]
        assert [p.controller.outgoing.waiting, p.controller.outgoing.ringing] == [2, 2]
        first = next(asked["channel"] for _, asked in p.asked("originate"))
        await p.ends(first, cause=19)
        assert rung() == ["02100000000", "02100000001", "02100000002"]


async def test_a_line_that_waits_is_hung_up_without_asterisk(tmp_path: Path) -> None:
    policy = Policy.of({"ringing_at_once": 2, "call_back_pause": 1, "crowd": 1000})
    async with platform(tmp_path, policy=policy) as p:
        for number in range(3):
            await p.call("sos", "96890", f"0210000000{number}", "r.wav", channel=f"c-{number}")
            await p.ends(f"c-{number}")
        await passes(1.1)
        last = [*p.controller.runs.values()][-1]
        close = CloseRequested(at=p.controller.now(), actor="user:1", outcome=Outcome.OTHER, note="")
        assert await last.request(close) is None
        await settled()
        assert last.case.state is CaseState.CLOSED
        assert not p.asked("hangup")
        assert p.controller.outgoing.waiting == 0


async def test_who_waits_learns_how_long_the_row_is(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        for number in range(3):
            await p.call("sos", "96890", f"0210000000{number}", "r.wav", channel=f"c-{number}")
        await settled()
        assert [run.case.ahead for run in p.controller.runs.values()] == [0, 1, 2]


async def test_a_call_back_that_waited_for_its_turn_is_made_by_the_next_controller(tmp_path: Path) -> None:
    policy = Policy.of({"ringing_at_once": 2, "call_back_pause": 1, "crowd": 1000})
    async with platform(tmp_path, policy=policy) as p:
        for number in range(3):
            await p.call("sos", "96890", f"0210000000{number}", "r.wav", channel=f"c-{number}")
            await p.ends(f"c-{number}")
        await passes(1.1)
        left = [(run.case, list(run.entries)) for run in p.controller.runs.values()]
        dialled = [asked["channel"] for _, asked in p.asked("originate")]
    async with platform(tmp_path, policy=policy) as p:
        take_over(p.controller, left)
        await settled()
        assert not p.asked("originate"), "Asterisk has not told yet which lines there are"
        p.ari.living.add(dialled[0])
        await p.hears(picture(channel(dialled[0], "Ring"), ours=[]))
        rung = [asked["channel"] for _, asked in p.asked("originate")]
        assert rung == [dialled[1]], "the first rings already"
        await p.ends(dialled[0], cause=19)
        assert len(p.asked("originate")) == 2
        assert [run.case.state for run in p.controller.runs.values()] == [CaseState.CALLING_BACK] * 3
