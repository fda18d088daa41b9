"""What may wait lets callers go first, but never for long."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.callers_first import LONGEST, CallersFirst
from tests.unit.ari_app.virtual_time import passes, settled

VIRTUAL_TIME = True
PATIENCE = 0.05


def clock() -> float:
    return asyncio.get_running_loop().time()


async def waited(callers: CallersFirst) -> float:
    began = clock()
    await callers.pass_by(PATIENCE)
    return clock() - began


async def test_nobody_waits_when_nobody_is_being_answered() -> None:
    callers = CallersFirst()
    assert await waited(callers) == 0
    callers.offered("c-1")
    callers.served("c-1")
    callers.served("c-1")
    assert not callers.waiting
    assert await waited(callers) == 0


async def test_work_goes_on_as_soon_as_the_last_caller_is_served() -> None:
    callers = CallersFirst()
    callers.offered("c-1")
    callers.offered("c-2")
    work = asyncio.create_task(waited(callers))
    await passes(0.01)
    callers.served("c-1")
    await settled()
    assert not work.done()
    await passes(0.01)
    callers.served("c-2")
    assert await work == pytest.approx(0.02, abs=0.001)


async def test_work_waits_no_longer_than_it_may() -> None:
    callers = CallersFirst()
    callers.offered("c-1")
    assert await waited(callers) == pytest.approx(PATIENCE)


async def test_a_caller_who_is_never_answered_does_not_count_for_ever() -> None:
    callers = CallersFirst()
    callers.offered("lost")
    await passes(LONGEST + 0.01)
    callers.offered("c-2")
    assert callers.waiting
    callers.served("c-2")
    assert not callers.waiting
    assert await waited(callers) == 0
