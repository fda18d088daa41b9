"""The pages that people see, one module for each part of the menu."""

from aiohttp import web

from web.pages import (
    audit,
    board,
    cases,
    complaints,
    desk,
    duplicates,
    elder_history,
    elder_papers,
    elders,
    exceptions,
    follow_ups,
    login,
    orders,
    repairs,
    terminals,
)


def add_routes(app: web.Application) -> None:
    for part in (login, audit, board, cases, desk, elders, follow_ups, orders, complaints, exceptions, terminals):
        app.router.add_routes(part.routes)
    for part in (elder_papers, elder_history, duplicates, repairs):
        app.router.add_routes(part.routes)
