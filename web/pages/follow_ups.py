"""The pages of follow-ups: the queue, the most urgent first, and one call with the form of its kind."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import FollowUpKind
from models.follow_up_forms import FORMS
from models.follow_up_tries import nobody_answered
from models.follow_up_work import CALLERS, assign, complete
from models.follow_ups import TryResult
from models.masking import masked
from models.queries.follow_ups import (
    Agent,
    count_dissatisfied,
    count_overdue,
    find_follow_up,
    list_follow_ups,
    tries_of,
)
from models.queries.staff import staff_with
from models.register import FormRefused
from models.versions import NoSuchRecord, VersionConflict
from web.api.kit import number_in_path
from web.forms import FollowUpForm, FormData
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, progress_of
from web.people_names import names_of_users
from web.personal import sees_elder
from web.place_names import place_names
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Conflict, Forbidden, Problem
from web.render import render, texts_of
from web.rights import Right, may

routes = web.RouteTableDef()
SATISFACTION: Final = ("satisfied", "fairly_satisfied", "dissatisfied")


def narrowed(query: MultiMapping[str], account: int) -> dict[str, Any]:
    """What the list is narrowed to, for `list_follow_ups`; nonsense counts as not given."""
    agent, kind = query.get("agent", ""), query.get("kind", "")
    whose: Agent | None = account if agent == "mine" else "nobody" if agent == "nobody" else number_of(agent)
    return {
        "state": progress_of(query.get("state", "open")),
        "overdue": query.get("overdue", "") == "1",
        "dissatisfied": query.get("overdue", "") == "dissatisfied",
        "agent": whose,
        "kind": FollowUpKind(kind) if kind in list(FollowUpKind) else None,
        "org_unit": number_of(query.get("community", "")),
    }


def number_of(text: str) -> int | None:
    """A record's number in a form or an address; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@routes.get("/follow-ups")
@needs(Right.FOLLOW_UP)
async def follow_ups(request: web.Request) -> web.StreamResponse:
    query, scope, account = request.query, scope_of(request), account_of(request)
    wanted = narrowed(query, account.id)
    async with request.app[DATABASE].read() as session:
        page = await list_follow_ups(session, scope=scope, **wanted, limit=LINES, after=cursor_of(request, digits=6))
        overdue = await count_overdue(session, scope=scope)
        dissatisfied = await count_dissatisfied(session, scope=scope)
        staff, places = await staff_with(session, CALLERS), await place_names(session)
    context = {
        "page": replace(page, items=masked(page.items)),
        "state": query.get("state", "open"),
        "shown": {name: query.get(name, "") for name in ("overdue", "agent", "kind", "community")},
        "kinds": tuple(FollowUpKind),
        "overdue": overdue,
        "dissatisfied": dissatisfied,
        "staff": staff,
        "units": {unit: name for unit, name in places.items() if scope.covers(unit)},
        "me": account.id,
    }
    return render(request, "follow_ups.html", context)


@routes.get("/follow-ups/{id}")
@needs(Right.FOLLOW_UP)
async def follow_up(request: web.Request) -> web.StreamResponse:
    return await _page(request, number_in_path(request, "id"))


@routes.post("/follow-ups/{id}")
@needs(Right.FOLLOW_UP)
async def done(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await request.post()
    form = FollowUpForm(FormData(sent))
    form.satisfaction.choices = [("", ""), *((value, value) for value in SATISFACTION)]
    if not form.validate():
        return await _page(request, number, form, dict.fromkeys(form.errors, texts_of(request)("problem.invalid")))
    answers = {name.removeprefix("answers."): str(sent[name]) for name in sent if name.startswith("answers.")}
    policy = await request.app[POLICY_NOW].read()
    try:
        async with request.app[DATABASE].write() as session:
            await complete(
                session,
                number,
                policy=policy,
                scope=scope_of(request),
                version=form.version.data,
                by=account_of(request).actor,
                done=True,
                result=form.result.data,
                satisfaction=form.satisfaction.data,
                note=form.note.data or "",
                answers=answers,
            )
    except FormRefused as refused:
        return await _page(request, number, form, _words(request, refused))
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther("/follow-ups")


@routes.post("/follow-ups/{id}/agent")
@needs(Right.FOLLOW_UP)
async def give(request: web.Request) -> web.StreamResponse:
    """Take it, let go of it, or (who leads) give it to somebody."""
    number, sent = number_in_path(request, "id"), await request.post()
    to, version = number_of(str(sent.get("agent", ""))), number_of(str(sent.get("version", "")))
    if version is None:
        raise Problem
    async with request.app[DATABASE].write() as session:
        await may_give(request, session, number, to)
        await assign(session, number, version=version, to=to, by=account_of(request).actor, scope=scope_of(request))
    raise web.HTTPSeeOther(_back(str(sent.get("next", "")), number))


@routes.post("/follow-ups/{id}/tries")
@needs(Right.FOLLOW_UP)
async def not_answered(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await request.post()
    result, version = str(sent.get("result", "")), number_of(str(sent.get("version", "")))
    if version is None or result not in list(TryResult):
        raise Problem
    policy = await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].write() as session:
        await nobody_answered(
            session,
            number,
            TryResult(result),
            version=version,
            by=account_of(request).actor,
            policy=policy,
            scope=scope_of(request),
        )
    raise web.HTTPSeeOther(f"/follow-ups/{number}")


async def may_give(request: web.Request, session: AsyncSession, number: int, to: int | None) -> None:
    """Who does not lead takes what is nobody's, and lets go of what is theirs. Raises Forbidden, NoSuchRecord."""
    account = account_of(request)
    view = await find_follow_up(session, number, scope=scope_of(request))
    if view is None:
        raise NoSuchRecord
    takes = view.agent is None and to == account.id
    lets_go = view.agent == account.id and to is None
    if not (takes or lets_go or may(account, Right.SUPERVISE)):
        raise Forbidden


def _back(wanted: str, number: int) -> str:
    return "/follow-ups" if wanted == "list" else f"/follow-ups/{number}"


def _words(request: web.Request, refused: FormRefused) -> dict[str, str]:
    zh = texts_of(request).lang == "zh"
    return {problem.field: problem.zh if zh else problem.en for problem in refused.problems}


async def _page(
    request: web.Request, number: int, form: FollowUpForm | None = None, wrong: Mapping[str, str] | None = None
) -> web.Response:
    """One follow-up; with a form that was not taken, as it was filled in."""
    async with request.app[DATABASE].read() as session:
        view = await find_follow_up(session, number, scope=scope_of(request))
        if view is None:
            raise NoSuchRecord
        tries = await tries_of(session, number)
        staff = await staff_with(session, CALLERS)
    is_masked = view.elder is not None and not sees_elder(request, view.elder)
    people = {f"user:{user}": name for user, name in staff.items()}
    people |= await names_of_users(request, {one.by for one in tries} | {view.done_by, f"user:{view.agent}"})
    policy = await request.app[POLICY_NOW].read()
    context = {
        "it": masked(view) if is_masked else view,
        "is_masked": is_masked,
        "questions": FORMS[view.kind],
        "tries": tries,
        "most_tries": int(policy.follow_up_tries),
        "results": tuple(TryResult),
        "satisfaction": SATISFACTION,
        "people": people,
        "staff": staff,
        "me": account_of(request).id,
        "form": form,
        "sent": await request.post() if form is not None else {},
        "wrong": wrong or {},
    }
    return render(request, "follow_up.html", context, status=422 if wrong else 200)
