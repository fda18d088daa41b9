"""The recording of a plan of care calls: uploaded, or spoken into one's own phone, heard, and taken away again."""

from functools import partial

from aiohttp import web

from home.prompt_files import LONGEST
from models.care.recordings import find_recorded
from models.register import FormRefused
from web import prompt_takes
from web.api.kit import number_in_path
from web.guard import needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, refusal, typed
from web.pages.care_plans import one_plan
from web.places import scope_of
from web.plan_recordings import put_back, take_recording
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
RECORDING = "recording"


@routes.post("/care/plans/{id}/recording")
@needs(Right.PLAN_CARE)
async def upload(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    given = sent.data.get("sound")
    try:
        await take_recording(request, number, given.file.read() if isinstance(given, web.FileField) else b"")
    except FormRefused as why:
        return await one_plan(request, refusal(request, RECORDING, sent, why))
    raise _back_to(number)


@routes.post("/care/plans/{id}/recording/default")
@needs(Right.PLAN_CARE)
async def restore(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    await put_back(request, number)
    raise _back_to(number)


@routes.post("/care/plans/{id}/recording/takes")
@needs(Right.PLAN_CARE)
async def begin(request: web.Request) -> web.StreamResponse:
    number = await _plan(request)
    take = await prompt_takes.begin(request)
    raise web.HTTPSeeOther(f"/care/plans/{number}/recording/takes/{take}")


@routes.get("/care/plans/{id}/recording/takes/{take}")
@needs(Right.PLAN_CARE)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.get("/care/plans/{id}/recording/takes/{take}/sound")
@needs(Right.PLAN_CARE)
async def sound(request: web.Request) -> web.StreamResponse:
    await _plan(request)
    path = await prompt_takes.sound_of(request, request.match_info["take"])
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


@routes.post("/care/plans/{id}/recording/takes/{take}")
@needs(Right.PLAN_CARE)
async def use(request: web.Request) -> web.StreamResponse:
    number, sent = await _plan(request), await typed(request)
    try:
        await prompt_takes.use(request, request.match_info["take"], partial(take_recording, request, number))
    except FormRefused as why:
        return await _page(request, refusal(request, "take", sent, why))
    raise _back_to(number)


async def _plan(request: web.Request) -> int:
    """The number of the plan in the address, which is in sight and may have a recording."""
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await find_recorded(session, number, scope=scope_of(request))
    return number


async def _page(request: web.Request, refused: Refused | None = None) -> web.Response:
    number, take = number_in_path(request, "id"), request.match_info["take"]
    async with request.app[DATABASE].read() as session:
        plan = await find_recorded(session, number, scope=scope_of(request))
    state = await prompt_takes.state_of(request, take)
    context = {"plan": plan, "take": take, "state": state, "longest": LONGEST, "refused": refused}
    return render(request, "care_take.html", context, status=refused.status if refused else 200)


def _back_to(plan: int) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/care/plans/{plan}#{RECORDING}")
