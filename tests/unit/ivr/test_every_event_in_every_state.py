"""Every event in every state, for every case that the stories come by: known legs, ended ones, strangers. Nothing
raises, states follow one another by the law, and what is told twice changes nothing the second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from ivr.case import Case, DeviceReport
from ivr.commands import (
    Alarm,
    Announce,
    Answer,
    BookFollowUp,
    Command,
    DetectSpeech,
    Dial,
    FindSeat,
    Join,
    MakeBridge,
    Play,
    Refuse,
    StartMusic,
    Timer,
)
from ivr.decide import decide
from ivr.events import (
    ArrivalReported,
    CallArrived,
    CallerIdentified,
    CallerUnknown,
    CallOutRequested,
    CallRequested,
    ClassifyRequested,
    CloseRequested,
    CommandFailed,
    DeviceReported,
    DraftComplaintRequested,
    DraftOrderRequested,
    ElderCalledAgain,
    EmergencyRequested,
    Event,
    FileShown,
    HandOverRequested,
    HangupRequested,
    HeardRequested,
    IdentifyRequested,
    IntercomEndRequested,
    IntercomRequested,
    KeyPressed,
    LadderReported,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegRinging,
    LegUnheld,
    LinesBroke,
    MergeRequested,
    PromptFinished,
    Queued,
    RecordingEnded,
    RecordingLost,
    RecordingPossible,
    Request,
    ReturnRequested,
    SeatReserved,
    SilentRequested,
    SpeechHeard,
    SplitRequested,
    StandDownRequested,
    SuperviseEndRequested,
    SuperviseRequested,
    SwapRequested,
    TakeOverRequested,
    ThreeWayRequested,
    TimerFired,
    TransferRequested,
)
from ivr.vocabulary import (
    Aid,
    AlarmKind,
    CaseKind,
    CaseState,
    DeviceKind,
    FollowUpKind,
    LegKind,
    Mode,
    Outcome,
    Place,
    Prompt,
    Role,
    Skill,
    TimerKind,
    Topic,
)
from tests.unit.ivr import laws
from tests.unit.ivr.exchange import FILE, START
from tests.unit.ivr.world import POLICY, World


def everything_that_can_be_told(leg: str) -> list[Event]:
    timers = [Timer(kind, leg if kind is TimerKind.CONTACT_KEY else "") for kind in TimerKind]
    failed: list[Command] = [
        *(Answer(leg), Play(leg, Prompt.COMFORT), StartMusic(leg), Join(leg, Place.ELDER), MakeBridge(Place.RESCUE)),
        *(Dial(leg, kind, "801", 10) for kind in LegKind),
        *(DetectSpeech(leg, 200), Announce(Place.ELDER, Prompt.CAN_YOU_HEAR_ME)),
        *(FindSeat(Role.A, Skill.AGENT), BookFollowUp(FollowUpKind.EMERGENCY, 2)),
    ]
    return [
        CallArrived(at=START, channel="channel-2", caller="1", dialled="", recording=""),
        LegRinging(at=START, leg=leg),
        LegAnswered(at=START, leg=leg),
        LegHeld(at=START, leg=leg),
        LegUnheld(at=START, leg=leg),
        *(LegEnded(at=START, leg=leg, cause=cause) for cause in (0, 16, 19, 38)),
        *(LinesBroke(at=START, since=START + timedelta(hours=1), wait=wait) for wait in (0.0, 2.0)),
        *(KeyPressed(at=START, leg=leg, key=key) for key in "1239*"),
        *(PromptFinished(at=START, leg=leg, prompt=prompt, problem=text) for prompt in Prompt for text in ("", "gone")),
        SpeechHeard(at=START, leg=leg),
        ElderCalledAgain(at=START, leg=f"again-{leg}", channel="channel-2"),
        *(DeviceReported(at=START, report=DeviceReport("d", kind, START)) for kind in DeviceKind),
        *(
            LadderReported(
                at=START, arrived_at=START, ended_at=START, channel=channel, caller="1", dialled="", recording=file
            )
            for channel, file in (("channel-1", "r.wav"), ("channel-2", ""))
        ),
        RecordingEnded(at=START, recording="r.wav", seconds=1.0),
        RecordingEnded(at=START, recording="r.wav", seconds=0.0, problem="empty"),
        RecordingLost(at=START, recording="r.wav", problem="missing"),
        RecordingPossible(at=START),
        CallerIdentified(at=START, file=FILE),
        CallerIdentified(at=START, file=FILE, others=(replace(FILE, id=8),), again_of="another"),
        CallerUnknown(at=START, reason="not on file"),
        *(SeatReserved(at=START, role=role, extension=seat) for role in Role for seat in ("801", "899")),
        *(Queued(at=START, ahead=ahead) for ahead in (0, 100)),
        FileShown(at=START, extension="801"),
        *(TimerFired(at=START, timer=timer) for timer in timers),
        *(CommandFailed(at=START, command=command, reason="refused") for command in failed),
        CallOutRequested(at=START, extension="887", number="02100000007"),
        EmergencyRequested(at=START),
        SilentRequested(at=START),
        HeardRequested(at=START),
        *(IdentifyRequested(at=START, elder=elder) for elder in (FILE.id, 99)),
        *(CallRequested(at=START, target=target) for target in ("120", "contacts", "contact:1", "elder", "number:1")),
        MergeRequested(at=START, leg=leg),
        SplitRequested(at=START, leg=leg),
        IntercomRequested(at=START),
        IntercomEndRequested(at=START),
        SwapRequested(at=START),
        *(TakeOverRequested(at=START, role=role, extension="888") for role in (Role.A, Role.B)),
        *(SuperviseRequested(at=START, mode=mode, extension="889", leg=one) for mode in Mode for one in ("", leg)),
        SuperviseEndRequested(at=START),
        HangupRequested(at=START, leg=leg),
        TransferRequested(at=START, skill=Skill.DOCTOR),
        ArrivalReported(at=START),
        StandDownRequested(at=START),
        CloseRequested(at=START, outcome=Outcome.OTHER, note=""),
        *(ask(at=START) for ask in (ThreeWayRequested, ReturnRequested, HandOverRequested)),
        ClassifyRequested(at=START, topic=Topic.LEGAL),
        DraftOrderRequested(at=START, aid=Aid.MEALS, wish="午饭"),
        DraftComplaintRequested(at=START, about="", words="送餐晚了"),
    ]


def cases() -> dict[str, Case]:
    """A case of every kind that the stories come by."""
    found = {"nothing": Case(id="case")}
    world = World()

    def after(name: str, act: Callable[[], object]) -> None:
        act()
        found[name] = world.case

    after("arriving", lambda: world.feed(world.dial_in()))
    after("ringing", world.settle)
    after("talking", lambda: world.answer("a-1"))
    after("lost", lambda: world.hang_up("a-1", 38))
    after("talking again", lambda: world.answer("a-2"))
    after("emergency", lambda: world.ask(CallRequested, target="120"))
    after("with B", lambda: world.answer("b-1"))
    after("120 answered", lambda: world.answer("120-1"))
    after("asked", lambda: world.answer("contact-1-1"))
    after("reached", lambda: world.press("contact-1-1", "1"))
    after("intercom", lambda: world.ask(IntercomRequested))
    after("back from it", lambda: world.ask(IntercomEndRequested))
    after("merged", lambda: world.ask(MergeRequested, leg="120-1"))
    after("swapped", lambda: world.ask(SwapRequested) + world.ask(SwapRequested))
    after("relief rings", lambda: world.take_over(Role.B, "870"))
    after("relieved", lambda: world.answer("b-2"))
    after("supervisor rings", lambda: world.supervise(Mode.LISTEN))
    after("listens", lambda: world.answer("s-1"))
    after("barges in", lambda: world.supervise(Mode.BARGE))
    after("without B", lambda: world.hang_up("b-2", 38))
    after("elder gone", lambda: world.hang_up("elder"))
    after("re-dialled", lambda: world.ask(CallRequested, target="elder"))
    after("back", lambda: world.answer("elder-2"))
    after("heard", lambda: world.say("elder-2"))
    after("arrived", lambda: world.ask(ArrivalReported))
    after("goodbye", lambda: world.ask(CloseRequested, outcome=Outcome.RESCUED, note=""))
    after("closed", lambda: world.hear_out("elder-2"))
    return {
        **found,
        **cases_without_a_word(),
        **consultations(),
        **calls_out(),
        **asked_how_it_was(),
        "abandoned": abandoned_without_a_number(),
    }


def consultations() -> dict[str, Case]:
    """A professional is asked, heard, joins and takes over."""
    found = {}
    world = World()

    def after(name: str, act: Callable[[], object]) -> None:
        act()
        found[name] = world.case

    world.call()
    world.answer("a-1")
    after("doctor rung", lambda: world.ask(TransferRequested, skill=Skill.DOCTOR))
    after("consulting", lambda: world.answer("x-1"))
    after("all three", lambda: world.ask(ThreeWayRequested))
    after("handing over", lambda: world.feed(HandOverRequested(at=world.now)))
    after("handed over", world.settle)
    return found


def asked_how_it_was() -> dict[str, Case]:
    """The agent has hung up, and the elder says by key how the call was."""
    world = World()
    world.call(kind=CaseKind.ORDINARY)
    world.answer("a-1")
    world.say("elder")
    world.hang_up("a-1")
    asked = world.case
    world.press("elder", "3")
    return {"asked how it was": asked, "was not satisfied": world.case}


def calls_out() -> dict[str, Case]:
    """An agent rings somebody who is no elder, and an elder."""
    found = {}
    for whom, number in (("a stranger", "13000000099"), ("an elder", "02100000007")):
        world = World(seats=[])
        world.call_out(number)
        world.settle()
        found[f"{whom} is to be rung"] = world.case
        world.answer("a-1")
        found[f"{whom} is rung"] = world.case
        world.answer("elder" if whom == "an elder" else "number-1")
        found[f"{whom} was rung"] = world.case
    return found


def cases_without_a_word() -> dict[str, Case]:
    """The elder hangs up, is rung back, and picks up without a word."""
    found = {}
    world = World(seats=["801"])

    def after(name: str, act: Callable[[], object]) -> None:
        act()
        found[name] = world.case

    world.call()
    after("pause", lambda: world.hang_up("elder"))
    after("rung back", lambda: world.wait(POLICY.call_back_pause + 1))
    after("rung back with A", lambda: world.answer("a-1"))
    after("picked up", lambda: world.answer("elder-2"))
    after("asked twice", lambda: world.wait(2 * POLICY.silence + 1))
    after("called again", lambda: world.wait(POLICY.silence_decides + POLICY.call_back_pause))
    after("crossing", lambda: world.feed(world.calls_in_again()))
    after("crossed", world.settle)
    after("silent at last", lambda: world.ask(SilentRequested))
    after("no response", lambda: world.wait(POLICY.call_back_pause + 1))
    after("redialled", lambda: world.wait(POLICY.redial_pause + 1))
    after("up again", lambda: world.answer("elder-5"))
    after("asked to come", lambda: world.answer("contact-1-1"))
    after("there", lambda: world.press("contact-1-1", "1") + world.ask(ArrivalReported))
    return found


def abandoned_without_a_number() -> Case:
    world = World(seats=[], file=None)
    world.call("")
    world.hang_up("elder")
    return world.case


CASES = cases()


def test_the_samples_miss_no_state_and_no_event() -> None:
    assert {case.state for case in CASES.values()} == set(CaseState)
    told = {type(event) for event in everything_that_can_be_told("elder")}
    assert told == set(get_args(Event))


@pytest.mark.parametrize("name", CASES)
def test_no_event_raises_and_no_state_is_jumped(name: str) -> None:
    case = CASES[name]
    for leg in ("stranger", "", *(leg.id for leg in case.legs)):
        for event in everything_that_can_be_told(leg):
            after, commands = decide(case, event, POLICY)
            assert after.state in laws.reachable(case.state)
            known = {leg.id for leg in after.legs} | {getattr(event, "leg", "")}
            assert {getattr(command, "leg", "elder") for command in commands} <= known | {"elder"}


@pytest.mark.parametrize("name", CASES)
def test_what_is_told_of_a_stranger_changes_nothing(name: str) -> None:
    case = CASES[name]
    kinds = (
        LegRinging
        | LegAnswered
        | LegEnded
        | KeyPressed
        | SpeechHeard
        | PromptFinished
        | MergeRequested
        | SplitRequested
        | HangupRequested
    )
    for event in everything_that_can_be_told("stranger"):
        if isinstance(event, kinds):
            after, commands = decide(case, event, POLICY)
            assert after == case
            assert all(isinstance(command, Refuse | Alarm) for command in commands)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", [LegAnswered, LegEnded])
def test_the_news_of_a_leg_told_twice_change_nothing_the_second_time(
    name: str, kind: Callable[..., LegAnswered | LegEnded]
) -> None:
    for leg in CASES[name].legs:
        news = kind(at=START, leg=leg.id) if kind is LegAnswered else kind(at=START, leg=leg.id, cause=19)
        once, _ = decide(CASES[name], news, POLICY)
        twice, _ = decide(once, news, POLICY)
        assert twice == once


@pytest.mark.parametrize("name", [name for name in CASES if name != "nothing"])
def test_a_second_call_of_the_same_case_is_unexpected_and_changes_nothing(name: str) -> None:
    again = CallArrived(at=START, channel="channel-2", caller="1", dialled="", recording="")
    after, commands = decide(CASES[name], again, POLICY)
    assert after == CASES[name]
    assert [command.kind for command in commands if isinstance(command, Alarm)] == [AlarmKind.UNEXPECTED]


def test_a_request_is_carried_out_or_refused_never_both_and_never_ignored() -> None:
    for case in CASES.values():
        for event in everything_that_can_be_told("elder"):
            if not isinstance(event, Request):
                continue
            after, commands = decide(case, event, POLICY)
            refused = any(isinstance(command, Refuse) for command in commands)
            carried_out = after != case or any(not isinstance(command, Refuse) for command in commands)
            assert refused is not carried_out, f"{event} in {case.state}: {commands}"
