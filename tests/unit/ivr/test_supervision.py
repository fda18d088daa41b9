"""Supervisors: whom they hear, who hears them, and that neither the elder nor the case's end depends on them."""

from __future__ import annotations

import pytest

from ivr.commands import Dial, Hangup, ReleaseSeat, ShowFile, Snoop
from ivr.events import (
    ArrivalReported,
    CloseRequested,
    HangupRequested,
    MergeRequested,
    SplitRequested,
    StandDownRequested,
    SuperviseEndRequested,
)
from ivr.vocabulary import (
    AlarmKind,
    CaseState,
    LegKind,
    Mode,
    Outcome,
    Place,
    Prompt,
    Refusal,
    Role,
    SeatRelease,
)
from tests.unit.ivr.world import World, refusal


@pytest.fixture
def listening(rescue: World) -> World:
    """A supervisor (880) listens to B, who is with the elder."""
    rescue.supervise(Mode.LISTEN)
    rescue.answer("s-1")
    return rescue


def test_the_file_is_shown_then_the_seat_is_rung(rescue: World) -> None:
    commands = rescue.supervise(Mode.LISTEN)
    assert commands == (ShowFile("880", Role.S), Dial("s-1", LegKind.SEAT, "880", rescue.policy.seat_ring))
    assert Snoop("snoop-1", "b-1", whisper=False) in rescue.answer("s-1")
    assert rescue.hears("s-1") == {"snoop-1"}
    assert rescue.hears("elder") == {"b-1"}


def test_a_whisper_goes_to_the_agent(rescue: World) -> None:
    rescue.supervise(Mode.WHISPER, leg="a-1")
    assert Snoop("snoop-1", "a-1", whisper=True) in rescue.answer("s-1")


def test_only_agents_are_whispered_to(rescue: World) -> None:
    assert refusal(rescue.supervise(Mode.WHISPER, leg="elder")) is Refusal.UNKNOWN_LEG
    assert refusal(rescue.supervise(Mode.WHISPER, leg="120-1")) is Refusal.UNKNOWN_LEG
    assert refusal(rescue.supervise(Mode.LISTEN, leg="contact-1-1")) is Refusal.LEG_NOT_ANSWERED
    assert refusal(rescue.supervise(Mode.LISTEN, leg="nobody")) is Refusal.UNKNOWN_LEG
    assert refusal(rescue.supervise(Mode.LISTEN, leg="120-1")) is None


def test_barging_in_and_back(listening: World) -> None:
    listening.supervise(Mode.BARGE)
    assert listening.hears("elder") == {"b-1", "s-1"}
    assert not any(listening.case.live(LegKind.SNOOP))
    listening.supervise(Mode.LISTEN)
    assert listening.hears("elder") == {"b-1"}
    assert listening.hears("s-1") == {"snoop-2"}


def test_from_listening_to_whispering(listening: World) -> None:
    assert Snoop("snoop-2", "b-1", whisper=True) in listening.supervise(Mode.WHISPER)
    assert listening.hears("s-1") == {"snoop-2"}
    assert refusal(listening.supervise(Mode.WHISPER)) is Refusal.ALREADY_DONE


def test_the_supervisor_leaves_without_wrap_up(listening: World) -> None:
    commands = listening.ask(SuperviseEndRequested)
    assert ReleaseSeat("880", SeatRelease.NOT_NEEDED) in commands
    assert listening.live == {"elder", "a-1", "b-1", "120-1", "contact-1-1", "contact-2-1"}
    assert refusal(listening.ask(SuperviseEndRequested)) is Refusal.ALREADY_DONE


def test_a_phone_that_is_put_down_ends_it(listening: World) -> None:
    listening.hang_up("s-1")
    assert not any(listening.case.live(LegKind.SNOOP))
    assert listening.alarms == []


def test_who_does_not_answer_is_released(rescue: World) -> None:
    rescue.supervise(Mode.LISTEN)
    assert ReleaseSeat("880", SeatRelease.NO_ANSWER) in rescue.hang_up("s-1", 19)


def test_with_the_agent_who_drops_the_next_one_is_heard(listening: World) -> None:
    listening.hang_up("b-1", 38)
    assert listening.case.leg("snoop-2") is not None
    assert listening.leg("snoop-2").target == "a-1"
    assert listening.hears("elder") is Prompt.HOLD  # a listener is no company


def test_without_anybody_left_to_hear_the_supervisor_is_let_go(talking: World) -> None:
    talking.supervise(Mode.LISTEN)
    talking.answer("s-1")
    talking.hang_up("a-1", 38)
    assert talking.case.state is CaseState.RINGING_SEATS
    assert talking.live == {"elder", "a-2"}
    talking.answer("a-2")
    assert talking.hears("elder") == {"a-2"}


