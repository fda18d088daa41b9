"""What controllers of former boots have left at Asterisk: that they hear of the telephones of seats. Asterisk keeps
that for ever, and works out each event of a telephone once for every boot that there was, though nobody listens: after
sixty of them a call cost it twice as much."""

from __future__ import annotations

import asyncio
import re
import secrets as chance
from typing import Final

import structlog

from ari_app.ari import AriError, Client

log = structlog.get_logger(__name__)
AGAIN: Final = 5.0  # seconds until Asterisk is asked again that did not answer


def boot_name(node: str) -> str:
    """One Stasis application for each boot: a new controller never hears the old one's calls by accident."""
    return f"sos-{node}-{chance.token_hex(3)}"


async def forget_former_boots(client: Client, node: str) -> None:
    """Once. Only the active controller hears of seats, so whoever else does of this node is active no longer; the lines
    that it had are not touched."""
    while True:
        try:
            await _forget(client, re.compile(rf"sos-{re.escape(node)}-[0-9a-f]{{6}}"))
        except AriError as problem:
            log.info("former boots could not be looked for", reason=str(problem))
            await asyncio.sleep(AGAIN)
        else:
            return


async def _forget(client: Client, boots: re.Pattern[str]) -> None:
    for one in await client.applications.list():
        if one.endpoint_ids and one.name != client.app and boots.fullmatch(one.name):
            left = [f"endpoint:{endpoint}" for endpoint in one.endpoint_ids]
            await client.applications.unsubscribe(applicationName=one.name, eventSource=left)
