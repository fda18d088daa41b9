"""The spill: a file beside the database for what the journal cannot write there in time, so that it outlives us.

One line of JSON for each entry, in order; read at the next start, removed once all of it is on record. Every method
works on the disk: call it in a thread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from ivr.case import Case
from ivr.commands import Command
from ivr.serial import Json, from_json, to_json
from models.journal_entry import JournalEntry

log = structlog.get_logger(__name__)


class Spill:
    """`file` is for nobody but us: it holds what the records hold."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def put(self, entries: Iterable[JournalEntry]) -> None:
        """Add the entries; they are on the disk when this returns. Raises OSError; then none of them counts."""
        lines = "".join(json.dumps(_to_line(entry)) + "\n" for entry in entries).encode()
        with os.fdopen(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab+", buffering=0) as file:
            whole = file.tell()
            if whole and os.pread(file.fileno(), 1, whole - 1) != b"\n":
                lines = b"\n" + lines  # a former boot died in the middle of a line
            try:
                file.write(lines)
                os.fsync(file.fileno())
                if file.tell() - whole < len(lines):
                    raise OSError("the disk took only a part")
            except OSError:
                file.truncate(whole)  # a part of a line would spoil the next one
                raise

    def read(self) -> Sequence[JournalEntry]:
        """What a former boot left, in order. A line that it did not finish, or that cannot be read, is logged and left
        out. Raises OSError."""
        try:
            text = self.file.read_text("utf-8", "replace")
        except FileNotFoundError:
            return []
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                found.append(_from_line(json.loads(line)))
            except (ValueError, KeyError, TypeError) as problem:
                log.error("a line of the spill is no entry", line=number, reason=type(problem).__name__)
        return found

    def clear(self) -> None:
        """All of it is on record. Raises OSError."""
        self.file.unlink(missing_ok=True)


def _to_line(entry: JournalEntry) -> dict[str, Json]:
    return {
        "case": to_json(entry.case),
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "event": entry.event,
        "actor": entry.actor,
        "cause": entry.cause,
        "data": dict(entry.data),
        "commands": [to_json(command) for command in entry.commands],
    }


def _from_line(line: dict[str, Json]) -> JournalEntry:
    """Raises ValueError, KeyError, TypeError."""
    return JournalEntry(
        case=from_json(Case, line["case"]),
        seq=from_json(int, line["seq"]),
        at=from_json(datetime, line["at"]),
        event=from_json(str, line["event"]),
        actor=from_json(str, line["actor"]),
        cause=from_json(int | None, line["cause"]),
        data=line["data"],  # type: ignore[arg-type]
        commands=from_json(tuple[Command, ...], line["commands"]),
    )
