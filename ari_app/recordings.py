"""Is the recording really there? Looked at after the call, in a thread: a missing, empty or unreadable file must be
known within seconds, not on the day when somebody wants to hear it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from home import sound_files
from home.sound_files import SoundFile

log = structlog.get_logger(__name__)
SETTLE = 3.0  # seconds in which Asterisk finishes the file after the call
_LOOK_AGAIN = 0.1


async def check(folder: Path, name: str) -> SoundFile:
    """Look at `folder/name` until it is whole, at most `SETTLE` seconds: then nobody writes it any more, and what
    Asterisk has left unfinished is repaired."""
    if not sound_files.is_inside(name):
        return SoundFile(0.0, "missing")
    deadline = asyncio.get_running_loop().time() + SETTLE
    while True:
        last = asyncio.get_running_loop().time() >= deadline
        found = await asyncio.to_thread(sound_files.examine, folder / name, repair=last)
        if last or not found.problem:
            if found.repaired:
                log.warning("a recording was left unfinished and is repaired", recording=name)
            return found
        await asyncio.sleep(_LOOK_AGAIN)
