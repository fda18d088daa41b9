"""Contacts: only who presses 1 was reached; who did not is tried on the next phone; nobody is rung in vain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.commands import Alarm, Dial, Hangup, Play, StartTimer, StopTimer, Timer
from ivr.events import (
    ArrivalReported,
    CallRequested,
    EmergencyRequested,
    HangupRequested,
    MergeRequested,
    SilentRequested,
    StandDownRequested,
)
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Prompt, Refusal, Result, TimerKind
from tests.unit.ivr.exchange import FILE, NEIGHBOUR
from tests.unit.ivr.world import POLICY, World, refusal

CONTACT = "contact-1-1"
SECOND_PHONE = Dial("contact-1-2", LegKind.CONTACT, "02100000001", POLICY.contact_ring)

UNKNOWN_TARGETS = [
    *("", "130", "contact:", "contact:x", "contact:4", "contact:" + "9" * 5000),
    *("number:", "number:1", "number:０２１", "number:*44", "number:" + "9" * 16),
]


@pytest.fixture
def offered(rescue: World) -> World:
    """The daughter has picked up and hears the offer."""
    rescue.answer(CONTACT)
    return rescue


@pytest.mark.clause("S1.4")
def test_1_means_reached(offered: World) -> None:
    offered.press(CONTACT, "1")
    assert offered.hears(CONTACT) is Prompt.CONTACT_THANKS
    offered.hear_out(CONTACT)
    assert offered.leg(CONTACT).result is Result.ACCEPTED
    assert offered.hears(CONTACT) == {"a-1", "120-1"}


def test_2_means_that_they_cannot_come_and_their_other_phone_is_left_in_peace(offered: World) -> None:
    offered.press(CONTACT, "2")
    assert offered.hears(CONTACT) is Prompt.CONTACT_DECLINED
    commands = offered.hear_out(CONTACT)
    assert offered.leg(CONTACT).result is Result.DECLINED
    assert SECOND_PHONE not in commands


def test_9_says_it_again_and_other_keys_leave_the_offer_standing(offered: World) -> None:
    assert offered.press(CONTACT, "9") == (Play(CONTACT, Prompt.CONTACT_OFFER),)
    assert offered.press(CONTACT, "5*#0") == ()
    assert offered.leg(CONTACT).result is None


def test_the_first_decision_stands(offered: World) -> None:
    offered.press(CONTACT, "1")
    assert offered.press(CONTACT, "21") == ()
    assert offered.leg(CONTACT).result is Result.ACCEPTED


def test_who_presses_1_hears_who_is_in_need_and_what_happened_and_again_with_9(offered: World) -> None:
    (played,) = [command for command in offered.press(CONTACT, "1") if isinstance(command, Play)]
    digits = [f"digit_{digit}" for digit in FILE.home_phone]
    assert played == Play(CONTACT, Prompt.CONTACT_THANKS, (Prompt.CONTACT_WHO, *map(Prompt, digits), Prompt.WHAT_KEY))
    assert offered.press(CONTACT, "9") == (played,)
    offered.hear_out(CONTACT)
    assert offered.press(CONTACT, "9") == ()


def test_when_the_elder_does_not_respond_the_contact_hears_that() -> None:
    world = World()
    world.call()
    world.hang_up("elder")
    world.answer("a-1")
    world.ask(EmergencyRequested)
    world.answer(CONTACT)
    (played,) = [command for command in world.press(CONTACT, "1") if isinstance(command, Play)]
    assert played.then[-1] is Prompt.WHAT_SILENT


def test_the_offer_is_repeated_until_a_voicemail_has_been_told_by_its_silence(offered: World) -> None:
    commands = offered.wait(POLICY.contact_key + 1)
    assert commands.count(Play(CONTACT, Prompt.CONTACT_OFFER)) > 5
    assert offered.leg(CONTACT).result is Result.VOICEMAIL
    assert SECOND_PHONE in commands


def test_who_answers_and_hangs_up_without_a_key_was_not_reached(offered: World) -> None:
    commands = offered.hang_up(CONTACT)
    assert offered.leg(CONTACT).result is Result.VOICEMAIL
    assert SECOND_PHONE in commands


@pytest.mark.parametrize("cause", [17, 19, 21, 27])
def test_the_next_phone_is_tried_and_after_the_last_one_none(rescue: World, cause: int) -> None:
    assert SECOND_PHONE in rescue.hang_up(CONTACT, cause)
    commands = rescue.hang_up("contact-1-2", cause)
    assert [command for command in commands if isinstance(command, Dial)] == []


def test_a_phone_that_cannot_be_dialled_is_followed_by_the_next(emergency: World) -> None:
    emergency.file = replace(FILE, contacts=FILE.contacts[:1])
    emergency.case = replace(emergency.case, file=emergency.file)
    emergency.refuse_next.add(Dial)
    commands = emergency.ask(CallRequested, target="contacts")
    assert SECOND_PHONE in commands
    assert emergency.leg(CONTACT).result is Result.UNREACHABLE


def test_a_contact_whom_the_agent_gives_up_is_not_rung_on_the_next_phone(offered: World) -> None:
    commands = offered.ask(HangupRequested, leg=CONTACT)
    assert offered.leg(CONTACT).result is Result.CANCELLED
    assert SECOND_PHONE not in commands


def test_who_picks_up_in_the_moment_of_arrival_is_not_asked_any_more(rescue: World) -> None:
    rescue.pick_up(CONTACT)
    rescue.feed(ArrivalReported(at=rescue.now))
    commands = rescue.settle()
    assert Hangup(CONTACT) in commands
    assert Play(CONTACT, Prompt.CONTACT_OFFER) not in commands
    assert SECOND_PHONE not in commands


def test_an_unconfirmed_contact_is_not_brought_to_the_elder(offered: World) -> None:
    assert refusal(offered.ask(MergeRequested, leg=CONTACT)) is Refusal.LEG_NOT_ANSWERED


def test_a_contact_is_brought_to_the_elder_before_the_thanks_are_over(offered: World) -> None:
    offered.press(CONTACT, "1")
    offered.ask(MergeRequested, leg=CONTACT)
    assert offered.hears("elder") == {"b-1", CONTACT}


def test_a_missing_prompt_is_never_asked_for_again_and_again(rescue: World) -> None:
    rescue.refuse_next.add(Play)
    commands = rescue.answer(CONTACT)
    assert commands == (
        Play(CONTACT, Prompt.CONTACT_OFFER),
        StartTimer(Timer(TimerKind.CONTACT_KEY, CONTACT), POLICY.contact_key),
        Alarm(AlarmKind.COMMAND_FAILED, "contact_offer: refused"),
    )


def test_who_pressed_1_is_joined_even_if_the_thanks_cannot_be_played(offered: World) -> None:
    offered.refuse_next.add(Play)
    offered.press(CONTACT, "1")
    assert offered.hears(CONTACT) == {"a-1", "120-1"}


# --- asking for them --------------------------------------------------------------------------------------------------


def test_a_contact_who_was_reached_can_be_called_again_by_name_but_is_not_rung_with_all(offered: World) -> None:
    offered.press(CONTACT, "1")
    offered.hear_out(CONTACT)
    assert refusal(offered.ask(CallRequested, target="contact:1")) is Refusal.ALREADY_CALLING
    offered.hang_up(CONTACT)
    assert refusal(offered.ask(CallRequested, target="contacts")) is Refusal.ALREADY_CALLING
    commands = offered.ask(CallRequested, target="contact:1")
    assert commands == (Dial("contact-1-2", LegKind.CONTACT, "13000000001", POLICY.contact_ring),)


def test_in_a_second_emergency_everybody_is_rung_again(offered: World) -> None:
    offered.press(CONTACT, "1")
    offered.ask(StandDownRequested)
    commands = offered.ask(CallRequested, target="contacts")
    rung = [command.leg for command in commands if isinstance(command, Dial) and command.kind is LegKind.CONTACT]
    assert rung == ["contact-1-2", "contact-2-2"]


def test_an_emergency_number_on_file_is_never_dialled_as_a_contact(talking: World) -> None:
    odd = replace(NEIGHBOUR, phones=("120", "110", "abc", "02100000002"))
    only = replace(NEIGHBOUR, id=3, phones=("119",))
    talking.case = replace(talking.case, file=replace(FILE, contacts=(odd, only)))
    commands = talking.ask(CallRequested, target="contacts")
    rung = [command.number for command in commands if isinstance(command, Dial) and command.kind is LegKind.CONTACT]
    assert rung == ["02100000002"]
    assert refusal(talking.ask(CallRequested, target="contact:3")) is Refusal.UNKNOWN_TARGET


def test_a_file_without_contacts_is_said_and_blocks_nothing(emergency: World) -> None:
    emergency.case = replace(emergency.case, file=replace(FILE, contacts=()))
    assert refusal(emergency.ask(CallRequested, target="contacts")) is Refusal.UNKNOWN_TARGET
    commands = emergency.ask(CallRequested, target="120")
    assert [type(command) for command in commands] == [Dial, Alarm]
    assert emergency.alarms == [AlarmKind.NO_CONTACTS]


def test_a_file_without_contacts_is_said_once_when_120_is_called_before_the_elder_was_rung_back(silent: World) -> None:
    silent.case = replace(silent.case, file=replace(FILE, contacts=()))
    silent.ask(SilentRequested)
    silent.ask(CallRequested, target="120")
    assert silent.case.state is CaseState.NO_RESPONSE
    assert silent.alarms.count(AlarmKind.NO_CONTACTS) == 1


@pytest.mark.parametrize("target", UNKNOWN_TARGETS)
def test_an_unknown_target_is_refused_and_starts_no_emergency(talking: World, target: str) -> None:
    before = talking.case
    assert refusal(talking.ask(CallRequested, target=target)) is Refusal.UNKNOWN_TARGET
    assert talking.case == before


def test_an_elder_whose_shown_number_cannot_be_dialled_is_rung_at_the_number_on_file() -> None:
    for shown in ("120", "anonymous", ""):
        world = World()
        world.call(shown)
        world.answer("a-1")
        world.press("a-1", "*44")
        world.hang_up("elder")
        commands = world.ask(CallRequested, target="elder")
        assert commands[-1:] == (Dial("elder-2", LegKind.ELDER, FILE.home_phone, POLICY.call_back_ring),)


def test_stopping_to_ask_stops_the_timers(offered: World) -> None:
    commands = offered.ask(StandDownRequested)
    assert StopTimer(Timer(TimerKind.CONTACT_KEY, CONTACT)) in commands
    assert offered.timers == {}


def test_a_contact_who_is_called_after_arrival_is_tried_on_every_phone(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    rescue.ask(CallRequested, target="contact:1")
    commands = rescue.hang_up("contact-1-2", 19)
    assert commands[-1:] == (Dial("contact-1-3", LegKind.CONTACT, "02100000001", POLICY.contact_ring),)
