"""A fake telephone exchange, desk and register: what the procedure's commands do, in virtual time.

Strict: it carries out every command at once, refuses what makes no sense with an assertion, and keeps what follows from
it in `coming` until somebody lets it happen. No rule of the trade lives here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ivr.case import ContactCard, ElderFile
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
from ivr.events import (
    CallerIdentified,
    CallerUnknown,
    CallRequested,
    CommandFailed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegRinging,
    LegUnheld,
    PromptFinished,
    SeatReserved,
    SpeechHeard,
    TimerFired,
)
from ivr.numbers import may_be_rung
from ivr.vocabulary import LegKind, MessageKind, Place, Prompt, Relation, Role, SeatRelease

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PROMPT_SECONDS = 4.0
MUSIC = "music"

DAUGHTER = ContactCard(id=1, name="示例女儿", relation="女儿", phones=("13000000001", "02100000001"))
NEIGHBOUR = ContactCard(id=2, name="示例邻居", relation="邻居", phones=("02100000002",), kind=Relation.NEIGHBOUR)
FILE = ElderFile(
    id=7,
    name="示例老人",
    home_phone="02100000007",
    address="示例小区1号楼",
    agreement_signed=True,
    contacts=(DAUGHTER, NEIGHBOUR),
)

LineCommand = Answer | DetectSpeech | Hangup | Join | Leave | Play | StopSound | StartMusic


@dataclass
class Line:
    """One telephone line as Asterisk sees it. `state`: calling (us), dialling, up or gone; `ends`: when prompt or
    ringing is over; `listened`: speech on it will be told, and `spoke`: was told already (only once of each line);
    `snoops`: the line that it hears, and ends with; `holds`: its telephone has us on hold."""

    kind: LegKind
    number: str
    state: str = "dialling"
    place: Place = Place.NOWHERE
    sound: Prompt | str | None = None
    ends: datetime | None = None
    listened: bool = False
    spoke: bool = False
    snoops: str = ""
    holds: bool = False


@dataclass
class Exchange:
    """`refuse_next`: the next command of these types comes back as `CommandFailed`; a `Dial` leaves no line behind.
    `stopped`: roles for which a search was ever stopped; the seat that was on its way then may serve the next search,
    and what the desk still looks for is given back when it comes. `announced`: what was said into bridges."""

    file: ElderFile | None = FILE
    in_hours: bool = False
    seats: list[str] = field(default_factory=lambda: ["801", "802", "803", "804", "805"])
    now: datetime = START
    lines: dict[str, Line] = field(default_factory=dict)
    bridges: set[Place] = field(default_factory=set)
    timers: dict[Timer, datetime] = field(default_factory=dict)
    wanted: dict[Role, FindSeat] = field(default_factory=dict)
    stopped: set[Role] = field(default_factory=set)
    held: list[str] = field(default_factory=list)
    coming: list[Event] = field(default_factory=list)
    refuse_next: set[type] = field(default_factory=set)
    follow_ups: list[BookFollowUp] = field(default_factory=list)
    reports: list[OpenExceptionReport] = field(default_factory=list)
    drafts: list[DraftOrder | DraftComplaint] = field(default_factory=list)
    passed_on: list[PassOn] = field(default_factory=list)
    announced: list[Prompt] = field(default_factory=list)
    taped: list[str] = field(default_factory=list)
    messages: list[tuple[MessageKind, int]] = field(default_factory=list)

    # --- what people and phones do: each leaves its event in `coming` -------------------------------------------------

    def pick_up(self, leg: str) -> None:
        line = self.lines[leg]
        assert line.state == "dialling", f"{leg} is {line.state}"
        line.state, line.ends = "up", None
        self.coming.append(LegAnswered(at=self.now, leg=leg))

    def break_off(self, leg: str, cause: int = 16) -> None:
        line = self.lines[leg]
        assert line.state != "gone", leg
        line.state, line.place, line.sound, line.ends = "gone", Place.NOWHERE, None, None
        self.coming.append(LegEnded(at=self.now, leg=leg, cause=cause))
        for other, snoop in self.lines.items():
            if snoop.snoops == leg and snoop.state != "gone":
                self.break_off(other)

    def everything_is_gone(self) -> None:
        """The exchange breaks down: what was about to be told of its lines never is."""
        for line in self.lines.values():
            line.state, line.place, line.sound, line.ends = "gone", Place.NOWHERE, None, None
        self.bridges.clear()
        heard_on_a_line = (
            LegRinging | LegAnswered | LegEnded | LegHeld | LegUnheld | KeyPressed | SpeechHeard | PromptFinished
        )
        self.coming = [event for event in self.coming if not isinstance(event, heard_on_a_line)]

    def press_hold(self, leg: str) -> None:
        """The telephone's HOLD key: on hold, or back."""
        line = self.lines[leg]
        assert line.state == "up", f"{leg} is {line.state}"
        line.holds = not line.holds
        told = LegHeld if line.holds else LegUnheld
        self.coming.append(told(at=self.now, leg=leg))

    def prompt_ends(self, leg: str, problem: str = "") -> None:
        line = self.lines[leg]
        assert isinstance(line.sound, Prompt), f"{leg} hears {line.sound}"
        self.coming.append(PromptFinished(at=self.now, leg=leg, prompt=line.sound, problem=problem))
        line.sound, line.ends = None, None

    def speak(self, leg: str) -> None:
        line = self.lines[leg]
        assert line.state == "up", f"{leg} is {line.state}"
        if line.listened and not line.spoke:
            line.spoke = True
            self.coming.append(SpeechHeard(at=self.now, leg=leg))

    def fire(self, timer: Timer) -> None:
        del self.timers[timer]
        self.coming.append(TimerFired(at=self.now, actor="timer", timer=timer))

    def give_seats(self) -> None:
        """Whoever looks for a seat gets one, as long as there are free ones."""
        for role in tuple(self.wanted):
            if self.seats:
                del self.wanted[role]
                self.held.append(self.seats.pop(0))
                self.coming.append(SeatReserved(at=self.now, actor="system", role=role, extension=self.held[-1]))

    # --- carrying out -------------------------------------------------------------------------------------------------

    def carry_out(self, event: Event, commands: tuple[Command, ...]) -> None:
        """All that was ordered because of this event, in order."""
        shown = set()
        for command in commands:
            if isinstance(command, ShowFile):
                shown.add(command.extension)
            if type(command) in self.refuse_next:
                self.refuse_next.discard(type(command))
                self._refuse(command)
            elif isinstance(command, Dial):
                self._dial(command, event, shown)
            elif isinstance(command, Snoop):
                self._snoop(command)
            elif isinstance(command, LineCommand):
                self._line(command)
            else:
                self._house(command)

    def _house(self, command: Command) -> None:
        match command:
            case Announce(place, prompt):
                assert place in self.bridges
                self.announced.append(prompt)
            case Record(place, file):
                assert place in self.bridges & {Place.ELDER, Place.RESCUE}, f"{place} is nobody's business"
                assert file not in self.taped
                self.taped.append(file)
            case MakeBridge(place):
                assert place not in self.bridges, f"{place} is there already"
                self.bridges.add(place)
            case RemoveBridge(place):
                assert not any(line.place is place for line in self.lines.values()), f"somebody is in {place}"
                self.bridges.remove(place)
            case StartTimer(timer, seconds):
                self.timers[timer] = self.now + timedelta(seconds=seconds)
            case StopTimer(timer):
                self.timers.pop(timer, None)
            case _:
                self._record(command)

    def _record(self, command: Command) -> None:
        match command:
            case OpenExceptionReport():
                self.reports.append(command)
            case LookUp() | OpenProvisionalFile():
                self.coming.append(self._filed(command))
            case BookFollowUp():
                self.follow_ups.append(command)
            case SendMessage(kind, contact):
                self.messages.append((kind, contact))
            case DraftOrder() | DraftComplaint():
                self.drafts.append(command)
            case PassOn(leg):
                self.lines[leg].state = "gone"  # another case has it
                self.passed_on.append(command)
            case _:
                self._desk(command)

    def _desk(self, command: Command) -> None:
        match command:
            case FindSeat(role=role):
                if any(isinstance(event, SeatReserved) and event.role is role for event in self.coming):
                    self.stopped.add(role)  # asked for again while a seat is on its way: it may serve either search
                widened = command != self.wanted.get(role)
                assert widened or role in self.stopped, f"{role} is looked for already"
                self.wanted[role] = command
            case StopFindingSeat(role):
                self.wanted.pop(role, None)  # gone when the seat is on its way to the case already
                self.stopped.add(role)
            case ReleaseSeat(extension, why):
                self.held.remove(extension)
                if why is SeatRelease.NOT_NEEDED:
                    self.seats.append(extension)
            case ShowFile(extension) | ChangeRole(extension):
                assert extension in self.held
            case _:
                assert isinstance(command, Alarm | Refuse)

    def _filed(self, command: LookUp | OpenProvisionalFile) -> Event:
        if isinstance(command, OpenProvisionalFile):
            file = ElderFile(id=99, name="", home_phone=command.caller, provisional=True)
            return CallerIdentified(at=self.now, actor="system", file=file)
        if self.file is None:
            return CallerUnknown(at=self.now, actor="system", reason="not on file")
        return CallerIdentified(at=self.now, actor="system", file=self.file, in_hours=self.in_hours)

    def _dial(self, command: Dial, event: Event, shown: set[str]) -> None:
        assert command.leg not in self.lines, f"{command.leg} was dialled before"
        if command.kind is LegKind.SERVICE:
            assert isinstance(event, CallRequested), f"{command} because of {event}"
        elif command.kind is LegKind.SEAT:
            assert command.number in shown, "the file comes to the screen before the phone rings"
            assert command.number in self.held
        else:
            assert may_be_rung(command.number)
        rings_out = self.now + timedelta(seconds=command.ring)
        self.lines[command.leg] = Line(command.kind, command.number, ends=rings_out)

    def _snoop(self, command: Snoop) -> None:
        target = self.lines[command.target]
        assert not command.whisper or target.kind in {LegKind.SEAT, LegKind.DUTY}, (
            f"{command} whispers to {target.kind}"
        )
        if target.state == "gone":
            self._refuse(command)
            return
        self.lines[command.leg] = Line(LegKind.SNOOP, target.number, snoops=command.target)
        self.pick_up(command.leg)

    def _refuse(self, command: Command) -> None:
        if isinstance(command, Dial):
            self.lines[command.leg] = Line(command.kind, command.number, "gone")
        elif isinstance(command, Snoop):
            self.lines[command.leg] = Line(LegKind.SNOOP, "", "gone")
        self.coming.append(CommandFailed(at=self.now, actor="system", command=command, reason="refused"))

    def _line(self, command: LineCommand) -> None:
        assert command.leg in self.lines, f"no such leg: {command}"
        line = self.lines[command.leg]
        if line.state == "gone":
            if not isinstance(command, Hangup):
                self._refuse(command)
        elif isinstance(command, DetectSpeech):
            assert line.kind is LegKind.ELDER
            line.listened = True
        elif isinstance(command, Answer):
            assert line.state == "calling", f"{command} while {line.state}"
            line.state = "dialling"
            self.pick_up(command.leg)
        elif isinstance(command, Hangup):
            self.break_off(command.leg)
        elif isinstance(command, Join):
            assert command.place in self.bridges, f"no bridge for {command}"
            assert line.state == "up", f"{command} while {line.state}"
            assert line.sound is None, f"{command.leg} still hears {line.sound}"
            line.place = command.place
        elif isinstance(command, Leave):
            assert line.place is command.place
            line.place = Place.NOWHERE
        else:
            self._sound(line, command)

    def _sound(self, line: Line, command: Play | StartMusic | StopSound) -> None:
        assert line.place is Place.NOWHERE, f"{command} in a bridge"
        match command:
            case Play(prompt=prompt):
                line.sound, line.ends = prompt, self.now + timedelta(seconds=PROMPT_SECONDS)
            case StartMusic():
                line.sound, line.ends = MUSIC, None
            case StopSound():
                line.sound, line.ends = None, None
