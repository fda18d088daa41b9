"""The pages that people see, one module for each part of the menu."""

from aiohttp import web

from web.pages import (
    admin,
    audit,
    board,
    cases,
    complaints,
    desk,
    elders,
    exceptions,
    follow_ups,
    login,
    orders,
    terminals,
)


def add_routes(app: web.Application) -> None:
    for part in (login, audit, board, cases, desk, elders, follow_ups, orders, complaints, exceptions, terminals):
        app.router.add_routes(part.routes)
    admin.add_routes(app)
