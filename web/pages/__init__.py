"""The pages that people see, one module for each part of the menu."""

from typing import Final

from aiohttp import web

from web.pages import (
    account,
    admin,
    audit,
    board,
    care,
    care_people,
    care_plans,
    care_results,
    cases,
    complaint_archives,
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
    terminals,
    visit_samples,
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
    visit_samples,
    care,
    care_plans,
    care_people,
    care_results,
    orders,
    complaints,
    complaint_archives,
    exceptions,
    terminals,
    lookups,
)


def add_routes(app: web.Application) -> None:
    for part in PARTS:
        app.router.add_routes(part.routes)
    admin.add_routes(app)
