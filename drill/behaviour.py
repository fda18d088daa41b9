"""How somebody in the town deals with a call: accept, decline, let it ring. One small plan for each kind of person.

All times are seconds. Nothing here waits for what the platform does, except for the end of the call.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from drill.line import Line, Refusal

# Long enough for any call of a drill; a line that is still up then is a mistake of the platform.
_FOREVER = 3600.0


class Behaviour(Protocol):
    """What becomes of one incoming call. It is cancelled when the call ends."""

    async def meet(self, line: Line) -> None: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """Picks up after `ring` seconds, presses each of `keys` after `listen` seconds, then speaks with `voice`."""

    voice: str = "daughter"
    ring: float = 1.0
    listen: float = 3.0
    keys: str = ""

    async def meet(self, line: Line) -> None:
        await line.ring()
        await asyncio.sleep(self.ring)
        await line.answer()
        for key in self.keys:
            await asyncio.sleep(self.listen)
            await line.press(key)
        if self.voice:
            await line.say(self.voice)


def accepts(voice: str = "daughter", *, ring: float = 1.0, listen: float = 3.0) -> Answers:
    """Listens to the offer and presses 1."""
    return Answers(voice=voice, ring=ring, listen=listen, keys="1")


def declines(*, ring: float = 1.0, listen: float = 3.0) -> Answers:
    """Listens to the offer and presses 2."""
    return Answers(voice="", ring=ring, listen=listen, keys="2")


def hears_twice(voice: str = "neighbour", *, ring: float = 1.0, listen: float = 3.0) -> Answers:
    """Wants the offer again, then accepts it."""
    return Answers(voice=voice, ring=ring, listen=listen, keys="91")


def voicemail(*, ring: float = 1.5) -> Answers:
    """A machine picks up, speaks, and presses nothing."""
    return Answers(voice="voicemail", ring=ring)


def service(voice: str, *, ring: float = 1.0) -> Answers:
    """An operator: answers and speaks."""
    return Answers(voice=voice, ring=ring)


@dataclass(frozen=True, slots=True)
class RingsOn:
    """Nobody is there."""

    async def meet(self, line: Line) -> None:
        await line.ring()
        await asyncio.sleep(_FOREVER)


@dataclass(frozen=True, slots=True)
class Refuses:
    """Busy, rejected, no such number, or a telephone that is switched off."""

    how: Refusal
    after: float = 0.2

    async def meet(self, line: Line) -> None:
        await asyncio.sleep(self.after)
        await line.refuse(self.how)


@dataclass(frozen=True, slots=True)
class PutsDown:
    """Picks up and hangs up without a word."""

    ring: float = 0.5
    stay: float = 0.5

    async def meet(self, line: Line) -> None:
        await line.ring()
        await asyncio.sleep(self.ring)
        await line.answer()
        await asyncio.sleep(self.stay)
        await line.hang_up()
