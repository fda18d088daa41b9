"""The fake Asterisk, a client of it, and the rule that no test leaves a task behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from ari_app.ari import Backoff, Client
from tests.unit.ari.fake_asterisk import APP, PASSWORD, USER, FakeAsterisk

QUICK = Backoff(first=0.01, most=0.1, steady=0.2)


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
def new_client(asterisk: FakeAsterisk) -> Callable[..., Client]:
    def make(**options: Any) -> Client:
        defaults = {"username": USER, "password": PASSWORD, "app": APP, "backoff": QUICK}
        return Client(asterisk.url, **{**defaults, **options})

    return make


@pytest.fixture
async def client(new_client: Callable[..., Client]) -> AsyncIterator[Client]:
    """Connected, its stream unread."""
    async with new_client() as made:
        await made.ready(5)
        yield made


@pytest.fixture(autouse=True)
async def no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = [task for task in asyncio.all_tasks() - before if task.get_name().startswith("ari-")]
    assert left == []
