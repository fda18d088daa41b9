"""The voices of the town's people: ready sound files, one for each part that is played.

Here: where a clip lies and how it is read. The texts are in texts.toml, render.py speaks them; nobody needs a
synthesiser to run the town. No real person speaks here, and no text may sound like a real case.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


class UnknownVoice(ValueError):
    """There is no clip of this name; the text names those that exist."""


def names() -> list[str]:
    """The name of every clip."""
    return sorted(path.stem for path in FOLDER.glob("*.wav"))


def clip(name: str) -> Path:
    """The sound file of this voice: WAV, 8 kHz, mono, 16 bit. Raises UnknownVoice."""
    path = FOLDER / f"{name}.wav"
    if not path.is_file():
        raise UnknownVoice(f"no voice {name!r}; there are {', '.join(names())}")
    return path
