"""The small world of orders (`orders.py`) in a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from models.database import Database

from .orders import World


@pytest_asyncio.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    db = Database(sqlite_url)
    made = World(db)
    await made.settle()
    yield made
    await db.close()
