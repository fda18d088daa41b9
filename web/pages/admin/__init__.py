"""The pages of administration, one module for each; the first that somebody may see is what `/admin` leads to."""

from aiohttp import web

from web.guard import account_of, needs
from web.pages.admin import codes, days, numbers, places, policy, prompts, seats, takes, users
from web.pages.admin.kit import SECTIONS
from web.problems import Forbidden
from web.rights import may

PARTS = (policy, seats, users, prompts, takes, places, numbers, days, codes)


@needs()
async def first(request: web.Request) -> web.StreamResponse:
    account = account_of(request)
    for right, name in SECTIONS:
        if may(account, right):
            raise web.HTTPSeeOther(f"/admin/{name}")
    raise Forbidden


def add_routes(app: web.Application) -> None:
    app.router.add_get("/admin", first)
    for part in PARTS:
        app.router.add_routes(part.routes)
