"""The tables of reports: counts of calls that are kept by day, and reports that somebody has signed off.

Kept counts are nobody's truth: they are made from the cases, thrown away and made again (`keeping.py`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now


class ReportDay(Base):
    """A day of which the counts are kept. `calls` and `nameless`: how many cases it had, and how many without an elder,
    at `counted_at`: one that came in late, or lost its elder since, shows by them."""

    __tablename__ = "report_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    calls: Mapped[int]
    nameless: Mapped[int]
    counted_at: Mapped[datetime] = mapped_column(index=True)


class ReportCount(Base):
    """All figures of calls of one day and place, in the order in which they are defined: as many numbers as there are
    such figures. `unit`: 0 is no place; a place may be gone meanwhile. One row and not one for each figure, because a
    year of a district has forty thousand days of its places."""

    __tablename__ = "report_counts"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's name and shape

    day: Mapped[date] = mapped_column(primary_key=True)
    unit: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    numbers: Mapped[list[int]] = mapped_column(JSON)


class ReportBasis(Base):
    """One row: what all kept counts rest on. `definitions`, `seats`: fingerprints of how figures are defined and of
    which seat is of which place; `looked_at`: until when changes of elders have been followed."""

    __tablename__ = "report_basis"

    id: Mapped[int] = mapped_column(primary_key=True)
    definitions: Mapped[int] = mapped_column(BigInteger)
    seats: Mapped[int] = mapped_column(BigInteger)
    looked_at: Mapped[datetime]


class SignedReport(Base):
    """A report as it stood when somebody signed it: `content` is what the page shows of it. `unit` None: of the whole;
    `unit_name` stays readable when the place is gone. `by` an actor (`user:7`)."""

    __tablename__ = "signed_reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[int | None] = mapped_column(index=True)
    unit_name: Mapped[str] = mapped_column(default="")
    period: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    remark: Mapped[str] = mapped_column(default="")
    content: Mapped[dict[str, Any]]
