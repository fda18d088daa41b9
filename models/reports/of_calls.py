"""Figures of calls: how many of which kind, how soon they were answered (K1), rescue and arrival (K3, K4), response of
stations and centre (S13). A call counts on the day on which it came.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, select

from ivr.vocabulary import CaseKind, LegKind, Outcome
from models.cases import CaseLegRow, CaseRow
from models.elapsed import SECOND, elapsed
from models.elders import Elder
from models.queries.answering import ALARM, TARGETS, answered_within, known_within
from models.reports.figures import Figure, Mean, Parts, Share, Source, Unit
from models.seats import Seat

RESCUE_WITHIN: Final = 60  # seconds from the decision to the first rescue call (K3)
ARRIVAL_WITHIN: Final = (45, 60)  # minutes (K4)
CAME_IN: Final[ColumnElement[bool]] = CaseRow.kind != CaseKind.OUTBOUND
CLASSES: Final = (1, 2, 3)  # S6
OF_KIND: Final = {
    "alarms": CaseKind.SOS,
    "ordinary": CaseKind.ORDINARY,
    "complaint_calls": CaseKind.COMPLAINT,
    "sensor": CaseKind.SENSOR,
    "care": CaseKind.CARE,
}


def _figure(name: str, which: ColumnElement[bool], **more: Any) -> Figure:
    return Figure(name, Source.CASES, which, **more)


def _time(name: str, which: ColumnElement[bool], sums: ColumnElement[int]) -> Figure:
    return _figure(name, which, sums=sums, unit=Unit.MICROSECONDS)


_EMERGENCY: Final = CaseRow.emergency_at.is_not(None)
_ARRIVED: Final = CaseRow.arrived_at.is_not(None)
_SENT_FOR: Final = func.coalesce(CaseRow.emergency_at, CaseRow.opened_at)


def _rescue(within: int | None) -> ColumnElement[bool]:
    """A service or a contact was rung after the decision, so many seconds after it at most."""
    after = elapsed(CaseRow.emergency_at, CaseLegRow.dialled_at)
    wanted = [
        CaseLegRow.case_id == CaseRow.id,
        CaseLegRow.kind.in_((LegKind.SERVICE, LegKind.CONTACT)),
        after >= 0,
    ]
    if within is not None:
        wanted.append(after <= within * SECOND)
    return and_(_EMERGENCY, exists(select(CaseLegRow.id).where(*wanted)))


def _rung(of_station: bool, *, answered: bool) -> list[ColumnElement[bool]]:
    """Of a leg, with its seat if there is one still: a seat of a place, or of the centre, was rung for this call."""
    there = Seat.org_unit_id.is_not(None) if of_station else Seat.org_unit_id.is_(None)
    took = CaseLegRow.answered_at if answered else CaseLegRow.dialled_at
    of_call = (CaseLegRow.case_id == CaseRow.id, CaseLegRow.kind == LegKind.SEAT, CaseLegRow.mode.is_(None))
    return [*of_call, CaseLegRow.dialled_at.is_not(None), took.is_not(None), there]


def _seats(of_station: bool, *, answered: bool) -> ColumnElement[bool]:
    legs = select(CaseLegRow.id).outerjoin(Seat, Seat.extension == CaseLegRow.number)
    return and_(CAME_IN, exists(legs.where(*_rung(of_station, answered=answered)).correlate(CaseRow)))


def _first_answer(of_station: bool) -> ColumnElement[int]:
    """Microseconds until the quickest of these seats had answered."""
    took = func.min(elapsed(CaseLegRow.dialled_at, CaseLegRow.answered_at))
    legs = select(took).select_from(CaseLegRow).outerjoin(Seat, Seat.extension == CaseLegRow.number)
    return legs.where(*_rung(of_station, answered=True)).correlate(CaseRow).scalar_subquery()


CALLS: Final[tuple[Figure, ...]] = (
    _figure("calls", CAME_IN),
    *(_figure(name, CaseRow.kind == kind) for name, kind in OF_KIND.items()),
    _figure("outbound", CaseRow.kind == CaseKind.OUTBOUND),
    *(_figure(f"class_{number}", and_(CAME_IN, Elder.service_class == number), how="class") for number in CLASSES),
    _figure("class_none", and_(CAME_IN, Elder.id.is_(None)), how="class"),
    *(
        _figure(
            f"outcome_{outcome}", and_(CAME_IN, CaseRow.outcome == outcome), word=f"outcome.{outcome}", how="outcome"
        )
        for outcome in Outcome
    ),
    _figure("outcome_none", and_(CAME_IN, CaseRow.outcome.is_(None)), how="outcome"),
    *(_figure(f"alarms_known_{seconds}", known_within(seconds), how="alarms_known") for seconds in TARGETS),
    *(_figure(f"answered_{seconds}", answered_within(seconds), how="answered_in_time") for seconds in TARGETS),
    _figure("answered", and_(ALARM, CaseRow.answered_at.is_not(None))),
    _figure("unanswered", and_(ALARM, CaseRow.answered_at.is_(None))),
    _time(
        "answer_time", and_(ALARM, CaseRow.answered_at.is_not(None)), elapsed(CaseRow.opened_at, CaseRow.answered_at)
    ),
    _figure("emergencies", _EMERGENCY),
    _figure("rescue_called", _rescue(None)),
    _figure("rescue_in_time", _rescue(RESCUE_WITHIN)),
    _figure("arrived", _ARRIVED),
    *(
        _figure(
            f"arrived_{minutes}",
            _ARRIVED & (elapsed(_SENT_FOR, CaseRow.arrived_at) <= minutes * 60 * SECOND),
            how="arrived_in_time",
        )
        for minutes in ARRIVAL_WITHIN
    ),
    _time("arrival_time", _ARRIVED, elapsed(_SENT_FOR, CaseRow.arrived_at)),
    _figure("station_rung", _seats(True, answered=False)),
    _figure("station_answered", _seats(True, answered=True)),
    _time("station_time", _seats(True, answered=True), _first_answer(True)),
    _figure("centre_rung", _seats(False, answered=False)),
    _figure("centre_answered", _seats(False, answered=True)),
    _time("centre_time", _seats(False, answered=True), _first_answer(False)),
)
CALL_PARTS: Final = (
    Parts("by_kind", "calls", tuple(OF_KIND)),
    Parts("by_class", "calls", (*(f"class_{number}" for number in CLASSES), "class_none")),
    Parts("by_outcome", "calls", (*(f"outcome_{outcome}" for outcome in Outcome), "outcome_none")),
    Parts("by_answer", "alarms", ("answered", "unanswered")),
)
CALL_SHARES: Final = (
    *(
        Share(f"share_{seconds}", f"answered_{seconds}", f"alarms_known_{seconds}", target)
        for seconds, target in TARGETS.items()
    ),
    Share("share_rescue", "rescue_in_time", "rescue_called", 0.9),
    Share("share_arrived_45", "arrived_45", "arrived", 0.9),
    Share("share_arrived_60", "arrived_60", "arrived", 1.0),
    Share("share_station", "station_answered", "station_rung"),
    Share("share_centre", "centre_answered", "centre_rung"),
)
CALL_MEANS: Final = (
    Mean("mean_answer", "answer_time", "answered"),
    Mean("mean_arrival", "arrival_time", "arrived"),
    Mean("mean_station", "station_time", "station_answered"),
    Mean("mean_centre", "centre_time", "centre_answered"),
)
