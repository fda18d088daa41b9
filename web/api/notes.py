"""The notes of a case: each person has one, saved as they type; everybody who sees the case sees them all."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from pydantic import Field

from models.case_notes import LONGEST, CaseNoteView, notes_of, save_note
from web.api.kit import Input, Operations, Output, answer, read_body, view_json
from web.feed import Audience
from web.guard import account_of
from web.keys import DATABASE, FEED, MIRROR
from web.people_names import names_of_users
from web.personal import shown_case
from web.places import check_case
from web.rights import Right
from web.sheet import find_sheet

operations = Operations("notes")


@dataclass(frozen=True, slots=True)
class NoteView:
    """`author` as in the timeline (`user:7`), with their `name`; `mine`: it is the note of whoever asks."""

    author: str
    name: str
    mine: bool
    text: str
    version: int
    saved_at: datetime


class NoteList(Output):
    items: list[NoteView]
    next: None = None


class NoteChange(Input):
    """`version` as it was read; none for the first words."""

    text: str = Field(max_length=LONGEST)
    version: int | None = Field(None, ge=1)


@operations("GET", "/cases/{id}/notes", "What people have noted in a case", right=Right.SEE_CASES, result=NoteList)
async def get_notes(request: web.Request) -> web.StreamResponse:
    view = (await find_sheet(request, request.match_info["id"])).view
    async with request.app[DATABASE].read() as session:
        found = await notes_of(session, view.id)
    names = await names_of_users(request, {note.author for note in found})
    notes = [_shown(note, names.get(note.author, note.author), account_of(request).actor) for note in found]
    return answer({"items": [view_json(note) for note in shown_case(request, view, notes)], "next": None})


@operations(
    "POST", "/cases/{id}/notes", "Save one's own note", right=Right.HANDLE_CASES, body=NoteChange, result=NoteView
)
async def post_note(request: web.Request) -> web.StreamResponse:
    """409 `version` when the same person has typed elsewhere; nothing was changed then."""
    change, account, case = await read_body(request, NoteChange), account_of(request), request.match_info["id"]
    check_case(request, case)
    if request.app[MIRROR].find(case) is None:
        await find_sheet(request, case)  # raises NotFound
    async with request.app[DATABASE].write() as session:
        saved = await save_note(session, case, account.actor, change.text, version=change.version)
    request.app[FEED].publish("note", {"case": case, "author": account.actor}, Audience(case=case))
    return answer(view_json(_shown(saved, account.name, account.actor)))


def _shown(note: CaseNoteView, name: str, me: str) -> NoteView:
    return NoteView(note.author, name, note.author == me, note.text, note.version, note.saved_at)
