"""One row of a register sheet: its cells read, laid over the file that it means. Knows no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from ivr.vocabulary import Relation
from models.elder_forms import ContactForm, ElderForm, FieldProblem, TerminalForm
from models.register_columns import PLACES, BadCell, Column, aligned, column_of, read_date, read_relation, several
from models.register_keys import Path
from models.sheets import Row, SheetError

_HEADER_WITHIN: Final = 10
Header: TypeAlias = Mapping[int, tuple[str, Column]]


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell that is wrong (or, not `severe`, odd); `row` and `column` as the spreadsheet shows them."""

    row: int
    column: str
    value: str
    zh: str
    en: str
    severe: bool = True


def find_header(rows: list[Row]) -> tuple[Header, list[Row], list[RowError]]:
    """Which column stands where, the rows below the header, and a warning for each column that we do not know.

    Raises:
        SheetError: no row has a column of names, or a column is there twice.
    """
    for row in rows[:_HEADER_WITHIN]:
        titles = {place: str(cell) for place, cell in enumerate(row.cells) if cell != ""}
        known = {place: (title, column) for place, title in titles.items() if (column := column_of(title))}
        if any(column.field == "name" for _, column in known.values()):
            break
    else:
        raise SheetError("找不到“姓名”列 / there is no column of names (姓名, name) in the first rows")
    fields = [column.field for _, column in known.values()]
    twice = sorted({title for title, column in known.values() if fields.count(column.field) > 1})
    if twice:
        raise SheetError(f"列重复 / columns given twice: {', '.join(twice)}")
    unknown = [
        RowError(row.number, title, "", "未识别的列, 已忽略", "unknown column, ignored", severe=False)
        for place, title in titles.items()
        if place not in known
    ]
    return known, rows[rows.index(row) + 1 :], unknown


class ReadRow:
    """The cells of a row that say something; `problems` grows as it is worked on."""

    def __init__(self, row: Row, header: Header) -> None:
        self.number = row.number
        self.problems: list[RowError] = []
        self._titles = {column.field: title for title, column in header.values()}
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
        self.problems.append(RowError(self.number, title, shown, problem.zh, problem.en, problem.severe))

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
