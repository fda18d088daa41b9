"""The file of an archive of complaints while it is made: index as a workbook, a page for each complaint, recordings."""

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2

from home.settings import Settings
from models.cases import RecordingRow
from models.complaint_rules import Person
from models.complaints import AboutKind
from models.masking import masked
from models.queries.complaints import ComplaintView, StepView
from models.scope import Scope
from models.sheets import SheetKind, table_writer
from web.complaint_views import is_concerned, seen_by
from web.recording_files import FileState, file_of, state_of
from web.render import STATIC, stamp
from web.texts import Texts

INDEX: Final = (
    "number", "drafted_at", "elder", "complainant", "about", "words", "level", "state", "answer", "satisfaction",
    "recordings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What an archive is made for: `person` is who asked, `scope` theirs, in the language of their page; `sound`: they
    may hear it."""

    number: int
    person: Person
    scope: Scope
    t: Texts
    sound: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """A complaint with all that goes into the archive; a recording with the name of its file there, empty: none."""

    view: ComplaintView
    steps: Sequence[StepView]
    recordings: Sequence[tuple[RecordingRow, str, FileState]]

    @property
    def name(self) -> str:
        return number_of(self.view)


def number_of(view: ComplaintView) -> str:
    """What a complaint is filed under: its year and number."""
    return f"{view.drafted_at.astimezone().year}-{view.id:06d}"


class ArchiveFile:
    """Its methods run in a thread, one after the other. `recordings`: how many are in it."""

    def __init__(
        self,
        settings: Settings,
        templates: jinja2.Environment,
        asked: Asked,
        people: Mapping[str, str],
        path: Path,
        *,
        whole: bool,
    ) -> None:
        self._settings = settings
        self._page = templates.get_template("complaint_paper.html")
        self._asked = asked
        self._t = asked.t
        self._sound = whole and asked.sound
        self._people = people
        self._path = path
        self._whole = whole
        self._sheet = _sheet_of(path)
        self.recordings = 0

    def open(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self._zip.write(STATIC / "css" / "paper.css", "complaints/paper.css")
        self._index = table_writer(self._sheet, SheetKind.XLSX, name=self._t("complaints.title")[:31])
        self._index.write([self._t(f"complaint_index.{name}") for name in INDEX])

    def add(self, view: ComplaintView, steps: Sequence[StepView], rows: Sequence[RecordingRow]) -> None:
        """One complaint: its line, its page, its recordings."""
        concerned = is_concerned(view, self._asked.person)
        sounds = [] if concerned else [self._recording(number_of(view), row) for row in rows]
        if concerned or not self._whole:
            view, steps = seen_by(self._asked.person, masked(view)), masked(tuple(steps))
        paper = Paper(view, steps, sounds)
        t, people = self._t, self._people
        text = self._page.render(paper=paper, t=t, lang=t.lang, people=people, whom=whom(view, people, t))
        self._zip.writestr(f"complaints/{paper.name}.html", text)
        self._index.write(self._line(paper))

    def close(self) -> None:
        """The index goes in last, when every line of it is known."""
        self._index.close()
        self._zip.write(self._sheet, "index.xlsx")
        self._zip.close()
        self._file.close()
        self._sheet.unlink(missing_ok=True)

    def _recording(self, complaint: str, row: RecordingRow) -> tuple[RecordingRow, str, FileState]:
        state = state_of(self._settings, row)
        path = file_of(self._settings, row) if self._sound and state is not FileState.REMOVED else None
        if path is None:
            return row, "", state
        name = f"recordings/{complaint}/{row.id}.wav"
        self._zip.write(path, name, zipfile.ZIP_STORED)  # sound does not become smaller
        self.recordings += 1
        return row, name, state

    def _line(self, paper: Paper) -> list[str]:
        view, t = paper.view, self._t
        return [
            paper.name,
            stamp(view.drafted_at),
            view.elder_name,
            view.complainant,
            whom(view, self._people, t),
            view.words,
            t(f"complaint_level.{view.level}"),
            t(f"complaint_state.{view.state}"),
            view.answer,
            t.word("satisfaction", view.satisfaction or ""),
            "、".join(name for _, name, _ in paper.recordings if name),
        ]


def remove(path: Path) -> None:
    """What there is of an archive that was not made to its end."""
    for file in (path, _sheet_of(path)):
        file.unlink(missing_ok=True)


def _sheet_of(path: Path) -> Path:
    return path.with_suffix(".xlsx")


def whom(view: ComplaintView, people: Mapping[str, str], t: Texts) -> str:
    """Whom a complaint is about, in words."""
    named = ""
    if view.about_kind is AboutKind.USER:
        named = people.get(f"user:{view.about_id}", view.about_id)
    elif view.about_kind in (AboutKind.SEAT, AboutKind.SUPPLIER):
        who = people.get(f"{view.about_kind}:{view.about_id}", view.about_id)
        named = f"{t(f'about_kind.{view.about_kind}')} {who}".rstrip()
    return " · ".join(filter(None, (named, view.about))) or t(f"about_kind.{view.about_kind}")
