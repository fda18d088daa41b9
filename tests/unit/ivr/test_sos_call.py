"""One SOS call from the key to the closed case, with every command that is given on the way."""

from __future__ import annotations

import pytest

from ivr import silence
from ivr.commands import (
    Answer,
    BookFollowUp,
    DetectSpeech,
    Dial,
    FindSeat,
    Hangup,
    Join,
    Leave,
    LookUp,
    MakeBridge,
    Play,
    Record,
    ReleaseSeat,
    RemoveBridge,
    SendMessage,
    ShowFile,
    StartMusic,
    StartTimer,
    StopSound,
    StopTimer,
    Timer,
)
from ivr.events import ArrivalReported, CallerUnknown, CallRequested, CloseRequested, EmergencyRequested, MergeRequested
from ivr.overflow import OVERFLOW
from ivr.silence import REDIAL, SILENCE
from ivr.vocabulary import (
    CaseState,
    FollowUpKind,
    LegKind,
    MessageKind,
    Outcome,
    Place,
    Prompt,
    Result,
    Role,
    SeatRelease,
    Skill,
    TimerKind,
)
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.world import POLICY, World

COMFORT = Timer(TimerKind.COMFORT)
GOODBYE = Timer(TimerKind.GOODBYE)


@pytest.mark.clause("S1.1")
@pytest.mark.clause("S1.9")
def test_one_call_from_the_key_to_the_closed_case() -> None:
    world = World()

    # the elder presses the key: answered at once, looked up, and the first seat rings with the file on its screen
    assert world.call() == (
        Answer("elder"),
        DetectSpeech("elder", POLICY.speech_level),
        Play("elder", Prompt.WELCOME, music=True),
        LookUp("02100000007"),
        FindSeat(Role.A, Skill.AGENT),
        MakeBridge(Place.ELDER),
        StartTimer(OVERFLOW, POLICY.overflow_seats),
        ShowFile("801", Role.A),
        Dial("a-1", LegKind.SEAT, "801", POLICY.seat_ring),
    )
    assert (world.case.state, world.case.file) == (CaseState.RINGING_SEATS, FILE)

    # the welcome ends before anybody has answered: music
    assert world.hear_out("elder") == (StartMusic("elder"), StartTimer(COMFORT, POLICY.comfort_every))

    # A answers and speaks with the elder
    assert world.answer("a-1") == (
        StopTimer(COMFORT),
        StopSound("elder"),
        Join("elder", Place.ELDER),
        StopSound("a-1"),
        Join("a-1", Place.ELDER),
        StartTimer(SILENCE, POLICY.silence),
        StopTimer(OVERFLOW),
    )
    assert world.case.state is CaseState.TALKING
    assert world.say("elder") == (StopTimer(SILENCE),)
    assert world.case.answered_at == world.leg("a-1").answered_at
    assert world.hears("elder") == {"a-1"}

    # A presses *44: B is rung
    assert world.press("a-1", "*44") == (
        StopTimer(SILENCE),
        FindSeat(Role.B, Skill.AGENT),
        ShowFile("802", Role.B),
        Dial("b-1", LegKind.SEAT, "802", POLICY.seat_ring),
    )
    assert world.case.state is CaseState.EMERGENCY

    # B takes the elder, A goes to the rescue bridge
    assert world.answer("b-1") == (
        StopSound("b-1"),
        Join("b-1", Place.ELDER),
        MakeBridge(Place.RESCUE),
        Join("a-1", Place.RESCUE),
        Record(Place.RESCUE, "2026/01/05/case-2.wav"),
    )
    assert world.hears("elder") == {"b-1"}

    # A calls 120; the contacts are rung in the same moment
    assert world.ask(CallRequested, target="120") == (
        Dial("120-1", LegKind.SERVICE, "120", POLICY.service_ring),
        SendMessage(MessageKind.HELP_NEEDED, 1, "示例女儿", "13000000001"),
        Dial("contact-1-1", LegKind.CONTACT, "13000000001", POLICY.contact_ring),
        SendMessage(MessageKind.HELP_NEEDED, 2, "示例邻居", ""),
        Dial("contact-2-1", LegKind.CONTACT, "02100000002", POLICY.contact_ring),
    )
    assert world.answer("120-1") == (StopSound("120-1"), Join("120-1", Place.RESCUE))
    assert world.hears("a-1") == {"120-1"}

    # the daughter answers, is asked, presses 1, is thanked and joins A
    key = Timer(TimerKind.CONTACT_KEY, "contact-1-1")
    assert world.answer("contact-1-1") == (
        Play("contact-1-1", Prompt.CONTACT_OFFER),
        StartTimer(key, POLICY.contact_key),
    )
    number = tuple(Prompt(f"digit_{digit}") for digit in FILE.home_phone)
    assert world.press("contact-1-1", "1") == (
        StopTimer(key),
        Play("contact-1-1", Prompt.CONTACT_THANKS, (Prompt.CONTACT_WHO, *number, Prompt.WHAT_KEY)),
    )
    assert world.hear_out("contact-1-1") == (StopSound("contact-1-1"), Join("contact-1-1", Place.RESCUE))
    assert world.hears("contact-1-1") == {"a-1", "120-1"}

    # A brings the daughter to her mother
    assert world.ask(MergeRequested, leg="contact-1-1") == (Join("contact-1-1", Place.ELDER),)
    assert world.hears("elder") == {"b-1", "contact-1-1"}

    # help is there: the neighbour, whose phone still rings, is left in peace
    assert world.ask(ArrivalReported) == (
        StopTimer(REDIAL),
        SendMessage(MessageKind.HELP_ARRIVED, 1, "示例女儿", "13000000001"),
        Hangup("contact-2-1"),
        StopTimer(Timer(TimerKind.CONTACT_KEY, "contact-2-1")),
    )

    # A files the outcome: everybody hangs up, the elder hears the goodbye
    assert world.ask(CloseRequested, outcome=Outcome.RESCUED, note="送医") == (
        *(StopTimer(timer) for timer in silence.TIMERS),
        StopTimer(COMFORT),
        Leave("elder", Place.ELDER),
        Play("elder", Prompt.GOODBYE),
        StartTimer(GOODBYE, POLICY.goodbye),
        Hangup("a-1"),
        Hangup("b-1"),
        Hangup("120-1"),
        Hangup("contact-1-1"),
        ReleaseSeat("801", SeatRelease.TALKED),
        ReleaseSeat("802", SeatRelease.TALKED),
        StopTimer(key),
    )
    assert world.case.state is CaseState.WRAPPING_UP

    # the last line ends: nothing is left in Asterisk, the follow-up is booked, the case is closed
    assert world.hear_out("elder") == (
        Hangup("elder"),
        StopTimer(COMFORT),
        StopTimer(GOODBYE),
        RemoveBridge(Place.ELDER),
        RemoveBridge(Place.RESCUE),
        BookFollowUp(FollowUpKind.EMERGENCY, POLICY.follow_up),
    )
    assert world.case.state is CaseState.CLOSED
    assert (world.case.outcome, world.case.note) == (Outcome.RESCUED, "送医")
    assert {leg.id: leg.result for leg in world.case.legs} == {
        "elder": None,
        "a-1": None,
        "b-1": None,
        "120-1": Result.ACCEPTED,
        "contact-1-1": Result.ACCEPTED,
        "contact-2-1": Result.CANCELLED,
    }
    assert world.alarms == []


