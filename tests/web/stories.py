"""Cases and seats as the controller would tell of them, of plainly fictitious people. No fixture lives here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ivr.case import Case, ContactCard, ElderFile, Leg, Tape
from ivr.commands import Alarm, Command
from ivr.serial import to_json
from ivr.vocabulary import AlarmKind, CaseState, LegKind, LegState, Mode, Place, Result, Role, Topic
from models.journal_entry import JournalEntry
from models.views import live_view

FILE = ElderFile(
    id=1,
    name="演示·李一",
    sex="female",
    born=date(1941, 3, 5),
    home_phone="02110000001",
    address="演示市演示区第一街道幸福社区安康小区3号楼2单元5层501室",
    community="幸福社区",
    landmark="社区食堂对面",
    bus_stop="安康小区站（演示1路）",
    way_in="单元门密码由居委会保管，邻居有备用钥匙",
    health="高血压，冠心病史，听力下降",
    notes="说话请慢一些",
    service_class=1,
    agreement_signed=False,
    contacts=(
        ContactCard(11, "演示·李小一", "女儿", ("12000000001", "02110000011")),
        ContactCard(12, "演示·王邻居", "neighbour", ("12000000002",)),
        ContactCard(13, "演示·幸福居委会", "committee", ("02110000013",)),
    ),
)
EVERY_ACTION = [
    *("emergency", "silent", "heard", "identify", "call", "merge", "split", "intercom", "intercom_end"),
    *(
        "swap",
        "take_over",
        "hangup",
        "consult",
        "transfer",
        "three_way",
        "return",
        "hand_over",
        "arrived",
        "stand_down",
        "close",
    ),
    *("classify", "draft_order", "draft_complaint"),
    *("supervise", "supervise_end"),
]


def _leg(kind: LegKind, leg: str, number: str, at: datetime, **more: Any) -> Leg:
    values: dict[str, Any] = {"dialled_at": at, "state": LegState.ANSWERED, "answered_at": at + timedelta(seconds=2)}
    return Leg(id=leg, kind=kind, number=number, **{**values, **more})


def ringing(case_id: str = "c1", *, seat: str = "801", file: ElderFile | None = FILE) -> Case:
    """The elder waits, seat A rings."""
    at = datetime.now(UTC) - timedelta(seconds=3)
    return Case(
        id=case_id,
        caller="02110000001",
        channel="in-1",
        tapes=(Tape(f"2026/11/22/{case_id}.wav", at, leg="elder", people=("elder",)),),
        state=CaseState.RINGING_SEATS,
        opened_at=at,
        file=file,
        legs=(
            _leg(LegKind.ELDER, "elder", "02110000001", at, name=file.name if file else ""),
            Leg(
                id="a-1",
                kind=LegKind.SEAT,
                number=seat,
                name="演示坐席甲",
                role=Role.A,
                state=LegState.RINGING,
                dialled_at=at + timedelta(seconds=1),
            ),
        ),
    )


def talking(case: Case) -> Case:
    at = datetime.now(UTC)
    elder, seat, *others = case.legs
    return replace(
        case,
        state=CaseState.TALKING,
        answered_at=at,
        legs=(
            replace(elder, place=Place.ELDER),
            replace(seat, state=LegState.ANSWERED, answered_at=at, place=Place.ELDER),
            *others,
        ),
    )


def consulting(case: Case) -> Case:
    """The agent speaks with a doctor alone; the elder waits. What it is about was marked."""
    at = datetime.now(UTC)
    elder, seat, *_ = case.legs
    return replace(
        case,
        state=CaseState.CONSULTING,
        topic=Topic.MEDICAL,
        legs=(
            replace(elder, place=Place.NOWHERE),
            replace(seat, place=Place.INTERCOM),
            _leg(LegKind.SEAT, "x-1", "811", at, role=Role.X, name="演示·医生", place=Place.INTERCOM),
        ),
    )


def emergency(case: Case) -> Case:
    """B is with the elder, A rings 120 and the contacts: one has accepted, one is busy, one rings."""
    at = datetime.now(UTC)
    elder, seat, *_ = case.legs
    return replace(
        case,
        state=CaseState.EMERGENCY,
        emergency_at=at,
        legs=(
            elder,
            replace(seat, place=Place.RESCUE),
            _leg(LegKind.SEAT, "b-1", "802", at, role=Role.B, name="演示坐席乙", place=Place.ELDER),
            _leg(LegKind.SERVICE, "120-1", "120", at, place=Place.RESCUE),
            _leg(
                LegKind.CONTACT, "contact-11-1", "12000000001", at, name="演示·李小一", contact=11, place=Place.RESCUE
            ),
            _leg(
                LegKind.CONTACT,
                "contact-12-1",
                "12000000002",
                at,
                name="演示·王邻居",
                contact=12,
                state=LegState.ENDED,
                answered_at=None,
                ended_at=at,
                cause=17,
                result=Result.BUSY,
            ),
            _leg(
                LegKind.CONTACT,
                "contact-13-1",
                "02110000013",
                at,
                name="演示·幸福居委会",
                contact=13,
                state=LegState.RINGING,
                answered_at=None,
            ),
        ),
    )


def supervised(case: Case) -> Case:
    """A supervisor listens to A."""
    at = datetime.now(UTC)
    supervisor = _leg(LegKind.SEAT, "s-1", "803", at, role=Role.S, name="演示班长", place=Place.SUPERVISION)
    snoop = _leg(LegKind.SNOOP, "snoop-1", "801", at, target="a-1", place=Place.SUPERVISION)
    return replace(case, legs=(*case.legs, replace(supervisor, mode=Mode.LISTEN), snoop))


def closed(case: Case) -> Case:
    at = datetime.now(UTC)
    ended = tuple(replace(leg, state=LegState.ENDED, place=Place.NOWHERE, ended_at=at, cause=16) for leg in case.legs)
    return replace(case, state=CaseState.CLOSED, closed_at=at, legs=ended, note="老人已送医")


def entries(case: Case, *, alarms: tuple[AlarmKind, ...] = ()) -> list[JournalEntry]:
    """A short journal that leads to this case."""
    start = case.opened_at or datetime.now(UTC)
    told: list[tuple[str, str, dict[str, Any], tuple[Command, ...]]] = [
        ("call_arrived", "line", {"caller": case.caller}, ()),
        (
            "caller_identified",
            "system",
            {"type": "CallerIdentified", "file": {"type": "ElderFile", "name": "演示·李一"}},
            (),
        ),
        ("seat_reserved", "system", {"role": "A", "extension": "801"}, ()),
        ("leg_answered", "line", {"leg": "a-1"}, ()),
    ]
    if case.emergency_at:
        told.append(("emergency_requested", "user:1", {}, tuple(Alarm(kind) for kind in alarms)))
        told.append(("leg_ended", "line", {"leg": "contact-12-1", "cause": 17}, ()))
        timer = {"type": "Timer", "kind": "contact_key", "leg": "contact-13-1"}
        told.append(("timer_fired", "timer", {"at": start.isoformat(), "timer": timer}, ()))
    return [
        JournalEntry(case, seq, start + timedelta(milliseconds=137 * seq), event, actor, None, data, commands)
        for seq, (event, actor, data, commands) in enumerate(told, 1)
    ]


def case_json(case: Case, *, actions: list[str] | None = None, alarms: tuple[AlarmKind, ...] = ()) -> dict[str, Any]:
    """As the controller tells it."""
    return {
        **live_view(case, entries(case, alarms=alarms)).as_json(),
        "file": to_json(case.file) if case.file else None,
        "actions": EVERY_ACTION if actions is None else actions,
        "searching": sorted(role.value for role in case.searching),
        "deadlines": [],
    }


def seat_json(extension: str, state: str = "ready", **more: Any) -> dict[str, Any]:
    return {
        "extension": extension,
        "name": f"坐席{extension}",
        "agent": "演示坐席甲" if extension == "801" else "演示坐席乙",
        "skills": ["agent"],
        "place": None,
        "registered": True,
        "phone": "page",
        "muted": False,
        "state": state,
        "reason": "",
        "needed": False,
        "by": "",
        "since": datetime.now(UTC).isoformat(),
        "case": None,
        "role": None,
        "until": None,
        "more": False,
        "owes": [],
        **more,
    }
