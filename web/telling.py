"""After a change of what calls are handled by: Asterisk and the controllers are told, so that it is live at once. The
change is on record already; what could not be told now is told or read later."""

from enum import StrEnum

from aiohttp import web

from web.exchange import Told
from web.keys import CONTROLLER, EXCHANGE
from web.problems import Problem


class Live(StrEnum):
    """Since when a change counts."""

    NOW = "now"
    AT_START = "at_start"  # Asterisk does not run in this home
    NOT_IN_ASTERISK = "not_in_asterisk"  # it could not be told: see the log
    NOT_IN_CONTROLLER = "not_in_controller"  # it looks for itself within a minute, or when it starts


async def tell(request: web.Request, *, asterisk: bool) -> Live:
    """`asterisk`: it has to know as well, and first, or the desk would wait for a phone that cannot register."""
    told = await request.app[EXCHANGE].tell() if asterisk else Told.DONE
    try:
        await request.app[CONTROLLER].reload()
    except Problem:
        return Live.NOT_IN_CONTROLLER if told is not Told.LATER else Live.AT_START
    return {Told.DONE: Live.NOW, Told.LATER: Live.AT_START, Told.FAILED: Live.NOT_IN_ASTERISK}[told]
