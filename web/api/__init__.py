"""The JSON API, `/api/v1`: what programs and our own pages' scripts ask for. One module for each kind of record."""

from typing import Final

from aiohttp import web

from web.api import (
    access,
    alarms,
    audit,
    calls,
    care,
    care_plans,
    cases,
    complaints,
    dispositions,
    elder_files,
    elder_papers,
    elder_parts,
    elders,
    emergency_plans,
    exceptions,
    follow_ups,
    health,
    imports,
    inbound,
    inbound_texts,
    live,
    lookups,
    notes,
    openapi,
    orders,
    phone,
    places,
    policy,
    prompts,
    quality,
    quality_work,
    recordings,
    reports,
    reveals,
    seat_records,
    seats,
    services,
    settlement,
    staffing,
    suppliers,
    terminals,
    users,
    wishes,
    worker,
    worker_ratings,
    workers,
)
from web.api.kit import Operation

ROOT: Final = "/api/v1"
PARTS: Final = (
    access,
    alarms,
    inbound,
    inbound_texts,
    cases,
    notes,
    calls,
    dispositions,
    recordings,
    seats,
    elders,
    elder_parts,
    elder_files,
    elder_papers,
    follow_ups,
    wishes,
    care_plans,
    care,
    orders,
    worker,
    services,
    settlement,
    suppliers,
    workers,
    worker_ratings,
    complaints,
    exceptions,
    live,
    phone,
    health,
    terminals,
    reveals,
    audit,
    lookups,
    users,
    imports,
    seat_records,
    policy,
    places,
    prompts,
    quality,
    quality_work,
    staffing,
    emergency_plans,
    reports,
)


def operations() -> tuple[Operation, ...]:
    """Everything that the API can do; the routes and openapi.json are made from it."""
    return tuple(operation for part in PARTS for operation in part.operations)


def add_routes(app: web.Application) -> None:
    every = operations()
    for operation in every:
        app.router.add_route(operation.method, ROOT + operation.path, operation.handler)
    for path in ("/health", "/ready", "/metrics"):
        handler = next(operation.handler for operation in every if operation.path == path)
        app.router.add_get(path, handler)
    openapi.add_routes(app, ROOT, every)
