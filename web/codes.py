"""The sub-codes of the outcomes, for pages: remembered, so that a case can be filed while the database is away."""

from collections.abc import Sequence

from aiohttp import web

from models.database import Database, DatabaseUnavailable
from models.dispositions import DispositionView, list_dispositions
from web.texts import Lang


class Codes:
    """What was read last. Administrators change it rarely: `read` is for pages that are opened, not for each ring."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Sequence[DispositionView] = ()

    async def read(self) -> Sequence[DispositionView]:
        try:
            async with self._database.read() as session:
                self._known = await list_dispositions(session)
        except DatabaseUnavailable:
            pass  # what was known before goes on to count
        return self._known

    def word(self, lang: Lang, outcome: str | None, code: str) -> str:
        """What this code means; the code itself when nobody knows."""
        known = (one for one in self._known if (one.outcome, one.code) == (outcome, code))
        return next((one.zh if lang == "zh" else one.en for one in known), code)


CODES = web.AppKey("codes", Codes)
