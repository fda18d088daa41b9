"""Who pays which part (S6, X6). Pure, and in whole fen: no amount is ever a float.

                                                   class 1      class 2                            class 3
    call service, each month with the elder in it  government   `call_paid` % government, elder    elder
    home service within the limit of the month     100 % gov.   50 to 100 % government, elder      elder
    home service above the limit of the month      elder        elder                              elder

The per cent of a home service are those of the catalogue, for service and class. The class is that of the moment when
the visit ended, for the call service that of the month's first. The limit is on the prices of an elder's visits of one
month, in the order in which they ended. A part of a fen is the government's. What is ordered by the hour costs its
price for each hour between the two scans, a part of a fen left out; all else costs its price once. The supplier gets
the whole price, whoever pays it; the call service is the centre's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ivr.policy import Policy
from models.services.records import ServiceUnit

WHOLE: Final = 100  # per cent


@dataclass(frozen=True, slots=True)
class Parts:
    """Fen that the government pays, and that the elder pays; negative where something is taken back."""

    government: int = 0
    own: int = 0

    @property
    def amount(self) -> int:
        return self.government + self.own

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.government + other.government, self.own + other.own)

    def __sub__(self, other: Parts) -> Parts:
        return Parts(self.government - other.government, self.own - other.own)

    def __bool__(self) -> bool:
        return self != NOTHING


NOTHING: Final = Parts()


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy says for a month: fen for the call service, per cent of it that is paid for class 2, fen of home
    services that are shared; 0 of those: without a limit."""

    call_fee: int
    call_paid: int
    home_limit: int

    @classmethod
    def of(cls, policy: Policy) -> Terms:
        return cls(int(policy.call_fee), int(policy.call_paid), int(policy.home_limit))


def call_percent(service_class: int, terms: Terms) -> int:
    """Per cent of the call service that the government pays."""
    return {1: WHOLE, 2: terms.call_paid}.get(service_class, 0)


def divided(amount: int, percent: int) -> Parts:
    """An amount of which the government pays so many per cent."""
    government = -(-amount * percent // WHOLE)
    return Parts(government, amount - government)


def of_visit(price: int, percent: int, left: int | None) -> Parts:
    """A visit of this price. `left`: fen that are left of the month's limit, None: there is none."""
    within = price if left is None else min(price, max(left, 0))
    return divided(within, percent) + Parts(own=price - within)


def price_of(price: int, unit: ServiceUnit, minutes: int | None) -> int:
    """What an order costs that was agreed at this price for one unit; `minutes` between the two scans."""
    return price * minutes // 60 if unit is ServiceUnit.HOUR and minutes is not None else price


def yuan(fen: int) -> str:
    """As people read it: `-12.50`."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02}"
