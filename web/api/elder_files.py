"""What hangs on an elder's file: the line of time, history, repairs; changes of a month; files made one. The same rules
as on the pages. Papers are in `elder_papers.py`."""

from datetime import date

from aiohttp import web
from pydantic import Field

from models.base import local_today
from models.elder_mapping import COLUMNS
from models.masking import masked
from models.merging import are_different, merge
from models.queries.duplicates import Pair, list_duplicates
from models.queries.elder_changes import ChangeView, Group, MonthsChange, changes_in, history_of
from models.queries.elder_timeline import Happened, timeline_of
from models.queries.paging import Page
from models.queries.repairs import RepairView, list_repairs, repair_view
from models.register import form_of
from models.repairs import MOST_COST, finish, report
from web.api.kit import (
    Done,
    IdPageFilter,
    Input,
    Limit,
    ListOf,
    Month,
    Operations,
    PageFilter,
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
from web.personal import sees_elder, shown_elder
from web.places import in_sight, repair_in_sight, scope_of, terminal_in_sight
from web.problems import Invalid
from web.register_views import ElderView, elder_view
from web.rights import Right

operations = Operations("elders' files")


class Timeline(ListOf[Happened]):
    pass


class History(ListOf[ChangeView]):
    pass


class RepairList(ListOf[RepairView]):
    pass


class ChangeList(ListOf[MonthsChange]):
    pass


class DuplicateList(ListOf[Pair]):
    pass


class FaultIn(Input):
    terminal: RecordId
    fault: str = Field(min_length=1, max_length=2_000)


class RepairPatch(Input):
    """`cost` in fen; `version` as it was read."""

    version: int = Field(ge=1)
    done_on: date
    repairer: str = Field(min_length=1, max_length=2_000)
    remedy: str = Field(min_length=1, max_length=2_000)
    cost: int = Field(0, ge=0, le=MOST_COST)


class MonthFilter(IdPageFilter):
    """`month` as `2026-11`; without one, the present month."""

    month: Month | None = None
    group: Group | None = None


class PairFilter(Input):
    elder: RecordId | None = None
    limit: Limit = 50
    cursor: str | None = Field(None, max_length=20)


class MergeIn(Input):
    """`other` becomes part of the file in the path; `take`: the fields whose values are the other's. Both versions as
    they were read."""

    other: RecordId
    version: int = Field(ge=1)
    other_version: int = Field(ge=1)
    take: list[str] = Field(default_factory=list, max_length=60)


class OtherIn(Input):
    other: RecordId


@operations(
    "GET", "/elders/{id}/timeline", "All that happened to an elder, the latest first", right=Right.SEE_ELDERS,
    query=PageFilter, result=Timeline,
)  # fmt: skip
async def get_timeline(request: web.Request) -> web.StreamResponse:
    wanted, elder = read_query(request, PageFilter), number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await in_sight(request, session, elder)
        await form_of(session, elder)
        page = await timeline_of(session, elder, **wanted.narrows())
    return answer_page(Page(shown_elder(request, elder, page.items), page.next))


@operations(
    "GET", "/elders/{id}/history", "What changed in a file, the latest first", right=Right.SEE_ELDERS,
    query=IdPageFilter, result=History,
)  # fmt: skip
async def get_history(request: web.Request) -> web.StreamResponse:
    wanted, elder = read_query(request, IdPageFilter), number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await in_sight(request, session, elder)
        await form_of(session, elder)
        page = await history_of(session, elder, **wanted.narrows())
    return answer_page(Page(shown_elder(request, elder, page.items), page.next))


@operations(
    "GET", "/repairs", "Repairs of terminals, those which are owed first", right=Right.SEE_TERMINALS,
    query=ProgressFilter, result=RepairList,
)  # fmt: skip
async def get_repairs(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, ProgressFilter, list_repairs)
    return answer_page(Page(masked(page.items), page.next))


@operations(
    "POST", "/repairs", "Report that a terminal does not work", right=Right.TEST_TERMINALS, body=FaultIn,
    result=RepairView, status=201,
)  # fmt: skip
async def post_repair(request: web.Request) -> web.StreamResponse:
    fault, by = await read_body(request, FaultIn), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        await terminal_in_sight(request, session, fault.terminal)
        repair = await report(session, fault.terminal, fault.fault, by=by)
        view = await repair_view(session, repair.id)
    return answer(view_json(masked(view)), status=201)


@operations(
    "PATCH", "/repairs/{id}", "Write down that a terminal works again", right=Right.TEST_TERMINALS, body=RepairPatch,
    result=RepairView,
)  # fmt: skip
async def patch_repair(request: web.Request) -> web.StreamResponse:
    patch, number = await read_body(request, RepairPatch), number_in_path(request, "id")
    by = account_of(request).actor
    async with request.app[DATABASE].write() as session:
        await repair_in_sight(request, session, number)
        await finish(session, number, **patch.model_dump(), by=by)
        view = await repair_view(session, number)
    return answer(view_json(masked(view)))


@operations(
    "GET", "/elder-changes", "Deaths, moves and changes that were written down in a month", right=Right.SEE_ELDERS,
    query=MonthFilter, result=ChangeList,
)  # fmt: skip
async def get_changes(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, MonthFilter)
    month = date.fromisoformat(f"{wanted.month}-01") if wanted.month and wanted.month >= "0001" else local_today()
    async with request.app[DATABASE].read() as session:
        page = await changes_in(
            session, month, scope=scope_of(request), group=wanted.group, limit=wanted.limit, after=wanted.cursor or 0
        )
    return answer_page(Page(masked(page.items), page.next))


@operations(
    "GET", "/elder-duplicates", "Pairs of files that may be of one person", right=Right.EDIT_ELDERS, query=PairFilter,
    result=DuplicateList,
)  # fmt: skip
async def get_duplicates(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, PairFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_duplicates(
            session, scope=scope_of(request), elder=wanted.elder, limit=wanted.limit, after=wanted.cursor or ""
        )
    return answer_page(page)


@operations(
    "POST", "/elders/{id}/merge", "Make another file part of this one", right=Right.EDIT_ELDERS, body=MergeIn,
    result=ElderView,
)  # fmt: skip
async def post_merge(request: web.Request) -> web.StreamResponse:
    """From then on the other file's address leads here."""
    given, keep = await read_body(request, MergeIn), number_in_path(request, "id")
    if unknown := set(given.take) - set(COLUMNS):
        raise Invalid(fields=dict.fromkeys((f"take.{name}" for name in sorted(unknown)), "invalid.literal_error"))
    by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
    async with request.app[DATABASE].write() as session:
        await in_sight(request, session, keep, given.other)
        told = given.version, given.other_version
        await merge(session, keep, given.other, take=frozenset(given.take), versions=told, by=by, area_code=area_code)
        session.expire_all()
        view = await elder_view(session, keep, scope=scope_of(request))
    return answer(view_json(view if sees_elder(request, keep) else masked(view)))


@operations(
    "POST", "/elders/{id}/different", "Say that two files are of two people", right=Right.EDIT_ELDERS, body=OtherIn,
    result=Done,
)  # fmt: skip
async def post_different(request: web.Request) -> web.StreamResponse:
    other, elder = (await read_body(request, OtherIn)).other, number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await in_sight(request, session, elder, other)
        await are_different(session, elder, other, by=account_of(request).actor)
    return answer(Done())
