"""The runner: one mailbox and one task for each case, so that its events are decided in order; commands about lines go
out in order through a second task, so that deciding never waits for Asterisk.

What the case needs from the rest of the controller is the protocol `House`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from ari_app.ari.errors import AriError, RequestRejected
from ari_app.causes import Causes
from ari_app.switchboard import LineGone, NoRoute
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
class RaisedAlarm:
    kind: AlarmKind
    detail: str
    at: datetime

    def as_json(self) -> dict[str, Json]:
        return {"kind": self.kind.value, "detail": self.detail, "at": self.at.isoformat()}


class House(Protocol):
    """Everything a case may ask of the controller. Nothing here waits, but `carry_out`, `mend` and `durable`.
    `holds_back`: this line is not to be dialled now, or was never dialled. `line_missing`: its channel is gone."""

    policy: Policy

    def now(self) -> datetime: ...
    async def carry_out(self, case: Case, command: LineCommand) -> None: ...
    async def mend(self, case: Case) -> None: ...
    def line_missing(self, case: str, leg: str) -> None: ...
    def holds_back(self, case: Case, seq: int, command: LineCommand) -> bool: ...
    async def durable(self, case: str, seq: int) -> bool: ...
    def record(self, entry: JournalEntry) -> None: ...
    def look_up(self, case: str, caller: str, device: str) -> None: ...
    def seat_command(self, case: str, command: SeatCommand) -> None: ...
    def seat_answered(self, extension: str) -> None: ...
    def pass_on(self, case: str, call: PassOn) -> None: ...
    def tape_ended(self, case: str, file: str) -> None: ...
    def alarmed(self, case: str, alarm: RaisedAlarm) -> None: ...
    def changed(self, run: CaseRun) -> None: ...
    def finished(self, run: CaseRun) -> None: ...


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
    _orders: asyncio.Queue[tuple[int, LineCommand] | None] = field(default_factory=asyncio.Queue)  # None: mend
    _decided_by: Policy | None = None  # the policy that is on record for the last entry
    _unsure: bool = False  # a command may have been lost on its way to Asterisk
    due: dict[Timer, datetime] = field(default_factory=dict)  # when each running timer fires
    _timers: dict[Timer, asyncio.TimerHandle] = field(default_factory=dict)
    _causes: Causes = field(default_factory=Causes)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopped: bool = False

    def start(self, timers: Mapping[Timer, float] | None = None) -> None:
        """`timers`: those that ran in a former boot, with the seconds that are left of each."""
        self._unsure = bool(self.entries)  # a former boot may have ended between deciding and doing
        for entry in self.entries:
            self._causes.ordered(entry.commands, entry.seq)
            if entry.policy is not None:
                self._decided_by = Policy.recorded(entry.policy)
        for timer, seconds in (timers or {}).items():
            self._start_timer(timer, seconds)
        self._tasks = [
            asyncio.create_task(self._decide_all(), name=f"decide-{self.case.id}"),
            asyncio.create_task(self._carry_out_all(), name=f"lines-{self.case.id}"),
        ]

    async def stop(self) -> None:
        """Nothing more is decided; whoever still waits for an answer is told that the case is over."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.due.clear()
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
        return self._mailbox.empty() and self._orders.empty()

    def mend(self) -> None:
        """The link to Asterisk stands again: what was lost on the way is made good, after what was ordered before."""
        if self._unsure:
            self._unsure = False
            self._orders.put_nowait(None)

    @property
    def backlog(self) -> tuple[int, int]:
        """How many events wait to be decided, and how many commands to be carried out."""
        return self._mailbox.qsize(), self._orders.qsize()

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
        self._orders.put_nowait((seq, command))

    # --- deciding -----------------------------------------------------------------------------------------------

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
                self._start_timer(timer, seconds)
            case StopTimer(timer):
                self._stop_timer(timer)
            case LookUp(caller, device):
                self.house.look_up(self.case.id, caller, device)
            case PassOn():
                self.house.pass_on(self.case.id, command)
            case Alarm():
                self._raise_alarm(command, self.house.now())
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
            self._orders.put_nowait((seq, command))

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
            self.post(self._failure(command, f"unknown seat {unknown}"), seq)
        except Exception as unforeseen:
            # The outermost guard, as for commands about lines.
            log.exception("a command could not be carried out", command=type(command).__name__)
            self.post(self._failure(command, type(unforeseen).__name__), seq)

    def _raise_alarm(self, command: Alarm, at: datetime) -> None:
        alarm = RaisedAlarm(command.kind, command.detail, at)
        log.warning("alarm", alarm=command.kind.value)
        self.house.alarmed(self.case.id, alarm)

    def _failure(self, command: Command, reason: str) -> CommandFailed:
        return CommandFailed(at=self.house.now(), actor="system", command=command, reason=reason)

    # --- timers -------------------------------------------------------------------------------------------------

    def _start_timer(self, timer: Timer, seconds: float) -> None:
        self._stop_timer(timer)
        self._timers[timer] = asyncio.get_running_loop().call_later(seconds, self._fire, timer)
        self.due[timer] = self.house.now() + timedelta(seconds=seconds)

    def _stop_timer(self, timer: Timer) -> None:
        self.due.pop(timer, None)
        running = self._timers.pop(timer, None)
        if running is not None:
            running.cancel()

    def _fire(self, timer: Timer) -> None:
        del self._timers[timer], self.due[timer]
        self.post(TimerFired(at=self.house.now(), actor="timer", timer=timer))

    # --- lines --------------------------------------------------------------------------------------------------

    async def _carry_out_all(self) -> None:
        structlog.contextvars.bind_contextvars(case=self.case.id)
        while True:
            order = await self._orders.get()
            try:
                await (self._mend() if order is None else self._carry_out(*order))
            except Exception as unforeseen:
                # The outermost guard: a mistake of ours in one command must not silence all that follow.
                log.exception("a command could not be carried out", command=type(order and order[1]).__name__)
                if order is not None:
                    self.post(self._failure(order[1], type(unforeseen).__name__), order[0])

    async def _mend(self) -> None:
        try:
            await self.house.mend(self.case)
        except AriError as problem:
            self._unsure = True
            log.warning("what was lost could not be made good; after the next resync", reason=str(problem))

    async def _carry_out(self, seq: int, command: LineCommand) -> None:
        # Dialling a service is irrevocable: on the record first. A life weighs more than the record, so the wait ends.
        irrevocable = isinstance(command, Dial) and command.kind is LegKind.SERVICE
        if irrevocable and not await self.house.durable(self.case.id, seq):
            self._raise_alarm(Alarm(AlarmKind.COMMAND_FAILED, "journal"), self.house.now())
        try:
            await self.house.carry_out(self.case, command)
        except LineGone:
            log.info("the line was gone already", command=type(command).__name__)
            self._make_sure(getattr(command, "leg", ""))
        except (AriError, NoRoute) as problem:
            self._unsure = self._unsure or not isinstance(problem, RequestRejected | NoRoute)
            log.warning("command failed", command=type(command).__name__, reason=str(problem))
            self.post(self._failure(command, str(problem)), seq)

    def _make_sure(self, leg: str) -> None:
        """A line that is gone while its leg lives: its end is on its way to us, or came before the case had the leg."""
        there = self.case.leg(leg)
        if there is not None and there.alive:
            self.house.line_missing(self.case.id, leg)


def event_json(event: Event) -> dict[str, Json]:
    """The event as the journal keeps it."""
    body = to_json(event)
    assert isinstance(body, dict)
    return body
