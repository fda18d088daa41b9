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
    exports,
    follow_ups,
    imports,
    login,
    orders,
    terminals,
)


def add_routes(app: web.Application) -> None:
    lists = (cases, elders, follow_ups, orders, complaints, exceptions, terminals)
    for part in (login, audit, board, desk, imports, exports, *lists):
        app.router.add_routes(part.routes)
