"""Is the recording really there? Looked at after the call, in a thread: a missing, empty or unreadable file must be
known within seconds, not on the day when somebody wants to hear it."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import dataclass
from pathlib import Path

SETTLE = 3.0  # seconds in which Asterisk finishes the file after the call
_LOOK_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class Checked:
    """`problem` is empty for a file that can be played to its end."""

    seconds: float
    problem: str = ""


async def check(folder: Path, name: str) -> Checked:
    """Look at `folder/name` until it is whole, at most `SETTLE` seconds."""
    if not name or ".." in Path(name).parts or Path(name).is_absolute():
        return Checked(0.0, "no recording was started")
    path = folder / name
    deadline = asyncio.get_running_loop().time() + SETTLE
    while True:
        found = await asyncio.to_thread(_look, path)
        if not found.problem or asyncio.get_running_loop().time() >= deadline:
            return found
        await asyncio.sleep(_LOOK_AGAIN)


def _look(path: Path) -> Checked:
    try:
        size = path.stat().st_size
        with wave.open(str(path), "rb") as wav:
            frames, rate = wav.getnframes(), wav.getframerate()
            frame = wav.getnchannels() * wav.getsampwidth()
    except FileNotFoundError:
        return Checked(0.0, "the file is missing")
    except (OSError, ValueError, wave.Error, EOFError) as problem:
        return Checked(0.0, f"the file cannot be read: {problem}")
    if frames == 0 or rate == 0:
        return Checked(0.0, "the file is empty")
    if size < frames * frame:
        return Checked(size / (frame * rate), "the file is cut off")
    return Checked(frames / rate)
