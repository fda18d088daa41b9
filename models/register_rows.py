"""One row of a register sheet: its cells read, laid over the file that it means. Knows no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from ivr.vocabulary import Relation
from models.elder_forms import ContactForm, ElderForm, FieldProblem, TerminalForm
from models.register_columns import (
    PLACES,
    REASONS,
    BadCell,
    Column,
    aligned,
    column_for,
    column_of,
    read_date,
    read_relation,
    several,
)
from models.register_keys import Path
from models.sheets import Row, SheetError

_HEADER_WITHIN: Final = 10
Header: TypeAlias = Mapping[int, tuple[str, Column]]


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell that is wrong (or, not `severe`, odd); `row` and `column` as the spreadsheet shows them,
    `place` the cell's in its row, from 0 (None: there is no such cell)."""

    row: int
    column: str
    value: str
    zh: str
    en: str
    severe: bool = True
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """The row that names the columns; an empty title where nothing stands."""

    number: int
    titles: tuple[str, ...]

    @property
    def places(self) -> tuple[int, ...]:
        """Where the sheet's own columns stand, from 0: not that of the reasons, which we have added."""
        return tuple(place for place, title in enumerate(self.titles) if title not in REASONS)

    @property
    def key(self) -> str:
        """The same for sheets with the same columns, so that a mapping is remembered for them."""
        told = "\n".join(self.titles[place] for place in self.places)
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def find_heading(rows: list[Row]) -> tuple[Heading, list[Row]]:
    """The row of the first ones with the most columns that we know, and the rows below it.

    Raises:
        SheetError: the sheet is empty.
    """
    if not rows:
        raise SheetError("表格是空的 / the sheet is empty")
    best = max(rows[:_HEADER_WITHIN], key=lambda row: sum(column_of(str(cell)) is not None for cell in row.cells))
    titles = tuple(str(cell) for cell in best.cells)
    return Heading(best.number, titles), rows[rows.index(best) + 1 :]


def proposed(heading: Heading) -> tuple[str, ...]:
    """A field of `register_columns` for each of the heading's `places`, by its title; empty where we know none."""
    titles = (heading.titles[place] for place in heading.places)
    found = (column_of(title) if title else None for title in titles)
    return tuple(column.field if column is not None else "" for column in found)


def header_of(heading: Heading, fields: Sequence[str]) -> tuple[Header, list[RowError]]:
    """Which column stands where, and a warning for each one that is ignored; `fields` as in `proposed`.

    Raises:
        SheetError: there is no column of names, or a field is there twice.
    """
    known: dict[int, tuple[str, Column]] = {}
    ignored = []
    for place, field in zip(heading.places, fields, strict=False):
        title, column = heading.titles[place], column_for(field)
        if column is not None:
            known[place] = (title or column.zh, column)
        elif title:
            zh, en = "未识别的列, 已忽略", "unknown column, ignored"
            ignored.append(RowError(heading.number, title, "", zh, en, severe=False))
    given = [column.field for _, column in known.values()]
    if "name" not in given:
        raise SheetError("找不到“姓名”列 / there is no column of names (姓名, name)")
    twice = sorted({title for title, column in known.values() if given.count(column.field) > 1})
    if twice:
        raise SheetError(f"列重复: {', '.join(twice)} / columns given twice: {', '.join(twice)}")
    return known, ignored


class ReadRow:
    """The cells of a row that say something; `problems` grows as it is worked on."""

    def __init__(self, row: Row, header: Header) -> None:
        self.number = row.number
        self.problems: list[RowError] = []
        self._titles = {column.field: title for title, column in header.values()}
        self._places = {column.field: place for place, (_, column) in header.items()}
        self._shown: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        for place, (_, column) in header.items():
            cell = row.cells[place] if place < len(row.cells) else ""
            if cell == "":
                continue
            self._shown[column.field] = str(cell)
            try:
                self._values[column.field] = column.read(cell)
            except BadCell as bad:
                self.report(FieldProblem.of(column.field, bad))

    @property
    def usable(self) -> bool:
        return not any(problem.severe for problem in self.problems)

    @property
    def path(self) -> Path:
        """City to community, as far as given."""
        return tuple((kind, self._values[f"place:{kind}"]) for kind, *_ in PLACES if f"place:{kind}" in self._values)

    def report(self, problem: FieldProblem) -> None:
        """Name the column, and what stands in it, for a problem of the form."""
        field = self._sheet_field(problem.field)
        title = self._titles.get(field, problem.field)
        shown = self._shown.get(field, "")
        place = self._places.get(field)
        self.problems.append(RowError(self.number, title, shown, problem.zh, problem.en, problem.severe, place))

    def over(self, form: ElderForm) -> ElderForm:
        """The form with what the row says; what it leaves empty stays. A row with contacts names all of them."""
        plain = {name: value for name, value in self._values.items() if ":" not in name}
        return replace(
            form, **plain, contacts=self._contacts(form) or form.contacts, terminals=self._terminals(form.terminals)
        )

    def _contact_numbers(self) -> list[int]:
        return sorted({int(name.split(":")[1]) for name in self._values if name.startswith("contact:")})

    def _contacts(self, form: ElderForm) -> tuple[ContactForm, ...]:
        known = {contact.name: contact.id for contact in form.contacts}
        contacts = []
        for number in self._contact_numbers():
            name, relation, phones = (
                self._values.get(f"contact:{number}:{part}", "") for part in ("name", "relation", "phones")
            )
            kind, words = read_relation(relation) if relation else (Relation.OTHER, "")
            contacts.append(ContactForm(name, kind, words, several(phones), known.get(name)))
        return tuple(contacts)

    def _terminals(self, present: Iterable[TerminalForm]) -> tuple[TerminalForm, ...]:
        lines, models, serials, days = (
            aligned(self._values.get(f"terminal:{part}", "")) for part in ("line", "model", "serial", "installed_on")
        )
        given = []
        for at, line in enumerate(filter(None, lines)):
            model, serial, day = (part[at] if at < len(part) else "" for part in (models, serials, days))
            given.append(TerminalForm(line, model, serial, self._day(day)))
        named = {terminal.line for terminal in given}
        return (*(terminal for terminal in present if terminal.line not in named), *given)

    def _day(self, text: str) -> Any:
        try:
            return read_date(text)
        except BadCell as bad:
            self.report(FieldProblem.of("terminal:installed_on", bad))
            return None

    def _sheet_field(self, name: str) -> str:
        """`contacts.0.phones.1` -> `contact:2:phones`, when the row's first contact stands in the second columns."""
        kind, _, rest = name.partition(".")
        at, _, part = rest.partition(".")
        part = part.partition(".")[0]
        numbers = self._contact_numbers()
        if kind == "contacts" and at.isdigit() and int(at) < len(numbers):
            return f"contact:{numbers[int(at)]}:{part}"
        if kind == "terminals":
            return f"terminal:{part}"
        if name == "org_unit_id":
            return f"place:{self.path[-1][0]}" if self.path else name
        return name
