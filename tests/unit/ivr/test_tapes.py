"""What is recorded: the call itself, the rescue side, and what is said to an elder whom we rang; and who is on it."""

from __future__ import annotations

import pytest

from ivr.commands import Command, Record
from ivr.events import (
    ArrivalReported,
    CallRequested,
    EmergencyRequested,
    RecordingEnded,
    RecordingLost,
    RecordingPossible,
    SilentRequested,
)
from ivr.tapes import LOST_AT_MOST
from ivr.vocabulary import AlarmKind, Place
from tests.unit.ivr.world import POLICY, World


def recorded(commands: tuple[Command, ...]) -> list[Place]:
    return [command.place for command in commands if isinstance(command, Record)]


def test_the_call_that_came_in_is_recorded_by_the_dialplan_alone(talking: World) -> None:
    (tape,) = talking.case.tapes
    assert (tape.file, tape.leg, tape.people, tape.running) == ("r.wav", "elder", ("elder", "a-1"), True)
    assert talking.taped == []
    talking.hang_up("elder")
    assert not talking.case.tapes[0].running


def test_a_call_that_is_not_recorded_is_said_at_once() -> None:
    world = World()
    arrived = world.dial_in()
    world.tell(type(arrived)(at=arrived.at, channel="c", caller=arrived.caller, dialled="", recording=""))
    assert AlarmKind.RECORDING_FAILED in world.alarms
    assert world.case.tapes == ()


def test_the_rescue_side_is_one_recording_with_all_who_were_there(rescue: World) -> None:
    assert len(rescue.taped) == 1
    rescue.answer("contact-1-1")
    rescue.press("contact-1-1", "1")
    rescue.hear_out("contact-1-1")
    tape = rescue.case.tapes[1]
    assert (tape.place, tape.people, tape.running) == (Place.RESCUE, ("a-1", "120-1", "contact-1-1"), True)


def test_when_everybody_has_left_the_next_word_is_another_recording(rescue: World) -> None:
    rescue.hang_up("120-1")
    rescue.hang_up("a-1")
    assert not rescue.case.tapes[1].running
    rescue.answer("contact-1-1")
    rescue.press("contact-1-1", "1")
    assert recorded(rescue.hear_out("contact-1-1")) == [Place.RESCUE]
    assert [tape.file for tape in rescue.case.tapes] == ["r.wav", "2026/01/05/case-2.wav", "2026/01/05/case-3.wav"]


def test_an_elder_whom_we_rang_back_is_recorded_from_the_first_word_with_an_agent(talking: World) -> None:
    talking.ask(SilentRequested)
    talking.wait(POLICY.call_back_pause + 1)
    assert recorded(talking.answer("elder-2")) == [Place.ELDER]
    assert talking.case.tapes[-1].people == ("a-1", "elder-2")


def test_a_call_that_the_elder_made_meanwhile_brings_its_own(talking: World) -> None:
    talking.ask(SilentRequested)
    talking.call_again()
    assert recorded(talking.settle()) == []
    assert (talking.case.tapes[-1].leg, talking.case.tapes[-1].file) == ("elder-again-1", "again.wav")


@pytest.mark.parametrize("target", ["120", "contacts"])
def test_a_recording_that_cannot_be_made_alarms_and_harms_nothing(talking: World, target: str) -> None:
    talking.ask(EmergencyRequested)
    talking.refuse_next.add(Record)
    talking.answer("b-1")
    assert talking.alarms[-1] is AlarmKind.RECORDING_FAILED
    talking.ask(CallRequested, target=target)
    talking.ask(ArrivalReported)
    assert talking.hears("elder") == {"b-1"}


def test_a_call_whose_recording_is_lost_is_recorded_in_the_bridge_once_there_is_room(talking: World) -> None:
    assert recorded(talking.tell(RecordingLost(at=talking.now, recording="r.wav", problem="disk_full"))) == []
    assert talking.alarms[-1] is AlarmKind.RECORDING_FAILED
    assert recorded(talking.tell(RecordingPossible(at=talking.now))) == [Place.ELDER]
    call, bridge = talking.case.tapes
    assert (call.problem, call.running) == ("disk_full", True)
    assert (bridge.problem, bridge.people) == ("", ("elder", "a-1"))
    assert talking.hears("elder") == {"a-1"}


def test_each_recording_is_said_to_have_failed_once(talking: World) -> None:
    lost = RecordingLost(at=talking.now, recording="r.wav", problem="missing")
    talking.tell(lost)
    talking.tell(lost)
    talking.hang_up("elder")
    talking.tell(RecordingEnded(at=talking.now, recording="r.wav", seconds=0.0, problem="missing"))
    assert talking.alarms.count(AlarmKind.RECORDING_FAILED) == 1


def test_nothing_is_begun_anew_where_everything_is_recorded(rescue: World) -> None:
    assert recorded(rescue.tell(RecordingPossible(at=rescue.now))) == []


def test_an_elder_who_waits_is_recorded_as_soon_as_somebody_is_there() -> None:
    world = World(seats=[])
    world.call()
    world.tell(RecordingLost(at=world.now, recording="r.wav", problem="folder_gone"))
    assert recorded(world.tell(RecordingPossible(at=world.now))) == []
    world.seats.append("801")
    world.give_seats()
    world.settle()
    assert recorded(world.answer("a-1")) == [Place.ELDER]


def test_a_disk_that_takes_nothing_is_not_tried_for_ever(talking: World) -> None:
    talking.tell(RecordingLost(at=talking.now, recording="r.wav", problem="stalled"))
    for _ in range(LOST_AT_MOST):
        assert recorded(talking.tell(RecordingPossible(at=talking.now))) == [Place.ELDER]
        talking.tell(RecordingLost(at=talking.now, recording=talking.case.tapes[-1].file, problem="stalled"))
    assert recorded(talking.tell(RecordingPossible(at=talking.now))) == []


def test_who_talks_on_after_the_elder_has_hung_up_is_recorded(talking: World) -> None:
    """No B was found yet, so the helpers were brought to A, who is with the elder."""
    talking.seats.clear()
    talking.ask(CallRequested, target="120")
    assert recorded(talking.answer("120-1")) == []
    assert talking.hears("elder") == {"a-1", "120-1"}
    assert recorded(talking.hang_up("elder")) == [Place.ELDER]
    assert talking.case.tapes[-1].people == ("a-1", "120-1")
