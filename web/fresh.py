"""An answer that costs something and may be asked for by anybody: made once, and good for a moment for all who ask."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Fresh(Generic[T]):
    """`make` is called at most once in so many seconds, however many ask. It must have deadlines of its own."""

    def __init__(self, make: Callable[[], Awaitable[T]], *, seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._made: asyncio.Future[T] | None = None
        self._at = 0.0

    async def get(self) -> T:
        """Raises what `make` raises."""
        now = asyncio.get_running_loop().time()
        if self._made is None or now - self._at >= self._seconds:
            self._made, self._at = asyncio.ensure_future(self._make()), now
        return await asyncio.shield(self._made)
