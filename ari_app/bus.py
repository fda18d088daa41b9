"""What consoles see live: numbered messages, a ring of the last ones for those who come back, a queue for each.

A listener that is too slow is cut off and resumes by number; nobody waits for it. Numbers begin at `first`: give each
boot a higher one, so that a number from before is never taken for one of now.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ivr.serial import Json

Kind = Literal["state", "case", "seat", "alarm", "closed", "screen"]
REMEMBERED = 2000
LISTENER_QUEUE = 500


@dataclass(frozen=True, slots=True)
class Message:
    """Kept as the text that goes out: thousands of cases as objects would be walked by every garbage collection, and
    the calls wait for that."""

    seq: int
    kind: Kind
    text: str

    @classmethod
    def of(cls, seq: int, kind: Kind, data: str) -> Message:
        """`data` is JSON already."""
        return cls(seq, kind, f'{{"seq": {seq}, "kind": "{kind}", "data": {data}}}')

    def as_json(self) -> dict[str, Json]:
        told: dict[str, Json] = json.loads(self.text)
        return told

    @property
    def data(self) -> Json:
        return self.as_json()["data"]


class TooSlow(Exception):
    """The listener did not keep up; let it reconnect with `after`."""


class Bus:
    """`snapshot` gives the whole picture, as JSON, for those who start anew."""

    def __init__(self, snapshot: Callable[[], str], *, first: int = 0) -> None:
        self._snapshot = snapshot
        self._ring: deque[Message] = deque(maxlen=REMEMBERED)
        self._listeners: set[asyncio.Queue[Message | None]] = set()
        self.seq = self._first = first

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def publish(self, kind: Kind, data: Json) -> None:
        # In ASCII: whatever somebody typed (half a surrogate pair) can then be sent.
        self.publish_text(kind, json.dumps(data))

    def publish_text(self, kind: Kind, data: str) -> None:
        """`data` is JSON in ASCII."""
        self.seq += 1
        message = Message.of(self.seq, kind, data)
        self._ring.append(message)
        for queue in tuple(self._listeners):
            if queue.full():
                self._cut_off(queue)
            else:
                queue.put_nowait(message)

    def _cut_off(self, queue: asyncio.Queue[Message | None]) -> None:
        # All of it goes: with a hole at its front the listener would resume behind what it never saw.
        self._listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    @contextmanager
    def listen(self, after: int | None) -> Iterator[AsyncIterator[Message]]:
        """Messages that follow number `after`, as long as they are remembered, else the picture first; 0 stands for the
        beginning."""
        queue: asyncio.Queue[Message | None] = asyncio.Queue(LISTENER_QUEUE)
        first = self._missed(self._first if after == 0 else after)
        self._listeners.add(queue)
        try:
            yield self._stream(first, queue)
        finally:
            self._listeners.discard(queue)

    def _missed(self, after: int | None) -> list[Message]:
        oldest = self._ring[0].seq if self._ring else self.seq + 1
        if after is None or not oldest - 1 <= after <= self.seq:
            return [Message.of(self.seq, "state", self._snapshot())]
        return [message for message in self._ring if message.seq > after]

    @staticmethod
    async def _stream(first: list[Message], queue: asyncio.Queue[Message | None]) -> AsyncIterator[Message]:
        for message in first:
            yield message
        while (following := await queue.get()) is not None:
            yield following
        raise TooSlow
