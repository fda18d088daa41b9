"""The sub-codes of the outcomes, for pages: a case can be filed while the database is away."""

from collections.abc import Sequence

from aiohttp import web

from models.database import Database
from models.dispositions import DispositionView, list_dispositions
from web.keys import FEED
from web.remembered import Remembered
from web.texts import Lang


class Codes(Remembered[Sequence[DispositionView]]):
    def __init__(self, database: Database) -> None:
        super().__init__(database, list_dispositions, ())

    def word(self, lang: Lang, outcome: str | None, code: str) -> str:
        """What this code means; the code itself when nobody knows."""
        known = (one for one in self.known if (one.outcome, one.code) == (outcome, code))
        return next((one.zh if lang == "zh" else one.en for one in known), code)


CODES = web.AppKey("codes", Codes)


async def tell_desks(request: web.Request) -> Sequence[DispositionView]:
    """After a change: all sub-codes as they are now; desks that are open read them again."""
    known = await request.app[CODES].read()
    request.app[FEED].publish("codes", {})
    return known
