"""Shows the dialplan that a controller lives: so it knows a slow one, which needs time, from one that is gone."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

from ari_app.ari import AriError, Client

SHOW_EVERY: Final = 1.0  # seconds
_VARIABLE: Final = "CONTROLLER_AT"  # in dialplan/extensions.conf


async def show_life(client: Client) -> None:
    """For ever. By the clock of this machine: one elsewhere whose clock is wrong counts as missed, or as slow for a
    while too long."""
    while True:
        with suppress(AriError):  # without a link there is nothing to show
            await client.asterisk.setGlobalVar(variable=_VARIABLE, value=f"{time.time():.0f}")
        await asyncio.sleep(SHOW_EVERY)
