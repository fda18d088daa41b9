"""What a text message says that a handset, or a person, has sent to us. Pure.

A handset's message is an alarm unless it says plainly that it is none (K7): where it is, in answer to a question (H14),
or that its battery is low.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ivr.case import Position


class Meaning(StrEnum):
    """`SMS`, `LOCATION` and `BATTERY` are kinds of reports (`ivr.vocabulary.DeviceKind`); a `NOTE` is put on record
    and goes no further."""

    SMS = "sms"
    LOCATION = "location"
    BATTERY = "battery"
    NOTE = "note"


_HELP: Final = re.compile(r"sos|help|alarm|fall|求救|救命|求助|报警|紧急|急救|摔|跌|晕|痛|疼|来人", re.IGNORECASE)
_PLACE: Final = re.compile(r"位置|定位|\b(?:location|position|gps|loc)\b", re.IGNORECASE)
_BATTERY: Final = re.compile(r"电量(?:过)?低|电量不足|低电|\b(?:low battery|battery low)\b", re.IGNORECASE)
# What people send back to a message of ours; anything else may be a cry for help.
_ACKNOWLEDGED: Final = re.compile(
    r"(?:好|好的|好吧|行|收到|谢谢|谢谢您|知道了|明白|明白了|在路上|马上到|马上来|退订|"
    r"ok|okay|yes|thanks|thank you|t|td|r)",
    re.IGNORECASE,
)
_AXES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("n", "s", "lat", "latitude", "纬度", "北纬", "南纬"), "latitude"),
    **dict.fromkeys(("e", "w", "lon", "lng", "long", "longitude", "经度", "东经", "西经"), "longitude"),
}
_NEGATIVE: Final = frozenset({"s", "w", "南纬", "西经"})
_LABELS: Final = "latitude|longitude|long|lat|lon|lng|纬度|经度|北纬|南纬|东经|西经|n|s|e|w"
# Degrees with at least three decimals: shorter ones are times, prices or versions. A letter may stand behind them.
_DEGREES: Final = re.compile(
    rf"(?:(?<![a-z])(?P<label>{_LABELS})\s*[:=：]?\s*)?(?<![\d.])(?P<number>[-+]?\d{{1,3}}\.\d{{3,10}})(?![\d.])"
    r"(?:\s*°?\s*(?P<after>[nsew])(?![a-z]))?",
    re.IGNORECASE,
)


def meaning_of(words: str, *, from_handset: bool) -> Meaning:
    """`from_handset`: the sender is an elder's terminal or telephone."""
    if _HELP.search(words):
        return Meaning.SMS
    if from_handset:
        if _PLACE.search(words) and position_in(words) is not None:
            return Meaning.LOCATION
        return Meaning.BATTERY if _BATTERY.search(words) else Meaning.SMS
    return Meaning.NOTE if _ACKNOWLEDGED.fullmatch(words.strip(" \n\t。.!！~～,，")) else Meaning.SMS


def position_in(words: str) -> Position | None:
    """The first two numbers that can be degrees: latitude first, unless they say otherwise or it cannot be."""
    found = list(_DEGREES.finditer(words))[:2]
    if len(found) < 2:
        return None
    (one, first), (other, second) = ((_axis(match), _degrees(match)) for match in found)
    if one == "longitude" or other == "latitude":
        first, second, one, other = second, first, other, one
    if one is None and other is None and abs(first) > 90:
        first, second = second, first
    if one == "longitude" or other == "latitude" or abs(first) > 90 or abs(second) > 180:
        return None
    return Position(first, second)


def _axis(match: re.Match[str]) -> str | None:
    label = match["label"] or match["after"]
    return _AXES[label.lower()] if label else None


def _degrees(match: re.Match[str]) -> float:
    label = (match["label"] or match["after"] or "").lower()
    value = float(match["number"])
    return -abs(value) if label in _NEGATIVE else value
