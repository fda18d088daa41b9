"""One line of the journal: what happened, the state after it, what was decided. Pure data; `journal.py` writes it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final, NamedTuple

from ivr.case import Case, Tape
from ivr.commands import Command
from ivr.vocabulary import Place
from models.text import Json, plain, plain_json

RECORDING_ENDED: Final = "recording_ended"
DEVICE_REPORTED: Final = "device_reported"
LADDER_REPORTED: Final = "ladder_reported"
_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Recorded(NamedTuple):
    """What was found of a recording when it had ended."""

    seconds: float | None = None
    problem: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """`case` is the state after the event; `seq` counts from 1 in each case; `event` is its name in snake_case;
    `cause` the seq of the entry that led to this one. `policy` is what is unlike the default in the policy by which it
    and those after it were decided; None: as before. `recording_ended` carries `recording`, `seconds`, `problem`
    and `sha256` in `data`."""

    case: Case
    seq: int
    at: datetime
    event: str
    actor: str
    cause: int | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    policy: Mapping[str, Json] | None = None

    @property
    def recorded(self) -> Recorded:
        """What a `recording_ended` entry tells."""
        seconds = self.data.get("seconds")
        usable = isinstance(seconds, int | float) and math.isfinite(seconds)
        problem, sha256 = (plain(str(self.data.get(name) or "")) for name in ("problem", "sha256"))
        return Recorded(float(str(seconds)) if usable else None, problem, sha256)


def recording_id(case: str, number: int) -> str:
    """`number` counts the recordings of a case from 1."""
    return f"{case}-{number}"


def place_of_tape(tape: Tape) -> str:
    """The bridge that is recorded; empty for a call that came in."""
    return "" if tape.place is Place.NOWHERE else str(tape.place)


def snake_case(name: str) -> str:
    """`CallArrived` -> `call_arrived`."""
    return _INNER_CAPITAL.sub("_", name).lower()


def command_json(command: Command) -> dict[str, Json]:
    """`Dial(...)` -> `{"do": "dial", "leg": ..., ...}`."""
    return {
        "do": snake_case(type(command).__name__),
        **{f.name: plain_json(getattr(command, f.name)) for f in fields(command)},
    }
