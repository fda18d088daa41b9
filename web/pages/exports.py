"""Every list that can be taken away as a table: which columns it has, and the query of its page that finds the rows."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, TypeVar

from aiohttp import web
from multidict import MultiMapping

from models.masking import masked
from models.queries.complaints import ComplaintView, list_complaints
from models.queries.elder_changes import MonthsChange, changes_in
from models.queries.elders import list_elders
from models.queries.exception_reports import ExceptionView, list_exceptions
from models.queries.follow_ups import FollowUpView, list_follow_ups
from models.queries.paging import Page
from models.queries.terminals import DueTerminal
from models.queries.work_orders import OrderView, list_orders
from models.register_export import AT_ONCE, columns_of, elder_rows
from models.views import CaseView
from web.archive_file import whom
from web.complaint_views import office_of, person_of, seen_by
from web.exports import Rows, Table, read_form, send
from web.guard import account_of, needs
from web.keys import DATABASE
from web.order_forms import state_in
from web.pages.cases import find_cases, read_filter
from web.pages.complaints import narrowed as complaints_narrowed
from web.pages.elder_history import WORDS_OF, group_in, month_in
from web.pages.elders import narrowed
from web.pages.follow_ups import narrowed as follow_ups_narrowed
from web.pages.listing import progress_of
from web.pages.terminals import COLLECT
from web.people_names import names_of_everybody, names_of_firms
from web.places import scope_of
from web.render import stamp, texts_of
from web.rights import Right
from web.terminal_lists import terminals
from web.texts import Texts
from web.typed import whole_number

routes = web.RouteTableDef()
Item = TypeVar("Item")
PAGE: Final = 200
HIDDEN: Final = "***"  # a search may be somebody's name or number: the log keeps only that there was one


@routes.post("/elders/export")
@needs(Right.SEE_ELDERS)
@needs(Right.EXPORT)
async def elders(request: web.Request) -> web.StreamResponse:
    """With all columns of the register: unmasked, `yijiantong import elders` and the page read it back."""
    t, form, database = texts_of(request), await read_form(request), request.app[DATABASE]
    wanted, scope = narrowed(form), scope_of(request)
    async with database.read() as session:
        columns = await columns_of(session)

    def rows(mask: bool) -> Rows:
        return elder_rows(
            database,
            columns,
            lambda session, cursor: list_elders(
                session, scope=scope, **wanted, limit=AT_ONCE, cursor=cursor, counted=False
            ),
            mask=mask,
        )

    given = _given(form, "community", "status") | ({"search": HIDDEN} if wanted["search"] else {})
    head = [column.zh if t.lang == "zh" else column.en for column in columns]
    return await send(request, Table("elders", t("elders.title"), head, rows, given), form)


@routes.post("/cases/export")
@needs(Right.SEE_CASES)
@needs(Right.EXPORT)
async def cases(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    wanted = read_filter(form)
    head = [
        t("exports.case"),
        t("case.opened_at"),
        t("case.state"),
        t("exports.kind"),
        t("case.elder"),
        t("case.caller"),
    ]
    head += [t(f"case.{name}") for name in ("answered_after", "closed_at", "topic", "outcome", "note", "grade")]

    async def page(cursor: str | None) -> Page[CaseView]:
        return await find_cases(request, replace(wanted, cursor=cursor), limit=AT_ONCE)

    def row(view: CaseView) -> list[str]:
        answered = ""
        if view.answered_at is not None and view.opened_at is not None:
            answered = f"{(view.answered_at - view.opened_at).total_seconds():.1f}"
        state, kind = t(f"case_state.{view.state}"), t(f"case_kind.{view.kind}")
        who = view.elder.name if view.elder else ""
        end = [t.word("topic", view.topic), t.word("outcome", view.outcome), view.note]
        end.append(t.word("satisfaction", view.grade))
        return [view.id, stamp(view.opened_at), state, kind, who, view.caller, answered, stamp(view.closed_at), *end]

    table = Table("cases", t("cases.title"), head, rows_of(page, row), _given(form, "state", "from", "to", "elder"))
    return await send(request, table, form)


@routes.post("/follow-ups/export")
@needs(Right.FOLLOW_UP)
@needs(Right.EXPORT)
async def follow_ups(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    names = ("due_at", "kind", "agent", "tries", "done_at", "ended", "result", "satisfaction", "note")
    head = [t("case.elder"), t("complaints.community"), t("exports.case"), *(t(f"follow_ups.{name}") for name in names)]
    head += [t("follow_ups.answers"), t("follow_ups.said")]
    wanted, people = follow_ups_narrowed(form, account_of(request).id), await names_of_everybody(request)

    def row(view: FollowUpView) -> list[str]:
        who = "" if view.agent is None else people.get(f"user:{view.agent}", str(view.agent))
        ended = t.word("follow_up_ended", view.ended or "")
        done = [stamp(view.done_at), ended, view.result, t.word("satisfaction", view.satisfaction), view.note]
        said = "；".join(
            f"{t(f'follow_up_question.{name}')}: {t(f'follow_up_answer.{answer}')}"
            for name, answer in view.answers.items()
        )
        pressed = t.word("satisfaction", view.said)
        whom = [view.elder_name, view.community, view.case or ""]
        return [*whom, stamp(view.due_at), t(f"follow_up_kind.{view.kind}"), who, str(view.tries), *done, said, pressed]

    rows = rows_of(_listed(request, list_follow_ups, **wanted), row)
    given = _given(form, "state", "overdue", "agent", "kind", "community")
    return await send(request, Table("follow-ups", t("follow_ups.title"), head, rows, given), form)


@routes.post("/exception-reports/export")
@needs(Right.EXPLAIN_EXCEPTIONS)
@needs(Right.EXPORT)
async def exceptions(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    names = ("waiting_since", "answered_after", "cause", "explanation")
    head = [t("case.elder"), t("exports.case"), *(t(f"exceptions.{name}") for name in names)]
    wanted = progress_of(form.get("state", "open"))

    def row(view: ExceptionView) -> list[str]:
        waited = t("exceptions.not_answered") if view.answered_after is None else f"{view.answered_after:.0f}"
        why = [t.word("exception_cause", view.cause), view.explanation]
        return [view.elder_name, view.case, stamp(view.waiting_since), waited, *why]

    rows = rows_of(_listed(request, list_exceptions, state=wanted), row)
    table = Table("exception-reports", t("exceptions.title"), head, rows, _given(form, "state"))
    return await send(request, table, form)


@routes.post("/orders/export")
@needs(Right.SEE_ORDERS)
@needs(Right.EXPORT)
async def orders(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    asked = ("number", "drafted_at", "state", "aid", "service", "wish", "drafted_by", "supplier", "worker", "price")
    when = ("appointed_for", "started_at", "finished_at", "minutes", "grade", "redo_of")
    head = [t("case.elder"), t("exports.case"), *(t(f"orders.{name}") for name in (*asked, *when))]
    people, wanted = await names_of_everybody(request), state_in(form.get("state", ""))

    def row(view: OrderView) -> list[str]:
        who = _name(people, view.drafted_by, t)
        service = view.service_zh if t.lang == "zh" else view.service_en
        what = [t(f"order_state.{view.state}"), t(f"aid.{view.aid}"), service, view.wish, who]
        price = "" if view.price is None else f"{view.price / 100:.2f}"
        times = [stamp(at) for at in (view.appointed_for, view.started_at, view.finished_at)]
        end = [*times, _figure(view.minutes), t.word("satisfaction", view.grade), _figure(view.redo_of)]
        begin = [view.elder_name, view.case or "", str(view.id), stamp(view.drafted_at)]
        return [*begin, *what, view.supplier_name, view.worker_name, price, *end]

    worker = whole_number(form.get("worker"))
    rows = rows_of(_listed(request, list_orders, state=wanted, worker=worker), row)
    table = Table("orders", t("orders.title"), head, rows, _given(form, "state", "worker"))
    return await send(request, table, form)


@routes.post("/complaints/export")
@needs(Right.SEE_COMPLAINTS)
@needs(Right.EXPORT)
async def complaints(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    names = (
        "drafted_at", "state", "level", "community", "complainant", "caller", "about", "words", "drafted_by",
        "assigned_to", "contact_due", "answer_due", "late", "answer", "answered_at", "satisfaction",
    )  # fmt: skip
    head = [t("case.elder"), t("exports.case"), *(t(f"complaints.{name}") for name in names)]
    people = await names_of_everybody(request) | await names_of_firms(request)
    wanted = complaints_narrowed(form, account_of(request).id)
    async with request.app[DATABASE].read() as session:
        office = await office_of(request, session)

    def row(each: ComplaintView) -> list[str]:
        view = seen_by(person_of(request), each)
        handler = "" if view.assigned_to is None else people.get(f"user:{view.assigned_to}", "")
        who = [_name(people, view.drafted_by, t), handler]
        stands = [t(f"complaint_state.{view.state}"), t(f"complaint_level.{view.level}"), view.community]
        what = [view.complainant, view.caller, whom(view, people, t), view.words]
        due = [stamp(view.contact_due), stamp(view.answer_due), t("form.yes") if view.late else ""]
        end = [view.answer, stamp(view.answered_at), t.word("satisfaction", view.satisfaction or "")]
        return [view.elder_name, view.case or "", stamp(view.drafted_at), *stands, *what, *who, *due, *end]

    rows = rows_of(_listed(request, list_complaints, office=office, **wanted), row)
    given = _given(form, "state", "late", "handler", "community")
    return await send(request, Table("complaints", t("complaints.title"), head, rows, given), form)


@routes.post("/terminals/export")
@needs(Right.SEE_TERMINALS)
@needs(Right.EXPORT)
async def terminal_tests(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    wanted = form.get("state", "overdue")
    head = [t(f"terminals.{name}") for name in ("elder_name", "community", "line", "model", "serial", "tested_at")]

    async def page(cursor: str | None) -> Page[DueTerminal]:
        return await terminals(
            request, overdue=wanted == "overdue", left_behind=wanted == COLLECT, limit=PAGE, after=_number(cursor)
        )

    def row(view: DueTerminal) -> list[str]:
        tested = stamp(view.tested_at) or t("terminals.never")
        return [view.elder_name, view.community, view.line, view.model, view.serial, tested]

    table = Table("terminals", t("terminals.title"), head, rows_of(page, row), _given(form, "state"))
    return await send(request, table, form)


@routes.post("/elder-changes/export")
@needs(Right.SEE_ELDERS)
@needs(Right.EXPORT)
async def months_changes(request: web.Request) -> web.StreamResponse:
    """Deaths, moves and changes of a month, for the bureau (X7)."""
    t, form = texts_of(request), await read_form(request)
    month, group = month_in(form), group_in(form)
    names = ("group", "name", "born", "community", "service_class", "since", "field", "old", "new", "at", "by")
    head = [t(f"elder_changes.{name}") for name in names]
    people = await names_of_everybody(request)

    async def page(cursor: str | None) -> Page[MonthsChange]:
        async with request.app[DATABASE].read() as session:
            scope, after = scope_of(request), _number(cursor) or 0
            return await changes_in(session, month, scope=scope, group=group, limit=PAGE, after=after)

    def row(change: MonthsChange) -> list[str]:
        who = [t(f"change_group.{change.group}"), change.name, _day(change.born), change.community]
        status = [t(f"service_class.{change.service_class}"), _day(change.since)]
        section = WORDS_OF.get(change.field, "")
        what = [t.word("elder", change.field), t.word(section, change.old), t.word(section, change.new)]
        return [*who, *status, *what, stamp(change.at), _name(people, change.by, t)]

    given = {"month": f"{month:%Y-%m}"} | _given(form, "group")
    table = Table("elder-changes", t("elder_changes.title"), head, rows_of(page, row), given)
    return await send(request, table, form)


def _figure(value: int | None) -> str:
    return "" if value is None else str(value)


def _listed(
    request: web.Request, find: Callable[..., Awaitable[Page[Item]]], **wanted: Any
) -> Callable[[str | None], Awaitable[Page[Item]]]:
    """The pages of a list of the records, as its own page reads them; the cursor is a number of rows."""

    async def page(cursor: str | None) -> Page[Item]:
        async with request.app[DATABASE].read() as session:
            return await find(session, scope=scope_of(request), limit=PAGE, after=_number(cursor), **wanted)

    return page


def rows_of(
    page: Callable[[str | None], Awaitable[Page[Item]]], row: Callable[[Item], list[str]]
) -> Callable[[bool], Rows]:
    """All pages of a list, from its first on; masked or not, a row is made of what then stands in the view."""

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        cursor: str | None = None
        while True:
            found = await page(cursor)
            items: Sequence[Any] = masked(found.items) if mask else found.items
            yield [row(item) for item in items]
            if found.next is None:
                return
            cursor = found.next

    return rows


def _given(form: MultiMapping[str], *names: str) -> dict[str, str]:
    return {name: form[name] for name in names if form.get(name)}


def _number(cursor: str | None) -> int | None:
    return None if cursor is None else int(cursor)


def _name(people: Mapping[str, str], actor: str, t: Texts) -> str:
    return people.get(actor) or t.word("actor", actor)


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
