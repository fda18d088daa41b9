"""What kind of call it is, by the number that was dialled. Whatever is not known as something else is an alarm (K7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ivr.vocabulary import CaseKind
from models.phone_numbers import canonical


class DialledNumbers:
    """`numbers`: for each kind that is no alarm, those at which such calls come in."""

    def __init__(self, numbers: Mapping[CaseKind, Iterable[str]], *, area_code: str) -> None:
        self._area_code = area_code
        self._kinds = {canonical(one, area_code): kind for kind, group in numbers.items() for one in group}

    def kind(self, dialled: str) -> CaseKind:
        """`dialled` in any form that carriers send."""
        return self._kinds.get(canonical(dialled, self._area_code), CaseKind.SOS)
