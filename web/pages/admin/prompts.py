"""The page of prompts: what the platform says, heard in the page, replaced by a recording, put back to ours."""

import asyncio

from aiohttp import web

from home.asterisk_platform import LANGUAGES
from home.prompt_files import LONGEST, PromptFile, prompt_file, prompt_texts
from models.register import FormRefused
from web.guard import needs
from web.keys import SETTINGS
from web.pages.admin.kit import Refused, page, refusal, typed
from web.prompt_changes import put_back, take
from web.rights import Right
from web.telling import Live

routes = web.RouteTableDef()


@routes.get("/admin/prompts")
@needs(Right.MANAGE_PROMPTS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, request.query.get("lang", ""))


@routes.post("/admin/prompts/{lang}/{name}")
@needs(Right.MANAGE_PROMPTS)
async def replace(request: web.Request) -> web.StreamResponse:
    lang, name, sent = request.match_info["lang"], request.match_info["name"], await typed(request)
    given = sent.data.get("sound")
    try:
        await take(request, lang, name, given.file.read() if isinstance(given, web.FileField) else b"")
    except FormRefused as why:
        return await _page(request, lang, refusal(request, name, sent, why))
    raise web.HTTPSeeOther(f"/admin/prompts?lang={lang}&live={Live.NOW}#{name}")


@routes.post("/admin/prompts/{lang}/{name}/default")
@needs(Right.MANAGE_PROMPTS)
async def restore(request: web.Request) -> web.StreamResponse:
    lang, name = request.match_info["lang"], request.match_info["name"]
    await put_back(request, lang, name)
    raise web.HTTPSeeOther(f"/admin/prompts?lang={lang}&live={Live.NOW}#{name}")


async def _page(request: web.Request, lang: str, refused: Refused | None = None) -> web.Response:
    settings = request.app[SETTINGS]
    lang = lang if lang in LANGUAGES else settings.lang

    def look() -> dict[str, PromptFile]:
        found = (prompt_file(settings, lang, text.name) for text in prompt_texts())
        return {one.name: one for one in found if one is not None}

    context = {
        "texts": prompt_texts(),
        "files": await asyncio.to_thread(look),
        "of": lang,
        "langs": LANGUAGES,
        "spoken": settings.lang,
        "longest": LONGEST,
    }
    return page(request, "prompts", context, refused=refused)
