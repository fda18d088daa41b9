"""Rights at the door of a handler, and every failure turned into its answer: a page, or JSON below `/api/`."""

from collections.abc import Callable
from functools import wraps
from typing import Final

from aiohttp import web
from yarl import URL

from home.failures import where_it_failed
from models.database import DatabaseUnavailable
from models.orders.states import IllegalStep
from models.register import ElderMerged, FormRefused, NoSuchElder
from models.versions import NoSuchRecord, VersionConflict
from web.accounts import Account
from web.keys import ACCOUNT
from web.logs import Handler, log
from web.problems import Conflict, Forbidden, Invalid, NotFound, Problem, TooMany, Unauthorized, Unavailable, WaitFirst
from web.render import render, texts_of
from web.rights import Right, may

API: Final = "/api/"


def needs(*rights: Right) -> Callable[[Handler], Handler]:
    """Only for people who are logged in and, when rights are named, have one of them."""

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            account = account_of(request)
            if rights and not any(may(account, right) for right in rights):
                raise Forbidden
            return await handler(request)

        return guarded

    return guard


def account_of(request: web.Request) -> Account:
    """Who asks. Raises Unauthorized when nobody is logged in."""
    if ACCOUNT not in request:
        raise Unauthorized
    return request[ACCOUNT]


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tells what went wrong to the person who asked; to the log only its kind and place."""
    try:
        return await handler(request)
    except Problem as problem:
        return _answer(request, problem)
    except (NoSuchElder, NoSuchRecord, VersionConflict, FormRefused, IllegalStep) as refusal:
        if isinstance(refusal, ElderMerged) and request.method in ("GET", "HEAD"):
            return _led_on(request, refusal.into)
        return _answer(request, _of_models(request, refusal))
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        return _answer(request, _of_http(answer))
    except DatabaseUnavailable as error:
        log.error("database_unavailable", **where_it_failed(error))
        return _answer(request, Unavailable("problem.database"))
    except ConnectionResetError:
        raise
    except Exception as error:  # noqa: BLE001 - the request's outermost guard
        log.error("request_failed", **where_it_failed(error))
        return _answer(request, Problem("problem.internal", status=500))


def _led_on(request: web.Request, elder: int) -> web.Response:
    """To the file that the one which was asked for is part of now."""
    place = request.path.replace(f"/elders/{request.match_info.get('id', '')}", f"/elders/{elder}", 1)
    return web.Response(status=308, headers={"Location": str(URL(place).with_query(request.query))})


def _of_models(
    request: web.Request, refusal: NoSuchElder | NoSuchRecord | VersionConflict | FormRefused | IllegalStep
) -> Problem:
    match refusal:
        case NoSuchElder():
            return NotFound("problem.no_elder")
        case NoSuchRecord():
            return NotFound()
        case VersionConflict():
            return Conflict("problem.version", fields={"version": str(refusal.current)})
        case IllegalStep():
            t = texts_of(request)
            states = {"before": t(f"order_state.{refusal.before}"), "after": t(f"order_state.{refusal.after}")}
            return Conflict("order_step.refused", code="order_state", values=states)
        case FormRefused():
            lang = texts_of(request).lang
            severe = [problem for problem in refusal.problems if problem.severe]
            return Invalid(fields={p.field: p.zh if lang == "zh" else p.en for p in severe})


def _of_http(answer: web.HTTPException) -> Problem:
    known = {404: NotFound, 403: Forbidden, 401: Unauthorized, 409: Conflict}
    if answer.status in known:
        return known[answer.status]()
    keys = {405: "problem.method", 413: "problem.too_large", 415: "problem.media_type"}
    return Problem(keys.get(answer.status, "problem.bad_request"), status=answer.status)


def _answer(request: web.Request, problem: Problem) -> web.StreamResponse:
    response: web.Response
    if request.path.startswith(API):
        response = web.json_response(problem.as_json(texts_of(request)), status=problem.status)
    elif isinstance(problem, Unauthorized) and request.method == "GET" and not _is_fragment(request):
        back = URL("/login").with_query(next=request.path_qs) if request.path != "/" else URL("/login")
        response = web.Response(status=303, headers={"Location": str(back)})
    else:
        response = render(request, "problem.html", {"problem": problem}, status=problem.status)
    if isinstance(problem, TooMany | WaitFirst):
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def _is_fragment(request: web.Request) -> bool:
    return request.path.startswith("/fragments/")
