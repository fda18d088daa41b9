"""`python -m dialplan.agi SNAPSHOT DESK RECORD STEP`: tells Asterisk whom this step of a call rings.

Started by the dialplan for each step and gone within a moment: two hundred elders who wait cost no memory, and a script
that breaks costs one step only. `YJT_WHOM` is set last, so that what is there of a broken one does not count.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from asterisk.agi import AGI, AGIException

from dialplan.agi import desk, plan, record, snapshot
from dialplan.agi.plan import Help, Step
from dialplan.agi.snapshot import Known, SnapshotProblem
from ivr.case import ElderFile


class Channel(Protocol):
    """What is used of pyst2's AGI."""

    def get_variable(self, name: str) -> str: ...
    def set_variable(self, name: str, value: str) -> None: ...


def serve(agi: Channel, *, register: Path, desk_file: Path, record_file: Path, number: int) -> None:
    """Name those whom step `number` rings. Raises AGIException when the caller is gone."""
    caller = agi.get_variable("YJT_CLI")
    try:
        known = snapshot.find(register, snapshot.keys_of(caller, snapshot.area_code(register)))
    except SnapshotProblem as problem:
        known = Known()
        _tell(record_file, "trouble", who=str(problem))
    seats, duty = (tuple(filter(None, agi.get_variable(name).split("&"))) for name in ("SEATS", "DUTY"))
    step = plan.step(number, Help(seats, duty, desk.read(desk_file), known.files))
    if step is None:
        return
    _tell(record_file, "names", names=_names(step, known.files))
    agi.set_variable("__YJT_ELDER", plan.number_of_elder(known.dialled or caller.lstrip("+"), known.files))
    _name(agi, step, first=number == 0)


def _name(agi: Channel, step: Step, *, first: bool) -> None:
    for name, phone in step.numbers.items():
        agi.set_variable(f"__YJT_{name}", phone)
    agi.set_variable("__YJT_RING", f"{step.ring:.0f}")
    agi.set_variable("YJT_SAY", "" if first else step.say.value)  # at first they have just been welcomed
    agi.set_variable("YJT_LAST", "yes" if step.last else "")
    agi.set_variable("YJT_WHOM", "&".join(step.whom))


def _names(step: Step, files: tuple[ElderFile, ...]) -> dict[str, str]:
    known = {f"contact_{card.id}": card.name for file in files for card in file.contacts}
    return {name: known[name] for name in step.numbers}


def _tell(record_file: Path, what: str, **more: object) -> None:
    with suppress(OSError):  # no room for the record is no reason to ring nobody
        record.add(record_file, what, **more)


def main(argv: list[str]) -> int:
    register, desk_file, record_file = map(Path, argv[:3])
    # pyst2 writes the caller's number to stderr, which goes to a log.
    with Path(os.devnull).open("w") as nowhere:
        agi = AGI(stderr=nowhere)
        try:
            serve(agi, register=register, desk_file=desk_file, record_file=record_file, number=int(argv[3]))
        except AGIException:
            return 1  # the caller has hung up: nobody is to be rung any more
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
