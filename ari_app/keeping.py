"""The daily housekeeping of recordings: what nobody has looked at is looked at, what is over age goes. Rules are in
`models/recordings.py`. It comes after everything else: a failure is logged, and tried again an hour later."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import structlog

from models.database import Database, DatabaseUnavailable
from models.recordings import Keep, prune, settle

log = structlog.get_logger(__name__)
FIRST_AFTER = 60.0  # seconds after the start, when the calls that were taken over are in good hands
EVERY = 24 * 3600.0
AGAIN_AFTER = 3600.0


async def keep_house(database: Database, folder: Path, keep: Keep) -> None:
    """For ever."""
    pause = FIRST_AFTER
    while True:
        await asyncio.sleep(pause)
        pause = EVERY if await tidy(database, folder, keep) else AGAIN_AFTER


async def tidy(database: Database, folder: Path, keep: Keep) -> bool:
    """Once. False when it could not be done."""
    at = datetime.now(UTC)
    try:
        settled = await settle(database, folder, at=at)
        removed = await prune(database, folder, keep, at=at)
    except (DatabaseUnavailable, OSError) as problem:
        log.warning("the recordings could not be tidied", reason=str(problem))
        return False
    except Exception:
        # The outermost guard: calls must not suffer from what housekeeping stumbles over.
        log.exception("the recordings could not be tidied")
        return False
    if settled or removed:
        log.info("recordings are tidied", completed=settled, removed=len(removed))
    return True
