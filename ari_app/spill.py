"""The spill: a file beside the database for what the journal cannot write there in time, so that it outlives us.

One line of JSON for each entry, in order; read at the next start, removed once all of it is on record. Every method
works on the disk: call it in a thread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from ivr.case import Case
from ivr.commands import Command
from ivr.serial import Json, from_json, to_json
from models.journal_entry import JournalEntry

log = structlog.get_logger(__name__)
# In the home folder: what waits for the database, and what it would never take.
SPILL = "journal-waiting.jsonl"
SET_ASIDE = "journal-set-aside.jsonl"


@dataclass(frozen=True, slots=True)
class Left:
    """`entries` in order; `spoilt`: lines that were never finished, or that this version does not understand."""

    entries: tuple[JournalEntry, ...]
    spoilt: tuple[str, ...]


class Spill:
    """`file` is for nobody but us: it holds what the records hold."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def put(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        """Add the entries; those that are returned are on the disk then. Raises OSError; then none of them is."""
        kept = list(_with_lines(entries))
        lines = b"".join(line for _, line in kept)
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
                if not whole:
                    self.clear()  # a file without a line tells nobody anything
                raise
        if not whole:
            self._keep_name()
        return [entry for entry, _ in kept]

    def _keep_name(self) -> None:
        """A file that is new is on the disk only with its folder."""
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self) -> Left:
        """What a former boot left. Raises OSError."""
        try:
            text = self.file.read_text("utf-8", "replace")
        except FileNotFoundError:
            return Left((), ())
        entries, spoilt = [], []
        for line in text.splitlines():
            try:
                entries.append(_from_line(json.loads(line)))
            except (ValueError, KeyError, TypeError) as problem:
                log.error("a line of the spill cannot be read", reason=type(problem).__name__)
                spoilt.append(line)
        return Left(tuple(entries), tuple(spoilt))

    def put_away(self) -> None:
        """It cannot be read: keep it for a person to look at, under another name. Raises OSError."""
        self.file.rename(self.file.with_suffix(".unreadable"))

    def clear(self) -> None:
        """All of it is on record. Raises OSError."""
        self.file.unlink(missing_ok=True)


def _with_lines(entries: Iterable[JournalEntry]) -> Iterator[tuple[JournalEntry, bytes]]:
    for entry in entries:
        try:
            yield entry, (json.dumps(_to_line(entry)) + "\n").encode()
        except (ValueError, TypeError) as problem:  # one entry must not keep the others from the disk
            log.error("an entry cannot be spilled", case=entry.case.id, seq=entry.seq, reason=type(problem).__name__)


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
        "policy": None if entry.policy is None else dict(entry.policy),
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
        policy=line.get("policy"),  # type: ignore[arg-type]
    )
