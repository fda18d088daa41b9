"""One number in the many forms that carriers send and people write. Never turns a caller away.

`canonical` is what records are matched by; `dialable` is what forms accept and what goes to the trunk.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import phonenumbers

CHINA: Final = "+86"
_EXTENSION = re.compile(r"(?:转|轉|分机|内线|ext\.?|x|#|,|;|w|p)+\D*\d*.*$", re.IGNORECASE | re.DOTALL)
_DASHED_EXTENSION = re.compile(r"^(\(?0\d{2,3}\)?[- ]?\d{7,8})-\d{1,6}$")
_SCHEME = re.compile(r"^(?:sips?|tel):", re.IGNORECASE)
# Cheap-call prefixes that a line may put before the number: 17909, 17951, 12593 and their sisters.
_IP_CALL = re.compile(r"^(?:179\d\d|1259[0-9]|11808|10193)(?=\d{7,})")
_MOBILE = re.compile(r"1[2-9]\d{9}")
_TOLL = re.compile(r"[48]00\d{7}")
# Without the leading 0: 10 and 2x have eight digits after them, the others seven or eight; no area is 086x.
_LANDLINE = re.compile(r"(?:10|2\d)\d{8}|(?!86)[3-9]\d{2}\d{7,8}")
_LOCAL = re.compile(r"\d{7,8}")
_SHORT = re.compile(r"11\d|12\d|1\d{4,5}|9\d{4,5}")
_DIGITS_AT_MOST: Final = 20


class InvalidNumber(ValueError):
    """This cannot be a phone number; the text says what to change, in Chinese and English."""


@lru_cache(maxsize=20_000)
def canonical(number: str, area_code: str) -> str:
    """The one form of a number: `+86...` or `+<country>...` when that can be told, else its digits as they are.

    `area_code` (`021`) is where local numbers belong. Empty for a caller without a number. Never raises.
    """
    plus, digits = _digits(number)
    if not plus:
        digits = _IP_CALL.sub("", digits)
    bare = digits.lstrip("0")
    zeros = len(digits) - len(bare)
    abroad = plus or zeros == 2  # with more of them a carrier has padded the number
    home = _domestic(bare, local=not plus and zeros == 0, area_code=area_code)
    if home and not (abroad and _foreign(bare, sure=True)):
        return CHINA + home
    if abroad and bare:
        return "+" + bare if plus or _foreign(bare, sure=False) else digits
    return digits


def dialable(number: str, area_code: str) -> str:
    """What is dialled: `021...` for a landline, eleven digits for a mobile, `00...` for abroad; short codes as is.

    Raises:
        InvalidNumber: it has letters in it, or too few or too many digits for anything that can be rung.
    """
    given = number.strip()
    if not given:
        raise InvalidNumber("请填写电话号码 / a phone number is needed")
    if any(char.isalpha() for char in _without_noise(given)):
        raise InvalidNumber(f"电话号码中不能有文字: {given} / take the letters out of the number")
    one = canonical(given, area_code)
    if one.startswith(CHINA) and _fits(one.removeprefix(CHINA)):
        return national(one)
    if one.startswith("+") and _foreign(one[1:], sure=False):
        return "00" + one[1:]
    if _SHORT.fullmatch(one):
        return one
    raise InvalidNumber(
        f"电话号码位数不对: {given}。手机11位, 固话7至8位可带区号, 境外以+开头 / wrong number of digits: "
        "a mobile has 11, a landline 7 or 8 with or without area code, a number abroad begins with +"
    )


def national(one: str) -> str:
    """A canonical number as it is written and dialled in China."""
    rest = one.removeprefix(CHINA)
    if not one.startswith(CHINA) or not _fits(rest):
        return "00" + one[1:] if one.startswith("+") else one
    return rest if _MOBILE.fullmatch(rest) or _TOLL.fullmatch(rest) else "0" + rest


def _domestic(bare: str, *, local: bool, area_code: str) -> str:
    """The number within China without its leading 0, or "" when this is none; `local`: no prefix was seen."""
    if local and _LOCAL.fullmatch(bare):
        bare = area_code.lstrip("0") + bare
    inside = bare.removeprefix("86").lstrip("0") if bare.startswith("86") else ""
    for candidate in (bare, inside):
        if _fits(candidate):
            return candidate
    return ""


def _fits(rest: str) -> bool:
    """Is this a number as it stands after +86?"""
    return any(form.fullmatch(rest) for form in (_MOBILE, _TOLL, _LANDLINE))


def _foreign(digits: str, *, sure: bool) -> bool:
    """Could (`sure`: is) +digits be a number outside China?"""
    try:
        parsed = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        return False
    if parsed.country_code == 86:
        return False
    return phonenumbers.is_valid_number(parsed) if sure else phonenumbers.is_possible_number(parsed)


def _without_noise(number: str) -> str:
    """Half-width, without scheme, host and extension."""
    text = unicodedata.normalize("NFKC", number).strip()
    text = _SCHEME.sub("", text).partition("@")[0].strip()
    text = _DASHED_EXTENSION.sub(r"\1", text)
    return _EXTENSION.sub("", text) if text[:1].isdigit() or text[:1] in "+(" else text


def _digits(number: str) -> tuple[bool, str]:
    """Was there a plus in front, and the digits."""
    text = _without_noise(number)
    digits = "".join(str(unicodedata.digit(char)) for char in text if char.isdecimal())[:_DIGITS_AT_MOST]
    return text.lstrip(" (").startswith("+"), digits
