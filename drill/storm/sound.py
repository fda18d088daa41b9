"""The sound of many telephones at once, as cheaply as it can be had: an ear that listens only until it has heard what
it waits for, and an agent's voice that any ear knows again.

A thousand lines are fifty thousand packets a second. Whoever is not listened to is left in the socket's buffer, which
the kernel throws away: the platform sends all the same.
"""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import Callable

FRAME = 160  # samples in 20 ms
ALAW = 8  # RTP payload type
_HEADER = 12
_BUFFER = 4096  # a few packets: what nobody listens to must not fill the memory
_LOUD = 200  # mean level of a frame above which it is sound: about -44 dBFS
_PERIOD = 8  # samples of one wave of the voice: 1000 Hz
_PURE = 0.7  # the share of a frame's energy that is the voice's
_SURE = 5  # frames in a row, and it is no accident
_LOUDNESS = 8000.0


def _decoded(code: int) -> int:
    """One A-law sample (ITU-T G.711)."""
    code ^= 0x55
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    step = (mantissa << 4) + (8 if exponent == 0 else 0x108)
    size = step << max(exponent - 1, 0)
    return size if code & 0x80 else -size


SAMPLES = [_decoded(code) for code in range(256)]
_WAVE = [(math.cos(2 * math.pi * n / _PERIOD), math.sin(2 * math.pi * n / _PERIOD)) for n in range(_PERIOD)]
VOICE = bytes(
    min(range(256), key=lambda code: abs(SAMPLES[code] - _LOUDNESS * _WAVE[n % _PERIOD][1])) for n in range(FRAME)
)


def is_sound(frame: bytes) -> bool:
    """Whether anything can be heard in it."""
    return bool(frame) and sum(abs(SAMPLES[code]) for code in frame) > _LOUD * len(frame)


def is_voice(frame: bytes) -> bool:
    """Whether it is an agent's voice, and not music or a prompt."""
    samples = [SAMPLES[code] for code in frame]
    energy = sum(sample * sample for sample in samples)
    if energy <= (_LOUD * _LOUD) * len(frame):
        return False
    sums = [sum(samples[n::_PERIOD]) for n in range(_PERIOD)]
    real = sum(total * wave[0] for total, wave in zip(sums, _WAVE, strict=True))
    other = sum(total * wave[1] for total, wave in zip(sums, _WAVE, strict=True))
    return 2 * (real * real + other * other) / len(frame) > _PURE * energy


class Ear:
    """The receiving end of one call. `at` seconds on the clock of `time.perf_counter`."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._row = 0

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def listen(self, wanted: Callable[[bytes], bool], heard: Callable[[float], None], *, sure: int = 1) -> None:
        """Call `heard` once, when so many frames in a row were as wanted; then listen no more."""
        self._flush()
        self._row = 0
        asyncio.get_running_loop().add_reader(self._socket, self._read, wanted, heard, sure)

    def listen_for_sound(self, heard: Callable[[float], None]) -> None:
        self.listen(is_sound, heard)

    def listen_for_voice(self, heard: Callable[[float], None]) -> None:
        self.listen(is_voice, heard, sure=_SURE)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()

    def _read(self, wanted: Callable[[bytes], bool], heard: Callable[[float], None], sure: int) -> None:
        try:
            data = self._socket.recv(2048)
        except OSError:  # a report of the network that nobody waits for
            return
        if len(data) <= _HEADER or data[1] & 0x7F != ALAW:
            return
        self._row = self._row + 1 if wanted(data[_HEADER:]) else 0
        if self._row >= sure:
            asyncio.get_running_loop().remove_reader(self._socket)
            heard(time.perf_counter())

    def _flush(self) -> None:
        try:
            while self._socket.recv(2048):
                pass
        except OSError:
            return  # empty


async def speak(target: tuple[str, int], host: str) -> None:
    """Sends the agent's voice there, every 20 ms until cancelled."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.setblocking(False)
        mouth.bind((host, 0))
        start = loop.time()
        for number in range(1, 1 << 16):
            stamp = (number * FRAME).to_bytes(4, "big")
            try:
                mouth.sendto(b"\x80\x08" + number.to_bytes(2, "big") + stamp + b"\x00\x00\x00\x01" + VOICE, target)
            except OSError:  # the other end is gone already; its BYE follows
                return
            await asyncio.sleep(max(0.0, start + number * 0.02 - loop.time()))
