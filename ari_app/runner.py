"""The runner: one mailbox and one task for each case, so that its events are decided in order; commands about lines go
out in order through a second task (`case_lines.py`), so that deciding never waits for Asterisk.

What the case needs from the rest of the controller is the protocol `House` (`house.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

import structlog

from ari_app.case_lines import CaseLines
from ari_app.case_timers import CaseTimers
from ari_app.causes import Causes
from ari_app.house import House
from ari_app.house import RaisedAlarm as RaisedAlarm
from ivr.case import Case
from ivr.commands import (
    Alarm,
    Announce,
    Answer,
    BookFollowUp,
    ChangeRole,
    Command,
    DetectSpeech,
    Dial,
    DraftComplaint,
    DraftOrder,
    FindSeat,
    Hangup,
    Join,
    Leave,
    LineCommand,
    LookUp,
    MakeBridge,
    OpenExceptionReport,
    OpenProvisionalFile,
    PassOn,
    Play,
    Record,
    Refuse,
    ReleaseSeat,
    RemoveBridge,
    SeatCommand,
    SendMessage,
    ShowFile,
    Snoop,
    StartMusic,
    StartTimer,
    StopFindingSeat,
    StopSound,
    StopTimer,
    Timer,
)
from ivr.decide import decide
from ivr.events import CommandFailed, Event, LegAnswered, TimerFired
from ivr.policy import Policy
from ivr.serial import Json, to_json
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Refusal
from models.journal_entry import JournalEntry, snake_case

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Letter:
    event: Event
    cause: int | None = None
    reply: asyncio.Future[Refuse | None] | None = None


@dataclass(slots=True)
class CaseRun:
    """One case while it lives: its data, what was written down of it, its timers."""

    house: House
    case: Case
    entries: list[JournalEntry] = field(default_factory=list)
    told: list[Json] = field(default_factory=list)  # the timeline as consoles have it, see `live.case_json`
    _mailbox: asyncio.Queue[_Letter] = field(default_factory=asyncio.Queue)
    _decided_by: Policy | None = None  # the policy that is on record for the last entry
    _lines: CaseLines = field(init=False)
    _timers: CaseTimers = field(init=False)
    _causes: Causes = field(default_factory=Causes)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._lines = CaseLines(self.house, lambda: self.case, failed=self._has_failed, alarm=self._raise_alarm_now)
        self._timers = CaseTimers(self.house.now, self._timer_fired)

    def start(self, timers: Mapping[Timer, float] | None = None) -> None:
        """`timers`: those that ran in a former boot, with the seconds that are left of each."""
        if self.entries:  # a former boot may have ended between deciding and doing
            self._lines.doubt()
        for entry in self.entries:
            self._causes.ordered(entry.commands, entry.seq)
            if entry.policy is not None:
                self._decided_by = Policy.recorded(entry.policy)
        for timer, seconds in (timers or {}).items():
            self._timers.start(timer, seconds)
        self._tasks = [
            asyncio.create_task(self._decide_all(), name=f"decide-{self.case.id}"),
            asyncio.create_task(self._lines.carry_out_all(), name=f"lines-{self.case.id}"),
        ]

    async def stop(self) -> None:
        """Nothing more is decided; whoever still waits for an answer is told that the case is over."""
        self._stopped = True
        self._timers.stop_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._mailbox.empty():
            letter = self._mailbox.get_nowait()
            if letter.reply is not None and not letter.reply.done():
                letter.reply.set_result(Refuse(Refusal.CASE_CLOSED))

    @property
    def idle(self) -> bool:
        """Nothing is waiting to be decided or carried out."""
        return self._mailbox.empty() and not self._lines.waiting

    @property
    def due(self) -> Mapping[Timer, datetime]:
        """When each running timer fires."""
        return self._timers.due

    def mend(self) -> None:
        """The link to Asterisk stands again: what was lost on the way is made good, after what was ordered before."""
        self._lines.mend()

    @property
    def backlog(self) -> tuple[int, int]:
        """How many events wait to be decided, and how many commands to be carried out."""
        return self._mailbox.qsize(), self._lines.waiting

    def post(self, event: Event, cause: int | None = None) -> None:
        self._mailbox.put_nowait(_Letter(event, cause))

    async def request(self, event: Event) -> Refuse | None:
        """Post what a person asks for and wait for the decision: None means that it is being done."""
        if self._stopped:
            return Refuse(Refusal.CASE_CLOSED)
        reply: asyncio.Future[Refuse | None] = asyncio.get_running_loop().create_future()
        self._mailbox.put_nowait(_Letter(event, None, reply))
        return await reply

    def dial(self, seq: int, command: Dial) -> None:
        """A line that was held back may be dialled now."""
        self._lines.order(seq, command)

    async def _decide_all(self) -> None:
        structlog.contextvars.bind_contextvars(case=self.case.id)
        while True:
            letter = await self._mailbox.get()
            try:
                refusal = self._turn(letter)
            except Exception:
                # The outermost guard: one event that we cannot handle must not end the case of somebody in need.
                log.exception("an event could not be decided", event_type=type(letter.event).__name__)
                self._raise_alarm(Alarm(AlarmKind.UNEXPECTED, type(letter.event).__name__), letter.event.at)
                refusal = None
            if letter.reply is not None and not letter.reply.done():
                letter.reply.set_result(refusal)

    def _turn(self, letter: _Letter) -> Refuse | None:
        before, policy = self.case, self.house.policy
        cause = letter.cause if letter.cause is not None else self._causes.of(letter.event)
        self.case, commands = decide(before, letter.event, policy)
        entry = self._write_down(letter.event, cause, commands, policy)
        self._causes.ordered(commands, entry.seq)
        self._notice(before, letter.event)
        self._tell_of_tapes(before)
        refusal = None
        for command in commands:
            if isinstance(command, Refuse):
                refusal = command
            self._dispatch(entry.seq, command)
        self.house.changed(self)
        if self.case.state is CaseState.CLOSED and before.state is not CaseState.CLOSED:
            self.house.finished(self)
        return refusal

    def _write_down(
        self, event: Event, cause: int | None, commands: tuple[Command, ...], policy: Policy
    ) -> JournalEntry:
        """The policy goes along when it is another one than before, so that a replay decides by it too."""
        is_new = policy is not self._decided_by and policy != self._decided_by
        self._decided_by = policy
        entry = JournalEntry(
            case=self.case,
            seq=self.entries[-1].seq + 1 if self.entries else 1,
            at=event.at,
            event=snake_case(type(event).__name__),
            actor=event.actor,
            cause=cause,
            data=event_json(event),
            commands=commands,
            policy=policy.unlike_default() if is_new else None,
        )
        self.entries.append(entry)
        self.house.record(entry)
        return entry

    def _notice(self, before: Case, event: Event) -> None:
        """What the desk and the recordings must know of a leg's life."""
        match event:
            case LegAnswered(leg=leg_id):
                leg = self.case.leg(leg_id)
                if leg is not None and leg.up and leg.kind is LegKind.SEAT:
                    self.house.seat_answered(leg.number)
            case _:
                pass

    def _tell_of_tapes(self, before: Case) -> None:
        """Recordings that came to their end are looked at."""
        over = {tape.file for tape in before.tapes if not tape.running}
        for tape in self.case.tapes:
            if not tape.running and tape.file not in over:
                self.house.tape_ended(self.case.id, tape.file)

    def _dispatch(self, seq: int, command: Command) -> None:
        match command:
            case Answer() | Dial() | Snoop() | Hangup() | MakeBridge() | Join() | Record() | Leave() | RemoveBridge():
                self._order(seq, command)
            case Play() | StopSound() | StartMusic() | Announce() | DetectSpeech():
                self._order(seq, command)
            case FindSeat() | StopFindingSeat() | ReleaseSeat() | ChangeRole() | ShowFile():
                self._ask_desk(seq, command)
            case StartTimer(timer, seconds):
                self._timers.start(timer, seconds)
            case StopTimer(timer):
                self._timers.stop(timer)
            case LookUp(caller, device):
                self.house.look_up(self.case.id, caller, device)
            case PassOn():
                self.house.pass_on(self.case.id, command)
            case Alarm():
                self._raise_alarm_now(command)
            case (
                Refuse()
                | OpenProvisionalFile()
                | BookFollowUp()
                | SendMessage()
                | OpenExceptionReport()
                | DraftOrder()
                | DraftComplaint()
            ):
                pass  # the answer to a request; the journal carries out what concerns records
            case _:
                assert_never(command)

    def _order(self, seq: int, command: LineCommand) -> None:
        """What is held back comes back as `dial` when it may ring."""
        if not self.house.holds_back(self.case, seq, command):
            self._lines.order(seq, command)

    def _ask_desk(self, seq: int, command: SeatCommand) -> None:
        """A file is shown before the phone is rung; the rest comes after the lines: a caller is answered before a seat
        is looked for."""
        if isinstance(command, ShowFile):
            self._seat_command(seq, command)
        else:
            asyncio.get_running_loop().call_soon(self._seat_command, seq, command)

    def _seat_command(self, seq: int, command: SeatCommand) -> None:
        try:
            self.house.seat_command(self.case.id, command)
        except KeyError as unknown:
            self._has_failed(command, f"unknown seat {unknown}", seq)
        except Exception as unforeseen:
            # The outermost guard, as for commands about lines.
            log.exception("a command could not be carried out", command=type(command).__name__)
            self._has_failed(command, type(unforeseen).__name__, seq)

    def _raise_alarm(self, command: Alarm, at: datetime) -> None:
        alarm = RaisedAlarm(command.kind, command.detail, at)
        log.warning("alarm", alarm=command.kind.value)
        self.house.alarmed(self.case.id, alarm)

    def _raise_alarm_now(self, command: Alarm) -> None:
        self._raise_alarm(command, self.house.now())

    def _has_failed(self, command: Command, reason: str, seq: int) -> None:
        """What the entry of this number has ordered comes back as an event."""
        self.post(CommandFailed(at=self.house.now(), actor="system", command=command, reason=reason), seq)

    def _timer_fired(self, timer: Timer) -> None:
        self.post(TimerFired(at=self.house.now(), actor="timer", timer=timer))


def event_json(event: Event) -> dict[str, Json]:
    """The event as the journal keeps it."""
    body = to_json(event)
    assert isinstance(body, dict)
    return body
