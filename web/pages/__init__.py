"""The pages that people see, one module for each part of the menu."""

from typing import Final

from aiohttp import web

from web.pages import (
    account,
    audit,
    board,
    cases,
    complaints,
    desk,
    elders,
    exceptions,
    follow_ups,
    login,
    lookups,
    orders,
    terminals,
    wallboard,
)

PARTS: Final = (
    login,
    account,
    audit,
    board,
    wallboard,
    cases,
    desk,
    elders,
    follow_ups,
    orders,
    complaints,
    exceptions,
    terminals,
    lookups,
)


def add_routes(app: web.Application) -> None:
    for part in PARTS:
        app.router.add_routes(part.routes)
