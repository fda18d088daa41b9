"""Complaints: those of the telephone (made by the action `draft_complaint` of a case, or when a call of the complaint
line is closed) and of a page, step by step until they are answered; and archives of a year."""

from dataclasses import replace
from typing import Literal

from aiohttp import web
from pydantic import Field

from models.complaint_archives import ArchiveState, ComplaintArchive
from models.complaint_handling import LONGEST, SHORT, NewComplaint, find, register, take_step, tell_whom
from models.complaints import AboutKind, CameBy, ComplaintState, Satisfaction, Step
from models.masking import masked
from models.queries.complaints import ComplaintView, list_complaints
from web.api.kit import (
    Done,
    IdPageFilter,
    Input,
    ListOf,
    Operations,
    Output,
    RecordId,
    When,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.complaint_views import ComplaintSheet, office_of, person_of, read_sheet, seen_by
from web.guard import account_of
from web.keys import DATABASE
from web.pages.complaint_archives import ask
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Conflict, NotFound
from web.rights import Right

operations = Operations("complaints")


class ComplaintFilter(IdPageFilter):
    """`state` may be `open`; `late`: a clock of it has run out; `handler`: a user's number."""

    state: ComplaintState | Literal["open"] | None = None
    late: bool = False
    handler: RecordId | None = None
    org_unit: RecordId | None = None
    elder: RecordId | None = None


class ComplaintList(ListOf[ComplaintView]):
    pass


class About(Input):
    """`about_id`: a user's number, a seat's extension, a supplier's number (empty: nobody could say which one)."""

    about_kind: AboutKind = AboutKind.UNKNOWN
    about_id: str = Field("", max_length=SHORT)


class ComplaintPost(About):
    """`complainant` and `caller` (their number) where it is not the elder who complains. `order`: the one that it is
    about; its supplier is meant unless `about_kind` says who else."""

    words: str = Field(min_length=1, max_length=LONGEST)
    elder: RecordId | None = None
    order: RecordId | None = None
    about: str = Field("", max_length=SHORT)
    complainant: str = Field("", max_length=SHORT)
    caller: str = Field("", max_length=40)
    came_by: CameBy = CameBy.PAGE


class ComplaintPatch(About):
    """`version` as it was read."""

    version: int = Field(ge=1)


class StepPost(Input):
    """`version` as it was read; `to`: whom it is `assigned` to; `satisfaction` with `asked`."""

    version: int = Field(ge=1)
    step: Step
    note: str = Field("", max_length=LONGEST)
    to: RecordId | None = None
    satisfaction: Satisfaction | None = None


class ArchivePost(Input):
    """With a `reason` the archive is unmasked and has the recordings."""

    year: int = Field(ge=2000, le=2200)
    reason: str = Field("", max_length=200)


class Archive(Output):
    """`done` of `total` complaints; `sha256` (hex) of the file, which is fetched from the page."""

    id: int
    year: int
    state: ArchiveState
    whole: bool
    total: int
    done: int
    recordings: int
    size: int
    sha256: str
    asked_at: When


@operations(
    "GET",
    "/complaints",
    "Complaints, the latest first",
    right=Right.SEE_COMPLAINTS,
    query=ComplaintFilter,
    result=ComplaintList,
)
async def get_complaints(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, ComplaintFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_complaints(
            session,
            scope=scope_of(request),
            office=await office_of(request, session),
            **wanted.narrows(),
        )
    person = person_of(request)
    return answer_page(replace(page, items=tuple(seen_by(person, item) for item in masked(page.items))))


@operations(
    "POST", "/complaints", "Take a complaint down", right=Right.HANDLE_COMPLAINTS, body=ComplaintPost,
    result=ComplaintSheet, status=201,
)  # fmt: skip
async def post_complaint(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, ComplaintPost)
    new, policy = NewComplaint(**wanted.model_dump()), await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].write() as session:
        row = await register(session, new, by=account_of(request).actor, policy=policy, scope=scope_of(request))
    return await _answer(request, row.id, status=201)


@operations("GET", "/complaints/{id}", "A complaint", right=Right.SEE_COMPLAINTS, result=ComplaintSheet)
async def get_complaint(request: web.Request) -> web.StreamResponse:
    return await _answer(request, number_in_path(request, "id"))


@operations(
    "PATCH", "/complaints/{id}", "Say whom a complaint is about", right=Right.HANDLE_COMPLAINTS, body=ComplaintPatch,
    result=ComplaintSheet,
)  # fmt: skip
async def patch_complaint(request: web.Request) -> web.StreamResponse:
    patch, number = await read_body(request, ComplaintPatch), number_in_path(request, "id")
    policy, by, scope = await request.app[POLICY_NOW].read(), person_of(request), scope_of(request)
    async with request.app[DATABASE].write() as session:
        await tell_whom(session, number, **patch.model_dump(), by=by, policy=policy, scope=scope)
    return await _answer(request, number)


@operations(
    "DELETE", "/complaints/{id}", "409 `kept`: a complaint is handled to its end", right=Right.HANDLE_COMPLAINTS,
    result=Done,
)  # fmt: skip
async def delete_complaint(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        await find(session, number_in_path(request, "id"), scope=scope_of(request))
    raise Conflict("kept.complaint", code="kept")


@operations(
    "POST", "/complaints/{id}/steps", "Go one step on with a complaint", right=Right.HANDLE_COMPLAINTS, body=StepPost,
    result=ComplaintSheet,
)  # fmt: skip
async def post_step(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, StepPost), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await take_step(session, number, **wanted.model_dump(), by=person_of(request), scope=scope_of(request))
    return await _answer(request, number)


@operations(
    "POST", "/complaint-archives", "Have a year's complaints archived", right=Right.ARCHIVE_COMPLAINTS,
    body=ArchivePost, result=Archive, status=202,
)  # fmt: skip
async def post_archive(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, ArchivePost)
    return answer(_archive(await ask(request, wanted.year, wanted.reason)), status=202)


@operations("GET", "/complaint-archives/{id}", "How far an archive is", right=Right.ARCHIVE_COMPLAINTS, result=Archive)
async def get_archive(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        row = await session.get(ComplaintArchive, number_in_path(request, "id"))
    if row is None or row.asked_by != account_of(request).actor:
        raise NotFound
    return answer(_archive(row))


def _archive(row: ComplaintArchive) -> Archive:
    return Archive.model_validate(row, from_attributes=True)


async def _answer(request: web.Request, number: int, *, status: int = 200) -> web.Response:
    async with request.app[DATABASE].read() as session:
        sheet = await read_sheet(request, session, number)
    return answer(view_json(sheet), status=status)
