"""What a case may ask of the controller that it lives in (`House`), and the alarms that it raises there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ivr.case import Case
from ivr.commands import LineCommand, PassOn, SeatCommand
from ivr.policy import Policy
from ivr.serial import Json
from ivr.vocabulary import AlarmKind
from models.journal_entry import JournalEntry

if TYPE_CHECKING:
    from ari_app.runner import CaseRun


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
