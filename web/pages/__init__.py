"""The pages that people see, one module for each part of the menu."""

from aiohttp import web

from web.pages import (
    audit,
    board,
    cases,
    complaints,
    desk,
    elders,
    exceptions,
    follow_ups,
    imports,
    login,
    orders,
    terminals,
)


def add_routes(app: web.Application) -> None:
    parts = (login, audit, board, cases, desk, imports, elders, follow_ups, orders, complaints, exceptions, terminals)
    for part in parts:
        app.router.add_routes(part.routes)
