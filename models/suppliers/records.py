"""The tables of suppliers: admission file (S11), services with prices, places, workers (T8) and their awards (Y4),
outcomes.

Rules for writing them live in the modules beside this one.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Rating
from models.base import Base, choice, utc_now
from models.versions import Versioned


class SupplierStatus(StrEnum):
    """`PROBATION` is the first year (H10). `BLACKLISTED` is for good."""

    APPLYING = "applying"
    PROBATION = "probation"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    BLACKLISTED = "blacklisted"


WORKING: Final = frozenset({SupplierStatus.PROBATION, SupplierStatus.ACTIVE})  # who may get orders


class Condition(StrEnum):
    """The six conditions of admission (S11); each is shown by a paper."""

    LICENCE = "licence"
    TAX = "tax"
    CAPITAL = "capital"
    RECORD = "record"
    STAFF = "staff"
    AGREEMENT = "agreement"


class AwardTitle(StrEnum):
    """What a worker is honoured as (Y4): the best, or who has become better."""

    EXCELLENT = "excellent"
    PROGRESS = "progress"


_STANDS: Final = text("withdrawn_at IS NULL")


class Supplier(Versioned, Base):
    """`licence_key` is `admission.licence_key` of `licence`: one supplier for each, whatever it calls itself. `phone`
    is rung, `sms_number` written to; both ready to be dialled. `on_probation_until` is the last day of the first year,
    None before admission. `capital` in yuan. `status` holds from `status_since`, `status_reason` says why."""

    __tablename__ = "suppliers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    licence: Mapped[str]
    licence_key: Mapped[str] = mapped_column(unique=True)
    status: Mapped[SupplierStatus] = mapped_column(choice(SupplierStatus), default=SupplierStatus.APPLYING, index=True)
    status_since: Mapped[datetime] = mapped_column(default=utc_now)
    status_reason: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    contact_name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str]
    sms_number: Mapped[str] = mapped_column(default="")
    capital: Mapped[int] = mapped_column(default=0)
    agreement_from: Mapped[date | None]
    agreement_until: Mapped[date | None]
    on_probation_until: Mapped[date | None]
    notes: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class SupplierPaper(Base):
    """What shows that a condition is met; one for each condition, a new one takes its place. `valid_until` None: it
    does not run out."""

    __tablename__ = "supplier_papers"

    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"), primary_key=True)
    condition: Mapped[Condition] = mapped_column(choice(Condition), primary_key=True)
    number: Mapped[str] = mapped_column(default="")
    issuer: Mapped[str] = mapped_column(default="")
    issued_on: Mapped[date | None]
    valid_until: Mapped[date | None] = mapped_column(index=True)
    checked_at: Mapped[datetime] = mapped_column(default=utc_now)
    checked_by: Mapped[str]


class SupplierStatusChange(Base):
    """Each change of a supplier's status, with the reason in words; `by` is an actor (`user:7`)."""

    __tablename__ = "supplier_status_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    old: Mapped[SupplierStatus] = mapped_column(choice(SupplierStatus))
    new: Mapped[SupplierStatus] = mapped_column(choice(SupplierStatus))
    reason: Mapped[str]


class SupplierService(Base):
    """What a supplier does; `price` in fen for one unit of the service, never above its limit."""

    __tablename__ = "supplier_services"

    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"), primary_key=True)
    service_id: Mapped[int] = mapped_column(
        ForeignKey("services.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    price: Mapped[int]


class SupplierArea(Base):
    """A place that a supplier serves, with all places below it."""

    __tablename__ = "supplier_areas"

    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"), primary_key=True)
    org_unit_id: Mapped[int] = mapped_column(
        ForeignKey("org_units.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Worker(Versioned, Base):
    """Who goes to the elder (T8). `badge_number` is printed on the badge; `badge_token` is what its QR code holds, made
    anew when a badge is lost. Trained from `trained_on` to `trained_until` (None: without end); who is not trained does
    not work. `phone` is ready to be dialled. `photo`: the SHA-256 of the picture in hex (`home/scans.py`), `photo_type`
    its media type; empty: there is none."""

    __tablename__ = "supplier_workers"

    id: Mapped[int] = mapped_column(primary_key=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str]
    phone: Mapped[str]
    badge_number: Mapped[str] = mapped_column(unique=True)
    badge_token: Mapped[str] = mapped_column(unique=True)
    photo: Mapped[str] = mapped_column(default="", index=True)
    photo_type: Mapped[str] = mapped_column(default="")
    training: Mapped[str] = mapped_column(default="")
    trained_on: Mapped[date | None]
    trained_until: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class WorkerAward(Base):
    """An award of a year, and why it was given; `..._by` are actors. One that was withdrawn stays on record and is in
    nobody's way: of those that stand, a worker has one of each title and year."""

    __tablename__ = "worker_awards"
    __table_args__ = (
        Index(
            "ix_worker_awards_stands",
            *("worker_id", "year", "title"),
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("supplier_workers.id", ondelete="RESTRICT"), index=True)
    year: Mapped[int]
    title: Mapped[AwardTitle] = mapped_column(choice(AwardTitle))
    reason: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(default=utc_now)
    given_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")
    withdrawn_why: Mapped[str] = mapped_column(default="")


class SupplierOutcome(Base):
    """What became of an order, as the score and the suspension see it: one row for each order, or for a complaint that
    is about none. Written by `outcomes.py` alone, for whoever ends, voids, rates an order or takes a complaint.
    `punctual` and `rating` None: nobody knows. Two indexes have all that `facts.py` counts, each in its order."""

    __tablename__ = "supplier_outcomes"
    __table_args__ = (
        UniqueConstraint("order_id"),
        UniqueConstraint("complaint_id"),
        Index(
            "ix_supplier_outcomes_facts",
            *("supplier_id", "at", "complained", "void", "punctual", "rating", "order_id"),
        ),
        Index("ix_supplier_outcomes_workers", *("at", "worker_id", "complained", "void", "rating")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("work_orders.id", ondelete="SET NULL"))
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="RESTRICT"))
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaints.id", ondelete="SET NULL"))
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("supplier_workers.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    punctual: Mapped[bool | None]
    void: Mapped[bool] = mapped_column(default=False)
    rating: Mapped[Rating | None] = mapped_column(choice(Rating))
    complained: Mapped[bool] = mapped_column(default=False)


class SupplierAccount(Base):
    """Whose record a user with the duty `supplier` sees."""

    __tablename__ = "supplier_accounts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"), index=True)
