"""The one ordered stream between the reader of the link and the single consumer.

The reader never waits: `put` says whether there was room. What the client itself has to say (`put_always`) is never
refused, so that a consumer always learns that something is missing.
"""

from __future__ import annotations

import asyncio
from collections import deque

from .messages import StreamItem


class Stream:
    """A bounded queue of events, read with `async for` by one consumer. `size` counts items."""

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._items: deque[StreamItem] = deque()
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._ended = False
        self._awaited = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: StreamItem) -> bool:
        """Append if there is room; False means that the item was NOT taken and the link must be dropped."""
        if len(self._items) >= self._size:
            return False
        self.put_always(item)
        return True

    def put_always(self, item: StreamItem) -> None:
        self._items.append(item)
        self._filled.set()
        if len(self._items) * 2 > self._size:
            self._drained.clear()

    def end(self) -> None:
        """Nothing follows; the consumer still gets what is queued."""
        self._ended = True
        self._filled.set()
        self._drained.set()

    async def drained(self) -> None:
        """Wait until at most half of the room is taken."""
        await self._drained.wait()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> StreamItem:
        """The next item. Raises RuntimeError for a second consumer: two would each miss events."""
        if self._awaited:
            raise RuntimeError("events() has a consumer already: read the stream in one place and pass events on")
        while not self._items:
            if self._ended:
                raise StopAsyncIteration
            self._filled.clear()
            self._awaited = True
            try:
                await self._filled.wait()
            finally:
                self._awaited = False
        item = self._items.popleft()
        if len(self._items) * 2 <= self._size:
            self._drained.set()
        return item
