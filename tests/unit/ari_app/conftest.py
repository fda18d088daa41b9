"""Which clock a test module lives by: `VIRTUAL_TIME = True` in it gives each of its tests a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.unit.ari_app.real_parts import asterisk, database, settings
from tests.unit.ari_app.virtual_time import VirtualLoop

__all__ = ["asterisk", "database", "settings"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Function
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if getattr(item.module, "VIRTUAL_TIME", False):
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}
