"""Spreadsheets in and out: XLSX and CSV as rows of cells. Knows nothing of elders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, TypeAlias

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta
MOST_ROWS: Final = 100_000
LARGEST_FILE: Final = 64 * 1024 * 1024


class SheetError(Exception):
    """The file cannot be read or written as a table; the text says why, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Row:
    """`number` as the spreadsheet program shows it."""

    number: int
    cells: tuple[Cell, ...]


def read_sheet(path: Path) -> list[Row]:
    """The rows of the first sheet that have anything in them.

    Raises:
        SheetError: no such file, not a table, too large, or in an encoding other than UTF-8 and GB 18030.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SheetError("文件过大, 请分批导入 / the file is too large: split it")
        match path.suffix.lower():
            case ".xlsx" | ".xlsm" | ".xls" | ".ods":
                rows = _read_workbook(path)
            case ".csv" | ".txt":
                rows = _read_csv(path.read_bytes())
            case other:
                raise SheetError(f"不支持的文件类型{other!r}, 请用.xlsx或.csv / use .xlsx or .csv, not {other!r}")
    except OSError as error:
        raise SheetError(f"无法读取文件 / the file cannot be read: {error.strerror}") from None
    if len(rows) > MOST_ROWS:
        raise SheetError(f"超过{MOST_ROWS}行, 请分批导入 / more than {MOST_ROWS} rows: split the file")
    return [Row(number, cells) for number, cells in enumerate(rows, 1) if any(cell != "" for cell in cells)]


def write_sheet(path: Path, rows: Iterable[Sequence[str]], *, name: str, notes: Sequence[str] = ()) -> None:
    """Write the rows, all cells as text, the first as header; `notes` (XLSX only) explain the columns below it.

    Raises:
        SheetError: the suffix is neither .xlsx nor .csv, or the file cannot be written.
    """
    try:
        match path.suffix.lower():
            case ".xlsx":
                _write_workbook(path, rows, name, notes)
            case ".csv":
                with path.open("w", encoding="utf-8-sig", newline="") as file:
                    csv.writer(file).writerows(rows)
            case other:
                raise SheetError(f"不支持的文件类型{other!r}, 请用.xlsx或.csv / use .xlsx or .csv, not {other!r}")
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise SheetError(f"无法写入文件 / the file cannot be written: {error}") from None


def _read_workbook(path: Path) -> list[tuple[Cell, ...]]:
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheet = workbook.get_sheet_by_index(0)
        return [tuple(_stripped(cell) for cell in row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, WorksheetNotFound) as error:
        raise SheetError(f"不是可读的电子表格 / not a readable spreadsheet: {error}") from None


def _read_csv(raw: bytes) -> list[tuple[Cell, ...]]:
    text = _decoded(raw)
    head = text[:4096]
    delimiter = max(",\t;", key=head.count)
    try:
        return [tuple(_stripped(cell) for cell in row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise SheetError(f"CSV格式有误 / the CSV is malformed: {error}") from None


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("无法识别文字编码, 请另存为UTF-8 / neither UTF-8 nor GB 18030: save the file as UTF-8")


def _stripped(cell: Cell) -> Cell:
    return cell.strip() if isinstance(cell, str) else cell


def _write_workbook(path: Path, rows: Iterable[Sequence[str]], name: str, notes: Sequence[str]) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        sheet = workbook.add_worksheet(name)
        as_text = workbook.add_format({"num_format": "@"})
        header = workbook.add_format({"num_format": "@", "bold": True, "bg_color": "#DDEBF7", "border": 1})
        for number, row in enumerate(rows):
            if number == 0:
                sheet.set_column(0, len(row) - 1, 16, as_text)
                for column, note in enumerate(notes):
                    if note:
                        sheet.write_comment(0, column, note)
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, as_text if number else header)
        sheet.freeze_panes(1, 1)
