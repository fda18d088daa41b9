"""Prompts: what the platform says, as sound; replaced by a recording, put back to ours."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from home.asterisk_platform import LANGUAGES
from home.prompt_files import prompt_texts
from web.api.kit import Done, Operations, Output, answer
from web.keys import SETTINGS
from web.problems import Problem
from web.prompt_changes import prompt, put_back, take
from web.rights import Right

operations = Operations("prompts")
WAV: Final = "audio/wav"


@dataclass(frozen=True, slots=True)
class PromptView:
    """`own`: a recording of the operator's is played instead of ours; `spoken`: in the language of the platform."""

    lang: str
    name: str
    text: str
    seconds: float
    own: bool
    spoken: bool


class PromptList(Output):
    items: list[PromptView]
    next: None = None


@operations("GET", "/prompts", "Everything the platform says", right=Right.MANAGE_PROMPTS, result=PromptList)
async def get_prompts(request: web.Request) -> web.StreamResponse:
    found, spoken = [], request.app[SETTINGS].lang
    for lang in LANGUAGES:
        for text in prompt_texts():
            file = await prompt(request, lang, text.name)
            words = text.zh if lang == "zh" else text.en
            found.append(PromptView(lang, text.name, words, round(file.seconds, 2), file.own, lang == spoken))
    return answer(PromptList(items=found))


@operations("GET", "/prompts/{lang}/{name}", "A prompt as sound", right=Right.MANAGE_PROMPTS, media=WAV)
async def get_prompt(request: web.Request) -> web.StreamResponse:
    file = await prompt(request, request.match_info["lang"], request.match_info["name"])
    return web.FileResponse(file.path, headers={"Content-Type": WAV})


@operations(
    "PUT",
    "/prompts/{lang}/{name}",
    "Play this WAV instead from now on; it is the body: 8000 Hz, mono, 16 bit",
    right=Right.MANAGE_PROMPTS,
    result=Done,
)
async def put_prompt(request: web.Request) -> web.StreamResponse:
    check_wav(request)
    await take(request, request.match_info["lang"], request.match_info["name"], await request.read())
    return answer(Done())


def check_wav(request: web.Request) -> None:
    """Raises Problem: the body is said to be something else."""
    if request.content_type not in (WAV, "audio/x-wav", "audio/wave"):
        raise Problem("problem.media_type_wav", status=415, code="media_type")


@operations("DELETE", "/prompts/{lang}/{name}", "Play ours again", right=Right.MANAGE_PROMPTS, result=Done)
async def delete_prompt(request: web.Request) -> web.StreamResponse:
    await put_back(request, request.match_info["lang"], request.match_info["name"])
    return answer(Done())
