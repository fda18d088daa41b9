"""The telephones of a seat: one that speaks SIP, one in the agent's browser, or both. A seat can be rung while either
is there; the one in the page is rung before the other, because whoever has it open sits at it.
"""

from __future__ import annotations

from home.asterisk import page_phone

_PAGE = page_phone("")


class Phones:
    """Which of them Asterisk says are there, by the names of their endpoints (`801`, `801-page`)."""

    def __init__(self) -> None:
        self._there: set[str] = set()
        self._rung_in_page: set[str] = set()

    @staticmethod
    def of(extension: str) -> tuple[str, str]:
        """The endpoints of a seat."""
        return extension, page_phone(extension)

    def told(self, endpoint: str, *, is_registered: bool) -> tuple[str, bool, bool]:
        """Asterisk has told of this endpoint, which it also does at the end of every call: whose it is, whether that
        seat has a phone now, and whether this one has just come."""
        has_come = is_registered and endpoint not in self._there
        (self._there.add if is_registered else self._there.discard)(endpoint)
        extension = endpoint.removesuffix(_PAGE)
        return extension, any(phone in self._there for phone in self.of(extension)), has_come

    def choose(self, extension: str) -> str:
        """The endpoint that is dialled when this seat is rung."""
        in_page = page_phone(extension) in self._there
        (self._rung_in_page.add if in_page else self._rung_in_page.discard)(extension)
        return page_phone(extension) if in_page else extension

    def in_page(self, extension: str) -> bool:
        """Whether it was the phone in the page that was rung last."""
        return extension in self._rung_in_page

    def page_is_open(self, extension: str) -> bool:
        return page_phone(extension) in self._there
