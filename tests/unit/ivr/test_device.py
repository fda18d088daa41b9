"""A device raises the alarm: the elder is rung at once, then all goes as after a call-back; repeats are one case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.case import DeviceReport, Position
from ivr.device import is_alarm
from ivr.events import CallerIdentified, CloseRequested, DeviceReported
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, DeviceKind, Outcome, Prompt, Refusal, Role
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.world import CALLER, POLICY, World, refusal

SMOKE = DeviceReport("S-1", DeviceKind.SMOKE, World().now)
HERE = Position(31.2, 121.5, accuracy=20.0)


def told(world: World, report: DeviceReport = SMOKE, **more: str) -> DeviceReported:
    return DeviceReported(at=world.now, actor="user:9", report=report, **more)


@pytest.fixture
def smoke() -> World:
    """The smoke detector has told; the elder's phone rings, and so does agent A's."""
    world = World()
    world.tell(told(world))
    return world


def test_the_elder_is_rung_at_once_while_an_agent_is_looked_for(smoke: World) -> None:
    assert (smoke.case.kind, smoke.case.state) == (CaseKind.SENSOR, CaseState.CALLING_BACK)
    assert smoke.live == {"elder", "a-1"}
    assert smoke.lines["elder"].number == FILE.home_phone
    assert smoke.alarms == [AlarmKind.DEVICE_ALARM, AlarmKind.OFFER_FIRE]


def test_the_elder_who_answers_talks_with_the_agent(smoke: World) -> None:
    smoke.answer("a-1")
    smoke.answer("elder")
    assert (smoke.case.state, smoke.hears("elder")) == (CaseState.TALKING, {"a-1"})


def test_the_elder_who_answers_first_hears_why_and_waits_for_the_agent(smoke: World) -> None:
    smoke.answer("elder")
    assert (smoke.case.state, smoke.hears("elder")) == (CaseState.RINGING_SEATS, Prompt.DEVICE_HELLO)
    smoke.answer("a-1")
    assert smoke.hears("elder") == {"a-1"}


@pytest.mark.clause("S4.3")
def test_an_elder_who_does_not_answer_twice_is_sent_for(smoke: World) -> None:
    smoke.answer("a-1")
    smoke.wait(2 * (POLICY.call_back_ring + POLICY.call_back_pause) + 1)
    assert (smoke.case.state, smoke.case.call_backs) == (CaseState.NO_RESPONSE, 2)
    assert {"contact-1-1", "contact-2-1"} <= smoke.live


@pytest.mark.clause("X5")
def test_a_device_that_nobody_knows_is_a_case_all_the_same() -> None:
    world = World(file=None)
    world.tell(told(world))
    assert world.case.state is CaseState.NO_RESPONSE
    assert {leg.role for leg in world.case.live()} == {Role.A, Role.B}
    assert AlarmKind.NO_CONTACTS in world.alarms
    world.answer("a-1")
    world.answer("b-1")
    world.ask(CloseRequested, outcome=Outcome.OTHER, note="")
    world.wait(POLICY.goodbye + 1)
    assert world.case.state is CaseState.CLOSED


def test_when_the_register_does_not_answer_agents_get_the_case_and_the_elder_is_rung_later() -> None:
    world = World()
    world.feed(told(world))
    world.coming = [event for event in world.coming if not type(event).__name__.startswith("Caller")]
    world.wait(POLICY.call_back_pause + 1)
    assert world.case.state is CaseState.NO_RESPONSE
    world.tell(CallerIdentified(at=world.now, file=FILE))
    world.wait(POLICY.redial_pause + 0.1)
    assert {"elder", "contact-1-1"} <= world.live


def test_an_sms_rings_whoever_sent_it() -> None:
    world = World(file=None)
    world.tell(told(world, replace(SMOKE, device=CALLER, kind=DeviceKind.SMS), caller=CALLER))
    assert world.lines["elder"].number == CALLER
    assert world.case.file is not None
    assert world.case.file.provisional


def test_an_elder_without_a_telephone_on_file_is_rung_at_the_terminal() -> None:
    world = World(file=replace(FILE, home_phone="", lines=("02100000055",)))
    world.tell(told(world))
    assert world.lines["elder"].number == "02100000055"


@pytest.mark.clause("H12")
def test_repeats_are_the_same_case(smoke: World) -> None:
    later = replace(SMOKE, at=SMOKE.at + timedelta(seconds=30))
    smoke.tell(told(smoke, later))
    assert (smoke.case.again, len(smoke.case.reports)) == (1, 2)
    smoke.tell(told(smoke, later))
    assert (smoke.case.again, len(smoke.case.reports)) == (1, 2)
    assert smoke.alarms.count(AlarmKind.OFFER_FIRE) == 1


def test_in_a_conversation_a_report_is_told_and_disturbs_nobody(talking: World) -> None:
    talking.tell(told(talking, replace(SMOKE, kind=DeviceKind.FALL)))
    assert (talking.case.state, talking.hears("elder")) == (CaseState.TALKING, {"a-1"})
    assert talking.alarms == [AlarmKind.CALLS_AGAIN, AlarmKind.DEVICE_ALARM]


@pytest.mark.clause("H14")
def test_a_position_joins_the_case_without_an_alarm(talking: World) -> None:
    talking.tell(told(talking, replace(SMOKE, kind=DeviceKind.LOCATION, position=HERE)))
    assert talking.case.reports[-1].position == HERE
    assert talking.alarms == []


def test_after_the_end_a_report_is_for_another_case(talking: World) -> None:
    talking.hang_up("elder")
    before = talking.case
    assert refusal(talking.tell(told(talking))) is Refusal.CASE_CLOSED
    assert talking.case == before


@pytest.mark.clause("K7")
@pytest.mark.parametrize("kind", DeviceKind)
def test_only_a_device_that_says_that_nothing_is_wrong_raises_no_alarm(kind: DeviceKind) -> None:
    said = replace(SMOKE, kind=kind)
    assert is_alarm(said) is (kind is not DeviceKind.BATTERY)
    assert is_alarm(replace(said, position=HERE)) is (kind not in {DeviceKind.BATTERY, DeviceKind.LOCATION})
