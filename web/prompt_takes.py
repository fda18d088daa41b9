"""What is spoken into one's own phone, a prompt or a plan's recording: a take is rung, heard in the page, and used or
thrown away."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from home.asterisk_platform import recordings_dir
from home.sound_files import is_inside
from web.controller.client import Controller
from web.guard import account_of
from web.keys import CONTROLLER, SETTINGS
from web.problems import Conflict, NotFound

_TAKE: Final = re.compile("[0-9a-f]{16}")
DONE: Final = "done"
FOLDER: Final = "prompt-takes"
UNWANTED: Final = 3600.0  # seconds after which a take that was not used is removed


async def begin(request: web.Request) -> str:
    """Ring the phone of whoever asks; the take's id. Raises Conflict: no seat, or it cannot be rung now."""
    await asyncio.to_thread(_throw_away, recordings_dir(request.app[SETTINGS]) / FOLDER)
    account = account_of(request)
    if account.seat is None:
        raise Conflict("invalid.no_seat", code="no_seat")
    return await request.app[CONTROLLER].begin_take(account.seat, actor=account.actor)


async def state_of(request: web.Request, number: str) -> str:
    """Raises NotFound."""
    return (await _look(request, number))[0]


async def sound_of(request: web.Request, number: str) -> Path:
    """The file of a take that is over. Raises NotFound."""
    state, path = await _look(request, number)
    if state != DONE or not await asyncio.to_thread(path.is_file):
        raise NotFound
    return path


async def use(request: web.Request, number: str, put: Callable[[bytes], Awaitable[None]]) -> None:
    """It is played from now on, where it is `put`. Raises NotFound, and what `put` raises."""
    path = await sound_of(request, number)
    await put(await asyncio.to_thread(path.read_bytes))
    await asyncio.to_thread(path.unlink, missing_ok=True)


def _throw_away(folder: Path) -> None:
    """Takes that nobody wanted."""
    for path in folder.glob("*.wav"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > UNWANTED:
                path.unlink()


async def _look(request: web.Request, number: str) -> tuple[str, Path]:
    if not _TAKE.fullmatch(number):
        raise NotFound
    controller: Controller = request.app[CONTROLLER]
    state, file = await controller.take(number)
    if not is_inside(file):
        raise NotFound
    return state, recordings_dir(request.app[SETTINGS]) / file
