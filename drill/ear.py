"""What somebody heard on the telephone: prompts, music, voices by name, silence, and for how long.

An ear listens to a recording of what ONE line received (see `asterisk-conf/extensions.conf`), or to a recording of the
platform. It reports what is there; it never fills a gap with what should have been.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drill import voices
from drill.hearing import PAUSE, Heard, Hearing, Kind, hearing_from_json
from drill.matching import WINDOW, Clip, Library, emphasised
from drill.sound import FRAME, RATE, Sound, SoundError, levels, read
from home.settings import CHECKOUT

GIVES_WAY = 10  # nice: a tenth of the processor that an Asterisk beside it gets
SILENT_BELOW = -50.0  # dBFS: comfort noise at most
_HOP = WINDOW // 2
_FIT_NEW = 0.4  # how well a window must fit a clip before we believe that it is heard
_SHARE = 0.04  # a talker who carries less of a window's energy is not counted there
_UNEXPLAINED = 0.25  # what is left of a window's energy before we look for one more talker
_CONFIRMED = 3  # so many windows of the same clip at the same speed, and it is no accident
_PATIENCE = 4  # windows without evidence after which a talker is thought to have stopped
_FIT_BEFORE = 0.25  # the same, for the windows just before those in which a clip was found
_SAME = 0.5  # two pieces that resemble each other this much are the same words in two clips
_BLIP = 3  # frames: a shorter click does not end a silence


class Ear:
    """Knows every sound of its library. `aside`: the words of a command that has the same ear, to listen with."""

    def __init__(self, clips: Iterable[Clip], *, aside: Sequence[str] = ()) -> None:
        self._clips = clips
        self._aside = aside

    @classmethod
    def of_the_town(cls, *, lang: str = "zh", prompts: Path | None = None) -> Ear:
        """Prompts (ours, or those in the folder `prompts`), music and the voices of the town."""
        folder = prompts or CHECKOUT / "dialplan" / "prompts" / lang
        return cls(_sounds(folder), aside=(sys.executable, "-m", __name__, str(folder)))

    @cached_property
    def _library(self) -> Library:
        return Library(list(self._clips))

    def listen(self, path: Path) -> Hearing:
        """What is in the recording. Raises SoundError. Takes a few seconds of a processor for each minute, in a process
        that gives way to whoever plays or records meanwhile: else listening would make holes in what is heard.
        """
        (found,) = self.listen_to([path])
        if isinstance(found, SoundError):
            raise found
        return found

    def listen_to(self, paths: Sequence[Path]) -> list[Hearing | SoundError]:
        """What is in each of the recordings, or why it cannot be read: all in one such process, which has to learn the
        library first."""
        found = {path: _sound_of(path) for path in paths}
        sounds = {path: sound for path, sound in found.items() if not isinstance(sound, SoundError)}
        if not self._aside:
            heard = {path: self.hear(sound) for path, sound in sounds.items()}
        else:
            told = self._told_aside(list(sounds)) if sounds else []
            heard = dict(zip(sounds, map(hearing_from_json, told), strict=True))
        return [sound if isinstance(sound := found[path], SoundError) else heard[path] for path in paths]

    def _told_aside(self, paths: Sequence[Path]) -> list[dict[str, Any]]:
        told = subprocess.run([*self._aside, *map(str, paths)], cwd=CHECKOUT, capture_output=True, check=True)
        return [json.loads(line) for line in told.stdout.splitlines()]

    def hear(self, sound: Sound) -> Hearing:
        """What is in the sound."""
        scan = _Scan(self._library, sound)
        return Hearing(len(sound) / RATE, tuple(scan.heard()), tuple(silences(sound)))


def _sound_of(path: Path) -> Sound | SoundError:
    try:
        return read(path)
    except SoundError as problem:
        return problem


def _sounds(prompts: Path) -> Iterator[Clip]:
    """Every sound that the platform and the town can make."""
    music = CHECKOUT / "dialplan" / "music" / "default"
    yield from (Clip("prompt", path.stem, read(path)) for path in sorted(prompts.glob("*.wav")))
    yield from (Clip("music", path.stem, read(path), loops=True) for path in sorted(music.glob("*.wav")))
    yield from (Clip("voice", name, read(voices.clip(name)), loops=True) for name in voices.names())


def silences(sound: Sound) -> list[Heard]:
    """Every time in which nothing was louder than comfort noise; clicks do not count as sound."""
    loud = levels(sound) >= SILENT_BELOW
    for begin, end in _runs(loud):
        if end - begin < _BLIP and begin > 0 and end < len(loud):
            loud[begin:end] = False
    return [Heard("silence", "", begin * FRAME / RATE, end * FRAME / RATE) for begin, end in _runs(~loud)]


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


@dataclass(slots=True)
class _Talker:
    """A clip that runs along with the recording: `lag` is its place in the library less that in the recording."""

    clip: int
    lag: int
    windows: list[int] = field(default_factory=list)
    missed: int = 0


class _Scan:
    """One pass over one recording, window by window."""

    def __init__(self, library: Library, sound: Sound) -> None:
        self._library = library
        self._sound = np.concatenate([sound, np.zeros(max(0, WINDOW - len(sound)), np.float32)])
        self._lifted = emphasised(self._sound)
        self._talkers: list[_Talker] = []
        self._past: list[_Talker] = []
        self._unknown: list[int] = []

    def heard(self) -> list[Heard]:
        for number in range((len(self._sound) - WINDOW) // _HOP + 1):
            self._window(number)
        # One who begins with words that another clip has too may be found for their own few words alone.
        talkers = [t for t in (*self._past, *self._talkers) if len(t.windows) >= _CONFIRMED - 1]
        for talker in talkers:
            self._look_back(talker)
        talkers = [talker for talker in talkers if len(talker.windows) >= _CONFIRMED]
        self._settle_doubles(talkers)
        talkers = [talker for talker in talkers if len(talker.windows) >= _CONFIRMED]
        items = [item for talker in talkers for item in self._stretches(talker)]
        items += [Heard("unknown", "", n * _HOP / RATE, (n * _HOP + WINDOW) / RATE) for n in self._unexplained(talkers)]
        return _merged(items)

    def _window(self, number: int) -> None:
        begin = number * _HOP
        plain, lifted = self._sound[begin : begin + WINDOW], self._lifted[begin : begin + WINDOW]
        if 10 * np.log10(float(np.mean(plain**2)) + 1e-12) < SILENT_BELOW:
            self._give_up({id(talker) for talker in self._talkers if not self._pauses(talker, begin)})
            return
        rest, idle = self._subtract_known(number, lifted)
        for _ in range(3):
            if float(np.dot(rest, rest)) < _UNEXPLAINED * float(np.dot(lifted, lifted)):
                break
            match = self._library.search(rest)
            if match.fit < _FIT_NEW:
                self._unknown.append(number)
                break
            self._talkers.append(_Talker(match.clip, match.place - begin, [number]))
            rest = _without(rest, self._library.piece(match.place))
        self._give_up(idle)

    def _pauses(self, talker: _Talker, begin: int) -> bool:
        """The clip itself is silent here: that nothing is heard is as it should be."""
        place = begin + talker.lag
        return self._library.clip_at(place) == talker.clip and not self._library.loud_at(place)

    def _subtract_known(self, number: int, lifted: Sound) -> tuple[Sound, set[int]]:
        """What is left when those who speak already are taken away, and those of whom there was nothing."""
        begin = number * _HOP
        idle: set[int] = set()
        there: list[tuple[_Talker, Sound]] = []
        for talker in self._talkers:
            place = begin + talker.lag
            piece = self._library.piece(place) if self._library.clip_at(place) == talker.clip else None
            if piece is None:
                idle.add(id(talker))
            elif self._library.loud_at(place):
                there.append((talker, piece))
        if not there:
            return lifted, idle
        pieces = np.stack([piece for _, piece in there], axis=1)
        gains = np.linalg.lstsq(pieces, lifted, rcond=None)[0]
        total = float(np.dot(lifted, lifted))
        for (talker, piece), gain in zip(there, gains, strict=True):
            if gain > 0 and float(np.dot(piece * gain, piece * gain)) >= _SHARE * total:
                talker.windows.append(number)
                talker.missed = 0
            else:
                idle.add(id(talker))
        return np.asarray(lifted - pieces @ gains, np.float32), idle

    def _give_up(self, idle: set[int]) -> None:
        for talker in [t for t in self._talkers if id(t) in idle]:
            talker.missed += 1
            if talker.missed >= _PATIENCE or len(talker.windows) < _CONFIRMED - 1:
                self._talkers.remove(talker)
                self._past.append(talker)

    def _piece(self, talker: _Talker, number: int) -> Sound | None:
        place = number * _HOP + talker.lag
        return self._library.piece(place) if self._library.clip_at(place) == talker.clip else None

    def _look_back(self, talker: _Talker) -> None:
        """A talker who begins under another one is found late: see how early the clip can be heard."""
        number, missed = talker.windows[0] - 1, 0
        while number >= 0 and missed < _PATIENCE and (piece := self._piece(talker, number)) is not None:
            window = self._lifted[number * _HOP : number * _HOP + WINDOW]
            missed = 0 if _fit(window, piece) >= _FIT_BEFORE else missed + 1
            if not missed:
                talker.windows.insert(0, number)
            number -= 1

    def _settle_doubles(self, talkers: list[_Talker]) -> None:
        """Two clips with the same words in the same voice: those words belong to the one that is heard for longer."""
        ranked = sorted(talkers, key=lambda talker: -len(talker.windows))
        for rank, longer in enumerate(ranked):
            for shorter in ranked[rank + 1 :]:
                for number in set(longer.windows) & set(shorter.windows):
                    one, other = self._piece(longer, number), self._piece(shorter, number)
                    if one is not None and other is not None and _fit(one, other) >= _SAME:
                        shorter.windows.remove(number)

    def _stretches(self, talker: _Talker) -> list[Heard]:
        clip = self._library.clips[talker.clip]
        return [Heard(clip.kind, clip.name, n * _HOP / RATE, (n * _HOP + WINDOW) / RATE) for n in talker.windows]

    def _unexplained(self, talkers: list[_Talker]) -> list[int]:
        known = {number for talker in talkers for number in talker.windows}
        return [number for number in self._unknown if number not in known]


def _fit(one: Sound, other: Sound) -> float:
    return float(np.dot(one, other)) / (float(np.linalg.norm(one) * np.linalg.norm(other)) + 1e-9)


def _without(window: Sound, piece: Sound | None) -> Sound:
    if piece is None:
        return window
    gain = float(np.dot(window, piece)) / (float(np.dot(piece, piece)) + 1e-12)
    return np.asarray(window - gain * piece, np.float32)


def _merged(items: list[Heard]) -> list[Heard]:
    """Windows of the same sound, overlapping or with a short pause between, as one stretch."""
    done: list[Heard] = []
    last: dict[tuple[Kind, str], int] = {}
    for item in sorted(items, key=lambda item: item.start):
        key = (item.kind, item.name)
        if key in last and item.start - done[last[key]].end <= PAUSE:
            before = done[last[key]]
            done[last[key]] = Heard(item.kind, item.name, before.start, max(before.end, item.end))
        else:
            last[key] = len(done)
            done.append(item)
    return done


def main(prompts: str, *recordings: str) -> None:
    os.nice(GIVES_WAY)
    ear = Ear(_sounds(Path(prompts)))
    for recording in recordings:
        print(json.dumps(asdict(ear.hear(read(Path(recording))))))


if __name__ == "__main__":
    main(*sys.argv[1:])
