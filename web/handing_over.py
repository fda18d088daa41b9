"""Handing over to the controller what devices reported: at once, and later what could not be handed over then. The
controller takes a report once, however often it is handed in."""

from typing import Final

from ivr.case import DeviceReport
from models.database import Database, DatabaseUnavailable
from models.device_reports import handed, not_handed
from web.controller.client import Controller
from web.problems import Problem
from web.repeating import again_and_again

EVERY: Final = 2.0


async def hand_over(
    database: Database, controller: Controller, row: int, report: DeviceReport, *, by: str
) -> str | None:
    """The case it belongs to, empty when to none; None when the controller has it, but not yet on record.

    Raises ControllerUnreachable, DatabaseUnavailable.
    """
    taken = await controller.report(report, actor=by)
    if not taken.durable:
        return None
    async with database.write() as session:
        await handed(session, row, taken.case)
    return taken.case


async def hand_over_later(database: Database, controller: Controller) -> None:
    """For ever: whatever waits is handed over, oldest first, as soon as that is possible."""

    async def look() -> None:
        async with database.read() as session:
            waiting = [(row.id, row.report, row.by) for row in await not_handed(session)]
        for row, report, by in waiting:
            await hand_over(database, controller, row, report, by=by)

    away = (Problem, DatabaseUnavailable)  # the page tells already that controller or database is away
    await again_and_again(look, every=EVERY, failure="reports cannot be handed over", away=away)
