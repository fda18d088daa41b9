"""For machines that watch us: does the process live, can calls be handled, figures. Open to all: no personal data, and
no names of folders and machines but for those who are logged in."""

from aiohttp import web

from web.api.kit import Operations, Output, answer
from web.condition import Fault, Rung
from web.keys import ACCOUNT, FIGURES, LOOKING, METRICS, MIRROR, TEXTS
from web.rights import Right, may

operations = Operations("health")


class Health(Output):
    ok: bool


class Reason(Output):
    """One thing that does not work, in words. `code` is for programs; `detail` is empty for those who are not logged
    in; what to do stands in `advice_zh` and `advice_en`."""

    code: str
    zh: str
    en: str
    advice_zh: str
    advice_en: str
    detail: str


class Readiness(Output):
    """`rung`: who would serve a call now. `degraded`: what does not work, each as `code: words`, and the same with more
    words in `reasons`; calls are handled all the same while `ready`."""

    ready: bool
    rung: Rung
    degraded: list[str]
    reasons: list[Reason]


@operations("GET", "/health", "The process lives", public=True, result=Health)
async def health(request: web.Request) -> web.StreamResponse:
    return answer(Health(ok=True))


@operations("GET", "/ready", "Calls can be handled (503 when not), and what is degraded", public=True, result=Readiness)
async def ready(request: web.Request) -> web.StreamResponse:
    condition = await request.app[LOOKING].now()
    inside = ACCOUNT in request and may(request[ACCOUNT], Right.SEE_LIVE)
    reasons = [_reason(request, fault, inside=inside) for fault in condition.faults]
    found = Readiness(
        ready=condition.ready,
        rung=condition.rung,
        degraded=[f"{reason.code}: {reason.en}" for reason in reasons],
        reasons=reasons,
    )
    return answer(found, status=200 if condition.ready else 503)


def _reason(request: web.Request, fault: Fault, *, inside: bool) -> Reason:
    zh, en = request.app[TEXTS]["zh"], request.app[TEXTS]["en"]
    return Reason(
        code=fault.code,
        zh=zh.word("degraded", fault.code),
        en=en.word("degraded", fault.code),
        advice_zh=zh.advice(fault.code),
        advice_en=en.advice(fault.code),
        detail=fault.detail if inside else "",
    )


@operations("GET", "/metrics", "Figures for Prometheus", public=True, media="text/plain")
async def metrics(request: web.Request) -> web.StreamResponse:
    request.app[METRICS].controller.set(request.app[MIRROR].reachable)
    figures = await request.app[FIGURES].text()
    return web.Response(body=figures, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
