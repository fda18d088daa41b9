"""One case in a house that only remembers: what it asks for, in order. The acts of a call read like a story."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ari_app.runner import CaseRun, RaisedAlarm
from ivr.case import Case, ContactCard, ElderFile
from ivr.commands import LineCommand, SeatCommand
from ivr.events import CallArrived, CallerIdentified, EmergencyRequested, Event, LegAnswered, LegRinging, SeatReserved
from ivr.policy import Policy
from ivr.vocabulary import CaseState, Role
from models.journal_entry import JournalEntry
from tests.unit.ari_app.fakes import START
from tests.unit.ari_app.virtual_time import settled

FILE = ElderFile(
    id=7, name="示例老人", agreement_signed=True, contacts=(ContactCard(1, "甲", "女儿", ("13000000001",)),)
)


@dataclass
class FakeHouse:
    """Keeps what the case asks for. `wrong`: what carrying out a kind of command raises; `may_go`: until it is set,
    no command is carried out; `on_record`: the journal's answer, which takes `journal_takes` seconds."""

    policy: Policy = field(default_factory=Policy)
    wrong: dict[type, Exception] = field(default_factory=dict)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    on_record: bool = True
    journal_takes: float = 0.0
    done: list[tuple[float, LineCommand]] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    seat_commands: list[SeatCommand] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    asked_durable: list[int] = field(default_factory=list)
    alarms: list[RaisedAlarm] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    changes: int = 0
    finishes: int = 0

    def __post_init__(self) -> None:
        self.may_go.set()
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    @property
    def passed(self) -> float:
        return self._clock() - self._began

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def line_missing(self, case: str, leg: str) -> None:
        self.missing.append(leg)

    async def carry_out(self, case: Case, command: LineCommand) -> None:
        await self.may_go.wait()
        if type(command) in self.wrong:
            raise self.wrong[type(command)]
        self.done.append((round(self.passed, 1), command))

    def holds_back(self, case: Case, seq: int, command: LineCommand) -> bool:
        return False

    async def durable(self, case: str, seq: int) -> bool:
        self.asked_durable.append(seq)
        await asyncio.sleep(self.journal_takes)
        return self.on_record

    def record(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    def look_up(self, case: str, caller: str, device: str) -> None:
        self.looked_up.append(caller)

    def seat_command(self, case: str, command: SeatCommand) -> None:
        if type(command) in self.wrong:
            raise self.wrong[type(command)]
        self.seat_commands.append(command)

    def seat_answered(self, extension: str) -> None:
        self.answered.append(extension)

    def tape_ended(self, case: str, file: str) -> None:
        self.ended.append(file)

    def alarmed(self, case: str, alarm: RaisedAlarm) -> None:
        self.alarms.append(alarm)

    def changed(self, run: CaseRun) -> None:
        self.changes += 1

    def finished(self, run: CaseRun) -> None:
        self.finishes += 1

    @property
    def commands(self) -> list[LineCommand]:
        return [command for _, command in self.done]

    @property
    def happened(self) -> list[tuple[str, int | None]]:
        return [(entry.event, entry.cause) for entry in self.entries]


@dataclass
class Call:
    """One case and its house; the acts of a call read like a story."""

    house: FakeHouse
    run: CaseRun

    async def tells(self, *events: Event) -> None:
        for event in events:
            self.run.post(event)
        await settled()

    async def arrives(self) -> None:
        await self.tells(
            CallArrived(at=START, channel="c", caller="02100000007", dialled="", recording="r.wav"),
            LegAnswered(at=START, leg="elder"),
        )

    async def is_talking(self) -> None:
        await self.arrives()
        await self.tells(
            SeatReserved(at=START, actor="system", role=Role.A, extension="801"),
            LegRinging(at=START, leg="a-1"),
            LegAnswered(at=START, leg="a-1"),
        )
        assert self.run.case.state is CaseState.TALKING

    async def is_emergency(self) -> None:
        await self.is_talking()
        await self.tells(
            CallerIdentified(at=START, actor="system", file=FILE),
            EmergencyRequested(at=START, actor="seat:801"),
            SeatReserved(at=START, actor="system", role=Role.B, extension="802"),
            LegAnswered(at=START, leg="b-1"),
        )


@asynccontextmanager
async def call(**house: object) -> AsyncIterator[Call]:
    rooms = FakeHouse(**house)  # type: ignore[arg-type]
    run = CaseRun(rooms, Case(id="one"))
    run.start()
    try:
        yield Call(rooms, run)
    finally:
        await run.stop()
