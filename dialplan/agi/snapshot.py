"""The register in a file: what a call needs of each elder's file, found by phone number in a few milliseconds.

Read here, by the ladder and by a controller whose database is away; written by `models/snapshot.py`, always as a whole
new file, so that a reader never waits for a writer. Holds personal data: for its owner only (0600).
"""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.case import ElderFile
from ivr.serial import SerialError, from_json, to_json

# `key`: a canonical number, or a device's (`device_key`); `dialled`: the number as it is rung back. `rank` 1 is a
# terminal's, 2 a home phone's; 3 and 4 those of elders who moved away or died. `version` is the
# record's, by which changes are found.
SCHEMA: Final = """
create table about (name text primary key, value text not null) without rowid;
create table elders (
    id integer primary key, version integer not null, provisional integer not null, file blob not null
);
create table keys (key text not null, rank integer not null, elder integer not null, dialled text not null,
    primary key (key, rank, elder)) without rowid;
create index keys_of_elder on keys (elder);
"""
_HOUSEHOLD: Final = 8  # more people behind one number are no household
_IP_CALL = re.compile(r"^(?:179\d\d|1259[0-9]|11808|10193)(?=\d{7,})")
_LOCAL = re.compile(r"[1-9]\d{6,7}")
_CHINA = "86"
_FIND = """
select k.dialled, e.provisional, e.file, k.rank > 2 from keys k join elders e on e.id = k.elder
where k.key = ? order by k.rank, e.provisional, e.id limit ?
"""


class SnapshotProblem(Exception):
    """There is no snapshot, or it cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Known:
    """Who is known by a number: `files` as the register orders them, `dialled` the number as it is rung."""

    files: tuple[ElderFile, ...] = ()
    dialled: str = ""


def packed(file: ElderFile) -> bytes:
    """The file as the snapshot keeps it."""
    return zlib.compress(json.dumps(to_json(file), ensure_ascii=False, separators=(",", ":")).encode())


def unpacked(blob: bytes) -> ElderFile:
    file: ElderFile = from_json(ElderFile, json.loads(zlib.decompress(blob)))
    return file


def find(snapshot: Path, keys: Iterable[str]) -> Known:
    """Whoever is known by the first of these keys that anybody has.

    Raises:
        SnapshotProblem: it cannot be read.
    """
    try:
        # Nobody ever writes into this file, so nothing has to be locked.
        with closing(sqlite3.connect(f"{snapshot.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            for key in keys:
                if rows := db.execute(_FIND, (key, _HOUSEHOLD)).fetchall():
                    return _known(rows)
    except (sqlite3.Error, OSError, zlib.error, ValueError, SerialError) as problem:
        raise SnapshotProblem(f"{snapshot.name}: {problem}") from problem
    return Known()


def _known(rows: Sequence[tuple[str, int, bytes, int]]) -> Known:
    """A provisional file stands for a number only while nobody else does, and so does that of an elder who is gone."""
    first = rows[0]
    blobs = dict.fromkeys(
        blob for _, provisional, blob, gone in rows if gone == first[3] and (not provisional or provisional == first[1])
    )
    return Known(tuple(unpacked(blob) for blob in blobs), first[0])


def area_code(snapshot: Path) -> str:
    """Where local numbers belong.

    Raises:
        SnapshotProblem: it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{snapshot.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            row = db.execute("select value from about where name = 'area_code'").fetchone()
    except sqlite3.Error as problem:
        raise SnapshotProblem(f"{snapshot.name}: {problem}") from problem
    return str(row[0]) if row else ""


def device_key(serial: str) -> str:
    """The key of a device; empty when it has no serial number."""
    serial = serial.strip().lower()
    return f"device:{serial}" if serial else ""


def keys_of(number: str, area: str) -> list[str]:
    """The keys that a number may have, in whichever form a carrier sends it; the likeliest first. Only numbers that
    somebody has are ever found by them, so there may be too many."""
    digits = re.sub(r"[^0-9]", "", number)
    if not digits:
        return []
    abroad = number.strip().startswith("+")
    if not abroad:
        digits = _IP_CALL.sub("", digits)
    bare = digits.lstrip("0")
    inside = bare.removeprefix(_CHINA).lstrip("0")
    keys = [f"+{_CHINA}{area.lstrip('0')}{digits}"] if not abroad and _LOCAL.fullmatch(digits) else []
    keys += [f"+{_CHINA}{bare}", f"+{_CHINA}{inside}"] if bare.startswith(_CHINA) else [f"+{_CHINA}{bare}"]
    return list(dict.fromkeys([*keys, f"+{bare}", digits]))
