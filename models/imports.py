"""Imports on record: each sheet that was handed in, what became of it, and what it did to which elder's file.

    looking -> mapping -> checking -> checked -> writing -> done -> undoing -> undone
        |         ^           |          ^           |
     refused      +-(stopped)-+          +- taking_back (stopped, interrupted, or nothing unless all is good)

Whoever works on an import has its number and `run`. A transaction that begins with `fenced` changes nothing once the
import has another run: so a worker that was given up and lives on does no harm. One import works at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now

UNDO_WITHIN: Final = timedelta(days=30)  # so long the sheet and what stood in the files before are kept
STALE: Final = timedelta(seconds=60)  # a worker shows that it lives at least every second


class ImportState(StrEnum):
    LOOKING = "looking"
    REFUSED = "refused"
    MAPPING = "mapping"
    CHECKING = "checking"
    CHECKED = "checked"
    WRITING = "writing"
    TAKING_BACK = "taking_back"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


WORKING: Final = (
    ImportState.LOOKING,
    ImportState.CHECKING,
    ImportState.WRITING,
    ImportState.TAKING_BACK,
    ImportState.UNDOING,
)


class Existing(StrEnum):
    """What becomes of a row that means an elder on file."""

    UPDATE = "update"
    SKIP = "skip"
    CREATE = "create"


class Wrong(StrEnum):
    """What becomes of the good rows when there are wrong ones."""

    NOTHING = "nothing"
    GOOD_ROWS = "good_rows"


class Effect(StrEnum):
    CREATED = "created"
    CHANGED = "changed"


class Import(Base):
    """`name`: what the file was called, `size` in bytes, `kind` its kind and encoding, `titles` of the columns,
    `mapping` a field of `register_columns` for each column (empty: ignored), `options` as chosen, `counts` by name,
    `done` of `total` rows, `problem` why it was refused or taken back (`zh`, `en`), `units` the places it has made."""

    __tablename__ = "imports"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's name and shape

    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(default=1)
    state: Mapped[ImportState] = mapped_column(choice(ImportState), index=True)
    name: Mapped[str] = mapped_column(default="")
    size: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(default="")
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    alive_at: Mapped[datetime] = mapped_column(default=utc_now)
    written_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    titles: Mapped[dict[str, Any]] = mapped_column(default=dict)
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[dict[str, Any]] = mapped_column(default=dict)
    units: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ImportedElder(Base):
    """What an import did to one file. `before`: the form that stood there, for `changed`; `version`: the file's
    afterwards; `kept`: why this could not be undone."""

    __tablename__ = "imported_elders"

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    row: Mapped[int] = mapped_column(default=0)
    effect: Mapped[Effect] = mapped_column(choice(Effect))
    version: Mapped[int]
    before: Mapped[dict[str, Any] | None]
    undone: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[str] = mapped_column(default="")


class NoSuchImport(Exception):
    """There is no import of this number."""


class ImportBusy(Exception):
    """Another import is working; it has the number `other`."""

    def __init__(self, other: int) -> None:
        super().__init__(f"第{other}号导入正在进行, 请等它结束 / import {other} is working: wait until it is done")
        self.other = other


class NotNow(Exception):
    """The import is in another state than this needs."""

    def __init__(self, state: ImportState) -> None:
        super().__init__(f"导入当前状态不允许（{state}）/ the import is {state}: this cannot be done now")
        self.state = state


class GivenUp(Exception):
    """This run of the import does not count any more: whoever works on it stops."""


async def find_import(session: AsyncSession, number: int, *, lock: bool = False) -> Import:
    """The import; `lock`: for a change of it. Raises NoSuchImport."""
    found = await session.get(Import, number, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NoSuchImport(f"没有第{number}号导入 / there is no import {number}")
    return found


async def begin(session: AsyncSession, *, name: str, size: int, by: str, state: ImportState) -> Import:
    """A new import that works at once. Raises ImportBusy."""
    await _alone(session)
    new = Import(name=name, size=size, by=by, state=state)
    session.add(new)
    await session.flush()
    audit(session, by, "import.upload", f"import:{new.id}", size=size)
    return new


async def move(
    session: AsyncSession,
    number: int,
    to: ImportState,
    *,
    of: Sequence[ImportState],
    **values: Any,
) -> Import:
    """Bring the import from one of these states to another, with a new run.

    Raises:
        NoSuchImport
        NotNow: it is in none of these states.
        ImportBusy: it would begin to work while another does.
    """
    found = await find_import(session, number, lock=True)
    if found.state not in of:
        raise NotNow(found.state)
    if to in WORKING:
        await _alone(session, number)
    found.state, found.run, found.alive_at = to, found.run + 1, utc_now()
    found.done = 0
    for name, value in values.items():
        setattr(found, name, value)
    return found


async def fenced(session: AsyncSession, number: int, run: int) -> Import:
    """The import, which this run still may work on; from here to the end of the transaction nobody gives it another.

    Raises:
        GivenUp: it has another run.
    """
    found = await session.get(Import, number, with_for_update=True, populate_existing=True)
    if found is None or found.run != run:
        raise GivenUp
    found.alive_at = utc_now()
    return found


async def progress(session: AsyncSession, number: int, run: int, *, done: int, total: int) -> None:
    """Raises GivenUp."""
    mine = update(Import).where(Import.id == number, Import.run == run)
    changed = await session.execute(mine.values(done=done, total=total, alive_at=utc_now()).returning(Import.id))
    if changed.scalar() is None:
        raise GivenUp


async def stale_imports(session: AsyncSession, *, now: datetime) -> Sequence[Import]:
    """Those that should be working, and of which nobody has heard for a while."""
    silent = select(Import).where(Import.state.in_(WORKING), Import.alive_at < now - STALE)
    return (await session.scalars(silent.order_by(Import.id))).all()


async def list_imports(session: AsyncSession, *, limit: int = 50) -> Sequence[Import]:
    """The latest first."""
    return (await session.scalars(select(Import).order_by(Import.id.desc()).limit(limit))).all()


async def remembered_mapping(session: AsyncSession, titles: dict[str, Any]) -> dict[str, Any]:
    """How the last sheet with these titles was mapped; empty when there was none."""
    recent = select(Import).where(Import.state != ImportState.REFUSED).order_by(Import.id.desc()).limit(200)
    for known in await session.scalars(recent):
        if known.mapping and known.titles.get("key") == titles.get("key"):
            return dict(known.mapping)
    return {}


async def kept_of(session: AsyncSession, number: int, *, limit: int = 200) -> Sequence[ImportedElder]:
    """What could not be undone."""
    kept = select(ImportedElder).where(ImportedElder.import_id == number, ImportedElder.kept != "")
    return (await session.scalars(kept.order_by(ImportedElder.id).limit(limit))).all()


async def count_kept(session: AsyncSession, number: int) -> int:
    kept = select(func.count()).where(ImportedElder.import_id == number, ImportedElder.kept != "")
    return (await session.execute(kept)).scalar_one()


def undo_until(row: Import) -> datetime | None:
    """Until when the import can be undone; None when it cannot."""
    if row.state is not ImportState.DONE or row.written_at is None:
        return None
    return row.written_at + UNDO_WITHIN


async def over_age(session: AsyncSession, *, now: datetime) -> Sequence[int]:
    """Imports whose sheet, and what stood in the files before, nobody may need any more."""
    over = select(Import.id).where(Import.created_at < now - UNDO_WITHIN, Import.state.not_in(WORKING))
    return (await session.scalars(over)).all()


async def forget(session: AsyncSession, number: int, *, at_once: int = 500) -> bool:
    """Let go of some of what only an undo would need; whether there is more of it."""
    some = select(ImportedElder.id).where(ImportedElder.import_id == number).limit(at_once)
    ids = (await session.scalars(some)).all()
    await session.execute(delete(ImportedElder).where(ImportedElder.id.in_(ids)))
    return len(ids) == at_once


async def _alone(session: AsyncSession, number: int = 0) -> None:
    other = await session.scalar(select(Import.id).where(Import.state.in_(WORKING), Import.id != number).limit(1))
    if other is not None:
        raise ImportBusy(other)