@pytest.mark.parametrize("mode", Mode)
def test_the_case_ends_whoever_supervises(talking: World, mode: Mode) -> None:
    talking.supervise(mode)
    talking.answer("s-1")
    talking.hang_up("elder")
    talking.ask(CloseRequested, outcome=Outcome.OTHER, note="")
    assert talking.case.state is CaseState.CLOSED


def test_after_arrival_a_listener_keeps_no_case_open(listening: World) -> None:
    listening.ask(ArrivalReported)
    listening.hang_up("a-1")
    listening.hang_up("b-1")
    assert listening.case.state is CaseState.WRAPPING_UP


def test_closing_lets_the_supervisor_go(listening: World) -> None:
    commands = listening.ask(CloseRequested, outcome=Outcome.RESCUED, note="")
    assert Hangup("s-1") in commands
    listening.hear_out("elder")
    assert listening.case.state is CaseState.CLOSED


def test_stand_down_goes_on_with_the_listener(listening: World) -> None:
    listening.ask(StandDownRequested)
    assert listening.hears("elder") == {"a-1"}
    assert listening.leg("snoop-2").target == "a-1"


def test_one_supervisor_at_a_time(listening: World) -> None:
    assert refusal(listening.supervise(Mode.LISTEN, "881")) is Refusal.ALREADY_SUPERVISED
    assert refusal(listening.supervise(Mode.LISTEN)) is Refusal.ALREADY_DONE


def test_an_agent_of_the_case_does_not_supervise_it(rescue: World) -> None:
    assert refusal(rescue.supervise(Mode.LISTEN, "801")) is Refusal.SEAT_IN_CASE


def test_nobody_to_hear(ringing: World) -> None:
    assert refusal(ringing.supervise(Mode.LISTEN)) is Refusal.NOT_IN_THIS_STATE


def test_nobody_moves_a_supervisor(listening: World) -> None:
    for request in (MergeRequested, SplitRequested):
        assert refusal(listening.ask(request, leg="s-1")) is Refusal.UNKNOWN_LEG
        assert refusal(listening.ask(request, leg="snoop-1")) is Refusal.UNKNOWN_LEG
    assert refusal(listening.ask(HangupRequested, leg="snoop-1")) is Refusal.UNKNOWN_LEG


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("role", "heard"), [(Role.A, {"120-1"}), (Role.B, {"elder"})])
def test_a_supervisor_who_is_there_takes_over_at_once(rescue: World, mode: Mode, role: Role, heard: set[str]) -> None:
    rescue.supervise(mode)
    rescue.answer("s-1")
    rescue.take_over(role, "880")
    assert rescue.hears("s-1") == heard
    assert (rescue.leg("s-1").role, rescue.leg("s-1").mode) == (role, None)
    assert not any(rescue.case.live(LegKind.SNOOP))
    assert rescue.alarms == []


@pytest.mark.parametrize("role", [Role.A, Role.B])
def test_a_supervisor_who_alone_is_with_the_elder_stays_there(rescue: World, role: Role) -> None:
    rescue.supervise(Mode.BARGE)
    rescue.answer("s-1")
    rescue.ask(SplitRequested, leg="b-1")
    rescue.take_over(role, "880")
    assert rescue.leg("s-1").role is role
    assert rescue.hears("elder") == {"s-1"}


def test_a_supervisor_takes_over_a_talk(talking: World) -> None:
    talking.supervise(Mode.WHISPER)
    talking.answer("s-1")
    talking.take_over(Role.A, "880")
    assert talking.hears("elder") == {"s-1"}
    assert talking.live == {"elder", "s-1"}


def test_a_supervisor_who_had_barged_in_is_with_the_elder_who_comes_back(rescue: World) -> None:
    rescue.supervise(Mode.BARGE)
    rescue.answer("s-1")
    rescue.seats.clear()
    for leg in ("a-1", "b-1", "elder"):
        rescue.hang_up(leg, 38)
    rescue.wait(rescue.policy.redial_pause)
    rescue.answer("elder-2")
    assert rescue.hears("elder-2") == {"s-1"}


def test_what_cannot_be_listened_to_is_said_and_not_tried_again(rescue: World) -> None:
    rescue.supervise(Mode.LISTEN)
    rescue.refuse_next.add(Snoop)
    rescue.answer("s-1")
    assert rescue.alarms == [AlarmKind.COMMAND_FAILED]
    assert not rescue.leg("s-1").alive
    assert rescue.hears("elder") == {"b-1"}


def test_who_answers_after_the_agent_has_gone_hears_the_other_one(rescue: World) -> None:
    rescue.supervise(Mode.LISTEN)
    rescue.hang_up("b-1", 38)
    rescue.answer("s-1")
    assert rescue.leg("snoop-1").target == "a-1"
    assert rescue.leg("s-1").place is Place.SUPERVISION
