"""The cascade: contacts in waves where the district wants them, and a message to each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.case import ContactCard
from ivr.commands import Alarm, Command, Dial, SendMessage
from ivr.events import ArrivalReported, CallRequested, EmergencyRequested, StandDownRequested
from ivr.policy import Policy
from ivr.vocabulary import AlarmKind, LegKind, MessageKind, Refusal, Relation
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.world import World, refusal

SON = ContactCard(1, "示例儿子", "儿子", ("13000000001",), Relation.CHILD)
GUARDIAN = ContactCard(2, "示例监护人", "监护人", ("13000000002",), Relation.GUARDIAN)
NEIGHBOUR = ContactCard(3, "示例邻居", "邻居", ("02100000003",), Relation.NEIGHBOUR)
STATION = ContactCard(4, "示例驿站", "驿站", ("13000000004",), Relation.STATION)
HELP, ARRIVED, OFF = MessageKind.HELP_NEEDED, MessageKind.HELP_ARRIVED, MessageKind.CALLED_OFF


def rescue_of(*contacts: ContactCard, **policy: float) -> World:
    """A is about to call for help."""
    world = World(policy=Policy.of(policy), file=replace(FILE, contacts=contacts))
    world.call()
    world.answer("a-1")
    world.ask(EmergencyRequested)
    world.answer("b-1")
    return world


@pytest.fixture
def waves() -> World:
    return rescue_of(NEIGHBOUR, SON, STATION, GUARDIAN, cascade_waves=1, wave_pause=20)


def rung(commands: tuple[Command, ...]) -> list[str]:
    return [command.leg for command in commands if isinstance(command, Dial) and command.kind is LegKind.CONTACT]


def test_all_at_once_unless_the_policy_says_otherwise() -> None:
    world = rescue_of(NEIGHBOUR, SON, STATION)
    assert rung(world.ask(CallRequested, target="120")) == ["contact-3-1", "contact-1-1", "contact-4-1"]
    assert world.case.next_wave_at is None


def test_the_family_first_then_neighbours_then_the_station(waves: World) -> None:
    assert rung(waves.ask(CallRequested, target="120")) == ["contact-1-1", "contact-2-1"]
    assert waves.case.next_wave_at is not None
    assert rung(waves.wait(19)) == []
    assert rung(waves.wait(2)) == ["contact-3-1"]
    assert rung(waves.wait(20)) == ["contact-4-1"]
    assert waves.case.next_wave_at is None


def test_the_next_wave_does_not_wait_for_people_who_have_failed(waves: World) -> None:
    waves.ask(CallRequested, target="120")
    assert rung(waves.hang_up("contact-1-1", 17)) == []
    assert rung(waves.hang_up("contact-2-1", 21)) == ["contact-3-1"]
    assert rung(waves.wait(19)) == []


@pytest.mark.parametrize(("stops", "next_wave"), [(0, ["contact-3-1"]), (1, [])])
def test_who_accepts_stops_the_waves_only_where_the_policy_says_so(stops: int, next_wave: list[str]) -> None:
    world = rescue_of(SON, NEIGHBOUR, cascade_waves=1, wave_pause=20, waves_stop=stops)
    world.ask(CallRequested, target="contacts")
    world.answer("contact-1-1")
    world.press("contact-1-1", "1")
    assert rung(world.wait(21)) == next_wave


def test_a_second_service_hurries_nobody_but_the_agent_may(waves: World) -> None:
    waves.ask(CallRequested, target="120")
    assert rung(waves.ask(CallRequested, target="110")) == []
    assert rung(waves.ask(CallRequested, target="contacts")) == ["contact-3-1"]
    assert rung(waves.ask(CallRequested, target="contacts")) == ["contact-4-1"]
    assert refusal(waves.ask(CallRequested, target="contacts")) is Refusal.ALREADY_CALLING


@pytest.mark.parametrize("end", [ArrivalReported, StandDownRequested])
def test_when_it_is_over_no_further_wave_is_rung(waves: World, end: type[ArrivalReported | StandDownRequested]) -> None:
    waves.ask(CallRequested, target="120")
    waves.ask(end)
    assert waves.case.next_wave_at is None
    assert rung(waves.wait(120)) == []


def test_110_is_not_offered_while_a_wave_is_still_to_come() -> None:
    policy = Policy.of({"cascade_waves": 1, "wave_pause": 20})
    world = World(policy=policy, file=replace(FILE, contacts=(SON, NEIGHBOUR)))
    world.call()
    world.hang_up("elder")
    world.answer("a-1")
    world.ask(EmergencyRequested)
    world.hang_up("contact-1-1", 19)
    assert AlarmKind.OFFER_POLICE not in world.alarms
    world.hang_up("contact-3-1", 19)
    assert world.alarms[-1] is AlarmKind.OFFER_POLICE


# --- messages ---------------------------------------------------------------------------------------------------------


def test_each_contact_is_told_once_and_the_end_as_well() -> None:
    world = rescue_of(SON, NEIGHBOUR)
    world.ask(CallRequested, target="120")
    assert world.messages == [(HELP, 1), (HELP, 3)]
    world.hang_up("contact-1-1", 19)
    world.ask(CallRequested, target="contact:1")
    assert world.messages == [(HELP, 1), (HELP, 3)]
    world.ask(ArrivalReported)
    assert world.messages[2:] == [(ARRIVED, 1)]


def test_who_stands_down_tells_those_who_were_asked() -> None:
    world = rescue_of(SON, GUARDIAN, cascade_waves=1)
    world.ask(CallRequested, target="contact:2")
    world.ask(StandDownRequested)
    assert world.messages == [(HELP, 2), (OFF, 2)]


def test_a_contact_without_a_mobile_is_put_on_record_and_one_without_any_phone_too() -> None:
    odd = replace(STATION, phones=("abc",))
    world = rescue_of(NEIGHBOUR, odd)
    commands = world.ask(CallRequested, target="120")
    messages = [command for command in commands if isinstance(command, SendMessage)]
    assert messages == [SendMessage(HELP, 3, "示例邻居", ""), SendMessage(HELP, 4, "示例驿站", "")]
    assert rung(commands) == ["contact-3-1"]


def test_a_file_whose_contacts_cannot_be_rung_says_so() -> None:
    world = rescue_of(replace(SON, phones=()))
    commands = world.ask(CallRequested, target="120")
    assert Alarm(AlarmKind.NO_CONTACTS) in commands
    assert rung(commands) == []
