"""How many visits an elder is owed in a year (T1), by class, and how many of them by now. Pure; who is behind or over
is read by `queries/visits_owed.py` with the same rule in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from ivr.policy import Policy

MONTHS: Final = 12


def owed_in_a_year(policy: Policy) -> Mapping[int, int]:
    """Class to visits; 0: none are owed."""
    return {1: int(policy.visits_class_1), 2: int(policy.visits_class_2), 3: int(policy.visits_class_3)}


def whole_months(today: date, on_file_since: date) -> int:
    """Months of this year that are over and that the elder was on file for from their first day."""
    if on_file_since.year < today.year:
        return today.month - 1
    return max(0, today.month - 1 - on_file_since.month)


def owed_by_now(owed: int, months: int) -> int:
    """Visits that should have been made by now: month by month, so that nobody is behind before a month is over."""
    return owed * months // MONTHS
