"""Papers of an elder's file and their scans, by the same rules as on the page."""

from datetime import date
from io import BytesIO
from typing import Final

from aiohttp import web
from pydantic import Field

from home.scans import ENDINGS
from models.base import local_today
from models.papers import PaperForm, PaperKind, add, paper_of
from models.queries.papers import PaperView, paper_view, papers_of
from models.register import form_of
from web.api.kit import Input, Operations, Output, answer, number_in_path, read_body, read_query, view_json
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.paper_scans import answer_with, keep, put_on_file
from web.personal import shown_elder
from web.places import in_sight
from web.problems import Problem
from web.rights import Right

operations = Operations("elders' files")
SCAN: Final = "application/octet-stream"


class PaperList(Output):
    items: list[PaperView]
    next: None = None


class PaperIn(Input):
    """`issued_on`: the day of the signature, for what is signed."""

    kind: PaperKind
    issued_on: date
    valid_until: date | None = None
    number: str = Field("", max_length=200)
    issuer: str = Field("", max_length=200)


class ScanQuery(Input):
    """`version` of the paper as it was read."""

    version: int = Field(ge=1)


@operations("GET", "/elders/{id}/papers", "The papers of a file", right=Right.SEE_ELDERS, result=PaperList)
async def get_papers(request: web.Request) -> web.StreamResponse:
    elder = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await in_sight(request, session, elder)
        await form_of(session, elder)
        found = await papers_of(session, elder, local_today())
    shown = shown_elder(request, elder, found)
    return answer({"items": [view_json(paper) for paper in shown], "next": None})


@operations(
    "POST", "/elders/{id}/papers", "Put a paper on file", right=Right.EDIT_ELDERS, body=PaperIn, result=PaperView,
    status=201,
)  # fmt: skip
async def post_paper(request: web.Request) -> web.StreamResponse:
    given, elder = await read_body(request, PaperIn), number_in_path(request, "id")
    form = PaperForm(given.kind, given.issued_on, given.valid_until, given.number, given.issuer)
    by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
    async with request.app[DATABASE].write() as session:
        await in_sight(request, session, elder)
        view = paper_view(await add(session, elder, form, None, by=by, area_code=area_code), local_today())
    return answer(view_json(view), status=201)


@operations(
    "PUT", "/elders/{id}/papers/{paper}/scan", "The scan of a paper: PDF, JPEG or PNG, 10 MB at most, as the body",
    right=Right.EDIT_ELDERS, query=ScanQuery, result=PaperView,
)  # fmt: skip
async def put_scan(request: web.Request) -> web.StreamResponse:
    """What it is, its content says. 413 when it is too large, 422 when it is something else."""
    elder, number = number_in_path(request, "id"), number_in_path(request, "paper")
    if request.content_type not in (SCAN, *ENDINGS):
        raise Problem("problem.media_type_scan", status=415, code="media_type")
    wanted = read_query(request, ScanQuery)
    async with request.app[DATABASE].read() as session:
        await in_sight(request, session, elder)
        await paper_of(session, elder, number)
    scan = await keep(request, BytesIO(await request.read()))
    view = paper_view(await put_on_file(request, elder, number, scan, version=wanted.version), local_today())
    return answer(view_json(shown_elder(request, elder, view)))


@operations(
    "GET", "/elders/{id}/papers/{paper}/scan", "The scan of a paper, to whom the file is shown unmasked; logged",
    right=Right.SEE_PERSONAL, media=SCAN,
)  # fmt: skip
async def get_scan(request: web.Request) -> web.StreamResponse:
    return await answer_with(request, number_in_path(request, "id"), number_in_path(request, "paper"))
