"""The register as a file for those who must do without the database (`dialplan/agi/snapshot.py` says what is in it).

Written in a process of its own (`ari_app/snapshot.py`), as a copy that takes the old one's place in one step; of elders
who have not changed, what the old one has of them is kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialplan.agi.snapshot import SCHEMA, device_key, packed
from ivr.case import ElderFile
from models.elders import GONE, Elder, Terminal, is_whole
from models.org import OrgUnit
from models.phone_numbers import canonical, national
from models.queries.register import files_of

FORMAT: Final = "2"  # counted up when the file's shape or an elder's file changes: everything is written anew then
_AT_ONCE: Final = 500
_LINE, _HOME = 1, 2
_GONE_BEHIND = 2  # ranks that those who moved away or died stand behind the others


async def stamp(session: AsyncSession, area_code: str) -> str:
    """Differs whenever anything differs that is in the snapshot."""
    return f"{await _stamp_of_elders(session)} {await _stamp_of_all(session, area_code)}"


async def _stamp_of_elders(session: AsyncSession) -> str:
    newest, changes = (func.coalesce(most, 0) for most in (func.max(Elder.id), func.sum(Elder.version)))
    counted = select(func.count(Elder.id), newest, changes)
    return ".".join(map(str, (await session.execute(counted)).one()))


async def _stamp_of_all(session: AsyncSession, area_code: str) -> str:
    """Of what is in every file: the places, and how a file is written."""
    units = await session.execute(
        select(OrgUnit.id, OrgUnit.parent_id, OrgUnit.kind, OrgUnit.name, OrgUnit.manager_phone).order_by(OrgUnit.id)
    )
    told = repr([tuple(map(str, unit)) for unit in units])
    return hashlib.sha256(f"{FORMAT} {area_code} {told}".encode()).hexdigest()[:16]


def stamp_of(file: Path) -> str:
    """The stamp of the snapshot that is there; empty when there is none that can be read."""
    with suppress(sqlite3.Error), closing(_open(file)) as db:
        return str(db.execute("select value from about where name = 'stamp'").fetchone()[0])
    return ""


async def refresh(session: AsyncSession, file: Path, *, area_code: str) -> int:
    """Bring the snapshot up to date; how many elders' files were written. Raises OSError, sqlite3.Error."""
    now = await stamp(session, area_code)
    before = stamp_of(file)
    if before == now:
        return 0
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        same_places = before.partition(" ")[2] == now.partition(" ")[2]
        _begin(new, file if same_places else None, unfinished=file.parent.glob(f".{file.name}.*"))
        with closing(sqlite3.connect(new)) as db:
            written = await _write_changes(session, db, area_code)
            db.execute("insert or replace into about values ('stamp', ?), ('area_code', ?)", (now, area_code))
            db.commit()
        _put_in_place(new, file)
    finally:
        new.unlink(missing_ok=True)
    return written


def _begin(new: Path, old: Path | None, *, unfinished: Iterable[Path]) -> None:
    for left in unfinished:  # by a writer that was killed
        left.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if old is not None:
        shutil.copyfile(old, new)
        return
    with closing(sqlite3.connect(new)) as db:
        db.executescript(SCHEMA)


def _put_in_place(new: Path, file: Path) -> None:
    """On the disk first, then under its name: whoever reads finds the old one or the new one, always a whole one."""
    _sync(new)
    new.replace(file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _write_changes(session: AsyncSession, db: sqlite3.Connection, area_code: str) -> int:
    known = dict(db.execute("select id, version from elders"))
    on_file = select(Elder.id, Elder.version).where(is_whole())
    present = {elder: version for elder, version in await session.execute(on_file)}  # noqa: C416 - rows are no pairs to a type checker
    gone = known.keys() - present.keys()
    changed = sorted(elder for elder, version in present.items() if known.get(elder) != version)
    for elders in (*_chunks(gone), *_chunks(changed)):
        _forget(db, elders)
    for elders in _chunks(changed):
        lines = await _lines(session, elders)
        for elder in await files_of(session, elders):
            _write(db, elder, present[elder.id], lines.get(elder.id, ()), area_code)
    return len(changed)


def _chunks(elders: Iterable[int]) -> Iterator[list[int]]:
    listed = list(elders)
    return (listed[at : at + _AT_ONCE] for at in range(0, len(listed), _AT_ONCE))


async def _lines(session: AsyncSession, elders: list[int]) -> dict[int, list[tuple[str, str]]]:
    """Each terminal's line and serial number, by elder."""
    rows = await session.execute(
        select(Terminal.elder_id, Terminal.line_canonical, Terminal.serial).where(Terminal.elder_id.in_(elders))
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for elder, line, serial in rows:
        found.setdefault(elder, []).append((line, serial))
    return found


def _forget(db: sqlite3.Connection, elders: list[int]) -> None:
    marks = ",".join("?" * len(elders))
    db.execute(f"delete from keys where elder in ({marks})", elders)
    db.execute(f"delete from elders where id in ({marks})", elders)


def _write(
    db: sqlite3.Connection, elder: ElderFile, version: int, lines: Iterable[tuple[str, str]], area_code: str
) -> None:
    db.execute("insert into elders values (?, ?, ?, ?)", (elder.id, version, elder.provisional, packed(elder)))
    keys = [(line, _LINE) for line, _ in lines]
    keys += [(device_key(serial), _LINE) for _, serial in lines]
    keys.append((canonical(elder.home_phone, area_code), _HOME))
    behind = _GONE_BEHIND if elder.status in GONE else 0
    rows = [(key, rank + behind, elder.id, national(key)) for key, rank in keys if key]
    db.executemany("insert or ignore into keys values (?, ?, ?, ?)", rows)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
