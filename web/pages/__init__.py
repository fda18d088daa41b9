"""The pages that people see, one module for each part of the menu."""

from typing import Final

from aiohttp import web

from web.pages import (
    account,
    admin,
    audit,
    board,
    calibrations,
    cases,
    complaints,
    desk,
    drills,
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
    my_reviews,
    orders,
    plans,
    quality,
    quality_results,
    repairs,
    score_sheets,
    staffing,
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
    imports,
    exports,
    elders,
    elder_papers,
    elder_history,
    duplicates,
    repairs,
    follow_ups,
    orders,
    complaints,
    exceptions,
    terminals,
    lookups,
    quality,
    quality_results,
    score_sheets,
    calibrations,
    my_reviews,
    staffing,
    plans,
    drills,
)


def add_routes(app: web.Application) -> None:
    for part in PARTS:
        app.router.add_routes(part.routes)
    admin.add_routes(app)