@pytest.mark.clause("X5")
def test_an_unknown_caller_is_served_the_same() -> None:
    known, unknown = World(), World(file=None)
    known.call()
    unknown.call()
    served = [leg.id for leg in unknown.case.legs]
    assert served == [leg.id for leg in known.case.legs] == ["elder", "a-1"]
    assert unknown.case.file is not None
    assert unknown.case.file.provisional


def test_a_late_look_up_delays_nobody_and_never_replaces_a_file_by_a_provisional_one() -> None:
    world = World()
    world.call()
    before = world.case
    assert world.tell(CallerUnknown(at=world.now, reason="too late")) == ()
    assert world.case == before


@pytest.mark.clause("S2.2")
def test_a_consultation_gets_its_own_kind_of_follow_up(talking: World) -> None:
    talking.hang_up("elder")
    assert talking.case.state is CaseState.WRAPPING_UP
    assert talking.live == set()
    commands = talking.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    assert commands == (BookFollowUp(FollowUpKind.CONSULTATION, POLICY.follow_up),)


def test_two_agents_press_emergency_at_once(talking: World) -> None:
    talking.feed(EmergencyRequested(at=talking.now, actor="seat:801"))
    again = talking.feed(EmergencyRequested(at=talking.now, actor="user:7"))
    keys = talking.press("a-1", "*44")
    assert [type(command).__name__ for command in again] == ["Refuse"]
    assert [command for command in keys if isinstance(command, FindSeat)] == []
    assert [leg.id for leg in talking.case.legs] == ["elder", "a-1", "b-1"]
