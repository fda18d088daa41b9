"""Letting go of what is old enough: entries of the audit log, photos of visits. The rules are `models/audit_proof.py`'s
and `models/orders/photo_keeping.py`'s; here is only the clock."""

from functools import partial
from typing import Final

from home import scans
from home.settings import Settings
from models.audit_proof import prune
from models.base import utc_now
from models.database import Database
from models.orders import photo_keeping
from web.logs import log
from web.repeating import again_and_again

EVERY: Final = 6 * 3600.0


async def keep_audit(database: Database) -> None:
    """For ever: what is older than 400 days goes."""

    async def look() -> None:
        log.info("audit_pruned", entries=await prune(database))

    await again_and_again(look, every=EVERY, failure="audit cannot be pruned")


async def keep_photos(database: Database, settings: Settings) -> None:
    """For ever: what is over age goes, with its file."""
    keep, delete = photo_keeping.KeepPhotos.of(settings), partial(scans.remove, settings, folder=scans.PHOTOS)

    async def look() -> None:
        if removed := await photo_keeping.prune(database, keep, at=utc_now(), delete=delete):
            log.info("visit_photos_removed", photos=removed)

    await again_and_again(look, every=EVERY, failure="photos of visits cannot be looked after")
