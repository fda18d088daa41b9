"""Seats: one after the other until somebody answers; phones that break; seats that come too late."""

from __future__ import annotations

import pytest

from ivr.commands import Dial, FindSeat, Hangup, ReleaseSeat, ShowFile, StopFindingSeat
from ivr.events import (
    CommandFailed,
    LegAnswered,
    LegEnded,
    SeatReserved,
    StandDownRequested,
)
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Prompt, Result, Role, SeatRelease, Skill
from tests.unit.ivr.world import POLICY, World

BROKEN = 38  # Q.850: network out of order


def test_a_seat_that_does_not_answer_is_given_back_and_the_next_one_rung(ringing: World) -> None:
    commands = ringing.wait(POLICY.seat_ring + 0.5)
    about_seats = [command for command in commands if isinstance(command, ReleaseSeat | FindSeat | ShowFile | Dial)]
    assert about_seats == [
        ReleaseSeat("801", SeatRelease.NO_ANSWER),
        FindSeat(Role.A, Skill.AGENT),
        ShowFile("802", Role.A),
        Dial("a-2", LegKind.SEAT, "802", POLICY.seat_ring),
    ]
    assert ringing.leg("a-1").result is Result.NO_ANSWER
    ringing.answer("a-2")
    assert ringing.case.state is CaseState.TALKING


@pytest.mark.parametrize(
    ("cause", "result", "why"),
    [
        (17, Result.BUSY, SeatRelease.NO_ANSWER),
        (19, Result.NO_ANSWER, SeatRelease.NO_ANSWER),
        (21, Result.REJECTED, SeatRelease.NO_ANSWER),
        (27, Result.UNREACHABLE, SeatRelease.UNREACHABLE),
        (1, Result.WRONG_NUMBER, SeatRelease.UNREACHABLE),
        (111, Result.NO_ANSWER, SeatRelease.NO_ANSWER),
    ],
)
def test_the_desk_is_told_why_a_seat_did_not_answer(
    ringing: World, cause: int, result: Result, why: SeatRelease
) -> None:
    commands = ringing.hang_up("a-1", cause)
    assert ringing.leg("a-1").result is result
    assert commands[0] == ReleaseSeat("801", why)


def test_a_seat_that_cannot_be_dialled_is_skipped(ringing: World) -> None:
    ringing.refuse_next.add(Dial)
    commands = ringing.hang_up("a-1", 19)
    assert ReleaseSeat("802", SeatRelease.UNREACHABLE) in commands
    assert ringing.live == {"elder", "a-3"}
    assert ringing.case.state is CaseState.RINGING_SEATS


def test_while_every_seat_is_busy_the_call_waits_for_the_first_that_is_free() -> None:
    world = World(seats=[])
    world.call()
    world.wait(POLICY.overflow_seats - 1)
    assert world.case.state is CaseState.ARRIVING
    world.seats.append("801")
    world.give_seats()
    assert world.settle() == (ShowFile("801", Role.A), Dial("a-1", LegKind.SEAT, "801", POLICY.seat_ring))


def test_a_phone_that_breaks_in_mid_talk_is_replaced_and_the_elder_is_not_left_in_an_empty_bridge(
    talking: World,
) -> None:
    talking.hang_up("a-1", BROKEN)
    assert talking.case.state is CaseState.RINGING_SEATS
    assert talking.alarms == [AlarmKind.SEAT_LOST]
    assert talking.hears("elder") is Prompt.HOLD
    talking.answer("a-2")
    assert talking.hears("elder") == {"a-2"}


def test_an_agent_who_hangs_up_ends_the_talk_with_a_goodbye(talking: World) -> None:
    talking.hang_up("a-1")
    assert talking.case.state is CaseState.WRAPPING_UP
    assert talking.hears("elder") is Prompt.GOODBYE
    talking.hear_out("elder")
    assert talking.live == set()
    assert talking.held == []


def test_a_repeated_reservation_neither_rings_the_seat_twice_nor_gives_it_back(ringing: World) -> None:
    assert ringing.feed(SeatReserved(at=ringing.now, role=Role.A, extension="801")) == ()


def test_a_seat_that_comes_after_the_search_was_stopped_goes_back(emergency: World) -> None:
    emergency.seats.clear()
    emergency.hang_up("b-1", 19)  # B is looked for again; the seat is on its way when the alarm is stood down
    emergency.seats.append("809")
    emergency.give_seats()
    assert StopFindingSeat(Role.B) in emergency.feed(StandDownRequested(at=emergency.now))
    assert emergency.settle() == (ReleaseSeat("809", SeatRelease.NOT_NEEDED),)


def test_a_seat_that_answers_when_the_caller_has_gone_waits_for_the_call_back(ringing: World) -> None:
    ringing.pick_up("a-1")
    ringing.break_off("elder")
    ringing.feed(ringing.coming.pop())  # the end of the elder's line is heard first
    ringing.settle()
    ringing.wait(POLICY.call_back_pause)
    ringing.answer("elder-2")
    assert ringing.hears("elder-2") == {"a-1"}
    assert ringing.case.state is CaseState.TALKING


def test_a_seat_that_answers_when_a_caller_without_a_number_has_gone_is_hung_up_on() -> None:
    world = World(file=None)
    world.call("")
    world.pick_up("a-1")
    world.break_off("elder")
    world.feed(world.coming.pop())
    commands = world.settle()
    assert Hangup("a-1") in commands
    assert ReleaseSeat("801", SeatRelease.NOT_NEEDED) in commands
    assert world.live == set()


def test_a_seat_that_answers_after_its_dialling_had_failed_is_not_left_in_silence(ringing: World) -> None:
    dial = Dial("a-1", LegKind.SEAT, "801", POLICY.seat_ring)
    ringing.tell(CommandFailed(at=ringing.now, command=dial, reason="no answer from Asterisk in time"))
    assert ringing.live == {"elder", "a-2"}
    assert ringing.feed(LegAnswered(at=ringing.now, leg="a-1")) == (Hangup("a-1"),)


def test_a_failure_that_is_told_of_a_phone_which_talks_already_ends_nothing(talking: World) -> None:
    dial = Dial("a-1", LegKind.SEAT, "801", POLICY.seat_ring)
    before = talking.case
    assert talking.tell(CommandFailed(at=talking.now, command=dial, reason="no answer from Asterisk in time")) == ()
    assert talking.case == before


def test_helpers_who_are_still_being_hung_up_when_the_agent_is_lost_are_no_seats(rescue: World) -> None:
    rescue.feed(StandDownRequested(at=rescue.now))
    helpers = [event for event in rescue.coming if isinstance(event, LegEnded) and event.leg != "b-1"]
    rescue.coming = [event for event in rescue.coming if event not in helpers]
    rescue.hang_up("a-1", BROKEN)
    assert rescue.case.state is CaseState.RINGING_SEATS
    rescue.coming += helpers
    assert [command for command in rescue.settle() if isinstance(command, ReleaseSeat)] == []
    assert rescue.live == {"elder", "a-2"}
