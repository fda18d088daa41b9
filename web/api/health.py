"""For machines that watch us: does the process live, can calls be handled, figures. Open to all: no personal data."""

from aiohttp import web
from sqlalchemy import text

from models.database import DatabaseUnavailable
from web.api.kit import Operations, Output, answer
from web.keys import DATABASE, METRICS, MIRROR

operations = Operations("health")


class Health(Output):
    ok: bool


class Readiness(Output):
    """`degraded`: what does not work, each as `part: reason`; calls are handled all the same while `ready`."""

    ready: bool
    degraded: list[str]


@operations("GET", "/health", "The process lives", public=True, result=Health)
async def health(request: web.Request) -> web.StreamResponse:
    return answer(Health(ok=True))


@operations("GET", "/ready", "Calls can be handled (503 when not), and what is degraded", public=True, result=Readiness)
async def ready(request: web.Request) -> web.StreamResponse:
    mirror = request.app[MIRROR]
    degraded = list(mirror.degraded)
    if not mirror.reachable:
        degraded.append("controller: cannot be reached")
    try:
        async with request.app[DATABASE].read() as session:
            await session.execute(text("SELECT 1"))
    except DatabaseUnavailable:
        degraded.append("database: cannot be reached")
    can_call = mirror.reachable and not any(what.startswith("asterisk") for what in degraded)
    return answer(Readiness(ready=can_call, degraded=degraded), status=200 if can_call else 503)


@operations("GET", "/metrics", "Figures for Prometheus", public=True, media="text/plain")
async def metrics(request: web.Request) -> web.StreamResponse:
    figures = request.app[METRICS]
    figures.controller.set(request.app[MIRROR].reachable)
    return web.Response(body=figures.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
