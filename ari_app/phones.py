"""The telephones of a seat: one that speaks SIP, one in the agent's browser, or both. A seat can be rung while either
is there; the one in the page is rung before the other, because whoever has it open sits at it.
"""

from __future__ import annotations

from enum import StrEnum

from home.asterisk import page_phone

_PAGE = page_phone("")


class Phone(StrEnum):
    """What an agent speaks through: this desk's page works the one, and asks us to work the other (`handsets.py`)."""

    PAGE = "page"
    TELEPHONE = "telephone"


class Phones:
    """Which of them Asterisk says are there, by the names of their endpoints (`801`, `801-page`)."""

    def __init__(self) -> None:
        self._there: set[str] = set()
        self._rung: dict[str, Phone] = {}

    @staticmethod
    def of(extension: str) -> tuple[str, str]:
        """The endpoints of a seat."""
        return extension, page_phone(extension)

    @staticmethod
    def owner(endpoint: str) -> str:
        """The seat whose endpoint it is."""
        return endpoint.removesuffix(_PAGE)

    def told(self, endpoint: str, *, is_registered: bool) -> tuple[str, bool, bool]:
        """Asterisk has told of this endpoint, which it also does at the end of every call: whose it is, whether that
        seat has a phone now, and whether this one has just come."""
        has_come = is_registered and endpoint not in self._there
        (self._there.add if is_registered else self._there.discard)(endpoint)
        extension = self.owner(endpoint)
        return extension, any(phone in self._there for phone in self.of(extension)), has_come

    def choose(self, extension: str) -> str:
        """The endpoint that is dialled when this seat is rung."""
        in_page = self.page_is_open(extension)
        self._rung[extension] = Phone.PAGE if in_page else Phone.TELEPHONE
        return page_phone(extension) if in_page else extension

    def rung(self, extension: str, channel: str) -> None:
        """A former boot has rung this one; `channel` is Asterisk's name for the line (`PJSIP/801-page-0000001f`)."""
        in_page = channel.startswith(f"PJSIP/{page_phone(extension)}-")
        self._rung[extension] = Phone.PAGE if in_page else Phone.TELEPHONE

    def at_rest(self, extension: str) -> None:
        """The seat is in no case: what was rung last says nothing any more."""
        self._rung.pop(extension, None)

    def in_use(self, extension: str) -> Phone | None:
        """The one that was rung for the case the seat is in, else the one that would be rung; None: there is none."""
        if extension in self._rung:
            return self._rung[extension]
        if self.page_is_open(extension):
            return Phone.PAGE
        return Phone.TELEPHONE if extension in self._there else None

    def in_page(self, extension: str) -> bool:
        """Whether it was the phone in the page that was rung last."""
        return self._rung.get(extension) is Phone.PAGE

    def page_is_open(self, extension: str) -> bool:
        return page_phone(extension) in self._there
