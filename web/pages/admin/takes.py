"""The page of a prompt that is being spoken into the phone: it follows the call, then lets it be heard and used."""

from functools import partial

from aiohttp import web

from home.prompt_files import LONGEST, prompt_texts
from models.register import FormRefused
from web import prompt_takes
from web.guard import needs
from web.pages.admin.kit import Refused, page, refusal, typed
from web.prompt_changes import prompt, take
from web.rights import Right
from web.telling import Live

routes = web.RouteTableDef()


@routes.post("/admin/prompts/{lang}/{name}/takes")
@needs(Right.MANAGE_PROMPTS)
async def begin(request: web.Request) -> web.StreamResponse:
    lang, name = request.match_info["lang"], request.match_info["name"]
    await prompt(request, lang, name)
    number = await prompt_takes.begin(request)
    raise web.HTTPSeeOther(f"/admin/prompts/{lang}/{name}/takes/{number}")


@routes.get("/admin/prompts/{lang}/{name}/takes/{take}")
@needs(Right.MANAGE_PROMPTS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.get("/admin/prompts/{lang}/{name}/takes/{take}/sound")
@needs(Right.MANAGE_PROMPTS)
async def sound(request: web.Request) -> web.StreamResponse:
    path = await prompt_takes.sound_of(request, request.match_info["take"])
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


@routes.post("/admin/prompts/{lang}/{name}/takes/{take}")
@needs(Right.MANAGE_PROMPTS)
async def use(request: web.Request) -> web.StreamResponse:
    lang, name, sent = request.match_info["lang"], request.match_info["name"], await typed(request)
    try:
        await prompt_takes.use(request, request.match_info["take"], partial(take, request, lang, name))
    except FormRefused as why:
        return await _page(request, refusal(request, "take", sent, why))
    raise web.HTTPSeeOther(f"/admin/prompts?lang={lang}&live={Live.NOW}#{name}")


async def _page(request: web.Request, refused: Refused | None = None) -> web.Response:
    lang, name, number = (request.match_info[part] for part in ("lang", "name", "take"))
    await prompt(request, lang, name)
    text = next(text for text in prompt_texts() if text.name == name)
    context = {
        "lang_of": lang,
        "text": text,
        "take": number,
        "state": await prompt_takes.state_of(request, number),
        "longest": LONGEST,
    }
    return page(request, "prompts", context, refused=refused, template="take")
