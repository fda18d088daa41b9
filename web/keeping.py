"""Letting go of audit entries that are old enough. The rule is `models/audit_proof.py`'s; here is only the clock."""

from typing import Final

from models.audit_proof import prune
from models.database import Database
from web.logs import log
from web.repeating import again_and_again

EVERY: Final = 6 * 3600.0


async def keep_audit(database: Database) -> None:
    """For ever: what is older than 400 days goes."""

    async def look() -> None:
        log.info("audit_pruned", entries=await prune(database))

    await again_and_again(look, every=EVERY, failure="audit cannot be pruned")
