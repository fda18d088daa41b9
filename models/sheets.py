"""Spreadsheets in and out: XLSX and CSV as rows of cells. Knows nothing of elders. What may be read: `sheet_guard`.

Everything that is written is text: no cell of ours is ever a formula, whatever somebody has called themselves.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, TypeAlias

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

from models.sheet_guard import (
    MOST_COLUMNS,
    MOST_ROWS,
    SheetError,
    SheetKind,
    cell_name,
    formulas_refused,
    recognise,
    too_many_columns,
    too_many_rows,
)

__all__ = [
    "CSV",
    "XLSX",
    "Cell",
    "Row",
    "SheetError",
    "SheetKind",
    "TableWriter",
    "csv_lines",
    "guarded",
    "read_sheet",
    "table_writer",
    "write_sheet",
]

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"
Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta
_LIKE_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL: Final = 32_767  # characters: no cell of a workbook holds more


@dataclass(frozen=True, slots=True)
class Row:
    """`number` as the spreadsheet program shows it."""

    number: int
    cells: tuple[Cell, ...]


# --- in ---------------------------------------------------------------------------------------------------------------


def read_sheet(path: Path) -> list[Row]:
    """The rows of the first sheet that have anything in them; what the file is called does not matter.

    Raises:
        SheetError: no such file, no table, too large, with formulas, or in neither UTF-8 nor GB 18030.
    """
    try:
        rows = _read_workbook(path) if recognise(path) is SheetKind.XLSX else _read_csv(path.read_bytes())
        return [Row(number, cells) for number, cells in enumerate(rows, 1) if any(cell != "" for cell in cells)]
    except OSError as error:
        raise SheetError(f"无法读取文件 / the file cannot be read: {error.strerror}") from None


def _read_workbook(path: Path) -> Iterator[tuple[Cell, ...]]:
    try:
        with path.open("rb") as file:
            sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
        start = (sheet.start or (0, 0))[0]
        yield from () if sheet.start is None else ((),) * start
        for row in sheet.iter_rows():
            yield tuple(_stripped(cell) for cell in row)
    except (CalamineError, WorksheetNotFound) as error:
        raise SheetError(f"不是可读的电子表格 / not a readable spreadsheet: {error}") from None


def _read_csv(raw: bytes) -> Iterator[tuple[Cell, ...]]:
    text = _decoded(raw)
    delimiter = max(",\t;", key=text[:4096].count)
    formulas: list[str] = []
    count = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
            if number > MOST_ROWS:
                raise too_many_rows()
            if len(row) > MOST_COLUMNS:
                raise too_many_columns()
            cells = tuple(_unguarded(cell.strip()) for cell in row)
            for place, cell in enumerate(row):
                if cell.startswith("="):
                    count += 1
                    formulas.append(cell_name(number, place))
            yield cells
    except csv.Error as error:
        raise SheetError(f"CSV格式有误 / the CSV is malformed: {error}") from None
    if formulas:
        raise formulas_refused(formulas, count)


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("无法识别文字编码, 请另存为UTF-8 / neither UTF-8 nor GB 18030: save the file as UTF-8")


def _stripped(cell: Cell) -> Cell:
    return cell.strip() if isinstance(cell, str) else cell


# --- out --------------------------------------------------------------------------------------------------------------


def guarded(cell: str) -> str:
    """A cell of a CSV that no spreadsheet program takes for a formula; `_unguarded` is its way back."""
    return "'" + cell if cell.startswith((*_LIKE_FORMULAS, "'")) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_LIKE_FORMULAS, "'")) else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """These rows as lines of a CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


class TableWriter(Protocol):
    """Rows of text go in one after the other, the first as header; the file is whole when the block ends."""

    def write(self, row: Sequence[str], marked: Sequence[int] = ()) -> None:
        """`marked`: places of cells that are shown in red, where there are colours."""

    def close(self) -> None:
        """The file is whole. What a block does at its end; a long workbook takes a while, so do it in a thread."""

    def __enter__(self) -> TableWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def table_writer(path: Path, kind: SheetKind, *, name: str, notes: Sequence[str] = ()) -> TableWriter:
    """A new file; `name` and `notes`, which explain the columns, are seen in XLSX only. Raises OSError."""
    return _Workbook(path, name, notes) if kind is SheetKind.XLSX else _Csv(path)


def write_sheet(path: Path, rows: Iterable[Sequence[str]], *, name: str, notes: Sequence[str] = ()) -> None:
    """Write all rows to a file of the kind that its suffix says.

    Raises:
        SheetError: the suffix is neither .xlsx nor .csv, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise SheetError(f"不支持的文件类型{suffix!r}, 请用.xlsx或.csv / use .xlsx or .csv, not {suffix!r}")
    try:
        with table_writer(path, SheetKind(suffix[1:]), name=name, notes=notes) as table:
            for row in rows:
                table.write(row)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise SheetError(f"无法写入文件 / the file cannot be written: {error}") from None


class _Csv:
    """UTF-8 with its mark, so that spreadsheet programs read the Chinese."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")

    def write(self, row: Sequence[str], marked: Sequence[int] = ()) -> None:
        self._file.write(csv_lines([row]))

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()


class _Workbook:
    """Written row by row, so that a long table costs no memory."""

    def __init__(self, path: Path, name: str, notes: Sequence[str]) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet(name)
        self._text = self._book.add_format({"num_format": "@"})
        self._marked = self._book.add_format({"num_format": "@", "bg_color": "#F8CBAD", "font_color": "#9C0006"})
        self._header = self._book.add_format({"num_format": "@", "bold": True, "bg_color": "#DDEBF7", "border": 1})
        self._notes = notes
        self._rows = 0
        self._closed = False

    def write(self, row: Sequence[str], marked: Sequence[int] = ()) -> None:
        if self._rows == 0:
            self._sheet.set_column(0, len(row) - 1, 16, self._text)
            self._sheet.freeze_panes(1, 1)
            for column, note in enumerate(self._notes):
                if note:
                    self._sheet.write_comment(0, column, note)
        for column, cell in enumerate(row):
            look = self._marked if column in marked else self._text if self._rows else self._header
            if cell or column in marked:
                self._sheet.write_string(self._rows, column, cell[:_LONGEST_CELL], look)
        self._rows += 1

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._book.close()
