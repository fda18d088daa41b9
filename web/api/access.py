"""Logging in and out by JSON: a session cookie for browsers, a bearer token for programs."""

from typing import Any

from aiohttp import web
from aiohttp_session import get_session
from pydantic import Field

from models.web_sessions import LOG_IN_TOKEN
from web.api.kit import Done, Input, Operations, Output, When, answer, read_body
from web.guard import account_of
from web.keys import ACCOUNTS, BEARER
from web.pages.login import begin_session, check, put_log_out_on_record
from web.security import csrf_token

operations = Operations("access")


class LogIn(Input):
    username: str = Field(min_length=1, max_length=60)
    password: str = Field(min_length=1, max_length=1_000)


class LoggedIn(Output):
    """`token` goes into `Authorization: Bearer`. A program that uses the cookie instead sends `csrf_token` in
    `X-CSRF-Token` with every unsafe request."""

    token: str
    expires_at: When
    csrf_token: str
    user: "Me"


class Me(Output):
    id: int
    username: str
    name: str
    roles: list[str]
    seat: str | None
    language: str


@operations("POST", "/login", "Log in", public=True, body=LogIn, result=LoggedIn)
async def log_in(request: web.Request) -> web.StreamResponse:
    given = await read_body(request, LogIn)
    account = await check(request, given.username, given.password)
    token, row = await request.app[ACCOUNTS].issue_token(account.id, LOG_IN_TOKEN)
    key = await begin_session(request, account)
    me = Me(**_me(account))
    said = LoggedIn(token=token, expires_at=row.expires_at, csrf_token=csrf_token(request, key), user=me)
    return answer(said)


@operations("POST", "/logout", "Log out: ends the session, or the token that was used", result=Done)
async def log_out(request: web.Request) -> web.StreamResponse:
    await put_log_out_on_record(request)
    if request.get(BEARER):
        await request.app[ACCOUNTS].end_token(request.headers["Authorization"].partition(" ")[2].strip())
    else:
        (await get_session(request)).invalidate()
    return answer(Done())


@operations("GET", "/me", "Who am I", result=Me)
async def me(request: web.Request) -> web.StreamResponse:
    return answer(Me(**_me(account_of(request))))


def _me(account: Any) -> dict[str, Any]:
    return {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "roles": sorted(account.roles),
        "seat": account.seat,
        "language": account.lang,
    }
