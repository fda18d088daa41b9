"""Reviews of recordings: the list, a single one, its marks; and the outline of a recording, for a player to draw."""

import asyncio
from dataclasses import replace

from aiohttp import web
from pydantic import Field

from home.sound_peaks import NOTHING, outline
from models.masking import masked
from models.quality import marks
from models.quality.reviews import review_of
from models.queries.cases import recording_row
from models.queries.quality import ReviewView, list_reviews, review_view
from models.versions import NoSuchRecord
from web.api.kit import (
    Done,
    Input,
    ListOf,
    Month,
    Operations,
    Output,
    ProgressFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.problems import NotFound
from web.quality import MarkView, mark_view
from web.recording_files import file_of
from web.rights import Right

operations = Operations("quality")


class ReviewFilter(ProgressFilter):
    """`open`: to be scored, or with an answer that waits for a reply; `month` as 2026-11."""

    month: Month | None = None
    agent: RecordId | None = None


class ReviewList(ListOf[ReviewView]):
    pass


class NewMark(Input):
    """`at` in seconds from the beginning of the recording."""

    at: float = Field(ge=0, le=86_400, allow_inf_nan=False)
    note: str = Field(min_length=1, max_length=marks.LONGEST)


class OutlineParts(Input):
    """`parts`: how many the recording is divided into."""

    parts: int = Field(600, ge=10, le=4000)


class OutlineShown(Output):
    """`peaks` from 0 to 100, one for each part; none for a file that cannot be drawn."""

    seconds: float
    peaks: list[int]


@operations(
    "GET", "/quality-reviews", "Reviews that were drawn, what is to be done first", right=Right.REVIEW_QUALITY,
    query=ReviewFilter, result=ReviewList,
)  # fmt: skip
async def get_reviews(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, ReviewFilter, list_reviews)
    return answer_page(replace(page, items=masked(page.items)))


@operations("GET", "/quality-reviews/{id}", "A review", right=Right.REVIEW_QUALITY, result=ReviewView)
async def get_review(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        view = await review_view(session, number_in_path(request, "id"), scope=scope_of(request))
    if view.calibration is not None and view.reviewer != account_of(request).id:
        raise NoSuchRecord
    return answer(view_json(masked(view)))


@operations(
    "POST", "/quality-reviews/{id}/marks", "Mark a place of the recording", right=Right.REVIEW_QUALITY,
    body=NewMark, result=MarkView, status=201,
)  # fmt: skip
async def post_mark(request: web.Request) -> web.StreamResponse:
    body = await read_body(request, NewMark)
    async with request.app[DATABASE].write() as session:
        review = await review_of(session, number_in_path(request, "id"), scope=scope_of(request))
        mark = await marks.add(session, review, body.at, body.note, user=account_of(request).id)
    return answer(view_json(mark_view(mark)), status=201)


@operations("DELETE", "/quality-reviews/{id}/marks/{mark}", "Take a mark away", right=Right.REVIEW_QUALITY, result=Done)
async def delete_mark(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as session:
        review = await review_of(session, number_in_path(request, "id"), scope=scope_of(request))
        await marks.remove(session, review, number_in_path(request, "mark"), user=account_of(request).id)
    return answer(Done())


@operations(
    "GET", "/recordings/{id}/peaks", "The outline of a recording, to be drawn", right=Right.HEAR_RECORDINGS,
    query=OutlineParts, result=OutlineShown,
)  # fmt: skip
async def get_peaks(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, OutlineParts)
    async with request.app[DATABASE].read() as session:
        row = await recording_row(session, request.match_info["id"], scope=scope_of(request))
    if row is None:
        raise NotFound("problem.no_recording")
    path = await asyncio.to_thread(file_of, request.app[SETTINGS], row)
    found = NOTHING if path is None else await asyncio.to_thread(outline, path, wanted.parts)
    return answer({"seconds": round(found.seconds, 2), "peaks": list(found.peaks)})
