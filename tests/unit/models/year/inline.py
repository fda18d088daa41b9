"""SQLite without its thread: nothing runs beside a year, and to hand each statement to another thread and back was
most of what it cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from unittest.mock import patch

import aiosqlite

Result = TypeVar("Result")


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, connections are opened that work in the thread of whoever asks them."""
    with (
        patch.object(aiosqlite.Connection, "_execute", _here),
        patch.object(sqlite3, "connect", partial(sqlite3.connect, check_same_thread=False)),
    ):
        yield


async def _here(connection: aiosqlite.Connection, work: Callable[..., Result], *given: Any, **named: Any) -> Result:
    return work(*given, **named)
