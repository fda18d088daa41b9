"""What a telephone hears: A-law frames as they come over RTP, and what was sound among them."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

FRAME = 0.02  # seconds of sound in each RTP packet
ALAW = 8  # RTP payload type
SILENCE = b"\xd5" * 160
LOUD = 200  # mean level of a frame above which it is sound: about -44 dBFS


def _level(code: int) -> int:
    """The magnitude of one A-law sample (ITU-T G.711), 0 to 32256."""
    code ^= 0x55
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    step = (mantissa << 4) + (8 if exponent == 0 else 0x108)
    return step << max(exponent - 1, 0)


LEVELS = [_level(code) for code in range(256)]


@dataclass(slots=True)
class Ear(asyncio.DatagramProtocol):
    """The receiving end of a stream: for each frame when it came and whether there was sound in it."""

    frames: list[tuple[float, bool]] = field(default_factory=list)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        sound = data[12:]
        if data[1] & 0x7F == ALAW and sound:
            self.frames.append((time.monotonic(), sum(LEVELS[code] for code in sound) / len(sound) > LOUD))

    @property
    def sound_seconds(self) -> float:
        return FRAME * sum(loud for _, loud in self.frames)

    def longest_silence(self, since: float) -> float:
        """Seconds without a frame with sound, at the longest, from `since` (monotonic) until now."""
        times = [since, *(when for when, loud in self.frames if loud), time.monotonic()]
        return max(later - earlier for earlier, later in itertools.pairwise(times))


async def talk(media: asyncio.DatagramTransport, target: tuple[str, int], frame: bytes = SILENCE) -> None:
    """Sends `frame` every 20 ms until cancelled."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(1, 1 << 16):
        stamp = (number * len(frame)).to_bytes(4, "big")
        media.sendto(b"\x80\x08" + number.to_bytes(2, "big") + stamp + b"\x00\x00\x00\x01" + frame, target)
        await asyncio.sleep(start + number * FRAME - loop.time())
