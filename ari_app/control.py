"""The control API, on loopback only: what the web sees live and what agents ask for. JSON in, JSON out, one token.

It serves the web process of the same home, never a browser: rights and languages are the web's business.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from ari_app.ari import AriError
from ari_app.asking import ask
from ari_app.bus import Message, TooSlow
from ari_app.calling_out import call_out
from ari_app.control_door import TOKEN, Refused, body_of, guarded
from ari_app.controller import Controller
from ari_app.desk import SeatNotFree
from ari_app.handsets import HandsetAction
from ari_app.lease import LeaseLost
from ari_app.live import case_json
from ari_app.load import load_of
from ari_app.prompt_takes import FOLDER, Take
from ari_app.requests import BadRequest, actor_of, parse_action, parse_call, parse_report
from ari_app.runner import CaseRun
from ari_app.sip_watch import SipWatch
from ari_app.strangers import parse_network
from home.asterisk import AsteriskError
from home.programs import ProgramMissing
from ivr.events import FileShown

log = structlog.get_logger(__name__)
CONTROLLER = web.AppKey("controller", Controller)
RELOAD: web.AppKey[Callable[[], Awaitable[None]]] = web.AppKey("reload")
SEAT_CHOSE: web.AppKey[Callable[[str], None]] = web.AppKey("seat_chose")
INTERLOCK: web.AppKey[Callable[[], Awaitable[None]]] = web.AppKey("interlock")
HEARTBEAT = 5.0
LARGEST_BODY = 64 * 1024
_NUMBER = re.compile("[0-9]{1,18}")


def _run(request: web.Request) -> CaseRun:
    run = request.app[CONTROLLER].runs.get(request.match_info["case"])
    if run is None:
        raise Refused(404, "unknown_case", "there is no such live case")
    return run


async def get_state(request: web.Request) -> web.Response:
    return web.Response(text=request.app[CONTROLLER].picture(), content_type="application/json")


async def get_live(request: web.Request) -> web.StreamResponse:
    """WebSocket; `?after=N` resumes behind message N."""
    after = request.query.get("after", "")
    resume = int(after) if _NUMBER.fullmatch(after) else None
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT)
    await socket.prepare(request)
    with request.app[CONTROLLER].bus.listen(resume) as messages:
        sender = asyncio.create_task(_send_all(socket, messages), name="live")
        try:
            async for _ in socket:
                pass  # nothing is expected; reading keeps the heartbeat alive and notices the end
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
    return socket


async def _send_all(socket: web.WebSocketResponse, messages: AsyncIterator[Message]) -> None:
    try:
        async for message in messages:
            await socket.send_str(message.text)
    except TooSlow:
        await socket.close(code=1013, message=b"too slow, resume with after")
    except ConnectionError:
        pass  # the console has gone
    except Exception:
        # The outermost guard: a console that is told nothing more must know it, and come back.
        log.exception("a console cannot be told")
        await socket.close(code=1011, message=b"a mistake of the controller's, resume with after")


async def post_action(request: web.Request) -> web.Response:
    run = _run(request)
    controller = request.app[CONTROLLER]
    refusal = await ask(controller.desk, run, parse_action(await body_of(request), controller.now()))
    if refusal is not None:
        raise Refused(409, refusal.reason.value, refusal.detail or refusal.reason.value)
    return web.json_response({"case": case_json(run, controller.now())})


async def post_call(request: web.Request) -> web.Response:
    """An agent rings somebody: their own phone first."""
    controller = request.app[CONTROLLER]
    wanted = parse_call(await body_of(request), controller.now())
    run = await call_out(controller.desk, controller.reception, wanted)
    return web.json_response({"case": case_json(run, controller.now())})


async def post_report(request: web.Request) -> web.Response:
    """A device's report, kept by whoever hands it in until the answer says that it is on record."""
    body = await body_of(request)
    taken = await request.app[CONTROLLER].reception.report(parse_report(body), by=actor_of(body))
    return web.json_response({"case": taken.case, "durable": taken.durable})


async def post_shown(request: web.Request) -> web.Response:
    run = _run(request)
    body = await body_of(request)
    controller = request.app[CONTROLLER]
    seat = controller.desk.seat(str(body.get("extension")))
    run.post(FileShown(at=controller.now(), actor=actor_of(body), extension=seat.extension))
    return web.json_response({})


async def post_seat_state(request: web.Request) -> web.Response:
    controller = request.app[CONTROLLER]
    desk, seat = controller.desk, controller.desk.seat(request.match_info["extension"])
    body = await body_of(request)
    actor_of(body)
    by = str(body.get("by") or "")[:60]
    match body.get("state"):
        case "ready":
            desk.set_ready(seat.extension, by)
        case "wrap_up":
            controller.wrap_ups.prolong(seat.extension)
            return web.json_response(controller.seat_json(seat))
        case "paused":
            desk.pause(seat.extension, str(body.get("reason") or "")[:60], by)
        case _:
            raise BadRequest(state="`ready`, `paused`, or `wrap_up` for more of it")
    request.app[SEAT_CHOSE](seat.extension)
    return web.json_response(controller.seat_json(seat))


async def post_seat_phone(request: web.Request) -> web.Response:
    """Work the SIP telephone of a seat: `answer`, `hangup`, `mute`, `unmute`; of either phone: `hold`, `unhold`."""
    controller, body = request.app[CONTROLLER], await body_of(request)
    actor_of(body)
    seat = controller.desk.seat(request.match_info["extension"])
    try:
        action = HandsetAction(str(body.get("action")))
    except ValueError:
        raise BadRequest(action=f"one of {', '.join(HandsetAction)}") from None
    try:
        await controller.handsets.do(seat.extension, action)
    except (AriError, AsteriskError, ProgramMissing) as problem:
        raise Refused(503, "asterisk_unreachable", type(problem).__name__) from problem
    return web.json_response(controller.seat_json(seat))


