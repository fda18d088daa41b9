"""Follow-ups: what is owed and whose it is, booking one by hand, writing down what a call brought or that nobody
answered; drawn visits."""

from dataclasses import replace
from datetime import date
from typing import Literal

from aiohttp import web
from pydantic import Field
from sqlalchemy import select

from ivr.vocabulary import FollowUpKind
from models.base import utc_now
from models.elders import Elder
from models.follow_up_booking import OwedAnyway, book, take_back
from models.follow_up_tries import nobody_answered
from models.follow_up_work import assign, complete
from models.follow_ups import FollowUp, TryResult
from models.masking import masked
from models.queries.follow_ups import FollowUpView, find_follow_up, list_follow_ups
from models.versions import NoSuchRecord
from models.visit_samples import VisitSample, seed_of
from web.api.kit import (
    Done,
    Input,
    ListOf,
    Operations,
    Output,
    ProgressFilter,
    RecordId,
    When,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.pages.follow_ups import may_give
from web.personal import shown_elder
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Conflict, NotFound
from web.rights import Right

operations = Operations("follow-ups")


class FollowUpFilter(ProgressFilter):
    """`agent`: a user's number; `dissatisfied`: who has pressed that."""

    overdue: bool = False
    dissatisfied: bool = False
    agent: RecordId | None = None
    kind: FollowUpKind | None = None
    org_unit: RecordId | None = None
    sample_day: date | None = None


class FollowUpList(ListOf[FollowUpView]):
    pass


class FollowUpPost(Input):
    """`kind`: `care`, `emergency`, `consultation` or `life_service`; the others come by themselves."""

    elder: RecordId
    kind: FollowUpKind = FollowUpKind.CARE
    due_at: When


class FollowUpVersion(Input):
    version: int = Field(ge=1)


class FollowUpPatch(Input):
    """`version` as it was read; `answers`: question to choice, of the form of its kind."""

    version: int = Field(ge=1)
    done: bool = True
    result: str = Field("", max_length=2_000)
    satisfaction: Literal["", "satisfied", "fairly_satisfied", "dissatisfied"] = ""
    note: str = Field("", max_length=2_000)
    answers: dict[str, str] = Field(default_factory=dict, max_length=20)


class AgentPut(Input):
    """`agent`: whose it is from now on, null: nobody's."""

    version: int = Field(ge=1)
    agent: RecordId | None


class TryPost(Input):
    version: int = Field(ge=1)
    result: TryResult


class Sample(Output):
    """Everybody of `candidates` is ranked by the SHA-256 of `seed`, a colon and the number of the file; the first
    `wanted` of them are `drawn`. Who sees not all places is told of those files only that they see."""

    day: date
    seed: str
    wanted: int
    candidates: list[int]
    drawn: list[int]
    drawn_at: When


@operations(
    "GET", "/follow-ups", "Follow-ups, the most urgent first", right=Right.FOLLOW_UP, query=FollowUpFilter,
    result=FollowUpList,
)  # fmt: skip
async def get_follow_ups(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, FollowUpFilter, list_follow_ups)
    return answer_page(replace(page, items=masked(page.items)))


@operations(
    "POST", "/follow-ups", "Book a follow-up by hand", right=Right.FOLLOW_UP, body=FollowUpPost, result=FollowUpView,
    status=201,
)  # fmt: skip
async def post_follow_up(request: web.Request) -> web.StreamResponse:
    wanted, by = await read_body(request, FollowUpPost), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        scope = scope_of(request)
        row = await book(session, wanted.elder, wanted.kind, wanted.due_at, by=by, now=utc_now(), scope=scope)
    return await _answer(request, row.id, status=201)


@operations("GET", "/follow-ups/{id}", "A follow-up", right=Right.FOLLOW_UP, result=FollowUpView)
async def get_follow_up(request: web.Request) -> web.StreamResponse:
    return await _answer(request, number_in_path(request, "id"))


@operations(
    "PATCH",
    "/follow-ups/{id}",
    "Write down what a follow-up brought",
    right=Right.FOLLOW_UP,
    body=FollowUpPatch,
    result=FollowUpView,
)
async def patch_follow_up(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, FollowUpPatch)
    number, policy = number_in_path(request, "id"), await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].write() as session:
        await complete(
            session,
            number,
            policy=policy,
            scope=scope_of(request),
            by=account_of(request).actor,
            **patch.model_dump(),
        )
    return await _answer(request, number)


