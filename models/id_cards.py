"""Identity card numbers (GB 11643): what is surely wrong, what is only odd, and what they tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from id_validator import helper

_FORM = re.compile(r"\d{17}[\dX]")


class BadIdCard(ValueError):
    """The number cannot be anybody's; the text says why, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class IdCard:
    """`sex` is male or female. `odd`: right in itself, but of an area that no list knows."""

    number: str
    born: date
    sex: str
    odd: bool


def read_id_card(text: str) -> IdCard:
    """The number in its one form, with what it tells.

    Raises:
        BadIdCard: not 18 characters, no such birthday, or the check digit does not fit.
    """
    number = "".join(text.split()).upper()
    if not _FORM.fullmatch(number):
        raise BadIdCard("身份证号应为18位(末位可为X) / an ID number has 18 characters, the last may be X")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdCard("身份证号中的出生日期不存在 / there is no such birthday as in this ID number") from None
    if str(helper.generator_check_bit(number[:17])).upper() != number[17]:
        raise BadIdCard("身份证号校验位不符, 请核对 / the check digit of this ID number does not fit: look again")
    sex = "male" if int(number[16]) % 2 else "female"
    odd = not (_is_known(number[:6]) and helper.check_birthday_code(number[6:14]))
    return IdCard(number=number, born=born, sex=sex, odd=odd)


@lru_cache(maxsize=10_000)
def _is_known(area: str) -> bool:
    """Whether there is, or was, an area of this code. Remembered, because a look makes the list of all anew: 3 ms."""
    return bool(helper.check_address_code(area, "19000101"))
