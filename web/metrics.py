"""Figures for Prometheus, of this application only. No label may hold a person, a number or an address."""

import time

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from web.logs import Handler

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # else anybody could make up series


class Metrics:
    """One registry for each application, so that several can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="yjt_web", registry=self.registry)
        self.requests = Counter(
            "yjt_web_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram("yjt_web_request_seconds", "Time to answer", ["route"], registry=self.registry)
        self.live_clients = Gauge("yjt_web_live_clients", "Open live connections", registry=self.registry)
        self.dropped = Counter("yjt_web_live_dropped", "Live clients dropped for being slow", registry=self.registry)
        self.controller = Gauge(
            "yjt_web_controller_reachable", "1 while the controller is heard", registry=self.registry
        )
        self.shown = Histogram(
            "yjt_web_file_shown_seconds",
            "From the message that a seat will ring to the file on its screen",
            buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            registry=self.registry,
        )
        self.late = Histogram(
            "yjt_web_loop_lag_seconds",
            "How late the web's event loop is",
            buckets=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3),
            registry=self.registry,
        )


def measuring(metrics: Metrics) -> Middleware:
    """The middleware that counts requests by route."""

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as answer:
            status = answer.status
            raise
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource else "-"
            method = request.method if request.method in METHODS else "other"
            metrics.requests.labels(route, method, str(status)).inc()
            metrics.seconds.labels(route).observe(time.perf_counter() - started)

    return measure
