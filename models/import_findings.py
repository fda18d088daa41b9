"""What a check has found, as files beside the sheet: line by line for the page, and the wrong rows as a sheet that can
be corrected and handed in again. They hold personal data: the folder is the home's own, and goes with the sheet.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, Final

from models.register_columns import REASONS
from models.register_rows import Heading, RowError
from models.sheet_guard import SheetKind
from models.sheets import Cell, Row, table_writer

SAMPLES: Final = 6
_SHEET_NAME: Final = "错误行"


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """The files of one import. Made by `prepare`, gone by `remove`."""

    folder: Path

    @classmethod
    def of(cls, home: Path, number: int) -> ImportFiles:
        return cls(home / "imports" / str(number))

    @property
    def sheet(self) -> Path:
        """As it was handed in."""
        return self.folder / "sheet"

    @property
    def wrong_rows(self) -> Path:
        """The wrong rows, with reasons, as XLSX."""
        return self.folder / "wrong.xlsx"

    @property
    def _samples(self) -> Path:
        return self.folder / "samples.json"

    @property
    def _problems(self) -> Path:
        return self.folder / "problems.jsonl"

    def prepare(self) -> None:
        """Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep_samples(self, heading: Heading, rows: Sequence[Row]) -> None:
        """The first rows, for those who say what the columns mean."""
        shown = [[text[:60] for text in _texts(heading, row)] for row in rows[:SAMPLES]]
        self._samples.write_text(json.dumps(shown, ensure_ascii=False), "utf-8")

    def samples(self) -> list[list[str]]:
        """Empty when there are none (any more)."""
        try:
            found: list[list[str]] = json.loads(self._samples.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return found

    def keep_problems(self, heading: Heading, rows: Sequence[Row], problems: Sequence[RowError]) -> None:
        """The wrong ones first, in the order of the sheet."""
        ordered = sorted(problems, key=lambda problem: (not problem.severe, problem.row))
        with self._problems.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(problem), ensure_ascii=False) + "\n" for problem in ordered)
        _write_wrong_rows(self.wrong_rows, heading, rows, [problem for problem in ordered if problem.severe])

    def problems(self, *, skip: int, limit: int) -> list[RowError]:
        """Some of them; none when there are none (any more)."""
        try:
            with self._problems.open(encoding="utf-8") as file:
                return [RowError(**json.loads(line)) for line in islice(file, skip, skip + limit)]
        except OSError:
            return []


def _write_wrong_rows(path: Path, heading: Heading, rows: Sequence[Row], problems: Sequence[RowError]) -> None:
    by_row: dict[int, list[RowError]] = defaultdict(list)
    for problem in problems:
        by_row[problem.row].append(problem)
    places = heading.places
    with table_writer(path, SheetKind.XLSX, name=_SHEET_NAME) as table:
        table.write([REASONS[0], *(heading.titles[place] for place in places)])
        for row in rows:
            if row.number not in by_row:
                continue
            of_row = by_row[row.number]
            cells = _texts(heading, row)
            wrong = {problem.place for problem in of_row}
            told = "; ".join(f"{problem.column}: {problem.zh} / {problem.en}" for problem in of_row)
            table.write([told, *cells], marked=[at for at, place in enumerate(places, 1) if place in wrong])


def _texts(heading: Heading, row: Row) -> list[str]:
    """The cells below the heading's `places`."""
    return [cell_text(row.cells[place]) if place < len(row.cells) else "" for place in heading.places]


def cell_text(cell: Cell) -> str:
    """A cell as somebody would type it."""
    match cell:
        case bool():
            return "是" if cell else "否"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)


def as_titles(heading: Heading) -> dict[str, Any]:
    """For the record of the import."""
    return {"key": heading.key, "row": heading.number, "titles": list(heading.titles)}


def as_heading(titles: dict[str, Any]) -> Heading:
    return Heading(titles["row"], tuple(titles["titles"]))
