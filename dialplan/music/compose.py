"""The music that callers hear while they wait: our own slow tune, made of sine tones; writes default/calm.wav.

    python dialplan/music/compose.py

A pentatonic melody over soft chords, quiet enough to speak over, without a single pause: on a telephone a pause sounds
like a dead line. The end leads into the beginning, so that the loop has no seam. Must never use anybody else's melody.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
MUSIC = Path(__file__).with_name("default") / "calm.wav"
BEAT = 0.625  # seconds
PEAK = 0.22  # of full scale, about -13 dBFS: music must not compete with a voice
Sound = NDArray[np.float64]

# Semitones above C5, where telephones and old ears are at their best; each line is one bar of four beats as
# (semitone, beats). C major pentatonic: 0 2 4 7 9.
MELODY: list[list[tuple[int, float]]] = [
    [(7, 1.5), (9, 0.5), (12, 2)],
    [(9, 1), (7, 1), (4, 2)],
    [(2, 1.5), (4, 0.5), (7, 2)],
    [(4, 1), (2, 1), (0, 2)],
    [(4, 1), (7, 1), (9, 2)],
    [(12, 1.5), (14, 0.5), (12, 1), (9, 1)],
    [(7, 1), (9, 1), (4, 1), (2, 1)],
    [(0, 3), (2, 1)],
    [(4, 1.5), (7, 0.5), (4, 2)],
    [(2, 1), (4, 1), (9, 2)],
    [(12, 1), (9, 1), (7, 1), (4, 1)],
    [(7, 3), (9, 1)],
    [(12, 1.5), (9, 0.5), (7, 2)],
    [(4, 1), (7, 1), (2, 2)],
    [(4, 1), (2, 1), (0, 1), (2, 1)],
    [(0, 3), (4, 1)],
]
# One chord for each bar, semitones around C4 (a telephone carries nothing below 300 Hz), held through the bar.
CHORDS: dict[str, tuple[int, ...]] = {"C": (0, 7, 16), "Am": (-3, 4, 12), "F": (-7, 5, 9), "G": (-5, 2, 11)}
HARMONY = ["C", "Am", "G", "C", "Am", "F", "G", "C", "C", "Am", "F", "G", "C", "Am", "G", "C"]


def _frequency(semitone: float) -> float:
    return float(261.6256 * 2 ** (semitone / 12))


def _tone(semitone: float, seconds: float, *, attack: float, release: float, decay: float) -> Sound:
    """A round tone: few harmonics, the upper ones fade first; `decay` in 1/s, 0 holds the level."""
    time = np.arange(int((seconds + release) * RATE)) / RATE
    base = _frequency(semitone)
    sound = np.zeros_like(time)
    for harmonic, level in ((1, 1.0), (2, 0.28), (3, 0.09)):
        fade = np.exp(-decay * harmonic * time)
        # Two strings, very slightly apart, give the slow beating of a warm instrument.
        for detune in (-0.35, 0.35):
            sound += level * fade * np.sin(2 * np.pi * (base * harmonic + detune) * time)
    rise = np.clip(time / attack, 0, 1)
    fall = np.clip((seconds + release - time) / release, 0, 1)
    envelope: Sound = np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2
    return sound * envelope


def _add(track: Sound, sound: Sound, start: float) -> None:
    """Mixes `sound` in at `start` seconds; what runs over the end goes on at the beginning of the loop."""
    places = (int(start * RATE) + np.arange(len(sound))) % len(track)
    np.add.at(track, places, sound)


def compose() -> Sound:
    """The whole loop, in -1..1, at 8 kHz."""
    bars = len(MELODY)
    track = np.zeros(int(bars * 4 * BEAT * RATE))
    for bar, (notes, chord) in enumerate(zip(MELODY, HARMONY, strict=True)):
        start = bar * 4 * BEAT
        for semitone in CHORDS[chord]:
            pad = _tone(semitone, 4 * BEAT, attack=0.5, release=0.9, decay=0)
            _add(track, 0.20 * pad, start)
        for semitone, beats in notes:
            note = _tone(semitone + 12, beats * BEAT, attack=0.03, release=0.7, decay=0.55)
            _add(track, 0.5 * note, start)
            # A faint echo fills the room and hides the steps between notes.
            _add(track, 0.13 * note, start + 0.34)
            start += beats * BEAT
    return track / np.abs(track).max() * PEAK


def main() -> None:
    samples = np.round(compose() * 32767).astype("<i2")
    with wave.open(str(MUSIC), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    main()
