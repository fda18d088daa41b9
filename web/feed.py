"""Live messages from the mirror to many browsers: numbered, kept for a while, resumed by number.

A client that does not read is dropped when its queue is full; it comes back with the number it saw last. No message
waits for anybody.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from models.masking import masked

KEPT = 2_000
QUEUE = 256


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a message concerns: a case's readers; with `extension` that seat's own screen only."""

    case: str | None = None
    extension: str | None = None


@dataclass(eq=False, slots=True)
class Message:
    seq: int
    kind: str
    audience: Audience
    text: str
    _masked: str = ""

    def masked(self) -> str:
        """The text without what is personal; made when the first asks who may not see it."""
        if not self._masked:
            data = json.loads(self.text)
            self._masked = encode(self.seq, self.kind, masked(data["data"]))
        return self._masked


@dataclass(eq=False, slots=True)
class Subscriber:
    """One client. `dropped` is set when it was too slow; its queue then holds nothing more that matters."""

    accepts: Callable[[Message], bool]
    queue: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    dropped: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """Numbers begin at the start's time in ms, so a number from before a restart is always older than all we kept."""

    def __init__(self) -> None:
        self.seq = time.time_ns() // 1_000_000
        self._kept: deque[Message] = deque(maxlen=KEPT)
        self._subscribers: set[Subscriber] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def publish(self, kind: str, data: dict[str, Any], audience: Audience | None = None) -> None:
        self.seq += 1
        message = Message(self.seq, kind, audience or Audience(), encode(self.seq, kind, data))
        self._kept.append(message)
        for subscriber in self._subscribers:
            if not subscriber.accepts(message):
                continue
            try:
                subscriber.queue.put_nowait(message)
            except asyncio.QueueFull:
                subscriber.dropped.set()

    def missed(self, after: int) -> list[Message] | None:
        """All messages after this number, or None when they are no longer all there."""
        first = self._kept[0].seq if self._kept else self.seq + 1
        if not first - 1 <= after <= self.seq:
            return None
        return [message for message in self._kept if message.seq > after]

    @contextmanager
    def subscribed(self, accepts: Callable[[Message], bool]) -> Iterator[Subscriber]:
        subscriber = Subscriber(accepts)
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)


def encode(seq: int, kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"seq": seq, "kind": kind, "data": data}, ensure_ascii=False, separators=(",", ":"))
