"""What people ask for, as JSON -> events of the procedure. The edge where it is parsed; wrong input is named here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar, assert_never

from ivr.actions import Action
from ivr.case import DeviceReport, ElderFile
from ivr.events import (
    ArrivalReported,
    CallOutRequested,
    CallRequested,
    ClassifyRequested,
    CloseRequested,
    DraftComplaintRequested,
    DraftOrderRequested,
    EmergencyRequested,
    HandOverRequested,
    HangupRequested,
    HeardRequested,
    IdentifyRequested,
    IntercomEndRequested,
    IntercomRequested,
    MergeRequested,
    Request,
    ReturnRequested,
    SilentRequested,
    SplitRequested,
    StandDownRequested,
    SuperviseEndRequested,
    SuperviseRequested,
    SwapRequested,
    TakeOverRequested,
    ThreeWayRequested,
    TransferRequested,
)
from ivr.numbers import may_be_rung
from ivr.serial import SerialError, from_json
from ivr.vocabulary import (
    Aid,
    Mode,
    Outcome,
    Role,
    Skill,
    Topic,
)

_TARGET = re.compile(r"110|119|120|contacts|elder|contact:[0-9]{1,12}|number:[0-9]{3,15}")
_ELDER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ACTOR = re.compile(r"(user|seat):[0-9]{1,12}")
_EXTENSION = re.compile("[0-9]{3,5}")
_CODE = re.compile("[a-z0-9_]{0,40}")
NOTE_LENGTH = 4000


class RescueRole(StrEnum):
    """The roles that can be taken over."""

    A = Role.A
    B = Role.B


_Word = TypeVar("_Word", bound=StrEnum)


class BadRequest(ValueError):
    """The request cannot be understood. `fields` tells for each field what to change."""

    def __init__(self, **fields: str) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in fields.items()))
        self.fields = fields


def actor_of(body: Mapping[str, object]) -> str:
    actor = body.get("actor")
    if not isinstance(actor, str) or not _ACTOR.fullmatch(actor):
        raise BadRequest(actor="who asks: `user:<id>` or `seat:<extension>`")
    return actor


def parse_action(body: Mapping[str, object], at: datetime) -> Request:
    """The event that an action of the contract stands for.

    Raises:
        BadRequest: the action is unknown or a field of it is missing or wrong.
    """
    actor = actor_of(body)
    try:
        action = Action(str(body.get("action")))
    except ValueError:
        raise BadRequest(action=f"one of {', '.join(Action)}") from None
    match action:
        case Action.EMERGENCY:
            return EmergencyRequested(at=at, actor=actor)
        case Action.SILENT:
            return SilentRequested(at=at, actor=actor)
        case Action.HEARD:
            return HeardRequested(at=at, actor=actor)
        case Action.IDENTIFY:
            return IdentifyRequested(at=at, actor=actor, elder=_elder(body))
        case Action.CALL:
            return CallRequested(at=at, actor=actor, target=_target(body))
        case Action.MERGE:
            return MergeRequested(at=at, actor=actor, leg=_text(body, "leg"))
        case Action.SPLIT:
            return SplitRequested(at=at, actor=actor, leg=_text(body, "leg"))
        case Action.INTERCOM:
            return IntercomRequested(at=at, actor=actor)
        case Action.INTERCOM_END:
            return IntercomEndRequested(at=at, actor=actor)
        case Action.SWAP:
            return SwapRequested(at=at, actor=actor)
        case Action.TAKE_OVER:
            role, extension = _one_of(body, "role", RescueRole), _extension(body, actor)
            return TakeOverRequested(at=at, actor=actor, role=Role(role), extension=extension)
        case Action.SUPERVISE:
            mode, extension = _one_of(body, "mode", Mode), _extension(body, actor)
            leg = _text(body, "leg") if body.get("leg") else ""
            return SuperviseRequested(at=at, actor=actor, mode=mode, extension=extension, leg=leg)
        case Action.SUPERVISE_END:
            return SuperviseEndRequested(at=at, actor=actor)
        case Action.HANGUP:
            return HangupRequested(at=at, actor=actor, leg=_text(body, "leg"))
        case Action.CONSULT | Action.TRANSFER:
            return TransferRequested(at=at, actor=actor, skill=_one_of(body, "skill", Skill))
        case Action.THREE_WAY:
            return ThreeWayRequested(at=at, actor=actor)
        case Action.RETURN:
            return ReturnRequested(at=at, actor=actor)
        case Action.HAND_OVER:
            return HandOverRequested(at=at, actor=actor)
        case Action.ARRIVED:
            return ArrivalReported(at=at, actor=actor)
        case Action.STAND_DOWN:
            return StandDownRequested(at=at, actor=actor)
        case Action.CLOSE:
            outcome = _one_of(body, "outcome", Outcome)
            return CloseRequested(at=at, actor=actor, outcome=outcome, note=_long(body, "note"), code=_code(body))
        case Action.CLASSIFY:
            return ClassifyRequested(at=at, actor=actor, topic=_one_of(body, "topic", Topic))
        case Action.DRAFT_ORDER:
            aid = _one_of(body, "aid", Aid)
            return DraftOrderRequested(at=at, actor=actor, aid=aid, wish=_said(body, "wish"))
        case Action.DRAFT_COMPLAINT:
            about, words = _long(body, "about"), _said(body, "words")
            return DraftComplaintRequested(at=at, actor=actor, about=about, words=words)
        case _:
            assert_never(action)


def parse_call(body: Mapping[str, object], at: datetime) -> CallOutRequested:
    """An agent's own call: `extension`, `number`, `name`, and the elder's `file` (`serial.to_json`) or null.

    Raises:
        BadRequest: a field is missing or wrong; 110, 120 and 119 are called from a case.
    """
    actor, number, name = actor_of(body), str(body.get("number")), str(body.get("name") or "")[:60]
    if not may_be_rung(number):
        raise BadRequest(number="3 to 15 digits, and not 110, 120 or 119")
    try:
        file: ElderFile | None = from_json(ElderFile | None, body.get("file"))
    except SerialError as wrong:
        raise BadRequest(file=str(wrong)) from None
    return CallOutRequested(at=at, actor=actor, extension=_extension(body, actor), number=number, name=name, file=file)


def parse_report(body: Mapping[str, object]) -> DeviceReport:
    """A device's report, as `serial.to_json` writes it.

    Raises:
        BadRequest: it is none.
    """
    try:
        report: DeviceReport = from_json(DeviceReport, body.get("report"))
    except SerialError as wrong:
        raise BadRequest(report=str(wrong)) from None
    if not report.device or report.at.tzinfo is None:
        raise BadRequest(report="a device, and a time with its zone")
    return report


def _target(body: Mapping[str, object]) -> str:
    target = _text(body, "target")
    if not _TARGET.fullmatch(target):
        raise BadRequest(target="120, 110, 119, contacts, contact:<id>, elder or number:<3 to 15 digits>")
    return target


def _elder(body: Mapping[str, object]) -> int:
    elder = str(body.get("elder"))
    if not _ELDER.fullmatch(elder):
        raise BadRequest(elder="the number of the elder's file")
    return int(elder)


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 60:
        raise BadRequest(**{name: "a text of 1 to 60 characters"})
    return value


def _extension(body: Mapping[str, object], actor: str) -> str:
    """The seat that is to be rung: the one that is named, else the one that asks."""
    kind, _, own = actor.partition(":")
    extension = body.get("extension") or (own if kind == "seat" else "")
    if not isinstance(extension, str) or not _EXTENSION.fullmatch(extension):
        raise BadRequest(extension="the seat that is to be rung, 3 to 5 digits")
    return extension


def _long(body: Mapping[str, object], name: str) -> str:
    text = body.get(name) or ""
    if not isinstance(text, str) or len(text) > NOTE_LENGTH:
        raise BadRequest(**{name: f"a text of at most {NOTE_LENGTH} characters"})
    return text


def _code(body: Mapping[str, object]) -> str:
    """The sub-code of an outcome; which there are is the records' business."""
    code = body.get("code") or ""
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise BadRequest(code="letters, digits and _, at most 40")
    return code


def _said(body: Mapping[str, object], name: str) -> str:
    """What somebody wants or complains of: never empty."""
    text = _long(body, name).strip()
    if not text:
        raise BadRequest(**{name: f"what was said, a text of 1 to {NOTE_LENGTH} characters"})
    return text


def _one_of(body: Mapping[str, object], name: str, words: type[_Word]) -> _Word:
    try:
        return words(str(body.get(name)))
    except ValueError:
        raise BadRequest(**{name: f"one of {', '.join(words)}"}) from None
