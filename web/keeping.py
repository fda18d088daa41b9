"""Letting go of audit entries that are old enough. The rule is `models/audit_proof.py`'s; here is only the clock."""

import asyncio
from typing import Final

from home.failures import where_it_failed
from models.audit_proof import prune
from models.database import Database, DatabaseUnavailable
from web.logs import log

EVERY: Final = 6 * 3600.0


async def keep_audit(database: Database) -> None:
    """For ever: what is older than 400 days goes."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            log.info("audit_pruned", entries=await prune(database))
        except DatabaseUnavailable:
            continue  # the next round finds the same
        except Exception as error:  # noqa: BLE001 - the task's outermost guard
            log.error("audit cannot be pruned", **where_it_failed(error))
