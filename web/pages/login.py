"""Logging in and out, the language switch, the way home. Passwords pass through here and are kept nowhere."""

from math import ceil
from secrets import token_urlsafe
from typing import Final

from aiohttp import web
from aiohttp_session import get_session, new_session
from yarl import URL

from models.audit import audit
from models.base import utc_now
from models.database import DatabaseUnavailable
from models.people import LockedOut, LogInRefused, is_screen, verify_password
from web.accounts import Account, account_of
from web.guard import account_of as signed_in
from web.keys import ACCOUNT, DATABASE, LOGINS
from web.logs import log
from web.menu import menu_of
from web.origin import LANG_COOKIE, address_of, is_https
from web.problems import Problem, TooMany, WaitFirst
from web.render import lang_of, render
from web.rights import Right, may
from web.sessions import SCREEN, USER
from web.texts import as_lang

routes = web.RouteTableDef()
YEAR: Final = 365 * 24 * 3600
LONGEST_PASSWORD: Final = 1_000
WHOLE_OFFICE: Final = 0.2  # a shift begins for everybody behind one address at once


@routes.get("/")
async def home(request: web.Request) -> web.StreamResponse:
    """An agent goes to the desk, others to the board; who may see neither goes to the first page of the menu."""
    account = signed_in(request)
    if account.seat and may(account, Right.HANDLE_CASES):
        raise web.HTTPSeeOther("/desk")
    if may(account, Right.SEE_LIVE):
        raise web.HTTPSeeOther("/board")
    first = next((entry.href for part in menu_of(account) for entry in part.entries), "/account")
    raise web.HTTPSeeOther(first)


@routes.get("/login")
async def login_page(request: web.Request) -> web.StreamResponse:
    if ACCOUNT in request:
        raise web.HTTPSeeOther(_back(request.query.get("next", "")))
    return render(request, "login.html", {"problem": None, "username": "", "next": request.query.get("next", "")})


@routes.post("/login")
async def log_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    username, password, back = (str(form.get(name, "")) for name in ("username", "password", "next"))
    try:
        account = await check(request, username, password)
    except Problem as problem:
        context = {"problem": problem, "username": username[:60], "next": back}
        response = render(request, "login.html", context, status=problem.status)
        if isinstance(problem, TooMany | WaitFirst):
            response.headers["Retry-After"] = str(problem.retry_after)
        return response
    await begin_session(request, account)
    raise web.HTTPSeeOther(_back(back))


@routes.post("/logout")
async def log_out(request: web.Request) -> web.StreamResponse:
    await put_log_out_on_record(request)
    (await get_session(request)).invalidate()
    raise web.HTTPSeeOther("/login")


@routes.post("/language")
async def switch_language(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    lang = as_lang(form.get("lang"), lang_of(request))
    response = web.HTTPSeeOther(_back(str(form.get("next", ""))))
    secure = is_https(request)
    response.set_cookie(LANG_COOKIE, lang, max_age=YEAR, httponly=True, samesite="Lax", secure=secure)
    raise response


async def put_log_out_on_record(request: web.Request) -> None:
    """Who leaves leaves, also while nothing can be written."""
    account = request.get(ACCOUNT)
    if account is None:
        return
    try:
        async with request.app[DATABASE].write() as session:
            audit(session, account.actor, "log_out", account.actor)
    except DatabaseUnavailable:
        log.error("audit_missing", action="log_out", actor=account.actor)


async def check(request: web.Request, username: str, password: str) -> Account:
    """The account of this name and password.

    Raises TooMany when tries come too fast, WaitFirst (423) after too many wrong ones, Problem 401 (`wrong_password`).
    """
    logins, address = request.app[LOGINS], address_of(request)
    wait = logins.take(f"as {username.strip().lower()[:60]} from {address}")
    wait = wait or logins.take(f"from {address}", weight=WHOLE_OFFICE)
    if wait:
        raise TooMany(wait)
    try:
        user = await verify_password(request.app[DATABASE], username[:60], password[:LONGEST_PASSWORD], address=address)
    except LockedOut as locked:
        raise WaitFirst(ceil((locked.until - utc_now()).total_seconds())) from locked
    except LogInRefused as refused:
        raise Problem("problem.wrong_password", status=401) from refused
    async with request.app[DATABASE].read() as session:
        return await account_of(session, user)


async def begin_session(request: web.Request, account: Account) -> str:
    """A session under a new key, whatever the browser held before; the key."""
    session = await new_session(request)
    key = token_urlsafe(32)
    session.set_new_identity(key)
    session[USER] = account.id
    if is_screen(account.roles):
        session[SCREEN] = True
    return key


def _back(where: str) -> str:
    """A page of ours, never another site's."""
    try:
        url = URL(where)
    except ValueError:
        return "/"
    ours = where.startswith("/") and not where.startswith(("//", "/\\")) and not url.absolute
    return where if ours and "\n" not in where and "\r" not in where else "/"
