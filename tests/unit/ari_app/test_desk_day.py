"""What a seat owes, how long it wraps up and pauses, and which clocks run in its case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ari_app.calling_out import call_out
from ari_app.deadlines import deadlines_of
from ari_app.desk import SeatNotFree, SeatSetup, SeatState
from ari_app.live import seat_json
from ari_app.wrap_up import NotProlonged
from ivr.case import Case, Leg
from ivr.commands import FindSeat, Timer
from ivr.events import CallOutRequested, CloseRequested
from ivr.paperwork import owed_by
from ivr.policy import Policy
from ivr.vocabulary import (
    CaseKind,
    CaseState,
    LegKind,
    Outcome,
    PauseReason,
    Role,
    SeatRelease,
    Skill,
    TimerKind,
    Urgency,
)
from tests.unit.ari_app.platform import platform
from tests.unit.ari_app.test_desk import Office
from tests.unit.ari_app.virtual_time import passes, settled

VIRTUAL_TIME = True
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
ORDINARY, ALARM = Urgency.ORDINARY, Urgency.EMERGENCY


def _owing() -> Office:
    """801 has to file the outcome of `one`."""
    office = Office().seats("801")
    office.find("one")
    office.desk.answered("801")
    office.desk.release("one", "801", SeatRelease.TALKED)
    office.desk.owed("one", "801")
    office.desk.wrap_up_done("801")
    return office


@pytest.mark.clause("K8")
def test_a_seat_that_owes_an_outcome_is_rung_for_an_alarm_and_for_no_ordinary_call() -> None:
    office = _owing()
    assert office.seat("801").state is SeatState.READY
    office.find("ordinary", urgency=ORDINARY)
    assert [case for case, _, _ in office.given] == ["one"]
    assert office.seat("801").needed  # it is told that somebody waits
    office.find("alarm", urgency=ALARM)
    assert office.given[-1] == ("alarm", Role.A, "801")


def test_whoever_waited_is_given_the_seat_as_soon_as_the_outcome_is_filed() -> None:
    office = _owing()
    office.find("ordinary", urgency=ORDINARY)
    office.desk.owed("one", None)
    assert office.given[-1] == ("ordinary", Role.A, "801")
    assert (office.seat("801").owes, office.seat("801").needed) == (set(), False)


def test_what_is_owed_passes_to_whoever_takes_the_case_and_goes_with_it() -> None:
    office = _owing().seats("802")
    office.desk.owed("one", "802")
    assert (office.seat("801").owes, office.seat("802").owes) == (set(), {"one"})
    office.desk.forget("one")
    assert office.seat("802").owes == set()


def test_who_took_the_case_as_a_last_owes_it_once_the_talk_is_over() -> None:
    def seat(name: str, number: str, *, answered: bool = True) -> Leg:
        return Leg(name, LegKind.SEAT, number, role=Role.A, answered_at=START if answered else None)

    legs = (seat("a-1", "801"), seat("a-2", "802"), seat("a-3", "803", answered=False))
    case = Case("one", state=CaseState.WRAPPING_UP, legs=legs)
    assert owed_by(case) == "802"
    assert owed_by(Case("one", state=CaseState.TALKING, legs=legs)) is None
    assert owed_by(Case("one", state=CaseState.WRAPPING_UP, legs=legs, outcome=Outcome.OTHER)) is None
    assert owed_by(Case("one", state=CaseState.WRAPPING_UP)) is None


@pytest.mark.parametrize(("reason", "minutes"), [("meal", 45), ("toilet", 10), ("no_answer", 15), ("", 15)])
def test_a_pause_has_a_limit_by_its_reason_that_saying_it_again_does_not_move(reason: str, minutes: int) -> None:
    office, policy = Office().seats("801"), Policy()
    office.desk.pause("801", reason)
    since = office.seat("801").since
    office.desk.pause("801", reason)
    assert office.seat("801").until(policy) == since + timedelta(minutes=minutes)
    office.desk.set_ready("801")
    assert office.seat("801").until(policy) is None


def test_every_pause_reason_has_its_limit() -> None:
    assert all(hasattr(Policy(), f"pause_{reason}") for reason in PauseReason)


async def test_a_wrap_up_is_prolonged_once_and_says_when_it_ends(tmp_path: Path) -> None:
    async with platform(tmp_path, policy=Policy(wrap_up=60, wrap_up_more=30)) as p:
        desk, wrap_ups = p.controller.desk, p.controller.wrap_ups
        p.seats("801")
        seat = desk.seat("801")
        with pytest.raises(NotProlonged, match="no_wrap_up"):
            wrap_ups.prolong(seat.extension)
        assert desk.keep("one", seat.extension, Role.A)
        desk.release("one", seat.extension, SeatRelease.TALKED)
        first = seat.wrap_up_ends
        await passes(20)
        wrap_ups.prolong(seat.extension)
        assert first is not None
        told = seat_json(seat, p.controller.policy, None)
        assert (told["until"], told["more"]) == ((first + timedelta(seconds=30)).isoformat(), False)
        with pytest.raises(NotProlonged, match="already_done"):
            wrap_ups.prolong(seat.extension)
        await passes(60)
        assert seat.state is SeatState.WRAP_UP
        await passes(11)
        assert seat.state is not SeatState.WRAP_UP
        assert (seat.wrap_up_ends, seat.prolonged) == (None, False)


def test_what_is_due_in_a_case() -> None:
    policy = Policy(arrival=45, overflow_report=180)
    timers = {Timer(TimerKind.CONTACT_KEY, "contact-1-1"): START, Timer(TimerKind.COMFORT): START}
    case = Case("one", state=CaseState.EMERGENCY, opened_at=START, emergency_at=START, searching=frozenset({Role.A}))
    found = deadlines_of(case, timers, policy)
    assert [(one.kind, one.leg) for one in found] == [("contact_key", "contact-1-1"), ("arrival", "")]
    assert found[1].due == START + timedelta(minutes=45)
    waiting = Case("one", opened_at=START, waiting_since=START)
    assert [one.as_json() for one in deadlines_of(waiting, {}, policy)] == [
        {"kind": "exception_report", "leg": "", "due": (START + timedelta(seconds=180)).isoformat()}
    ]


async def test_a_seat_that_is_at_work_makes_no_call_of_its_own(tmp_path: Path) -> None:
    async with platform(tmp_path, policy=Policy()) as p:
        controller = p.controller
        p.seats("801")
        seat = controller.desk.seat("801")
        wanted = CallOutRequested(at=controller.now(), actor="user:7", extension=seat.extension, number="13000000099")
        run = await call_out(controller.desk, controller.reception, wanted)
        assert (run.case.kind, run.case.state) == (CaseKind.OUTBOUND, CaseState.CALLING_OUT)
        assert seat.case == run.case.id
        with pytest.raises(SeatNotFree):
            await call_out(controller.desk, controller.reception, wanted)
        assert list(controller.runs) == [run.case.id]
        at = controller.now()
        assert await run.request(CloseRequested(at=at, actor="user:7", outcome=Outcome.OTHER, note="")) is None
        await settled()


def test_an_ordinary_search_of_the_same_seat_by_skill_waits_as_well() -> None:
    office = _owing().seats("811", skills=frozenset({Skill.DOCTOR}))
    office.desk.find("ordinary", FindSeat(Role.A, Skill.AGENT, urgency=ORDINARY))
    assert office.given[-1][0] == "one"


async def test_a_wrap_up_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with platform(tmp_path, policy=Policy(wrap_up=60, wrap_up_more=30)) as p:
        desk, ends = p.controller.desk, p.controller.now() + timedelta(seconds=20)
        long_ago = p.controller.now() - timedelta(seconds=1)
        setups = [SeatSetup("801", "", willing=True, wrap_up_ends=ends), SeatSetup("802", "", wrap_up_ends=long_ago)]
        desk.load([*setups, SeatSetup("803", "", willing=True, wrap_up_ends=ends, prolonged=True)])
        for extension in ("801", "802", "803"):
            desk.registered(extension, is_registered=True)
        assert [seat.state for seat in desk.seats.values()] == [
            SeatState.WRAP_UP,
            SeatState.PAUSED,
            SeatState.WRAP_UP,
        ]
        p.controller.wrap_ups.prolong("801")
        with pytest.raises(NotProlonged, match="already_done"):
            p.controller.wrap_ups.prolong("803")
        await passes(21)
        assert [seat.state for seat in desk.seats.values()][::2] == [SeatState.WRAP_UP, SeatState.READY]
        await passes(30)
        assert desk.seat("801").state is SeatState.READY


async def test_the_next_talk_has_a_whole_wrap_up(tmp_path: Path) -> None:
    async with platform(tmp_path, policy=Policy(wrap_up=60)) as p:
        desk = p.controller.desk
        p.seats("801")
        for _ in range(2):  # the second begins in the wrap-up of the first
            assert desk.keep("one", "801", Role.A)
            await passes(50)
            desk.release("one", "801", SeatRelease.TALKED)
            await passes(5)
        await passes(50)
        assert desk.seat("801").state is SeatState.WRAP_UP
