"""A case as people and programs see it: frozen, ready for JSON. The same for a live case and for one on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ivr.case import Case, Leg
from ivr.commands import Alarm
from models.journal_entry import DEVICE_REPORTED, RECORDING_ENDED, JournalEntry, Recorded, place_of_tape, recording_id
from models.text import Json, plain, plain_json


@dataclass(frozen=True, slots=True)
class ElderRef:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class LegView:
    """`number` is an extension for seats, else what was dialled; `cause` is Q.850; `mode`: what a supervisor does;
    `held_at`: since when they hold the line, told of live cases only."""

    id: str
    kind: str
    role: str | None
    number: str
    name: str
    contact: int | None
    state: str
    place: str
    result: str | None
    dialled_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    cause: int | None
    mode: str | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimelineView:
    """`cause` is the seq of the entry that led to this one."""

    seq: int
    at: datetime
    event: str
    actor: str
    cause: int | None
    data: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlarmView:
    kind: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportView:
    """What a device told. `position`: `latitude`, `longitude`, `accuracy` in metres, `words`."""

    device: str
    kind: str
    at: datetime
    position: dict[str, Json] | None
    words: str


@dataclass(frozen=True, slots=True)
class RecordingView:
    """`seconds` is None while it runs; `problem` is empty when there is none; `place` is the bridge, empty for a call
    that came in; `people` are the legs on it. `sha256` (hex) is that of the file when the call had ended; `removed_at`:
    when it was deleted because it was over age."""

    id: str
    started_at: datetime
    seconds: float | None
    url: str
    problem: str
    place: str = ""
    people: tuple[str, ...] = ()
    sha256: str = ""
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    """`again`: how often the same need was reported again; `again_of`: the case that this one follows (H12);
    `code`: the outcome's sub-code; `grade`: what the elder said of the call by key, `satisfied`, `fairly_satisfied` or
    `dissatisfied`."""

    id: str
    kind: str
    state: str
    caller: str
    elder: ElderRef | None
    opened_at: datetime | None
    answered_at: datetime | None
    emergency_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    topic: str | None
    outcome: str | None
    note: str
    abandoned: bool
    again: int = 0
    again_of: str = ""
    code: str = ""
    grade: str | None = None
    legs: tuple[LegView, ...] = ()
    timeline: tuple[TimelineView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    reports: tuple[ReportView, ...] = ()
    recordings: tuple[RecordingView, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """Times RFC 3339 with offset, to the millisecond."""
        return _json_of(self)


def recording_url(recording: str) -> str:
    return f"/api/v1/recordings/{recording}"


def live_view(case: Case, entries: Sequence[JournalEntry]) -> CaseView:
    """The case as the controller knows it; equal to `queries.cases.case_view` once `entries` are written."""
    return replace(_without_timeline(case, entries), timeline=tuple(_entry_view(entry) for entry in entries))


def live_json(case: Case, entries: Sequence[JournalEntry], told: list[Json]) -> dict[str, Json]:
    """`live_view(case, entries).as_json()`, many times for one case: entries never change, so `told` keeps theirs."""
    told.extend(_json_of(_entry_view(entry)) for entry in entries[len(told) :])
    return {**_without_timeline(case, entries).as_json(), "timeline": [*told]}


def _without_timeline(case: Case, entries: Sequence[JournalEntry]) -> CaseView:
    opened_at = case.opened_at or (entries[0].at if entries else None)
    return CaseView(
        id=case.id,
        kind=str(case.kind),
        state=str(case.state),
        caller=plain(case.caller),
        elder=None if case.file is None else ElderRef(case.file.id, plain(case.file.name)),
        opened_at=opened_at,
        answered_at=case.answered_at,
        emergency_at=case.emergency_at,
        arrived_at=case.arrived_at,
        closed_at=case.closed_at,
        topic=_word(case.topic),
        outcome=_word(case.outcome),
        note=plain(case.note),
        abandoned=case.abandoned,
        again=case.again,
        again_of=case.again_of,
        code=plain(case.code),
        grade=_word(case.grade),
        legs=tuple(_leg_view(leg) for leg in case.legs),
        alarms=tuple(
            AlarmView(str(command.kind), plain(command.detail), entry.at)
            for entry in entries
            for command in entry.commands
            if isinstance(command, Alarm)
        ),
        reports=reports_of((entry.event, entry.data) for entry in entries),
        recordings=_recordings(case, entries),
    )


def _leg_view(leg: Leg) -> LegView:
    return LegView(
        id=leg.id,
        kind=str(leg.kind),
        role=_word(leg.role),
        mode=_word(leg.mode),
        held_at=leg.held_at,
        number=plain(leg.number),
        name=plain(leg.name),
        contact=leg.contact,
        state=str(leg.state),
        place=str(leg.place),
        result=_word(leg.result),
        dialled_at=leg.dialled_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        cause=leg.cause,
    )


def _entry_view(entry: JournalEntry) -> TimelineView:
    return TimelineView(
        seq=entry.seq,
        at=entry.at,
        event=entry.event,
        actor=plain(entry.actor),
        cause=entry.cause,
        data={plain(key): plain_json(value) for key, value in entry.data.items()},
    )


def reports_of(entries: Iterable[tuple[str, Mapping[str, Json]]]) -> tuple[ReportView, ...]:
    """What devices told, from the timeline: each report once."""
    found: dict[tuple[str, str], ReportView] = {}
    for event, data in entries:
        report = data.get("report") if event == DEVICE_REPORTED else None
        if isinstance(report, dict):
            device, at, position = str(report["device"]), str(report["at"]), report.get("position")
            place = {k: v for k, v in position.items() if k != "type"} if isinstance(position, dict) else None
            view = ReportView(device, str(report["kind"]), datetime.fromisoformat(at), place, str(report["words"]))
            found.setdefault((device, at), view)
    return tuple(found.values())


def _recordings(case: Case, entries: Sequence[JournalEntry]) -> tuple[RecordingView, ...]:
    """In the order in which they began: a case hears late of a call that the ladder served."""
    ended = {entry.data.get("recording"): entry.recorded for entry in entries if entry.event == RECORDING_ENDED}
    found = []
    for count, tape in enumerate(case.tapes, 1):
        found_at_end = ended.get(tape.file, Recorded())
        number = recording_id(case.id, count)
        found.append(
            RecordingView(
                id=number,
                started_at=tape.started_at,
                seconds=found_at_end.seconds,
                url=recording_url(number),
                problem=tape.problem or found_at_end.problem,
                place=place_of_tape(tape),
                people=tape.people,
                sha256=found_at_end.sha256,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.started_at, one.id)))


def _word(value: str | None) -> str | None:
    return None if value is None else str(value)


def _json_of(view: Any) -> dict[str, Json]:
    return {name: _json_value(getattr(view, name)) for name in view.__dataclass_fields__}


def _json_value(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_json_value(item) for item in value]
    return _json_of(value) if hasattr(value, "__dataclass_fields__") else plain_json(value)
