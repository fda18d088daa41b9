"""What people have recorded for a plan of care calls, such as a child's own voice: HOME/care-recordings/<plan>.wav.

The plan's record names the SHA-256 of its recording, and nothing else is played: a file that a restored database does
not know, or that was left by a plan of the same number, is never heard. Everything here waits for the disk: call it in
a thread.
"""

from __future__ import annotations

import hashlib
import io
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Final

from home.asterisk_render import write_private_bytes
from home.prompt_files import UnfitSound, telephone_seconds
from home.settings import Settings

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

FOLDER: Final = "care-recordings"
LARGEST: Final = 4 * 1024 * 1024  # bytes: the longest at 48 kHz, stereo, and some more
RATE: Final = 8000
_HIGHEST: Final = 96_000
_CARRIED: Final = 3_600.0  # Hz: what lies above would fold down into what a telephone carries
_WIDTH: Final = 16  # of the filter, in samples of the telephone's, to each side


def keep_recording(settings: Settings, plan: int, sound: bytes) -> str:
    """This WAV is the plan's from now on; its SHA-256 in hex, for the plan's record.

    Raises:
        UnfitSound: it is no WAV of 16 bit, or too short, too long or silent.
        OSError: it cannot be kept.
    """
    telephone = _telephone_wav(sound)
    telephone_seconds(telephone)
    path = _path_of(settings, plan)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private_bytes(path, telephone)
    return hashlib.sha256(telephone).hexdigest()


def recording_of(settings: Settings, plan: int, digest: str) -> Path | None:
    """The file that is played; None when the plan has none (`digest` empty) or its file is missing or another one."""
    path = _path_of(settings, plan)
    try:
        return path if digest and hashlib.sha256(path.read_bytes()).hexdigest() == digest else None
    except OSError:
        return None


def forget_recording(settings: Settings, plan: int) -> None:
    """Raises OSError."""
    _path_of(settings, plan).unlink(missing_ok=True)


def _path_of(settings: Settings, plan: int) -> Path:
    return settings.home / FOLDER / f"{plan}.wav"


def _telephone_wav(sound: bytes) -> bytes:
    """As a telephone carries it: 8 kHz, mono."""
    import numpy as np

    try:
        with wave.open(io.BytesIO(sound), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:
        raise UnfitSound("不是 WAV 文件 / this is no WAV file") from error
    if width != 2 or channels not in (1, 2) or not RATE <= rate <= _HIGHEST:
        bits = 8 * width
        raise UnfitSound(
            f"应为 16 位、单声道或立体声、{RATE} 至 {_HIGHEST} Hz，此文件为 {bits} 位、{channels} 声道、{rate} Hz / "
            f"must be 16 bit, mono or stereo, {RATE} to {_HIGHEST} Hz; this is {bits} bit, {channels} ch, {rate} Hz"
        )
    whole = frames[: len(frames) - len(frames) % (2 * channels)]
    heard = np.frombuffer(whole, "<i2").astype(np.float64).reshape(-1, channels).mean(axis=1)
    samples = np.clip(np.rint(_slower(heard, rate)), -32768, 32767).astype("<i2")
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return kept.getvalue()


def _slower(heard: NDArray[float64], rate: int) -> NDArray[float64]:
    import numpy as np

    if rate == RATE or not heard.size:
        return heard
    half = _WIDTH * rate // RATE
    at = np.arange(-half, half + 1)
    lowpass = np.sinc(2 * _CARRIED / rate * at) * np.hamming(at.size)
    low = np.convolve(heard, lowpass / lowpass.sum(), "same")[: heard.size]
    return np.interp(np.arange(heard.size * RATE // rate) * rate / RATE, np.arange(heard.size), low)
