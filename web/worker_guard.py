"""Who holds the link from the SMS: the worker's page sends it as `Authorization: Worker <token>`, never as a cookie, so
that no other site's page can make a browser send it."""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import utc_now
from models.orders.links import worker_of
from models.suppliers.records import Worker
from web.problems import Unauthorized

_SCHEME = "worker"


def token_of(request: web.Request) -> str:
    """Raises Unauthorized: none was sent."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        raise Unauthorized("worker_page.no_link")
    return token.strip()


async def worker_in(request: web.Request, session: AsyncSession, *, lock: bool = False) -> Worker:
    """Whose link it is; `lock` before something of theirs is changed. Raises Unauthorized: it opens nothing now."""
    found = await worker_of(session, token_of(request), utc_now(), lock=lock)
    if found is None:
        raise Unauthorized("worker_page.no_link")
    return found