@operations(
    "DELETE", "/follow-ups/{id}", "Take back one that was booked by hand", right=Right.FOLLOW_UP,
    query=FollowUpVersion, result=Done,
)  # fmt: skip
async def delete_follow_up(request: web.Request) -> web.StreamResponse:
    """409 `kept` for what is owed anyway."""
    wanted, number = read_query(request, FollowUpVersion), number_in_path(request, "id")
    by, scope = account_of(request).actor, scope_of(request)
    try:
        async with request.app[DATABASE].write() as session:
            await take_back(session, number, version=wanted.version, by=by, scope=scope)
    except OwedAnyway:
        raise Conflict("kept.follow_up", code="kept") from None
    return answer(Done())


@operations(
    "PUT", "/follow-ups/{id}/agent", "Take a follow-up, give it to somebody, let go of it", right=Right.FOLLOW_UP,
    body=AgentPut, result=FollowUpView,
)  # fmt: skip
async def put_agent(request: web.Request) -> web.StreamResponse:
    """403: to give it to others is for who supervises."""
    wanted, number = await read_body(request, AgentPut), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await may_give(request, session, number, wanted.agent)
        by, scope = account_of(request).actor, scope_of(request)
        await assign(session, number, version=wanted.version, to=wanted.agent, by=by, scope=scope)
    return await _answer(request, number)


@operations(
    "POST", "/follow-ups/{id}/tries", "Nobody answered: say so, and when it is tried again", right=Right.FOLLOW_UP,
    body=TryPost, result=FollowUpView,
)  # fmt: skip
async def post_try(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, TryPost), number_in_path(request, "id")
    policy, by = await request.app[POLICY_NOW].read(), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        scope = scope_of(request)
        await nobody_answered(session, number, wanted.result, version=wanted.version, by=by, policy=policy, scope=scope)
    return await _answer(request, number)


@operations(
    "GET", "/visit-samples/{day}", "Whose home services are asked about on a day, and how they were drawn",
    right=Right.FOLLOW_UP, result=Sample,
)  # fmt: skip
async def get_sample(request: web.Request) -> web.StreamResponse:
    try:
        day = date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise NotFound from None
    scope = scope_of(request)
    async with request.app[DATABASE].read() as session:
        row = await session.get(VisitSample, day)
        if row is None:
            raise NotFound
        rows = select(FollowUp.elder_id).outerjoin(Elder, Elder.id == FollowUp.elder_id).order_by(FollowUp.id)
        drawn = await session.scalars(rows.where(FollowUp.sample_day == day, scope.of_elders()))
        numbers = [elder for elder in drawn if elder is not None]
        seen = row.candidates
        if not scope.everywhere:
            seen = list(await session.scalars(select(Elder.id).where(Elder.id.in_(row.candidates), scope.of_elders())))
    sample = Sample(
        day=day, seed=seed_of(day), wanted=row.wanted, candidates=sorted(seen), drawn=numbers, drawn_at=row.drawn_at
    )
    return answer(sample)


async def _answer(request: web.Request, number: int, *, status: int = 200) -> web.Response:
    async with request.app[DATABASE].read() as session:
        view = await find_follow_up(session, number, scope=scope_of(request))
    if view is None:
        raise NoSuchRecord
    return answer(view_json(view if view.elder is None else shown_elder(request, view.elder, view)), status=status)
