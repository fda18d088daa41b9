"""What a drill of the town leaves in the home folder: one small file for each run, which the page takes in as a report.

The drill's own platform is thrown away with its database; this file is what stays of it. Written whole or not at all,
for its owner only; no number of anybody is in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

FOLDER: Final = "drill-reports"
LARGEST: Final = 1024 * 1024  # bytes: the longest soak leaves a hundredth of it
MOST_STEPS: Final = 500
LONGEST: Final = 400  # characters
Words = Annotated[str, Field(max_length=LONGEST)]


class DrillStep(BaseModel):
    """`good` None: it is only told. `at`: when it happened, for what has a moment; `value`: what was measured, or why
    it did not happen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: Words
    en: Words
    good: bool | None = None
    at: AwareDatetime | None = None
    value: Words = ""


class DrillRun(BaseModel):
    """`name` as on the command line: the story of `sos`, the faults, empty for the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    kind: Literal["sos", "faults", "storm", "soak"]
    name: Words = ""
    began_at: AwareDatetime
    ended_at: AwareDatetime
    passed: bool
    steps: tuple[DrillStep, ...] = Field(max_length=MOST_STEPS)


class DrillFileRefused(ValueError):
    """This file is not what a drill leaves."""


def write(home: Path, run: DrillRun) -> Path:
    """Raises OSError."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{run.began_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}Z-{run.kind}.json"
    target, draft = folder / name, folder / f".{name}.{os.getpid()}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123 - for its mode
            file.write(run.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def found(home: Path) -> list[str]:
    """The names of the files that there are, the oldest first. Waits for the disk: call it in a thread."""
    return sorted(path.name for path in (home / FOLDER).glob("[0-9]*.json"))


def read(home: Path, name: str) -> tuple[DrillRun, str]:
    """What the file tells, and its SHA-256 in hex. Raises DrillFileRefused, OSError."""
    path = home / FOLDER / Path(name).name
    if path.stat().st_size > LARGEST:
        raise DrillFileRefused(name)
    content = path.read_bytes()
    try:
        return DrillRun.model_validate_json(content), hashlib.sha256(content).hexdigest()
    except ValidationError:
        raise DrillFileRefused(name) from None


def run_of(
    kind: Literal["sos", "faults", "storm", "soak"],
    began_at: datetime,
    steps: Iterable[DrillStep],
    *,
    passed: bool,
    name: str = "",
) -> DrillRun:
    """A drill that has just ended."""
    told = tuple(steps)[:MOST_STEPS]
    return DrillRun(
        kind=kind, name=name[:LONGEST], began_at=began_at, ended_at=datetime.now(UTC), passed=passed, steps=told
    )
