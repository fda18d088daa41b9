"""aiohttp-session on our database: the cookie holds a random key, everything else stays with us.

Also the middleware that says who is asking, by cookie or by bearer token.
"""

from secrets import token_urlsafe
from typing import Final

from aiohttp import web
from aiohttp_session import AbstractStorage, Session

from web.accounts import Accounts
from web.keys import ACCOUNT, ACCOUNTS, BEARER
from web.logs import Handler
from web.origin import SESSION_COOKIE, is_https
from web.problems import Unauthorized

USER: Final = "user"
SCREEN: Final = "screen"  # on a wall: the log-in outlives the browser, as after a power cut
YEAR: Final = 365 * 24 * 3600


class DatabaseStorage(AbstractStorage):
    """Only sessions of somebody are kept; a visitor who has not logged in leaves no row."""

    def __init__(self, accounts: Accounts) -> None:
        super().__init__(cookie_name=SESSION_COOKIE, httponly=True, samesite="Lax")
        self._accounts = accounts

    async def load_session(self, request: web.Request) -> Session:
        key = self.load_cookie(request)
        found = await self._accounts.of_session(key) if key else None
        if found is None:
            return Session(None, data=None, new=True)
        return Session(key, data={"session": found.data}, new=False)

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        old = self.load_cookie(request)
        if old and (session.empty or session.new):
            await self._accounts.end_session(old)
        if session.empty:
            self.save_cookie(response, "")
            return
        key = session.identity or token_urlsafe(32)
        await self._accounts.start_session(key, dict(session), user_id=int(session[USER]))
        self.save_cookie(response, key)
        if session.get(SCREEN):
            response.cookies[SESSION_COOKIE]["max-age"] = YEAR
        if is_https(request):
            response.cookies[SESSION_COOKIE]["secure"] = True


@web.middleware
async def who_is_asking(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Puts the account on the request; a bearer token that is not valid ends it."""
    accounts = request.app[ACCOUNTS]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = await accounts.of_token(token.strip())
        if found is None:
            raise Unauthorized("problem.token")
        request[BEARER] = True
    elif request.path.startswith("/static/"):
        return await handler(request)
    else:
        key = request.cookies.get(SESSION_COOKIE)
        found = await accounts.of_session(key) if key else None
    if found is not None:
        request[ACCOUNT] = found.account
    return await handler(request)
