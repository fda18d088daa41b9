"""One case and the world around it: events go in, commands are carried out, the laws are checked, time passes.

The acts read like a story (`call`, `answer`, `hang_up`, `press`, `ask`, `wait`) and return the commands they led to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ivr.case import Case, DeviceReport, ElderFile, LadderTry, Leg
from ivr.commands import Alarm, Command, Dial, Refuse
from ivr.decide import decide
from ivr.events import (
    CallArrived,
    CallOutRequested,
    DeviceReported,
    ElderCalledAgain,
    Event,
    KeyPressed,
    LadderReported,
    LinesBroke,
    Request,
    SuperviseRequested,
    TakeOverRequested,
)
from ivr.ids import called_again_leg
from ivr.policy import Policy
from ivr.vocabulary import (
    AlarmKind,
    CaseKind,
    CaseState,
    DeviceKind,
    LegKind,
    Mode,
    Prompt,
    Refusal,
    Role,
)
from tests.unit.ivr import laws
from tests.unit.ivr.exchange import FILE, Exchange, Line

POLICY = Policy()
CALLER = "02100000007"


@dataclass(frozen=True)
class Told:
    """One event and all that was ordered because of it."""

    event: Event
    commands: tuple[Command, ...]


@dataclass
class World(Exchange):
    policy: Policy = POLICY
    case: Case = field(default_factory=lambda: Case(id="case"))
    story: list[Told] = field(default_factory=list)
    rung_back: int = 0

    # --- events go in -----------------------------------------------------------------------------------------------

    def feed(self, event: Event) -> tuple[Command, ...]:
        """Exactly this event; what it leads to stays in `coming`."""
        before, exchange_since = self.case.state, self.case.exchange_since
        self.case, commands = decide(self.case, event, self.policy)
        assert self.case.state in laws.reachable(before), f"{before} -> {self.case.state} by {event}"
        self.story.append(Told(event, commands))
        if self.case.exchange_since != exchange_since:
            self.rung_back = 0  # what was tried in vain on lines that broke does not count
        if self.case.state is CaseState.CALLING_BACK:
            self.rung_back += sum(isinstance(one, Dial) and one.kind is LegKind.ELDER for one in commands)
        laws.as_often_as_promised(before, event, self.case, self.rung_back, self.policy.call_backs)
        self.carry_out(event, commands)
        if self.case.state is CaseState.CLOSED:
            self.wanted.clear()  # the controller forgets a closed case, and so does its desk
        self.give_seats()
        self.now += timedelta(milliseconds=10)
        return commands

    def heads(self) -> list[Event]:
        """What may happen next: those of one leg keep their order."""
        legs: set[str] = set()
        heads = []
        for event in self.coming:
            leg = laws.leg_of(event)
            if leg not in legs:
                heads.append(event)
            if leg:
                legs.add(leg)
        return heads

    def deliver(self, index: int = 0) -> tuple[Command, ...]:
        heads = self.heads()
        event = heads[index % len(heads)]
        self.coming.remove(event)
        return self.feed(event)

    def settle(self, commands: tuple[Command, ...] = ()) -> tuple[Command, ...]:
        """Everything that is coming happens; all commands that were given, these first."""
        laws.check(self.case, self)
        while self.coming:
            commands += self.deliver()
            laws.check(self.case, self)
        return commands

    def wait(self, seconds: float) -> tuple[Command, ...]:
        """Time passes: timers fire, prompts end, phones ring out."""
        until = self.now + timedelta(seconds=seconds)
        commands = self.settle()
        while (due := self._next_due(until)) is not None:
            self.now, happen = max(self.now, due[0]), due[1]
            happen()
            commands = self.settle(commands)
        self.now = max(self.now, until)
        return commands

    def _next_due(self, until: datetime) -> tuple[datetime, Callable[[], None]] | None:
        due: list[tuple[datetime, Callable[[], None]]] = [
            (at, partial(self.fire, timer)) for timer, at in self.timers.items()
        ]
        for leg, line in self.lines.items():
            if line.ends is not None:
                end = partial(self.break_off, leg, 19) if line.state == "dialling" else partial(self.prompt_ends, leg)
                due.append((line.ends, end))
        return min((pair for pair in due if pair[0] <= until), key=lambda pair: pair[0], default=None)

    # --- acts: something happens, and all that follows ----------------------------------------------------------------

    def dial_in(self, caller: str = CALLER, kind: CaseKind = CaseKind.SOS) -> CallArrived:
        self.lines["elder"] = Line(LegKind.ELDER, caller, "calling")
        return CallArrived(at=self.now, channel="channel-1", caller=caller, dialled="", recording="r.wav", kind=kind)

    def told_by_a_device(self, kind: DeviceKind = DeviceKind.FALL) -> DeviceReported:
        return DeviceReported(at=self.now, report=DeviceReport("S-1", kind, self.now))

    def told_by_the_ladder(self, channel: str, *tries: LadderTry) -> LadderReported:
        """A call that no controller took has ended."""
        return LadderReported(
            at=self.now,
            channel=channel,
            caller=CALLER,
            dialled="",
            recording="r.wav",
            arrived_at=self.now - timedelta(minutes=10),
            ended_at=self.now - timedelta(minutes=9),
            tries=tries,
        )

    def call(self, caller: str = CALLER, kind: CaseKind = CaseKind.SOS) -> tuple[Command, ...]:
        """The elder presses the key, or dials the ordinary number."""
        return self.tell(self.dial_in(caller, kind))

    def calls_in_again(self) -> ElderCalledAgain:
        """The elder rings us although their case is open; nothing has been done about it yet."""
        leg = called_again_leg(1 + sum(leg.startswith("elder-again") for leg in self.lines))
        self.lines[leg] = Line(LegKind.ELDER, self.case.caller, "calling")
        return ElderCalledAgain(at=self.now, leg=leg, channel=f"channel-of-{leg}", recording="again.wav")

    def call_again(self) -> tuple[Command, ...]:
        return self.tell(self.calls_in_again())

    def tell(self, event: Event) -> tuple[Command, ...]:
        return self.settle(self.feed(event))

    def answer(self, leg: str) -> tuple[Command, ...]:
        self.pick_up(leg)
        return self.settle()

    def hang_up(self, leg: str, cause: int = 16) -> tuple[Command, ...]:
        self.break_off(leg, cause)
        return self.settle()

    def asterisk_dies(self, wait: float = 0.0) -> tuple[Command, ...]:
        """And is back at once: no line and no bridge is left, and nobody was told how any of them ended."""
        self.everything_is_gone()
        self.now += timedelta(milliseconds=10)
        return self.tell(LinesBroke(at=self.now, actor="system", since=self.now, wait=wait))

    def say(self, leg: str) -> tuple[Command, ...]:
        """Somebody speaks on this line."""
        self.speak(leg)
        return self.settle()

    def press_hold_key(self, leg: str) -> tuple[Command, ...]:
        self.press_hold(leg)
        return self.settle()

    def press(self, leg: str, keys: str) -> tuple[Command, ...]:
        commands: tuple[Command, ...] = ()
        for key in keys:
            commands += self.tell(KeyPressed(at=self.now, leg=leg, key=key))
        return commands

    def hear_out(self, leg: str) -> tuple[Command, ...]:
        self.prompt_ends(leg)
        return self.settle()

    def ask(self, request: type[Request], **wishes: object) -> tuple[Command, ...]:
        """An agent asks for something."""
        return self.tell(request(at=self.now, actor="seat:801", **wishes))  # type: ignore[arg-type]

    def call_out(self, number: str = CALLER, file: ElderFile | None = FILE) -> tuple[Command, ...]:
        """The agent at 801 rings somebody of their own accord; nothing has happened yet."""
        wanted = CallOutRequested(
            at=self.now, actor="user:9", extension="801", agent="示例坐席", number=number, name="示例", file=file
        )
        return self.named(wanted)

    def take_over(self, role: Role, extension: str) -> tuple[Command, ...]:
        """Somebody wants this role on that seat."""
        return self.settle(self.named(TakeOverRequested(at=self.now, actor="user:9", role=role, extension=extension)))

    def supervise(self, mode: Mode, extension: str = "880", leg: str = "") -> tuple[Command, ...]:
        """A supervisor wants to be on the line."""
        request = SuperviseRequested(at=self.now, actor="user:9", mode=mode, extension=extension, leg=leg)
        return self.settle(self.named(request))

    def named(self, request: CallOutRequested | TakeOverRequested | SuperviseRequested) -> tuple[Command, ...]:
        """The desk keeps the seat that is named before the case is asked, and frees it when the case says no."""
        newly = request.extension not in self.held
        if newly:
            self.held.append(request.extension)
        commands = self.feed(request)
        if newly and refusal(commands) is not None:
            self.held.remove(request.extension)
        return commands

    # --- looking back -------------------------------------------------------------------------------------------------

    def leg(self, leg_id: str) -> Leg:
        leg = self.case.leg(leg_id)
        assert leg is not None, f"there is no leg {leg_id}: {[leg.id for leg in self.case.legs]}"
        return leg

    def hears(self, leg: str) -> str | Prompt | set[str]:
        """What this leg hears now: a prompt, music, or these other legs."""
        line = self.lines[leg]
        if line.sound is not None:
            return line.sound
        return {other for other, there in self.lines.items() if there.place is line.place and other != leg}

    @property
    def live(self) -> set[str]:
        return {leg.id for leg in self.case.live()}

    @property
    def alarms(self) -> list[AlarmKind]:
        return [command.kind for told in self.story for command in told.commands if isinstance(command, Alarm)]


def refusal(commands: tuple[Command, ...]) -> Refusal | None:
    return next((command.reason for command in commands if isinstance(command, Refuse)), None)
