"""Personal data made unreadable: numbers, ID cards, addresses, health. One function for everything that is shown.

Who sees what unmasked is the web's business (`web/personal.py`). Names stay: lists are of no use without them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

Shown = TypeVar("Shown")
HIDDEN: Final = "***"  # what no form takes back: see `is_masked`

# A telephone or ID number inside a text: not a part of an id, a time or a longer word.
_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z._:/-])(?:\+?[0-9]{7,18}[Xx]?|0[0-9]{2,3}-[0-9]{7,8})(?![0-9A-Za-z._:/-])")
_HOUSE: Final = re.compile("[0-9０-９一二三四五六七八九十A-Za-z]+(?=[号幢栋弄室楼层单座#-])")
_IDS: Final = frozenset({"id", "case", "again_of", "leg", "url", "channel", "recording", "people", "kind", "event"})
_COARSE: Final = 2  # decimal places of a degree: about a kilometre


def is_masked(text: str) -> bool:
    """Whether this text came from here: a form with it must not be saved."""
    return HIDDEN in text or bool(re.search(r"[0-9]\*{2,}[0-9]", text))


def number(text: str) -> str:
    """`12000000001` -> `120****0001`, `02110000001` -> `0211***0001`; what is too short to be anybody's own stays (110,
    extensions)."""
    digits = sum(char.isdigit() for char in text)
    if digits < 7:
        return text
    shown, total = 0, digits
    masked = ""
    head, tail = (6, 4) if total >= 15 else (3, 4) if total >= 11 else (2, 2)
    for char in text:
        if not char.isdigit():
            masked += char
            continue
        masked += char if shown < head or shown >= total - tail else "*"
        shown += 1
    return masked


def could_be(shown: str, digits: str) -> bool:
    """Whether a number that may be masked ends with these digits, as far as it can be seen."""
    pairs = list(zip(reversed(shown), reversed(digits), strict=False))
    return len(pairs) == len(digits) and all(seen in (digit, "*") for seen, digit in pairs)


def hidden(text: str) -> str:
    return HIDDEN if text else text


def address(text: str) -> str:
    """What comes before the number of the lane or the house: the street or the estate."""
    start = _HOUSE.search(text) or re.search("[0-9]", text)
    return (text[: start.start()] if start else "") + HIDDEN if text else text


def numbers_in(text: str) -> str:
    """A sentence with the numbers in it masked."""
    return _NUMBER.sub(lambda found: number(found[0]), text)


_BY_NAME: Final[Mapping[str, Callable[[str], str]]] = {
    **dict.fromkeys(("id_card", "home_phone", "phones", "number", "caller", "line", "device", "target"), number),
    **dict.fromkeys(
        ("building", "entrance", "floor", "room", "landmark", "bus_stop", "way_in", "health", "notes"), hidden
    ),
    **dict.fromkeys(
        ("illnesses", "medicines", "allergies", "blood_type", "mobility", "hearing", "aids", "doctor"), hidden
    ),
    "address": address,
}
_OF_CHANGES: Final = frozenset(
    {"contacts", "terminals", "born", "merged"}
)  # fields of the form's history that hold more than one


def masked(shown: Shown) -> Shown:
    """The same value with all that is personal in it masked: a view, a list of them, a message as JSON."""
    result: Shown = _value("", shown)
    return result


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value if name in _IDS or type(value) is not str else _BY_NAME.get(name, numbers_in)(value)
    if isinstance(value, float) and name in ("latitude", "longitude"):
        return round(value, _COARSE)
    if isinstance(value, tuple):
        return tuple(_value(name, item) for item in value)
    if isinstance(value, list):
        return [_value(name, item) for item in value]
    if isinstance(value, dict):
        return {key: _value(key, item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _view(value)
    return value


def _view(view: Any) -> Any:
    """A dataclass; a change of a file's history is masked by the name of the field that it is about."""
    values = {f.name: getattr(view, f.name) for f in dataclasses.fields(view) if f.init}
    if {"field", "old", "new"} <= values.keys():
        of = str(values["field"])
        hide = hidden if of in _OF_CHANGES else _BY_NAME.get(of, numbers_in)
        return dataclasses.replace(view, old=hide(values["old"]), new=hide(values["new"]))
    changed = {name: _value(name, value) for name, value in values.items()}
    return dataclasses.replace(view, **{name: new for name, new in changed.items() if new is not values[name]})
