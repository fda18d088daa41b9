"""One turn of the procedure: a case, what is changed of it, the commands that follow. Lives only within `decide()`.

Here are also the few things that several states do in the same words: keep the elder company, ring a seat, let a leg
in, let a leg go. Rules about *when* belong into `states/`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Any

from ivr import ids, routing, tapes
from ivr.case import Case, Leg
from ivr.commands import (
    Alarm,
    Command,
    Dial,
    Hangup,
    Join,
    Leave,
    MakeBridge,
    Play,
    Record,
    Refuse,
    ReleaseSeat,
    RemoveBridge,
    ShowFile,
    StartMusic,
    StartTimer,
    StopFindingSeat,
    StopSound,
    StopTimer,
    Timer,
)
from ivr.policy import Policy
from ivr.vocabulary import (
    MUST_ACCEPT,
    NORMAL_CLEARING,
    SUCCESSORS,
    AlarmKind,
    CaseState,
    LegKind,
    LegState,
    Place,
    Prompt,
    Refusal,
    Result,
    Role,
    SeatRelease,
    Skill,
    TimerKind,
)

Decision = tuple[Case, tuple[Command, ...]]
COMFORT = Timer(TimerKind.COMFORT)


class Turn:
    """Collects what one event leads to. `at` is the event's time."""

    def __init__(self, case: Case, policy: Policy, at: datetime) -> None:
        self.case = case
        self.policy = policy
        self.at = at
        self._commands: list[Command] = []

    def do(self, *commands: Command) -> Turn:
        self._commands.extend(commands)
        return self

    @property
    def refusal(self) -> Refuse | None:
        return next((command for command in self._commands if isinstance(command, Refuse)), None)

    @property
    def decision(self) -> Decision:
        return self.case, tuple(self._commands)

    # --- the case ---------------------------------------------------------------------------------------------------

    def note(self, **changes: Any) -> Turn:
        self.case = replace(self.case, **changes)
        return self

    def go(self, state: CaseState) -> Turn:
        """Enter the next state; a step that `SUCCESSORS` does not allow is a mistake of ours."""
        assert state in SUCCESSORS[self.case.state], f"{self.case.state} -> {state}"
        return self.note(state=state)

    def change(self, leg: Leg, **changes: Any) -> Leg:
        changed = replace(leg, **changes)
        self.case = tapes.followed(self.case.with_leg(changed))
        return changed

    def alarm(self, kind: AlarmKind, detail: str = "") -> Turn:
        """Said once in a turn, however many rules come to it."""
        alarm = Alarm(kind, detail)
        return self if alarm in self._commands else self.do(alarm)

    def refuse(self, reason: Refusal, detail: str = "") -> Turn:
        return self.do(Refuse(reason, detail))

    # --- the elder's ear --------------------------------------------------------------------------------------------

    def keep_company(self) -> Turn:
        """Nobody is with the elder: take them out of the empty bridge and let them hear that we come back."""
        if not self.case.elder_alone:
            return self
        for line in self.lines_of_elder():
            if line.place is not Place.NOWHERE:
                self.do(Leave(line.id, line.place)).say(line, Prompt.HOLD)
                self.change(line, place=Place.NOWHERE)
        return self

    def say(self, line: Leg, words: Prompt) -> Turn:
        """Words for an elder who goes on waiting: never followed by silence, whatever becomes of us meanwhile."""
        return self.do(Play(line.id, words, music=True))

    def lines_of_elder(self) -> tuple[Leg, ...]:
        """The elder's present line and those beside it, as far as they are up."""
        elder = self.case.elder
        lines = self.case.seconds if elder is None else (elder, *self.case.seconds)
        return tuple(line for line in lines if line.up)

    def after_prompt(self, leg: Leg) -> Turn:
        """A prompt ended while the elder waits: music, until the next comforting word is due."""
        return self.do(StartMusic(leg.id), StartTimer(COMFORT, self.policy.comfort_every))

    def comfort(self, words: Prompt = Prompt.COMFORT) -> Turn:
        """The waiting elder is due a comforting word, on every line of theirs."""
        if self.case.elder_alone:
            for line in self.lines_of_elder():
                self.say(line, words)
        return self

    # --- legs -------------------------------------------------------------------------------------------------------

    def dial(self, leg: Leg, ring: float) -> Turn:
        self.case = self.case.with_leg(replace(leg, dialled_at=self.at))
        return self.do(Dial(leg.id, leg.kind, leg.number, ring))

    def move(self, leg: Leg, place: Place) -> Turn:
        """Let this leg speak and hear in that bridge, and nowhere else."""
        if leg.place is place:
            return self
        if place not in self.case.bridges:
            self.do(MakeBridge(place)).note(bridges=self.case.bridges | {place})
        if leg.kind is LegKind.ELDER:
            self.do(StopTimer(COMFORT))
        if leg.place is Place.NOWHERE:
            self.do(StopSound(leg.id))
        self.change(leg, place=place)
        self.do(Join(leg.id, place)).tape_bridge(place)
        if leg.kind is LegKind.ELDER:
            for second in self.lines_of_elder():
                self.move(second, place)
        return self

    def meet_elder(self, leg: Leg) -> Turn:
        """Bring this leg and the elder together."""
        elder = self.case.elder
        if elder is not None and elder.up and elder.id != leg.id:
            self.move(elder, Place.ELDER)
        return self.move(self.case.leg(leg.id) or leg, Place.ELDER)

    def tape_call(self, leg: Leg, file: str) -> Turn:
        """This call came in, and the dialplan records it."""
        self.case = tapes.with_call(self.case, leg.id, file, self.at)
        return self

    def tape_bridge(self, place: Place) -> Turn:
        """Record what is said here, unless that is done already."""
        if not tapes.wanted(self.case, place):
            return self
        self.case = tapes.with_bridge(self.case, place, self.at)
        return self.do(Record(place, self.case.tapes[-1].file))

    def hang_up(self, leg: Leg, result: Result | None = None) -> Turn:
        """Ask for the end of a leg; it has ended when `LegEnded` says so. The first result of a leg stands."""
        self.change(leg, result=leg.result or result, hung_up=True)
        return self.do(Hangup(leg.id))

    def let_go(self, leg: Leg) -> Turn:
        """Hang up because we want to: whoever was not in the conversation yet has been cancelled."""
        talked = leg.up and leg.kind not in MUST_ACCEPT
        return self.hang_up(leg, None if talked else Result.CANCELLED)

    def hang_up_all(self, *kinds: LegKind) -> Turn:
        for leg in tuple(self.case.live(*kinds)):
            self.let_go(leg)
        return self

    def end(self, leg: Leg, cause: int, result: Result | None) -> Leg:
        """The leg is gone: write down how, stop what ran for it."""
        if leg.kind in MUST_ACCEPT:
            self.do(StopTimer(Timer(TimerKind.CONTACT_KEY, leg.id)))
        if self.case.is_elder(leg):
            self.do(StopTimer(COMFORT), StopTimer(Timer(TimerKind.GOODBYE))).note(grading=False)
        ended = self.change(
            leg,
            state=LegState.ENDED,
            place=Place.NOWHERE,
            held_at=None,
            ended_at=self.at,
            cause=cause,
            result=leg.result or result,
        )
        if leg.channel:
            self.tape_bridge(leg.place)  # those who stay were on the recording of this call
        return ended

    def lose_tape(self, file: str, problem: str) -> Turn:
        """A recording is no good: said once for each."""
        known = next((tape for tape in self.case.tapes if tape.file == file), None)
        if known is None or known.problem:
            return self
        self.case = tapes.lost(self.case, known, problem)
        return self.alarm(AlarmKind.RECORDING_FAILED, problem)

    # --- seats ------------------------------------------------------------------------------------------------------

    def find_seat(self, role: Role, skill: Skill = Skill.AGENT) -> Turn:
        if role not in self.case.searching and self.case.seat(role) is None:
            self.do(routing.search(self.case, role, skill)).note(searching=self.case.searching | {role})
        return self

    def stop_finding(self, *roles: Role) -> Turn:
        for role in sorted(self.case.searching & frozenset(roles or tuple(Role))):
            self.do(StopFindingSeat(role)).note(searching=self.case.searching - {role})
        return self

    def ring_seat(self, role: Role, extension: str, agent: str) -> Turn:
        """The seat that was looked for."""
        self.note(searching=self.case.searching - {role})
        return self.call_seat(role, extension, agent, role=role)

    def call_seat(self, comes_as: Role, extension: str, agent: str, **task: Any) -> Turn:
        """The file goes to the screen first, then the phone rings (promise 3). `task`: what it does in the case now
        (`role`), or will do (`relieves`)."""
        leg = Leg(id=self._seat_leg(comes_as), kind=LegKind.SEAT, number=extension, name=agent, **task)
        return self.do(ShowFile(extension, comes_as)).dial(leg, self.policy.seat_ring)

    def _seat_leg(self, role: Role) -> str:
        """Counted by id: a leg keeps its id when its role changes."""
        attempts = (ids.seat_leg(role, attempt) for attempt in itertools.count(1))
        return next(leg for leg in attempts if self.case.leg(leg) is None)

    def release(self, leg: Leg) -> Turn:
        """Tell the desk what became of an ended seat leg."""
        match leg.result:
            case Result.NO_ANSWER | Result.BUSY | Result.REJECTED | Result.DECLINED | Result.VOICEMAIL:
                why = SeatRelease.NO_ANSWER
            case Result.UNREACHABLE | Result.WRONG_NUMBER:
                why = SeatRelease.UNREACHABLE
            case Result.CANCELLED | Result.LOST:
                why = SeatRelease.NOT_NEEDED
            case Result.ACCEPTED | None if leg.cause in {0, NORMAL_CLEARING}:
                why = SeatRelease.TALKED
            case Result.ACCEPTED | None:
                why = SeatRelease.BROKE
        return self.do(ReleaseSeat(leg.number, why))

    # --- the end ----------------------------------------------------------------------------------------------------

    def remove_bridges(self) -> Turn:
        for place in sorted(self.case.bridges):
            self.do(RemoveBridge(place))
        return self.note(bridges=frozenset())
