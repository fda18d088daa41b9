"""Cases that care calls lead to: an elder who wants to talk is served after alarms and is never sent away; one whom
nobody reaches is looked for as after call-backs in vain."""

from __future__ import annotations

import pytest

from ivr.commands import Dial, FindSeat
from ivr.events import CallArrived, LegAnswered
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, LegKind, Role, Urgency
from tests.unit.ivr.exchange import FILE, Line
from tests.unit.ivr.world import World

pytestmark = pytest.mark.clause("S5")
NUMBER = FILE.home_phone or "02100000007"


def handed_over(world: World) -> World:
    """A care call gives us the line of the elder whom it rang."""
    world.lines["elder"] = Line(LegKind.ELDER, NUMBER, "calling")
    arrived = CallArrived(
        at=world.now, channel="channel-1", caller=NUMBER, dialled="", recording="", kind=CaseKind.CARE
    )
    world.settle(world.feed(arrived))
    world.settle(world.feed(LegAnswered(at=world.now, leg="elder")))
    return world


def unanswered(world: World) -> World:
    arrived = CallArrived(at=world.now, channel="", caller=NUMBER, dialled="", recording="", kind=CaseKind.CARE)
    world.settle(world.feed(arrived))
    return world


def searches(world: World) -> list[Urgency]:
    return [one.urgency for told in world.story for one in told.commands if isinstance(one, FindSeat)]


def test_who_wants_to_talk_hears_that_somebody_comes_and_speaks_with_an_agent() -> None:
    world = handed_over(World())
    assert searches(world) == [Urgency.ORDINARY]
    world.answer("a-1")
    assert world.case.state is CaseState.TALKING
    assert world.hears("elder") == {"a-1"}
    assert AlarmKind.RECORDING_FAILED not in world.alarms
    assert [tape.leg for tape in world.case.tapes] == [""]  # in the bridge, as of everybody whom we rang


@pytest.mark.clause("K8")
def test_who_waits_too_long_for_an_agent_counts_as_an_alarm() -> None:
    world = handed_over(World(seats=[]))
    world.wait(world.policy.care_seat - 1)
    assert not world.case.urgent
    world.wait(2)
    assert world.case.urgent
    assert searches(world)[-1] is Urgency.EMERGENCY
    assert AlarmKind.WAITING in world.alarms


def test_who_hangs_up_before_an_agent_came_is_called_back() -> None:
    world = handed_over(World(seats=[]))
    world.hang_up("elder")
    assert world.case.state is CaseState.CALLING_BACK
    assert LegKind.ELDER in {one.kind for one in world.wait(10) if isinstance(one, Dial)}


@pytest.mark.clause("S4.3")
def test_who_answered_no_care_call_is_looked_for_at_once() -> None:
    world = unanswered(World())
    assert world.case.state is CaseState.NO_RESPONSE
    assert world.case.file is not None
    kinds = [one.kind for told in world.story for one in told.commands if isinstance(one, Dial)]
    assert LegKind.CONTACT in kinds
    assert kinds.count(LegKind.SEAT) == 2
    assert {leg.role for leg in world.case.live(LegKind.SEAT)} == {Role.A, Role.B}
