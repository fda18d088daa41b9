"""The record of a call that is in no case yet: one file for each, a line of JSON for each thing that happened.

The dialplan writes who calls before it offers the call to anybody. When no controller takes it, more lines follow as it
goes (`note` in `extensions.conf`), on both rungs; the script adds its own and puts all of them on the disk. A line that
was never finished, or that nobody understands, is passed over: the others count.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivr.case import LadderTry
from ivr.vocabulary import LegKind, Result

SUFFIX = ".jsonl"
PUT_DOWN = "16"  # the cause with which a phone ends that somebody has put down
# What Asterisk's DIALSTATUS means of somebody who did not pick up.
_DIAL_STATUS: Mapping[str, Result] = {
    "NOANSWER": Result.NO_ANSWER,
    "BUSY": Result.BUSY,
    "CHANUNAVAIL": Result.UNREACHABLE,
    "CONGESTION": Result.UNREACHABLE,
    "CANCEL": Result.CANCELLED,
    "ANSWER": Result.VOICEMAIL,  # picked up, and pressed nothing
}
_Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """`arrived_at` to `ended_at`: for how long the caller was with the ladder, as far as it is known."""

    channel: str
    caller: str
    dialled: str
    recording: str
    arrived_at: datetime
    ended_at: datetime
    tries: tuple[LadderTry, ...] = ()


def add(file: Path, what: str, **more: object) -> None:
    """One line more; it and all before it are on the disk then. Raises OSError."""
    line = json.dumps({"at": round(time.time(), 3), "what": what, **more}, ensure_ascii=False) + "\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def only_arrived(file: Path) -> bool:
    """Nothing is told but that the call came: neither the ladder nor a stand-by has had the caller. Raises OSError."""
    return file.read_bytes().count(b"\n") <= 1


def read(file: Path) -> Record | None:
    """What the file tells; None when it does not say whose call it was. Raises OSError."""
    lines = list(_lines(file.read_text("utf-8", "replace")))
    arrived = next((line for line in lines if line["what"] == "arrived" and line.get("channel")), None)
    if arrived is None:
        return None
    story = _Story()
    for line in lines:
        story.goes_on(line)
    ends = [line["at"] for line in lines if line["what"] == "ended"]
    last = max(ends or [line["at"] for line in lines])
    return Record(
        channel=str(arrived["channel"]),
        caller=str(arrived.get("caller", "")),
        dialled=str(arrived.get("dialled", "")),
        recording=str(arrived.get("recording", "")),
        arrived_at=arrived["at"],
        ended_at=last,
        tries=tuple(one.over(last) for one in story.tries),
    )


def of_channel(channel: str) -> Record:
    """Of a call of which nothing else is known."""
    now = datetime.now(UTC)
    return Record(channel, caller="", dialled="", recording="", arrived_at=now, ended_at=now)


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            body = json.loads(line)
            yield {**body, "what": str(body["what"]), "at": datetime.fromtimestamp(float(body["at"]), UTC)}
        except (ValueError, KeyError, TypeError, OverflowError):
            continue


@dataclass(slots=True)
class _Try:
    """Somebody who is rung, while the file is read. `name` is the dialplan's: `801`, `duty_1`, `contact_17`."""

    name: str
    at: datetime
    number: str = ""
    spoken: str = ""
    answered: datetime | None = None
    joined: datetime | None = None
    ended: datetime | None = None
    result: Result | None = None

    def over(self, last: datetime) -> LadderTry:
        kind = LegKind.DUTY if self.name.startswith("duty_") else LegKind.SEAT
        contact = self.name.removeprefix("contact_")
        is_contact = contact != self.name and contact.isdigit()
        result = self.result or (Result.ACCEPTED if self.joined else Result.CANCELLED)
        if result is Result.ACCEPTED and not self.joined:
            result = Result.CANCELLED  # wanted to come, and somebody else was a moment quicker
        return LadderTry(
            kind=LegKind.CONTACT if is_contact else kind,
            number=self.number or (self.name if kind is LegKind.SEAT and not is_contact else ""),
            name=self.spoken,
            contact=int(contact) if is_contact else None,
            dialled_at=self.at,
            answered_at=self.answered or self.joined,
            joined_at=self.joined,
            ended_at=self.ended or last,
            result=result,
        )


@dataclass(slots=True)
class _Story:
    """`tries` in order; `present`: those of the step that is being read."""

    tries: list[_Try] = field(default_factory=list)
    present: dict[str, _Try] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def goes_on(self, line: _Line) -> None:
        who, more, at = str(line.get("who", "")), str(line.get("more", "")), line["at"]
        match line["what"]:
            case "names" if isinstance(line.get("names"), dict):
                self.names = {str(key): str(name) for key, name in line["names"].items()}
            case "rings":
                self.present = {_name(dialled): _Try(_name(dialled), at) for dialled in who.split("&") if dialled}
                for name, one in self.present.items():
                    one.spoken = self.names.get(name, "")
                self.tries += self.present.values()
            case "rang":
                self._step_over(status=who, cause=more, at=at)
            case "joined" if (helper := self.present.get(_name(who))) is not None:
                helper.joined = at
            case what if (helper := self.present.get(who)) is not None:
                _told(helper, what, more, at)
            case _:
                pass

    def _step_over(self, *, status: str, cause: str, at: datetime) -> None:
        for one in self.present.values():
            if one.joined is not None:
                one.result = Result.ACCEPTED if cause == PUT_DOWN else Result.UNREACHABLE
            elif one.result is None and status != "ANSWER":
                one.result = _DIAL_STATUS.get(status, Result.NO_ANSWER)
            one.ended = one.ended if one.ended and one.joined is None else at


def _told(one: _Try, what: str, more: str, at: datetime) -> None:
    match what:
        case "dialled":
            one.number = more
        case "answered":
            one.answered = at
        case "said" if more in {Result.VOICEMAIL, Result.DECLINED, Result.ACCEPTED}:
            one.result = Result(more)
        case "over":
            one.ended = at
            if one.result is None and one.joined is None:
                one.result = _DIAL_STATUS.get(more, Result.NO_ANSWER)
        case _:
            pass


def _name(channel: str) -> str:
    """Of what is dialled, or of the channel that came of it: `PJSIP/801`, `PJSIP/801-0000002a`, `Local/duty_1@...`."""
    return channel.partition("/")[2].partition("@")[0].partition("-")[0]
