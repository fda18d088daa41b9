"""The pages that people see, one module for each part of the menu."""

from typing import Final

from aiohttp import web

from web.pages import (
    account,
    admin,
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
    exports,
    follow_ups,
    imports,
    login,
    lookups,
    orders,
    repairs,
    services,
    supplier_exports,
    supplier_orders,
    supplier_workers,
    suppliers,
    terminals,
    visit_cards,
    wallboard,
    worker,
)

PARTS: Final = (
    login,
    account,
    audit,
    board,
    wallboard,
    cases,
    desk,
    imports,
    exports,
    elders,
    elder_papers,
    elder_history,
    duplicates,
    repairs,
    follow_ups,
    orders,
    supplier_orders,
    visit_cards,
    worker,
    supplier_exports,
    suppliers,
    supplier_workers,
    services,
    complaints,
    exceptions,
    terminals,
    lookups,
)


def add_routes(app: web.Application) -> None:
    for part in PARTS:
        app.router.add_routes(part.routes)
    admin.add_routes(app)
