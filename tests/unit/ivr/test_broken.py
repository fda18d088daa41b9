"""Lines that broke off: Asterisk died, or the network dropped the elder's line. Nobody hung up, so nothing is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.broken import in_turn
from ivr.case import Case
from ivr.commands import Command, Dial, ReleaseSeat, StartTimer
from ivr.events import (
    ArrivalReported,
    CallRequested,
    CloseRequested,
    LinesBroke,
    SilentRequested,
    StandDownRequested,
    TransferRequested,
)
from ivr.policy import Policy
from ivr.silence import CALL_BACK, REDIAL
from ivr.vocabulary import (
    OUT_OF_ORDER,
    AlarmKind,
    CaseKind,
    CaseState,
    LegKind,
    Mode,
    Outcome,
    Prompt,
    Result,
    Role,
    SeatRelease,
    Skill,
)
from tests.unit.ivr.exchange import FILE, MUSIC, START
from tests.unit.ivr.world import CALLER, POLICY, World


def dialled(commands: tuple[Command, ...], *kinds: LegKind) -> list[str]:
    """The legs that are rung, in order."""
    return [one.leg for one in commands if isinstance(one, Dial) and (not kinds or one.kind in kinds)]


# --- the elder was on the line ----------------------------------------------------------------------------------------


def test_who_talks_is_rung_back_at_once_and_the_same_seat_rings_again(talking: World) -> None:
    commands = talking.asterisk_dies()
    assert dialled(commands) == ["elder-2", "a-2"]
    assert talking.case.state is CaseState.CALLING_BACK
    assert talking.leg("a-2").number == talking.leg("a-1").number
    assert talking.leg("elder").cause == talking.leg("a-1").cause == OUT_OF_ORDER
    assert talking.alarms == [AlarmKind.LINES_LOST]


def test_the_elder_who_is_quicker_hears_that_the_line_broke_until_the_agent_is_there(talking: World) -> None:
    talking.asterisk_dies()
    talking.answer("elder-2")
    assert talking.hears("elder-2") is Prompt.LINE_BROKE
    talking.hear_out("elder-2")
    assert talking.hears("elder-2") == MUSIC
    talking.answer("a-2")
    assert talking.hears("elder-2") == {"a-2"}
    assert talking.case.state is CaseState.TALKING


def test_the_agent_who_is_quicker_meets_the_elder_who_hears_that_the_line_broke(talking: World) -> None:
    talking.asterisk_dies()
    talking.answer("a-2")
    talking.answer("elder-2")
    assert talking.hears("elder-2") == {"a-2"}
    assert talking.announced == [Prompt.LINE_BROKE]
    assert talking.case.state is CaseState.TALKING


def test_it_is_said_once(talking: World) -> None:
    talking.asterisk_dies()
    talking.answer("elder-2")
    talking.answer("a-2")
    talking.ask(SilentRequested)
    talking.wait(POLICY.call_back_pause)
    talking.answer("elder-3")
    assert talking.announced == []


@pytest.mark.parametrize("kind", [CaseKind.SOS, CaseKind.ORDINARY, CaseKind.COMPLAINT])
def test_who_waits_for_an_agent_is_rung_back_whatever_they_call_about(kind: CaseKind) -> None:
    world = World(seats=[])
    world.call(kind=kind)
    assert dialled(world.asterisk_dies()) == ["elder-2"]
    assert world.case.searching == {Role.A}
    world.answer("elder-2")
    assert world.hears("elder-2") is Prompt.LINE_BROKE


def test_who_was_not_answered_yet_is_rung_back() -> None:
    world = World()
    world.feed(world.dial_in())
    commands = world.asterisk_dies()
    assert "elder-2" in dialled(commands)
    assert world.case.state is CaseState.CALLING_BACK


def test_the_seat_that_rang_rings_again(ringing: World) -> None:
    commands = ringing.asterisk_dies()
    assert dialled(commands) == ["elder-2", "a-2"]
    assert ringing.leg("a-1").result is Result.LOST


def test_in_a_consultation_the_agent_is_rung_again_and_the_professional_is_free(consulting: World) -> None:
    professional = consulting.leg("x-1").number
    commands = consulting.asterisk_dies()
    assert dialled(commands) == ["elder-2", "a-2"]
    assert professional not in consulting.held


def test_a_professional_who_was_only_looked_for_is_not_looked_for_any_more(talking: World) -> None:
    talking.seats.clear()
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    talking.asterisk_dies()
    assert Role.X not in talking.wanted
    assert talking.case.professional is None


def test_a_supervisor_is_let_go(talking: World) -> None:
    talking.supervise(Mode.LISTEN)
    talking.answer("s-1")
    talking.asterisk_dies()
    assert talking.live == {"elder-2", "a-2"}
    assert "880" not in talking.held


def test_a_caller_without_a_number_stays_an_open_case_that_somebody_sees_to() -> None:
    world = World(file=None)
    world.call("")
    world.answer("a-1")
    world.asterisk_dies()
    assert (world.case.state, world.case.abandoned) == (CaseState.WRAPPING_UP, True)
    assert AlarmKind.ABANDONED in world.alarms
    assert (world.live, world.bridges, world.timers, world.held, world.wanted) == (set(), set(), {}, [], {})


def test_a_second_line_of_the_elders_is_rung_back_once(talking: World) -> None:
    talking.call_again()
    assert dialled(talking.asterisk_dies(), LegKind.ELDER) == ["elder-2"]


# --- the elder was being rung -----------------------------------------------------------------------------------------


def test_a_call_back_that_broke_off_does_not_count(silent: World) -> None:
    """S4.2 promises two of them; one that our own Asterisk broke off was none."""
    silent.ask(SilentRequested)
    silent.wait(POLICY.call_back_pause + POLICY.call_back_ring + POLICY.call_back_pause)
    assert silent.case.call_backs == 2
    assert dialled(silent.asterisk_dies(), LegKind.ELDER) == ["elder-4"]
    silent.wait(POLICY.call_back_ring + POLICY.call_back_pause)
    assert silent.case.state is CaseState.CALLING_BACK
    assert silent.live >= {"elder-5"}


def test_the_pause_before_a_call_back_goes_on(silent: World) -> None:
    silent.ask(SilentRequested)
    silent.settle()
    assert dialled(silent.asterisk_dies()) == ["a-2"]
    assert silent.alarms.count(AlarmKind.LINES_LOST) == 1
    assert dialled(silent.wait(POLICY.call_back_pause), LegKind.ELDER) == ["elder-2"]


def test_a_duty_phone_that_rang_rings_again_and_one_that_had_the_call_too() -> None:
    world = World(seats=[], policy=Policy.of({}, duty_phones=("13000000091", "13000000092")))
    world.call()
    world.wait(POLICY.overflow_duty + 1)
    assert world.live == {"elder", "duty-1", "duty-2"}
    world.asterisk_dies()
    assert world.live == {"elder-2", "duty-3", "duty-4"}
    world.answer("elder-2")
    world.answer("duty-3")
    world.press("duty-3", "1")
    assert world.live == {"elder-2", "duty-3"}
    world.asterisk_dies()
    assert world.live == {"elder-3", "duty-5"}
    assert world.leg("duty-5").number == world.leg("duty-3").number


# --- rescue -----------------------------------------------------------------------------------------------------------


def test_in_an_emergency_elder_a_and_b_are_rung_again_and_120_never(rescue: World) -> None:
    commands = rescue.asterisk_dies()
    assert dialled(commands, LegKind.ELDER, LegKind.SEAT) == ["elder-2", "a-2", "b-2"]
    assert dialled(commands, LegKind.SERVICE) == []
    rescue.wait(600)
    assert [leg.id for leg in rescue.case.legs if leg.kind is LegKind.SERVICE] == ["120-1"]
    assert rescue.alarms.count(AlarmKind.SERVICE_LOST) == 1


def test_the_agent_may_call_120_again(rescue: World) -> None:
    rescue.asterisk_dies()
    rescue.answer("a-2")
    assert dialled(rescue.ask(CallRequested, target="120"), LegKind.SERVICE) == ["120-2"]


def test_a_service_that_was_reached_is_still_to_be_called_off(rescue: World) -> None:
    rescue.asterisk_dies()
    for leg in ("a-2", "b-2", "elder-2"):
        rescue.answer(leg)
    rescue.ask(StandDownRequested)
    assert AlarmKind.CALL_OFF_SERVICE in rescue.alarms


def test_contacts_who_had_not_said_yet_are_rung_again_and_who_comes_is_shown_as_lost(rescue: World) -> None:
    rescue.answer("contact-1-1")
    rescue.press("contact-1-1", "1")
    commands = rescue.asterisk_dies()
    assert dialled(commands, LegKind.CONTACT) == ["contact-2-2"]
    assert rescue.leg("contact-2-1").result is Result.LOST
    reached = rescue.leg("contact-1-1")
    assert (reached.result, reached.cause) == (Result.ACCEPTED, OUT_OF_ORDER)


def test_roles_are_as_before_when_all_are_back(rescue: World) -> None:
    rescue.asterisk_dies()
    rescue.answer("elder-2")
    assert rescue.hears("elder-2") is Prompt.LINE_BROKE
    rescue.answer("b-2")
    rescue.answer("a-2")
    assert rescue.hears("elder-2") == {"b-2"}
    assert rescue.hears("a-2") == set()


def test_b_who_is_quicker_than_the_elder_is_with_them_and_they_hear_that_the_line_broke(rescue: World) -> None:
    rescue.asterisk_dies()
    rescue.answer("b-2")
    rescue.answer("elder-2")
    assert rescue.hears("elder-2") == {"b-2"}
    assert rescue.announced == [Prompt.LINE_BROKE]


def test_nobody_is_forgotten_who_does_not_answer(unanswered: World) -> None:
    commands = unanswered.asterisk_dies()
    assert len(dialled(commands, LegKind.ELDER)) == 1
    assert len(dialled(commands, LegKind.SEAT)) == 2
    assert {leg.contact for leg in unanswered.case.live(LegKind.CONTACT)} == {1, 2}
    assert unanswered.case.state is CaseState.NO_RESPONSE


def test_after_the_arrival_the_elder_and_the_agents_are_brought_together_again(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    commands = rescue.asterisk_dies(wait=2)
    assert dialled(commands) == ["elder-2", "a-2", "b-2"]


# --- the end ----------------------------------------------------------------------------------------------------------


def test_whoever_was_hearing_the_goodbye_is_left_in_peace(talking: World) -> None:
    talking.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    assert dialled(talking.asterisk_dies()) == []
    assert talking.alarms == []
    assert talking.case.state is CaseState.CLOSED
    assert dialled(talking.asterisk_dies()) == []


def test_a_death_that_is_told_twice_changes_nothing_the_second_time(talking: World) -> None:
    talking.asterisk_dies()
    talking.answer("elder-2")
    died = next(told.event for told in talking.story if isinstance(told.event, LinesBroke))
    before = talking.case
    assert talking.tell(died) == ()
    assert talking.case == before


def test_it_may_die_again_and_again(talking: World) -> None:
    for times in range(2, 6):
        assert dialled(talking.asterisk_dies(), LegKind.ELDER) == [f"elder-{times}"]
    talking.answer("elder-5")
    talking.answer("a-5")
    assert talking.case.state is CaseState.TALKING


# --- in turn ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "timer"), [("talking", CALL_BACK), ("rescue", REDIAL)])
def test_the_elder_is_rung_when_it_is_their_turn(where: str, timer: object, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(where)
    commands = world.asterisk_dies(wait=3)
    assert dialled(commands, LegKind.ELDER) == []
    assert StartTimer(timer, 3) in commands
    assert dialled(world.wait(3), LegKind.ELDER) == ["elder-2"]


def waiting(name: str, seconds: float, *, kind: CaseKind = CaseKind.SOS) -> Case:
    since = START - timedelta(seconds=seconds)
    return Case(id=name, kind=kind, state=CaseState.RINGING_SEATS, opened_at=since, waiting_since=since)


def test_emergencies_come_first_then_whoever_has_waited_longest() -> None:
    cases = [
        waiting("ordinary", 90, kind=CaseKind.ORDINARY),
        waiting("short", 5),
        replace(waiting("talks", 200), state=CaseState.TALKING, waiting_since=None),
        waiting("long", 60),
        replace(waiting("emergency", 10), state=CaseState.EMERGENCY, waiting_since=None),
        replace(waiting("no response", 20), state=CaseState.NO_RESPONSE, waiting_since=None),
    ]
    order = [case.id for case, _ in in_turn(cases, POLICY, START)]
    assert order == ["no response", "emergency", "long", "short", "talks", "ordinary"]


@pytest.mark.parametrize("count", [1, 2, 30, 500])
def test_however_many_there_are_all_are_begun_in_time_one_after_the_other(count: int) -> None:
    waits = [wait for _, wait in in_turn([waiting(str(n), n) for n in range(count)], POLICY, START)]
    assert waits[0] == 0
    assert waits == sorted(set(waits))
    assert waits[-1] < POLICY.revival_within


# --- the network drops one line ---------------------------------------------------------------------------------------


def test_the_network_drops_the_elders_line_and_they_come_back_to_the_same_agent(talking: World) -> None:
    assert dialled(talking.hang_up("elder", OUT_OF_ORDER)) == ["elder-2"]
    assert talking.hears("a-1") == set()
    talking.answer("elder-2")
    assert talking.hears("elder-2") == {"a-1"}
    assert talking.announced == [Prompt.LINE_BROKE]


def test_in_a_consultation_the_agent_waits_for_the_elder_alone(consulting: World) -> None:
    assert dialled(consulting.hang_up("elder", OUT_OF_ORDER)) == ["elder-2"]
    assert consulting.live == {"a-1", "elder-2"}


def test_while_seats_ring_they_ring_on(ringing: World) -> None:
    assert dialled(ringing.hang_up("elder", OUT_OF_ORDER)) == ["elder-2"]
    assert ringing.live == {"elder-2", "a-1"}


def test_a_line_that_breaks_again_and_again_is_no_response_in_the_end(talking: World) -> None:
    for leg in ("elder", "elder-2"):
        talking.hang_up(leg, OUT_OF_ORDER)
        talking.answer(talking.case.elder.id)  # type: ignore[union-attr]
    talking.hang_up("elder-3", OUT_OF_ORDER)
    talking.wait(POLICY.call_back_pause)
    assert talking.case.state is CaseState.NO_RESPONSE


def test_in_an_emergency_nobody_says_that_the_elder_hung_up(rescue: World) -> None:
    rescue.hang_up("elder", OUT_OF_ORDER)
    assert rescue.alarms == [AlarmKind.LINES_LOST]
    rescue.wait(POLICY.redial_pause)
    rescue.answer("elder-2")
    assert rescue.announced == [Prompt.LINE_BROKE]


def test_a_line_of_a_caller_without_a_number_ends_as_if_they_had_hung_up() -> None:
    world = World(file=None)
    world.call("")
    world.hang_up("elder", OUT_OF_ORDER)
    assert world.case.state is CaseState.WRAPPING_UP


def test_the_number_that_is_rung_is_the_one_that_called(talking: World) -> None:
    commands = talking.asterisk_dies()
    assert Dial("elder-2", LegKind.ELDER, CALLER, POLICY.call_back_ring) in commands
    assert FILE.home_phone == CALLER


# --- an agent's phone breaks off --------------------------------------------------------------------------------------


def test_a_page_that_is_loaded_again_after_help_has_arrived_does_not_end_the_talk(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    rescue.hang_up("a-1")
    commands = rescue.hang_up("b-1", 38)
    assert ReleaseSeat("802", SeatRelease.BROKE) in commands
    assert rescue.case.state is CaseState.EMERGENCY
    rescue.answer("b-2")
    assert rescue.hears("elder") == {"b-2"}
    rescue.hang_up("b-2")
    assert rescue.case.state is CaseState.WRAPPING_UP
