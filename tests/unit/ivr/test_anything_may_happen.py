"""Anything may happen, at any time, in any order: the laws hold after every step, and every case can be brought to its
end with nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ivr.case import Case, LadderTry
from ivr.commands import Answer, Dial, Hangup, Play, Snoop, StartMusic, Timer
from ivr.decide import decide
from ivr.events import (
    ArrivalReported,
    CallerUnknown,
    CallRequested,
    ClassifyRequested,
    CloseRequested,
    CommandFailed,
    DraftComplaintRequested,
    DraftOrderRequested,
    ElderCalledAgain,
    EmergencyRequested,
    Event,
    FileShown,
    HandOverRequested,
    HangupRequested,
    HeardRequested,
    IntercomEndRequested,
    IntercomRequested,
    KeyPressed,
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
from ivr.policy import Policy
from ivr.serial import from_json, to_json
from ivr.vocabulary import (
    Aid,
    CaseKind,
    CaseState,
    DeviceKind,
    LegKind,
    Mode,
    Outcome,
    Prompt,
    Result,
    Role,
    Skill,
    TimerKind,
    Topic,
)
from tests.unit.ivr import laws
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.world import World

CAUSES = st.sampled_from([0, 16, 17, 19, 21, 27, 38, 127])
STRANGER = "stranger"
LONG = 60  # events after which an agent may end the talk by filing an outcome
PICK = st.integers(min_value=0, max_value=99)
TARGETS = st.sampled_from(
    ["120", "110", "contacts", "contact:1", "contact:2", "contact:9", "elder", "number:02100000009", "number:120", "x"]
)
BEGINNING: tuple[Callable[[World], object], ...] = (
    World.settle,
    lambda world: world.answer("a-1"),
    lambda world: world.ask(EmergencyRequested),
    lambda world: world.answer("b-1"),
    lambda world: world.ask(CallRequested, target="120"),
    lambda world: world.answer("120-1"),
    lambda world: world.ask(IntercomRequested),
)
SUPERVISED: tuple[Callable[[World], object], ...] = (
    *BEGINNING[:4],
    lambda world: world.supervise(Mode.WHISPER),
    lambda world: world.answer("s-1"),
)
WITHOUT_A_WORD: tuple[Callable[[World], object], ...] = (
    World.settle,
    lambda world: world.hang_up("elder"),
    lambda world: world.wait(world.policy.call_back_pause + 1),
    lambda world: world.answer("a-1"),
    lambda world: world.answer("elder-2"),
    lambda world: world.ask(SilentRequested),
    lambda world: world.wait(world.policy.call_back_pause + world.policy.call_back_ring),
    lambda world: world.wait(world.policy.redial_pause + 1),
)
CONSULTATION: tuple[Callable[[World], object], ...] = (
    World.settle,
    lambda world: world.answer("a-1"),
    lambda world: world.ask(TransferRequested, skill=Skill.DOCTOR),
    lambda world: world.answer("x-1"),
    lambda world: world.ask(ThreeWayRequested),
)
ASKED_HOW_IT_WAS: tuple[Callable[[World], object], ...] = (
    World.settle,
    lambda world: world.answer("a-1"),
    lambda world: world.say("elder"),
    lambda world: world.hang_up("a-1"),
)
BEGINNINGS = [
    *(BEGINNING[:count] for count in (0, 1, 2, 3, 4, 6, 7)),
    *(WITHOUT_A_WORD[:count] for count in (2, 3, 6, 8)),
    *(CONSULTATION[:count] for count in (3, 4, 5)),
    SUPERVISED,
    ASKED_HOW_IT_WAS,
]


POLICY = Policy.of({}, duty_phones=("13000000091", "13000000092"))
OF_A_COMMUNITY = replace(FILE, service_class=1, community_id=7, community_phone="13000000077")


class AnythingMayHappen(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(policy=POLICY, seats=[])
        self.hired = 0

    @initialize(
        known=st.booleans(),
        kind=st.sampled_from(CaseKind),
        in_hours=st.booleans(),
        waves=st.sampled_from([0, 0, 1]),
        seats=st.integers(0, 4),
        beginning=st.sampled_from(BEGINNINGS),
    )
    def somebody_calls(
        self,
        known: bool,
        kind: CaseKind,
        in_hours: bool,
        waves: int,
        seats: int,
        beginning: tuple[Callable[[World], object], ...],
    ) -> None:
        """The first chapters are told straight, so that chance is not spent on reaching the last ones."""
        world = self.world
        world.policy = Policy.of({"cascade_waves": waves})
        world.file = OF_A_COMMUNITY if known else None
        world.in_hours = in_hours
        world.seats = [str(801 + number) for number in range(max(seats, 2 if beginning else 0))]
        if kind is CaseKind.OUTBOUND and not beginning:
            world.seats = [seat for seat in world.seats if seat != "801"]
            world.call_out(file=world.file)
            return
        told = CaseKind.ORDINARY if beginning is ASKED_HOW_IT_WAS else CaseKind.SOS
        world.feed(world.dial_in(kind=told if beginning else kind))
        for act in beginning:
            act(world)

    # --- the world goes on ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.coming)
    @rule(pick=PICK)
    def what_is_coming_comes(self, pick: int) -> None:
        self.world.deliver(pick)

    @rule()
    def all_that_is_coming_comes(self) -> None:
        self.world.settle()

    @precondition(lambda self: self._lines("dialling"))
    @rule(pick=PICK)
    def a_phone_is_picked_up(self, pick: int) -> None:
        self.world.pick_up(self._one_of("dialling", pick))

    @precondition(lambda self: self._lines("dialling"))
    @rule(pick=PICK)
    def a_phone_rings(self, pick: int) -> None:
        self.world.feed(LegRinging(at=self.world.now, leg=self._one_of("dialling", pick)))

    @precondition(lambda self: self._lines("calling", "dialling", "up"))
    @rule(pick=PICK, cause=CAUSES)
    def a_line_ends(self, pick: int, cause: int) -> None:
        lines = self._lines("calling", "dialling", "up")
        self.world.break_off(lines[pick % len(lines)], cause)

    @precondition(lambda self: self._lines("up"))
    @rule(pick=PICK, keys=st.sampled_from(["1", "2", "3", "9", "7", "*44", "*45", "*46", "*47", "*4"]))
    def keys_are_pressed(self, pick: int, keys: str) -> None:
        leg = self._one_of("up", pick)
        for key in keys:
            self.world.feed(KeyPressed(at=self.world.now, leg=leg, key=key))

    @precondition(lambda self: self._lines("up"))
    @rule(pick=PICK)
    def somebody_speaks(self, pick: int) -> None:
        self.world.speak(self._one_of("up", pick))

    @precondition(lambda self: self._lines("up"))
    @rule(pick=PICK)
    def a_telephone_holds_or_takes_back(self, pick: int) -> None:
        leg = self._one_of("up", pick)
        if self.world.lines[leg].kind is not LegKind.SNOOP:
            self.world.press_hold(leg)

    @precondition(lambda self: self.world.case.legs)
    @rule()
    def the_elder_calls_in_again(self) -> None:
        self.world.coming.append(self.world.calls_in_again())

    @rule(kind=st.sampled_from(DeviceKind))
    def a_device_reports(self, kind: DeviceKind) -> None:
        self.world.feed(self.world.told_by_a_device(kind))

    @rule(channel=st.sampled_from(["channel-1", "channel-8", "channel-9"]), results=st.lists(st.sampled_from(Result)))
    def the_ladder_reports(self, channel: str, results: list[Result]) -> None:
        at = self.world.now
        tries = [LadderTry(LegKind.DUTY, "13000000091", at, joined_at=at, result=result) for result in results]
        self.world.feed(self.world.told_by_the_ladder(channel, *tries))

    @precondition(lambda self: self._elder_rings())
    @rule(cause=CAUSES)
    def the_elder_does_not_pick_up(self, cause: int) -> None:
        self.world.break_off(self._elder_rings()[-1], cause)

    @precondition(lambda self: self._prompts())
    @rule(pick=PICK, problem=st.sampled_from(["", "", "no such file"]))
    def a_prompt_ends(self, pick: int, problem: str) -> None:
        prompts = self._prompts()
        self.world.prompt_ends(prompts[pick % len(prompts)], problem)

    @precondition(lambda self: self.world.timers)
    @rule(pick=PICK)
    def a_timer_fires(self, pick: int) -> None:
        timers = list(self.world.timers)
        timer = timers[pick % len(timers)]
        self.world.now = max(self.world.now, self.world.timers[timer])
        self.world.fire(timer)

    @precondition(lambda self: len(self.world.seats) < 3)
    @rule()
    def a_seat_becomes_free(self) -> None:
        self.hired += 1
        self.world.seats.append(str(900 + self.hired))
        self.world.give_seats()

    @precondition(lambda self: not any(isinstance(event, ElderCalledAgain) for event in self.world.coming))
    @rule(wait=st.sampled_from([0.0, 0.0, 3.0]))
    def asterisk_dies_and_comes_back(self, wait: float) -> None:
        self.world.everything_is_gone()
        self.world.now += timedelta(milliseconds=10)
        self.world.feed(LinesBroke(at=self.world.now, actor="system", since=self.world.now, wait=wait))

    @rule(kind=st.sampled_from([Dial, Play, StartMusic, Answer, Snoop]))
    def the_next_command_will_fail(self, kind: type) -> None:
        self.world.refuse_next.add(kind)

    @precondition(lambda self: self._dialled())
    @rule(pick=PICK)
    def a_phone_rings_although_its_dialling_was_said_to_have_failed(self, pick: int) -> None:
        dialled = self._dialled()
        failed = CommandFailed(at=self.world.now, command=dialled[pick % len(dialled)], reason="no answer in time")
        self.world.coming.append(failed)

    # --- people ask for things --------------------------------------------------------------------------------------

    @rule(
        request=st.sampled_from(
            [EmergencyRequested, SilentRequested, HeardRequested, ArrivalReported, StandDownRequested]
        ),
    )
    def an_agent_decides(self, request: type) -> None:
        self.world.feed(request(at=self.world.now, actor="seat:801"))

    @rule(whom=TARGETS)
    def an_agent_calls(self, whom: str) -> None:
        self.world.feed(CallRequested(at=self.world.now, actor="seat:801", target=whom))

    @rule(request=st.sampled_from([IntercomRequested, IntercomEndRequested, SwapRequested]))
    def an_agent_changes_who_speaks_with_whom(self, request: type) -> None:
        self.world.feed(request(at=self.world.now, actor="seat:801"))

    @rule(role=st.sampled_from([Role.A, Role.B]))
    def another_seat_takes_over(self, role: Role) -> None:
        self.hired += 1
        self.world.named(TakeOverRequested(at=self.world.now, role=role, extension=str(900 + self.hired)))

    @rule(mode=st.sampled_from(Mode), extension=st.sampled_from(["", "880"]), pick=PICK, any_leg=st.booleans())
    def a_supervisor_asks(self, mode: Mode, extension: str, pick: int, any_leg: bool) -> None:
        present = self.world.case.seat(Role.S)
        self.hired += 1
        seat = extension or (present.number if present else str(900 + self.hired))
        legs = list(self.world.lines)
        leg = legs[pick % len(legs)] if any_leg else ""
        self.world.named(SuperviseRequested(at=self.world.now, mode=mode, extension=seat, leg=leg))

    @rule()
    def a_supervisor_leaves(self) -> None:
        self.world.feed(SuperviseEndRequested(at=self.world.now, actor="user:9"))

    @precondition(lambda self: self.world.case.seat(Role.S))
    @rule(role=st.sampled_from([Role.A, Role.B]))
    def a_supervisor_takes_over(self, role: Role) -> None:
        supervisor = self.world.case.seat(Role.S)
        assert supervisor is not None
        self.world.named(TakeOverRequested(at=self.world.now, role=role, extension=supervisor.number))

    @rule(pick=PICK, request=st.sampled_from([MergeRequested, SplitRequested, HangupRequested]))
    def an_agent_moves_a_leg(self, pick: int, request: type) -> None:
        legs = list(self.world.lines)
        self.world.feed(request(at=self.world.now, actor="seat:801", leg=legs[pick % len(legs)]))

    @rule(skill=st.sampled_from(Skill))
    def an_agent_transfers(self, skill: Skill) -> None:
        self.world.feed(TransferRequested(at=self.world.now, actor="seat:801", skill=skill))

    @rule(request=st.sampled_from([ThreeWayRequested, ReturnRequested, HandOverRequested]))
    def an_agent_has_a_wish_of_a_professional(self, request: type) -> None:
        self.world.feed(request(at=self.world.now, actor="seat:801"))

    @rule(topic=st.sampled_from(Topic), aid=st.sampled_from(Aid), which=st.integers(0, 2))
    def an_agent_writes_something_down(self, topic: Topic, aid: Aid, which: int) -> None:
        at, actor = self.world.now, "seat:801"
        papers = (
            ClassifyRequested(at=at, actor=actor, topic=topic),
            DraftOrderRequested(at=at, actor=actor, aid=aid, wish="午饭"),
            DraftComplaintRequested(at=at, actor=actor, about="", words="送餐晚了"),
        )
        self.world.feed(papers[which])

    @precondition(lambda self: self.world.case.state is CaseState.WRAPPING_UP or len(self.world.story) > LONG)
    @rule(outcome=st.sampled_from(Outcome))
    def an_agent_closes(self, outcome: Outcome) -> None:
        self.world.feed(CloseRequested(at=self.world.now, actor="seat:801", outcome=outcome, note=""))

    # --- and what should not happen happens -------------------------------------------------------------------------

    @rule(pick=PICK)
    def something_is_told_again(self, pick: int) -> None:
        event, case = self.world.story[pick % len(self.world.story)].event, self.world.case
        keeps_a_seat = isinstance(event, SeatReserved | TakeOverRequested | SuperviseRequested)
        seat_went_back = keeps_a_seat and case.seat_of(event.extension) is None
        passed_on = isinstance(event, ElderCalledAgain) and case.leg(event.leg) is None
        if not seat_went_back and not passed_on:
            self.world.feed(event)

    @rule(pick=PICK)
    def something_is_told_of_a_stranger(self, pick: int) -> None:
        strangers = told_of(STRANGER, self.world.now)
        self.world.feed(strangers[pick % len(strangers)])

    # --- the laws ---------------------------------------------------------------------------------------------------

    @invariant()
    def the_laws_hold(self) -> None:
        if self.world.case.opened_at:
            laws.check(self.world.case, self.world)

    def teardown(self) -> None:
        """Whatever has happened: the case comes to its end, and after it nothing has any effect."""
        if not self.world.case.opened_at:
            return
        self.world.refuse_next.clear()
        bring_to_an_end(self.world)
        the_journal_tells_it_all(self.world)
        nothing_changes_after_the_end(self.world)

    # --- picking ----------------------------------------------------------------------------------------------------

    def _lines(self, *states: str) -> list[str]:
        return [leg for leg, line in self.world.lines.items() if line.state in states]

    def _one_of(self, state: str, pick: int) -> str:
        lines = self._lines(state)
        return lines[pick % len(lines)]

    def _elder_rings(self) -> list[str]:
        return [leg for leg in self._lines("dialling") if self.world.lines[leg].kind is LegKind.ELDER]

    def _dialled(self) -> list[Dial]:
        orders = (command for told in self.world.story for command in told.commands if isinstance(command, Dial))
        return [order for order in orders if self.world.lines[order.leg].state == "dialling"]

    def _prompts(self) -> list[str]:
        return [leg for leg, line in self.world.lines.items() if isinstance(line.sound, Prompt)]


def told_of(leg: str, at: datetime) -> list[Event]:
    """Everything that can be told of a leg."""
    return [
        LegRinging(at=at, leg=leg),
        LegEnded(at=at, leg=leg, cause=16),
        LegHeld(at=at, leg=leg),
        LegUnheld(at=at, leg=leg),
        KeyPressed(at=at, leg=leg, key="1"),
        SpeechHeard(at=at, leg=leg),
        PromptFinished(at=at, leg=leg, prompt=Prompt.COMFORT),
        PromptFinished(at=at, leg=leg, prompt=Prompt.CONTACT_THANKS, problem="no such file"),
        TimerFired(at=at, timer=Timer(TimerKind.CONTACT_KEY, leg)),
        CommandFailed(at=at, command=Hangup(leg), reason="no such channel"),
        CommandFailed(at=at, command=Play(leg, Prompt.WELCOME), reason="no such channel"),
        CommandFailed(at=at, command=Dial(leg, LegKind.SERVICE, "120", 60), reason="no route"),
        MergeRequested(at=at, leg=leg),
        SplitRequested(at=at, leg=leg),
        HangupRequested(at=at, leg=leg),
        RecordingEnded(at=at, recording="r.wav", seconds=1.0),
        RecordingLost(at=at, recording="r.wav", problem="stalled"),
        RecordingPossible(at=at),
        Queued(at=at, ahead=100),
        FileShown(at=at, extension="801"),
        CallerUnknown(at=at, reason="not on file"),
        LegAnswered(at=at, leg=leg),
    ]


def bring_to_an_end(world: World) -> None:
    """As a supervisor would: file an outcome where that can be done; until then the caller hangs up at last."""
    for _ in range(20 + len(world.lines)):  # an elder who has called again and again hangs up as often
        world.settle()
        for leg, line in world.lines.items():
            known = world.case.leg(leg)
            if line.state == "dialling" and known is not None and not known.alive:
                world.break_off(leg, 19)  # rang on after we had given it up
        world.settle()
        if world.case.state is CaseState.CLOSED:
            break
        if world.case.state in {CaseState.ARRIVING, CaseState.RINGING_SEATS}:
            assert world.case.elder is not None
            world.hang_up(world.case.elder.id)
        else:
            world.ask(CloseRequested, outcome=Outcome.OTHER, note="")
            world.wait(world.policy.goodbye + 1)
    assert world.case.state is CaseState.CLOSED, world.case
    assert all(line.state == "gone" for line in world.lines.values()), world.lines
    laws.check(world.case, world)


def the_journal_tells_it_all(world: World) -> None:
    """A restart replays the events from plain JSON, and comes to the same case by the same commands."""
    case = Case(id="case")
    for told in world.story:
        event = from_json(Event, json.loads(json.dumps(to_json(told.event))))
        case, commands = decide(case, event, world.policy)
        assert commands == told.commands
    assert case == world.case


def nothing_changes_after_the_end(world: World) -> None:
    closed, told = world.case, list(world.story)
    for event in [*(told.event for told in told), *told_of("elder", world.now)]:
        if not isinstance(event, SeatReserved):
            world.tell(event)
            assert replace(world.case, file=closed.file) == closed
    assert all(line.state == "gone" for line in world.lines.values())


AnythingMayHappen.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    derandomize=True,  # the same walks on every machine
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnythingMayHappen = AnythingMayHappen.TestCase
