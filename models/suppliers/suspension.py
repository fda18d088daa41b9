"""When a supplier stops at once (H9). Pure; applied by `outcomes.py` each time when something is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.policy import Policy
from models.suppliers.records import SupplierStatus
from models.suppliers.score import SupplierFacts


@dataclass(frozen=True, slots=True)
class Limits:
    """`rate` in per cent, `row` a number of complaints: what is above either stops the supplier. With fewer than
    `least` orders there is no rate yet: of one order, one complaint would be all."""

    rate: float
    row: float
    least: float

    @classmethod
    def of(cls, policy: Policy) -> Limits:
        return cls(rate=policy.suspend_rate, row=policy.suspend_row, least=policy.suspend_from)


def reason_to_suspend(facts: SupplierFacts, limits: Limits) -> str:
    """Why the supplier must stop now, in words; empty: it may go on."""
    if facts.complained_in_a_row > limits.row:
        return (
            f"连续被投诉{facts.complained_in_a_row}次，超过{limits.row:g}次(H9) / "
            f"{facts.complained_in_a_row} complaints in a row, more than {limits.row:g} (H9)"
        )
    if facts.orders >= limits.least and facts.complaint_rate > limits.rate:
        return (
            f"投诉率{facts.complaint_rate:.1f}%（{facts.orders}单中{facts.complaints}次），超过{limits.rate:g}%(H9) / "
            f"complaint rate {facts.complaint_rate:.1f} % ({facts.complaints} of {facts.orders} orders), "
            f"more than {limits.rate:g} % (H9)"
        )
    return ""


def may_come_back(history: Sequence[tuple[SupplierStatus, SupplierStatus]]) -> bool:
    """Whether a suspended supplier gets another year on probation. `history`: status before and after of each change,
    the oldest first. Who is suspended again while on probation for an earlier suspension does not (H10)."""
    stops = [(at, old) for at, (old, new) in enumerate(history) if new is SupplierStatus.SUSPENDED]
    return len(stops) < 2 or stops[-1][1] is not SupplierStatus.PROBATION
