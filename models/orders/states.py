"""The states of a work order and which may follow which: this table, and nothing else, decides. Pure: no clock, no I/O.

draft      taken down, nobody asked yet          offered    sent to a supplier, the clock for ringing the elder runs
accepted   the supplier takes it                 declined   does not, or gives it back; somebody else is to be asked
elder_called  the supplier has rung the elder    appointed  day, hour and worker are agreed (T4)
started    the worker has scanned at the door    finished   and scanned again, long enough (T1, T2)
checked    rated by the elder, or looked at      settled    in a statement
void       does not count, a new order names it (T3)        cancelled  nobody wants it any more
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    DRAFT = "draft"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ELDER_CALLED = "elder_called"
    APPOINTED = "appointed"
    STARTED = "started"
    FINISHED = "finished"
    CHECKED = "checked"
    SETTLED = "settled"
    VOID = "void"
    CANCELLED = "cancelled"


_S: Final = OrderState
SUCCESSORS: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    _S.DRAFT: frozenset({_S.OFFERED, _S.CANCELLED}),
    _S.OFFERED: frozenset({_S.ACCEPTED, _S.DECLINED, _S.DRAFT, _S.CANCELLED}),  # back to DRAFT: withdrawn by us
    _S.ACCEPTED: frozenset({_S.ELDER_CALLED, _S.DECLINED, _S.CANCELLED}),
    _S.DECLINED: frozenset({_S.OFFERED, _S.CANCELLED}),
    _S.ELDER_CALLED: frozenset({_S.APPOINTED, _S.DECLINED, _S.CANCELLED}),
    _S.APPOINTED: frozenset({_S.APPOINTED, _S.STARTED, _S.DECLINED, _S.CANCELLED}),  # itself: another day or worker
    _S.STARTED: frozenset({_S.FINISHED, _S.VOID}),
    _S.FINISHED: frozenset({_S.CHECKED, _S.VOID}),
    _S.CHECKED: frozenset({_S.SETTLED, _S.VOID}),
    _S.SETTLED: frozenset({_S.VOID}),  # found out later: the month that follows takes it back
    _S.VOID: frozenset(),
    _S.CANCELLED: frozenset(),
}
OVER: Final = frozenset({_S.SETTLED, _S.VOID, _S.CANCELLED})  # nobody has anything to do with it any more
WITH_SUPPLIER: Final = frozenset({_S.OFFERED, _S.ACCEPTED, _S.ELDER_CALLED, _S.APPOINTED, _S.STARTED})
WITH_ELDER: Final = WITH_SUPPLIER - {_S.OFFERED}  # the supplier has to do with the elder: taken, and not over
TO_BE_SENT: Final = frozenset({_S.DRAFT, _S.DECLINED})  # with nobody: somebody is to be asked
ELDER_WAITS: Final = frozenset({_S.OFFERED, _S.ACCEPTED})  # for the supplier's call (H7)
DONE: Final = frozenset({_S.FINISHED, _S.CHECKED, _S.SETTLED})  # a visit that counts


class IllegalStep(Exception):
    """An order in the state `before` cannot get to `after`."""

    def __init__(self, before: OrderState, after: OrderState) -> None:
        super().__init__(f"an order that is {before} cannot become {after}")
        self.before = before
        self.after = after


def check_step(before: OrderState, after: OrderState) -> None:
    """Raises IllegalStep."""
    if after not in SUCCESSORS[before]:
        raise IllegalStep(before, after)
