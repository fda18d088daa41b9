"""Replacing a prompt, for the page and the API: the file is checked and put in place; both are on the audit log."""

import asyncio
import hashlib

from aiohttp import web

from home.prompt_files import PromptFile, UnfitSound, prompt_file, replace_prompt, restore_prompt
from models.audit import audit
from models.elder_forms import FieldProblem
from models.register import FormRefused
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.problems import NotFound


async def prompt(request: web.Request, lang: str, name: str) -> PromptFile:
    """The prompt as it is played now. Raises NotFound."""
    found = await asyncio.to_thread(prompt_file, request.app[SETTINGS], lang, name)
    if found is None:
        raise NotFound
    return found


async def take(request: web.Request, lang: str, name: str, sound: bytes) -> None:
    """Play this WAV from now on. Raises NotFound, FormRefused: it cannot be a prompt."""
    before = await prompt(request, lang, name)
    try:
        async with request.app[DATABASE].write() as session:
            audit(
                session,
                account_of(request).actor,
                "prompt.replace",
                f"prompt:{lang}/{name}",
                before={"own": before.own, "seconds": round(before.seconds, 2)},
                after={"sha256": hashlib.sha256(sound).hexdigest()},
            )
            await asyncio.to_thread(replace_prompt, request.app[SETTINGS], lang, name, sound)
    except UnfitSound as unfit:
        raise FormRefused((FieldProblem.of("sound", ValueError(str(unfit))),)) from unfit


async def put_back(request: web.Request, lang: str, name: str) -> None:
    """Play ours again. Raises NotFound."""
    before = await prompt(request, lang, name)
    if before.own:
        async with request.app[DATABASE].write() as session:
            record = f"prompt:{lang}/{name}"
            audit(session, account_of(request).actor, "prompt.default", record, before={"own": True})
            await asyncio.to_thread(restore_prompt, request.app[SETTINGS], lang, name)
