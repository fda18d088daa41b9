"""Which case a call belongs to (H12): the same elder within minutes is one need, from whichever of their lines.

Found among the live cases, without asking the register: the caller must be answered at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ari_app.runner import CaseRun
from ivr.case import Case, ElderFile
from ivr.vocabulary import CaseKind, CaseState

_OVER = frozenset({CaseState.WRAPPING_UP, CaseState.CLOSED})


@dataclass(slots=True)
class Needs:
    """`window`: for how long after its end a case still counts. `_over`: numbers of cases that live no more."""

    window: timedelta
    _over: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def open_case(self, runs: Collection[CaseRun], number: str, kind: CaseKind) -> CaseRun | None:
        """The case in which somebody is with the elder of this number, or on the way to them. An alarm is never put
        aside as a further call about something else (K8). Where there is none, the one whose elder is being asked how
        the call was: it stops that, and passes the new call on."""

        def takes(case: Case) -> bool:
            about_the_same = case.kind in {CaseKind.SOS, CaseKind.SENSOR, kind} or (
                case.kind is CaseKind.CARE and case.urgent
            )
            return case.state not in _OVER and about_the_same and _reached_by(case, number)

        found = next((run for run in runs if takes(run.case)), None)
        return found or next((run for run in runs if run.case.grading and _reached_by(run.case, number)), None)

    def case_of_device(self, runs: Iterable[CaseRun], device: str) -> CaseRun | None:
        """The alarm of this device's elder that somebody is on already, or the case that has them asked how it was."""
        live = (run for run in runs if (run.case.state not in _OVER and run.case.urgent) or run.case.grading)
        return next((run for run in live if device in devices_of(run.case)), None)

    def earlier_case(self, runs: Iterable[CaseRun], number: str, at: datetime) -> str:
        """The case of this number or device that was over just before; empty when there is none."""
        for run in runs:
            if (
                run.case.state not in _OVER
                or not is_need(run.case)
                or not run.entries
                or at - run.entries[-1].at > self.window
            ):
                continue
            if _reached_by(run.case, number) or number in devices_of(run.case):
                return run.case.id
        case, ended = self._over.get(number, ("", at))
        return case if at - ended <= self.window else ""

    def other_case(self, runs: Iterable[CaseRun], elder: int, case: str) -> str:
        """Another case of this elder that is not over: both began before the register had answered."""
        others = (run.case for run in runs if run.case.id != case and run.case.state not in _OVER and is_need(run.case))
        return next((other.id for other in others if other.file is not None and other.file.id == elder), "")

    def over(self, case: str, numbers: Iterable[str], ended: datetime) -> None:
        """The case is not live any more."""
        self._over = {number: known for number, known in self._over.items() if ended - known[1] <= self.window}
        self._over |= {number: (case, ended) for number in numbers if number}


def is_need(case: Case) -> bool:
    """The elder wanted something of us: a call that an agent has made is none, unless it became an emergency."""
    return case.kind is not CaseKind.OUTBOUND or case.urgent


def numbers_of(case: Case) -> frozenset[str]:
    """Every number by which this case's elder may reach us."""
    files = _files_of(case)
    return frozenset({case.caller, *(number for file in files for number in (file.home_phone, *file.lines))}) - {""}


def devices_of(case: Case) -> frozenset[str]:
    """Every device that may raise an alarm for this case's elder."""
    files = _files_of(case)
    known = {device for file in files for device in file.devices}
    return frozenset({case.device, *(report.device for report in case.reports), *known}) - {""}


def _files_of(case: Case) -> tuple[ElderFile, ...]:
    return case.household or ((case.file,) if case.file else ())


def _reached_by(case: Case, number: str) -> bool:
    """Asked of every live case before a caller is answered, so without making a set of each."""
    if not number:
        return False
    return case.caller == number or any(number == file.home_phone or number in file.lines for file in _files_of(case))
