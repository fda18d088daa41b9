"""From the parts of an address to the line that is read out to 120."""

from __future__ import annotations

from collections.abc import Sequence

from models.elders import Elder

_UNITS = (("building", "号楼"), ("entrance", "单元"), ("floor", "层"), ("room", "室"))


def full_address(elder: Elder, units: Sequence[str]) -> str:
    """City to room without gaps (`演示市演示区…1号楼2单元3层301室`); a part that is a bare number gets its word.

    `units` are the names of the org units, the largest first.
    """
    parts = [*units, elder.compound.strip()]
    for field, word in _UNITS:
        value: str = getattr(elder, field).strip()
        bare = value.isascii() and value.isalnum()
        parts.append(value + word if bare else value)
    return "".join(parts)
