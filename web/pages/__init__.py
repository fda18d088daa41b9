"""The pages that people see, one module for each part of the menu."""

from typing import Final

from aiohttp import web

from web.pages import (
    account,
    admin,
    audit,
    board,
    calibrations,
    care,
    care_people,
    care_plans,
    care_results,
    cases,
    complaint_archives,
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
