"""The reception: whoever reaches us comes into the open case of the same need, or into a new one (H12). Nothing here
waits: the register is asked only after the call is answered.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from ari_app.dialled import DialledNumbers
from ari_app.house import House as CaseHouse
from ari_app.lines import Lines
from ari_app.needs import Needs, devices_of, is_need, numbers_of
from ari_app.register import Register
from ari_app.runner import CaseRun
from dialplan.agi.record import Record
from ivr import ids
from ivr.case import Case, DeviceReport
from ivr.commands import PassOn
from ivr.device import is_alarm
from ivr.events import (
    CallArrived,
    CallerIdentified,
    CallerUnknown,
    CallOutRequested,
    DeviceReported,
    ElderCalledAgain,
    LadderReported,
    LegAnswered,
)
from ivr.vocabulary import CaseKind, DeviceKind
from models.journal_entry import LADDER_REPORTED, JournalEntry


class House(CaseHouse, Protocol):
    """What the reception needs of the controller."""

    runs: dict[str, CaseRun]
    lines: Lines

    def is_durable(self, case: str, seq: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A report was taken: for this `case`, if for any; `durable` once it is on record."""

    case: str
    durable: bool


class Reception:
    """`watch` looks after a channel that came in, so that its end is told."""

    def __init__(
        self,
        house: House,
        *,
        register: Register,
        dialled: DialledNumbers,
        needs: Needs,
        watch: Callable[[str], None],
    ) -> None:
        self._house = house
        self._register = register
        self._dialled = dialled
        self._needs = needs
        self._watch = watch

    def call(self, channel: str, dialled: str, caller: str, recording: str) -> None:
        """Somebody calls: for an open case, or with a need of its own."""
        house, at = self._house, self._house.now()
        number, kind = self._register.tidy(caller), self._dialled.kind(dialled)
        run = self._needs.open_case(house.runs.values(), number, kind)
        if run is None:
            earlier = self._needs.earlier_case(house.runs.values(), number, at)
            self._open(
                CallArrived(
                    at=at,
                    channel=channel,
                    caller=number,
                    dialled=dialled,
                    recording=recording,
                    kind=kind,
                    again_of=earlier,
                )
            )
            return
        leg = self._next_leg(run)
        house.lines.arrived(channel, run.case.id, leg)
        run.post(ElderCalledAgain(at=at, leg=leg, channel=channel, caller=number, dialled=dialled, recording=recording))
        self._watch(channel)

    def tidy(self, caller: str) -> str:
        """The number as we would dial it."""
        return self._register.tidy(caller)

    def passed_on(self, case: str, call: PassOn) -> None:
        """The case came to its end while this call was on its way to it."""
        arrived = CallArrived(
            at=self._house.now(),
            channel=call.channel,
            caller=call.caller,
            dialled=call.dialled,
            recording=call.recording,
            kind=self._dialled.kind(call.dialled),
            again_of=case,
        )
        self._open(arrived)

    def _open(self, arrived: CallArrived) -> None:
        # The number counts from now on: a second call may come before this one is decided.
        run = self._start(Case(id=new_case_id(arrived.at), caller=arrived.caller, kind=arrived.kind))
        self._house.lines.arrived(arrived.channel, run.case.id)
        run.post(arrived)
        self._watch(arrived.channel)

    def new_call_out(self, wanted: CallOutRequested, *, keep: Callable[[str], object]) -> CaseRun:
        """An agent's own call; `keep` has their seat for the case of this id, or raises and there is none."""
        case = Case(id=new_case_id(wanted.at), kind=CaseKind.OUTBOUND)
        keep(case.id)
        return self._start(case)

    def new_care_case(self, channel: str, number: str) -> CaseRun:
        """Whom a care call has rung at this number needs somebody: their line goes on in the case. Without a `channel`
        nobody has answered."""
        at = self._house.now()
        run = self._start(Case(id=new_case_id(at), caller=number, kind=CaseKind.CARE))
        if channel:
            self._house.lines.arrived(channel, run.case.id)
        run.post(CallArrived(at=at, channel=channel, caller=number, dialled="", recording="", kind=CaseKind.CARE))
        if channel:
            run.post(LegAnswered(at=at, leg=ids.ELDER))
        return run

    def _start(self, case: Case) -> CaseRun:
        run = self._house.runs[case.id] = CaseRun(self._house, case)
        run.start()
        return run

    def _next_leg(self, run: CaseRun) -> str:
        inbound = {address.leg for address in self._house.lines.inbound.values() if address.case == run.case.id}
        taken = inbound | {leg.id for leg in run.case.legs}
        return next(name for n in itertools.count(1) if (name := ids.called_again_leg(n)) not in taken)

    async def report(self, report: DeviceReport, *, by: str) -> Taken:
        """A device reports. The same report may be handed in twice; it is taken once."""
        house, at = self._house, self._house.now()
        caller = self._register.tidy(report.device) if report.kind is DeviceKind.SMS else ""
        reported = DeviceReported(at=at, actor=by, report=report, caller=caller)
        run = self._needs.case_of_device(house.runs.values(), report.device)
        if run is None and caller:
            run = self._needs.open_case(house.runs.values(), caller, CaseKind.SENSOR)
        if run is not None and await run.request(reported) is None:
            return await self._taken(run)
        if not is_alarm(report):
            return Taken(case="", durable=True)
        earlier = self._needs.earlier_case(house.runs.values(), caller or report.device, at)
        # The device counts from now on: the next report may come before this one is decided.
        case = Case(id=new_case_id(at), kind=CaseKind.SENSOR, caller=caller, device=report.device)
        run = self._start(case)
        await run.request(replace(reported, again_of=earlier))
        return await self._taken(run)

    async def ladder(self, told: Record, *, on_record: bool) -> bool:
        """A call that no controller took is over: for an open case of the same need, or one of its own. `on_record`: a
        case that lives no more had it. Says whether the record has done its work; told again it does nothing twice."""
        house, at = self._house, self._house.now()
        run = self._run_of_call(told.channel)
        if run is not None and any(_tells_of(entry, told.channel) for entry in run.entries):
            return (await self._taken(run)).durable
        if run is None and on_record:
            return True
        number, kind = self._register.tidy(told.caller), self._dialled.kind(told.dialled)
        reported = LadderReported(
            at=at,
            actor="system",
            channel=told.channel,
            caller=number,
            dialled=told.dialled,
            recording=told.recording,
            arrived_at=told.arrived_at,
            ended_at=told.ended_at,
            tries=told.tries,
            kind=kind,
        )
        run = run or self._needs.open_case(house.runs.values(), number, kind)
        if run is None or await run.request(reported) is not None:
            earlier = self._needs.earlier_case(house.runs.values(), number, at)
            case_id = case_id_of_channel(told.channel, told.arrived_at)
            run = self._start(Case(id=case_id, caller=number, kind=kind))
            await run.request(replace(reported, again_of=earlier))
        return (await self._taken(run)).durable

    def has_call(self, channel: str) -> bool:
        """Whether the call of this channel belongs to a case that lives."""
        return self._run_of_call(channel) is not None

    def calls(self) -> dict[str, CaseRun]:
        """Every call that came in, by channel, with the case that lives and has it."""
        return {leg.channel: run for run in self._house.runs.values() for leg in run.case.legs if leg.channel}

    def is_durable(self, run: CaseRun, channel: str) -> bool:
        """Whether it would survive us that this call has come into this case."""
        came = next((entry.seq for entry in run.entries if entry.data.get("channel") == channel), None)
        return came is not None and self._house.is_durable(run.case.id, came)

    def _run_of_call(self, channel: str) -> CaseRun | None:
        return next((run for run in self._house.runs.values() if _has_channel(run.case, channel)), None)

    async def _taken(self, run: CaseRun) -> Taken:
        return Taken(run.case.id, await self._house.durable(run.case.id, run.entries[-1].seq))

    async def identify(self, case: str, caller: str, device: str) -> CallerIdentified | CallerUnknown:
        """Who calls; and whether another open case of theirs began before that was known."""
        found = await self._register.identify(caller, self._house.policy.lookup, device=device)
        if isinstance(found, CallerUnknown):
            return found
        return replace(found, again_of=self._needs.other_case(self._house.runs.values(), found.file.id, case))

    def case_retired(self, case: Case) -> None:
        """A case that is not live any more: a call of the same elder within the window names it."""
        if not is_need(case):
            return
        known_by = numbers_of(case) | devices_of(case)
        self.was_over(case.id, known_by, case.closed_at or self._house.now())

    def was_over(self, case: str, numbers: Iterable[str], ended: datetime) -> None:
        self._needs.over(case, numbers, ended)


def new_case_id(at: datetime) -> str:
    """Sorts by time; no dots, which separate the parts of a channel id. Two elders in one case would be one too few:
    the chance must stay beyond reach in a storm of calls, and with two controllers."""
    return f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(5)}"


def case_id_of_channel(channel: str, at: datetime) -> str:
    """The same each time for one call: whoever tells of it once more, after a crash, means this case."""
    return f"{at:%Y%m%d-%H%M%S}-{hashlib.sha256(channel.encode()).hexdigest()[:10]}"


def _has_channel(case: Case, channel: str) -> bool:
    return any(leg.channel == channel for leg in case.legs)


def _tells_of(entry: JournalEntry, channel: str) -> bool:
    return entry.event == LADDER_REPORTED and entry.data.get("channel") == channel