async def post_reload(request: web.Request) -> web.Response:
    await request.app[RELOAD]()
    return web.json_response({})


async def get_sip(request: web.Request) -> web.Response:
    """Who has knocked at the SIP door since the start, by service and kind, and how many addresses are banned."""
    watch = _watch(request)
    return web.json_response({"banned": len(watch.banned()), "counted": dict(watch.counted)})


async def post_lift(request: web.Request) -> web.Response:
    body = await body_of(request)
    try:
        network = parse_network(str(body.get("address")))
    except ValueError:
        raise BadRequest(address="an IP address") from None
    return web.json_response({"lifted": await _watch(request).lift(network, str(body.get("by") or "")[:60])})


def _watch(request: web.Request) -> SipWatch:
    watch = request.app[CONTROLLER].sip_watch
    if watch is None:
        raise Refused(503, "no_watch", "nobody watches the SIP door")
    return watch


async def post_take(request: web.Request) -> web.Response:
    """Ring a seat's phone, so that a prompt is spoken into it."""
    controller, body = request.app[CONTROLLER], await body_of(request)
    actor_of(body)
    seat = controller.desk.seat(str(body.get("extension")))
    if seat.case is not None:
        raise SeatNotFree("seat_not_free")
    if seat.disabled:
        raise SeatNotFree("seat_disabled")
    if not seat.registered:
        raise SeatNotFree("seat_offline")
    return _take_json(controller.prompt_takes.begin(seat.extension))


async def get_take(request: web.Request) -> web.Response:
    take = request.app[CONTROLLER].prompt_takes.take(request.match_info["take"])
    if take is None:
        raise Refused(404, "unknown_take", "there is no such take")
    return _take_json(take)


def _take_json(take: Take) -> web.Response:
    return web.json_response({"take": take.id, "state": take.state.value, "file": f"{FOLDER}/{take.id}.wav"})


async def get_seats(request: web.Request) -> web.Response:
    controller = request.app[CONTROLLER]
    seats = controller.desk.seats.values()
    return web.json_response({"seats": [controller.seat_json(seat) for seat in seats]})


async def get_load(request: web.Request) -> web.Response:
    return web.json_response(load_of(request.app[CONTROLLER]))


async def get_health(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def get_ready(request: web.Request) -> web.Response:
    """503 when calls cannot be handled; `degraded` says what else does not work."""
    controller = request.app[CONTROLLER]
    ready = not controller.link_problem
    body = {"ready": ready, "degraded": controller.degraded}
    return web.json_response(body, status=200 if ready else 503)


async def get_metrics(request: web.Request) -> web.Response:
    """For the web, which shows them with its own."""
    text = await request.app[CONTROLLER].figures_text()
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


@web.middleware
async def by_the_active_one(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """One who was frozen and may have been replaced accepts nothing, for an agent would believe that it was done, and
    tells nothing, for it is of long ago."""
    if request.path != "/health":
        try:
            await request.app[INTERLOCK]()
        except LeaseLost:
            await refer_to_another(request)
    return await handler(request)


def make_app(
    controller: Controller,
    *,
    token: str,
    interlock: Callable[[], Awaitable[None]],
    reload: Callable[[], Awaitable[None]],
    seat_chose: Callable[[str], None],
) -> web.Application:
    """`interlock` is awaited before anything is done; it raises LeaseLost when that is for another controller."""
    app = web.Application(middlewares=[guarded, by_the_active_one], client_max_size=LARGEST_BODY)
    app[CONTROLLER], app[TOKEN], app[RELOAD], app[SEAT_CHOSE] = controller, token, reload, seat_chose
    app[INTERLOCK] = interlock
    app.add_routes(
        [
            web.get("/state", get_state),
            web.get("/live", get_live),
            web.get("/load", get_load),
            web.get("/seats", get_seats),
            web.get("/health", get_health),
            web.get("/ready", get_ready),
            web.get("/metrics", get_metrics),
            web.post("/reports", post_report),
            web.post("/calls", post_call),
            web.post("/cases/{case}/actions", post_action),
            web.post("/cases/{case}/shown", post_shown),
            web.post("/seats/{extension}/state", post_seat_state),
            web.post("/seats/{extension}/phone", post_seat_phone),
            web.post("/reload", post_reload),
            web.post("/takes", post_take),
            web.get("/takes/{take}", get_take),
            web.get("/sip", get_sip),
            web.post("/sip/lift", post_lift),
        ]
    )
    return app


def make_stand_by_app(*, token: str) -> web.Application:
    """What a stand-by says: that it lives, and to whoever wants more that another controller is the one to ask."""
    app = web.Application(middlewares=[guarded], client_max_size=LARGEST_BODY)
    app[TOKEN] = token
    app.add_routes([web.get("/health", get_health), web.route("*", "/{anything:.*}", refer_to_another)])
    return app


async def refer_to_another(request: web.Request) -> web.Response:
    raise Refused(503, "stand_by", "this controller stands by; another one is active")


@asynccontextmanager
async def listening(app: web.Application, port: int) -> AsyncIterator[None]:
    """Served on loopback. Raises OSError: the port cannot be listened on."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        starting = asyncio.create_task(web.TCPSite(runner, "127.0.0.1", port).start(), name="control-port")
        try:
            await asyncio.shield(starting)
        finally:
            await asyncio.wait({starting})  # cancelled in the middle of it, asyncio loses the socket and keeps the port
        yield
    finally:
        await runner.cleanup()
