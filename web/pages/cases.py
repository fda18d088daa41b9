"""The list of cases with its filters, and the page of one case with everything that is on record about it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, cast

from aiohttp import web
from multidict import MultiMapping

from models.case_notes import CaseNoteView, notes_of
from models.database import DatabaseUnavailable
from models.masking import masked
from models.messages import MessageView, messages_of
from models.queries.cases import BadCursor, list_cases, recording_rows
from models.queries.follow_ups import FollowUpView, follow_ups_of_case
from models.queries.paging import Page
from models.views import CaseView
from web.codes import CODES
from web.guard import account_of, needs
from web.keys import DATABASE, FEED, MIRROR, SETTINGS
from web.lookups import note_case
from web.pages.listing import day_of, midnight
from web.people_names import names_of_users
from web.personal import on_board, sees_case, shown_case
from web.places import open_cases, scope_of
from web.problems import Invalid
from web.recording_files import FileState, states_of
from web.render import render, texts_of
from web.rights import Right
from web.sheet import Sheet, details, find_sheet

routes = web.RouteTableDef()
PAGE = 30


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; days are local and both included."""

    state: Literal["", "open", "closed"] = ""
    since: date | None = None
    until: date | None = None
    elder: int | None = None
    cursor: str | None = None


@routes.get("/cases")
@needs(Right.SEE_CASES)
async def cases(request: web.Request) -> web.StreamResponse:
    wanted = read_filter(request.query)
    database_away = False
    try:
        page = await find_cases(request, wanted)
    except BadCursor as error:
        raise Invalid from error
    except DatabaseUnavailable:
        database_away, page = True, Page[CaseView]((), None)
    open_now = [on_board(request, case) for case in reversed(open_cases(account_of(request), request.app[MIRROR]))]
    live = {sheet.view.id: sheet for sheet in open_now}
    sheets = [live.get(view.id) or Sheet(shown_case(request, view, view), None) for view in page.items]
    if database_away and wanted.state != "closed":
        sheets = open_now
    context = {"sheets": sheets, "filter": wanted, "page": page, "database_away": database_away}
    return render(request, "cases.html", context)


@routes.get("/cases/{id}")
@needs(Right.SEE_CASES)
async def case(request: web.Request) -> web.StreamResponse:
    context = await _case_context(request)
    await note_case(request, context["sheet"].view)
    return render(request, "case.html", context)


@routes.get("/fragments/cases/{id}")
@needs(Right.SEE_CASES)
async def case_fragment(request: web.Request) -> web.StreamResponse:
    return render(request, "fragments/case.html", await _case_context(request))


async def _case_context(request: web.Request) -> dict[str, Any]:
    seq = request.app[FEED].seq
    sheet = await find_sheet(request, request.match_info["id"])
    messages, notes = await _messages(request, sheet.view.id), await _notes(request, sheet.view.id)
    follow_ups = await _follow_ups(request, sheet.view.id)
    is_masked = not sees_case(request, sheet.view)
    if is_masked:
        sheet, messages, notes, follow_ups = masked(sheet), masked(messages), masked(notes), masked(follow_ups)
    actors = {entry.actor for entry in sheet.view.timeline} | {note.author for note in notes}
    people = await names_of_users(request, actors)
    files = await _files(request, sheet.view.id)
    shown = {"seq": seq, "sheet": sheet, "details": details, "people": people, "messages": messages, "files": files}
    lang, codes = texts_of(request).lang, request.app[CODES]
    if sheet.view.code:
        await codes.read()
    words = {"code_word": lambda view: codes.word(lang, view.outcome, view.code)}
    return {**shown, **words, "notes": notes, "follow_ups": follow_ups, "is_masked": is_masked}


async def _notes(request: web.Request, case_id: str) -> Sequence[CaseNoteView]:
    """What people have written down, if anything; nothing is said of it while the database is away."""
    try:
        async with request.app[DATABASE].read() as session:
            return [note for note in await notes_of(session, case_id) if note.text]
    except DatabaseUnavailable:
        return []


async def _follow_ups(request: web.Request, case_id: str) -> Sequence[FollowUpView]:
    """What is owed afterwards and what came of it; nothing is said of it while the database is away."""
    try:
        async with request.app[DATABASE].read() as session:
            return await follow_ups_of_case(session, case_id)
    except DatabaseUnavailable:
        return []


async def _files(request: web.Request, case_id: str) -> dict[str, FileState]:
    """What became of the files of its recordings; nothing is said of them while the database is away."""
    try:
        async with request.app[DATABASE].read() as session:
            rows = await recording_rows(session, case_id)
    except DatabaseUnavailable:
        return {}
    return await asyncio.to_thread(states_of, request.app[SETTINGS], rows)


async def _messages(request: web.Request, case_id: str) -> Sequence[MessageView]:
    """What was sent by SMS; none while the database is away, for the case itself must be shown."""
    try:
        async with request.app[DATABASE].read() as session:
            return await messages_of(session, case_id)
    except DatabaseUnavailable:
        return ()


async def find_cases(request: web.Request, wanted: Filter, *, limit: int = PAGE) -> Page[CaseView]:
    """Raises BadCursor, DatabaseUnavailable."""
    async with request.app[DATABASE].read() as session:
        return await list_cases(
            session,
            scope=scope_of(request),
            state=wanted.state or None,
            elder=wanted.elder,
            since=midnight(wanted.since),
            until=midnight(wanted.until + timedelta(days=1) if wanted.until else None),
            limit=limit,
            cursor=wanted.cursor,
        )


def read_filter(query: MultiMapping[str]) -> Filter:
    """Nonsense counts as not given. Raises Invalid for what is no date."""
    state = query.get("state", "")
    elder = query.get("elder", "")
    return Filter(
        state=cast(Literal["", "open", "closed"], state) if state in ("open", "closed") else "",
        since=day_of(query.get("from", "")),
        until=day_of(query.get("to", "")),
        elder=int(elder) if elder.isdecimal() and len(elder) < 12 else None,
        cursor=query.get("cursor") or None,
    )
