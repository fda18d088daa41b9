"""The tables of settlement: months, and the lines that figures are made of. Rules live beside this module.

A line is about one thing that costs something, its `subject`: an order (`order:12`), or the call service of an elder in
a month (`call:34:2026-10`). A subject has one line in a month at most (UNIQUE), and all its lines together are what it
costs. Triggers refuse to change or remove a line of a locked month; a migration in batch mode would drop them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice, utc_now
from models.settlement.shares import Parts, Terms


class LineKind(StrEnum):
    """The 20 yuan a month, and the 100 (X6)."""

    CALL = "call"
    HOME = "home"


class LineCause(StrEnum):
    """Why there is a line. `MONTH`: it is of this month. All others correct a month that is locked: `LATE`, told after
    it was locked; `VOID`, the visit does not count; `GONE`, the elder was not served any more, or stood in two files;
    `BACK`, was served after all; `SHARE`, another visit of that month was void or late, which moved the limit; `HAND`,
    somebody has decided so."""

    MONTH = "month"
    LATE = "late"
    VOID = "void"
    GONE = "gone"
    BACK = "back"
    SHARE = "share"
    HAND = "hand"


class SettlementMonth(Base):
    """`month` as 2026-10. The terms that it was reckoned by, in fen and per cent (`shares.Terms`); `run_at`: when the
    last run was through; locked for good at `locked_at`."""

    __tablename__ = "settlement_months"

    month: Mapped[str] = mapped_column(primary_key=True)
    call_fee: Mapped[int]
    call_paid: Mapped[int]
    home_limit: Mapped[int]
    run_at: Mapped[datetime | None]
    run_by: Mapped[str] = mapped_column(default="")
    locked_at: Mapped[datetime | None]
    locked_by: Mapped[str] = mapped_column(default="")

    @property
    def terms(self) -> Terms:
        return Terms(self.call_fee, self.call_paid, self.home_limit)


class SettlementLine(Base):
    """`month`: whose statements it stands in; `of_month`: the month that it is about, an earlier one for a correction.
    `government` and `own` in fen: what each of them pays; there is no third figure that could differ from their sum.
    `org_unit_id` and `service_class`: where the elder lived, and of which class, when it was made. `elder_id` None: the
    file was deleted."""

    __tablename__ = "settlement_lines"
    __table_args__ = (
        UniqueConstraint("month", "subject"),
        CheckConstraint("service_class in (1, 2, 3)", name="service_class"),
        CheckConstraint("percent between 0 and 100", name="percent"),
        Index(None, "elder_id", "of_month"),
        Index(None, "month", "supplier_id"),
        Index(None, "month", "elder_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(ForeignKey("settlement_months.month", ondelete="RESTRICT"))
    subject: Mapped[str] = mapped_column(index=True)
    of_month: Mapped[str]
    kind: Mapped[LineKind] = mapped_column(choice(LineKind))
    cause: Mapped[LineCause] = mapped_column(choice(LineCause))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("work_orders.id", ondelete="RESTRICT"), index=True)
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"))
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="RESTRICT"), index=True)
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("suppliers.id", ondelete="RESTRICT"), index=True)
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("supplier_workers.id", ondelete="RESTRICT"), index=True)
    service_class: Mapped[int]
    percent: Mapped[int]
    minutes: Mapped[int | None]
    government: Mapped[int]
    own: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str]

    @property
    def parts(self) -> Parts:
        return Parts(self.government, self.own)


def amount() -> ColumnElement[int]:
    """What a line comes to, in SQL."""
    return SettlementLine.government + SettlementLine.own
