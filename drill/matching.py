"""Finding known clips in telephone sound: where in which clip a piece of half a second comes from.

By normalised cross-correlation, done with FFTs over all clips at once: it bears coding, changes of level and other
talkers at the same time. Must never guess: what fits no clip well stays unexplained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drill.hearing import Kind
from drill.sound import RATE, Sound

WINDOW = RATE // 2
_FFT = 32768
_STEP = _FFT - WINDOW
# Clips quieter than this within the window (relative to their own loudness) say nothing about who speaks.
_FAINT = 0.1


@dataclass(frozen=True, slots=True)
class Clip:
    """Known sound; `loops`: it is played again and again, so its end runs into its beginning."""

    kind: Kind
    name: str
    sound: Sound
    loops: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """`place`: the sample of the library at which the window begins; `fit`: the correlation, 0 to 1."""

    clip: int
    place: int
    fit: float


def emphasised(sound: Sound) -> Sound:
    """Lifts the high tones: without that all speech looks alike, for most of its energy is one low hum."""
    lifted = sound.copy()
    lifted[1:] -= np.float32(0.9) * sound[:-1]
    return lifted


class Library:
    """All clips that may be heard, laid one after the other."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = tuple(clips)
        pieces, owners, place = [], [], 0
        self.starts: list[int] = []
        gap = np.zeros(WINDOW, np.float32)
        for number, clip in enumerate(self.clips):
            lifted = emphasised(clip.sound)
            # A clip begins with the silence before it: a window may open before the sound does.
            piece = np.concatenate([gap, lifted, lifted[:WINDOW] if clip.loops else gap])
            self.starts.append(place)
            pieces.append(piece)
            owners.append(np.full(len(piece), number, np.int32))
            place += len(piece)
        pad = np.zeros(_FFT + WINDOW, np.float32)
        self._sound = np.concatenate([*pieces, pad])
        self._owner = np.concatenate(owners)
        self._length = place
        self._norms = self._loudness()
        self._blocks = self._spectra()

    def piece(self, place: int) -> Sound | None:
        """The half second of the library that begins at `place`; None when that is outside the clips."""
        return self._sound[place : place + WINDOW] if 0 <= place < self._length else None

    def clip_at(self, place: int) -> int | None:
        """The number of the clip to which `place` belongs."""
        return int(self._owner[place]) if 0 <= place < self._length else None

    def loud_at(self, place: int) -> bool:
        """Whether the clip can be heard at all in the window at `place`."""
        return 0 <= place < self._length and bool(np.isfinite(self._norms[place]))

    def search(self, window: Sound) -> Match:
        """The place of the library which `window` (emphasised) resembles most."""
        loudness = float(np.sqrt(np.dot(window, window))) + 1e-9
        spectrum = np.conj(np.fft.rfft(window, _FFT))
        best = Match(-1, -1, 0.0)
        for number, block in enumerate(self._blocks):
            begin = number * _STEP
            likeness = np.fft.irfft(block * spectrum, _FFT)[:_STEP] / self._norms[begin : begin + _STEP]
            peak = int(likeness.argmax())
            if likeness[peak] / loudness > best.fit:
                best = Match(int(self._owner[begin + peak]), begin + peak, float(likeness[peak]) / loudness)
        return best

    def _loudness(self) -> NDArray[np.float32]:
        """For each place the norm of the window that begins there; infinite where the clip is nearly silent."""
        sums = np.concatenate([[0.0], np.cumsum(self._sound.astype(np.float64) ** 2)])
        norms = np.sqrt(np.maximum(sums[WINDOW:] - sums[:-WINDOW], 0.0))[: self._length]
        for number, start in enumerate(self.starts):
            end = self.starts[number + 1] if number + 1 < len(self.starts) else self._length
            norms[start:end][norms[start:end] < _FAINT * norms[start:end].max()] = np.inf
        return np.concatenate([norms, np.full(_FFT, np.inf)]).astype(np.float32)

    def _spectra(self) -> list[NDArray[np.complex64]]:
        begins = range(0, self._length, _STEP)
        return [np.fft.rfft(self._sound[begin : begin + _FFT]).astype(np.complex64) for begin in begins]
