"""The recording of a plan of care calls, for its page and the API: checked, put in place, heard, taken away again."""

import asyncio
from pathlib import Path

from aiohttp import web

from home.plan_recordings import forget_recording, keep_recording, recording_of
from home.prompt_files import UnfitSound
from models.care.plans import find_plan
from models.care.recordings import find_recorded, set_recording
from models.elder_forms import FieldProblem
from models.register import FormRefused
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.problems import NotFound


async def take_recording(request: web.Request, plan: int, sound: bytes) -> None:
    """Play this WAV from the next call on. Raises NoSuchRecord, FormRefused: it cannot be played."""
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].write() as session:
        row = await find_recorded(session, plan, scope=scope_of(request))
        try:
            digest = await asyncio.to_thread(keep_recording, settings, plan, sound)
        except UnfitSound as unfit:
            raise FormRefused((FieldProblem.of("sound", ValueError(str(unfit))),)) from unfit
        await set_recording(session, row, digest, by=account_of(request).actor)


async def put_back(request: web.Request, plan: int) -> None:
    """Speak the text again. Raises NoSuchRecord."""
    async with request.app[DATABASE].write() as session:
        row = await find_plan(session, plan, scope=scope_of(request))
        await set_recording(session, row, "", by=account_of(request).actor)
    await asyncio.to_thread(forget_recording, request.app[SETTINGS], plan)


async def file_of_recording(request: web.Request, plan: int) -> Path:
    """What is played. Raises NoSuchRecord; NotFound: there is none, or its file is missing."""
    async with request.app[DATABASE].read() as session:
        digest = (await find_plan(session, plan, scope=scope_of(request))).recording
    path = await asyncio.to_thread(recording_of, request.app[SETTINGS], plan, digest)
    if path is None:
        raise NotFound("problem.plan_recording_gone" if digest else "problem.not_found")
    return path


async def is_missing(request: web.Request, plan: int, digest: str) -> bool:
    """Whether the plan should have a recording, and the general words are played instead."""
    if not digest:
        return False
    return await asyncio.to_thread(recording_of, request.app[SETTINGS], plan, digest) is None
