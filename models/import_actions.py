"""What people do with an import: check it, start it, stop it, undo it, throw it away. All of it is on the audit log.

The work itself is `import_steps.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import utc_now
from models.import_findings import as_heading
from models.imports import Existing, Import, ImportState, NotNow, Wrong, find_import, move, undo_until
from models.register_rows import header_of

STOPPED: Final = {"zh": "已由人工停止", "en": "stopped by hand"}
INTERRUPTED: Final = {
    "zh": "导入时服务中断, 已写入的内容已全部撤回, 可重新检查后再导入",
    "en": "the service was interrupted: all that was written has been taken back; check and start again",
}
BROKEN: Final = {
    "zh": "文件无法处理(内容异常或过大)",
    "en": "the file cannot be worked on (broken, or too much of it)",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """`fields`: one for each column of the sheet, as in `register_rows.proposed`."""

    fields: tuple[str, ...]
    existing: Existing = Existing.UPDATE
    wrong: Wrong = Wrong.NOTHING
    create_orgs: bool = False


class NothingToWrite(Exception):
    """There are wrong rows and nothing is to be written then, or nothing would change."""


async def start_check(session: AsyncSession, number: int, choices: Choices, *, by: str) -> Import:
    """Have every row checked.

    Raises:
        SheetError: there is no column of names, or a field is there twice.
        NoSuchImport, NotNow, ImportBusy: as in `move`.
    """
    row = await find_import(session, number)
    if row.state not in (ImportState.MAPPING, ImportState.CHECKED):
        raise NotNow(row.state)
    header_of(as_heading(row.titles), choices.fields)
    options = {
        "existing": choices.existing,
        "wrong": choices.wrong,
        "create_orgs": choices.create_orgs,
        "by": by,
    }
    return await move(
        session,
        number,
        ImportState.CHECKING,
        of=(ImportState.MAPPING, ImportState.CHECKED),
        mapping={"fields": list(choices.fields)},
        options=options,
        counts={},
        problem={},
    )


async def start_writing(session: AsyncSession, number: int, *, by: str) -> Import:
    """Write what was checked.

    Raises:
        NothingToWrite
        NoSuchImport, NotNow, ImportBusy: as in `move`.
    """
    row = await find_import(session, number)
    if row.state is not ImportState.CHECKED:
        raise NotNow(row.state)
    if not may_be_written(row):
        raise NothingToWrite
    row = await move(session, number, ImportState.WRITING, of=(ImportState.CHECKED,), problem={})
    row.options = {**row.options, "by": by}
    chosen = {name: row.options[name] for name in ("existing", "wrong", "create_orgs")}
    audit(session, by, "import.start", f"import:{number}", **chosen)
    return row


def may_be_written(row: Import) -> bool:
    """Whether something would come of it."""
    counts = row.counts
    refused = counts.get("wrong") and row.options.get("wrong") == Wrong.NOTHING
    return row.state is ImportState.CHECKED and not refused and bool(counts.get("created") or counts.get("changed"))


async def start_undo(session: AsyncSession, number: int, *, by: str) -> Import:
    """Undo the whole of it.

    Raises:
        NotNow: it is not done, or was done too long ago.
        NoSuchImport, ImportBusy: as in `move`.
    """
    row = await find_import(session, number)
    until = undo_until(row)
    if until is None or until < utc_now():
        raise NotNow(row.state)
    row = await move(session, number, ImportState.UNDOING, of=(ImportState.DONE,))
    row.options = {**row.options, "undone_by": by}
    row.total = int(row.counts.get("created", 0)) + int(row.counts.get("changed", 0))
    audit(session, by, "import.undo", f"import:{number}")
    return row


async def stop(session: AsyncSession, number: int, *, by: str) -> Import:
    """Stop the check, or the writing; what was written is taken back. Raises NoSuchImport, NotNow."""
    row = await find_import(session, number, lock=True)
    if row.state is ImportState.CHECKING:
        row = await move(session, number, ImportState.MAPPING, of=(row.state,), problem=STOPPED)
    else:
        row = await move(session, number, ImportState.TAKING_BACK, of=(ImportState.WRITING,), problem=STOPPED)
    audit(session, by, "import.stop", f"import:{number}")
    return row


async def discard(session: AsyncSession, number: int, *, by: str) -> None:
    """Take a sheet of which nothing was written off the record; its files go with it. Raises NoSuchImport, NotNow."""
    row = await find_import(session, number, lock=True)
    if row.state not in (ImportState.MAPPING, ImportState.CHECKED, ImportState.REFUSED):
        raise NotNow(row.state)
    await session.delete(row)
    audit(session, by, "import.discard", f"import:{number}")


async def abandoned(session: AsyncSession, number: int, run: int) -> Import | None:
    """A worker has ended, and its step was not done: what is to be done now (the import, with a new run), or None when
    there is nothing to do."""
    row = await find_import(session, number, lock=True)
    if row.run != run:
        return None
    match row.state:
        case ImportState.LOOKING:
            await move(session, number, ImportState.REFUSED, of=(row.state,), problem=BROKEN)
        case ImportState.CHECKING:
            await move(session, number, ImportState.MAPPING, of=(row.state,), problem=BROKEN)
        case ImportState.WRITING:
            return await _back(session, row)
        case _:
            pass  # an undo that failed is gone on with when it has been silent for a while
    return None


async def taken_over(session: AsyncSession, silent: Sequence[Import]) -> list[tuple[int, int]]:
    """Imports of which nobody has heard, given to us: number and new run of each. What was being written is taken back,
    everything else goes on."""
    given = []
    for row in silent:
        if row.state is ImportState.WRITING:
            row = await _back(session, row)
        else:
            row.run, row.alive_at = row.run + 1, utc_now()
        given.append((row.id, row.run))
    return given


async def _back(session: AsyncSession, row: Import) -> Import:
    return await move(session, row.id, ImportState.TAKING_BACK, of=(ImportState.WRITING,), problem=INTERRUPTED)
