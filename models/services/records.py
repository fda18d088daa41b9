"""The tables of the catalogue: services, and whom each is for (S6). Rules for writing them live in `catalogue.py`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Aid
from models.base import Base, choice
from models.versions import Versioned

MINIMUM_MINUTES: Final = 50  # T1


class ServiceUnit(StrEnum):
    """What a price is for."""

    VISIT = "visit"
    HOUR = "hour"
    MEAL = "meal"
    PIECE = "piece"
    MONTH = "month"


class Service(Versioned, Base):
    """`code`: short, lower case, never changed (`cleaning`). `price_limit` in fen for one unit (T1); `minimum_minutes`
    between the two scans, below which a visit is void (T3), 0 for what has no length (a meal that is brought).
    `counts_as_visit`: towards the visits that an elder is owed in a year. Who is no longer `active` is not ordered."""

    __tablename__ = "services"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    aid: Mapped[Aid] = mapped_column(choice(Aid), index=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    unit: Mapped[ServiceUnit] = mapped_column(choice(ServiceUnit), default=ServiceUnit.VISIT)
    price_limit: Mapped[int]
    minimum_minutes: Mapped[int] = mapped_column(default=MINIMUM_MINUTES)
    counts_as_visit: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class ServiceClassRule(Base):
    """For elders of this class: whether they may order it, and which part of the price the government pays, in per
    cent (S6). There is a row for each of the three classes."""

    __tablename__ = "service_class_rules"
    __table_args__ = (
        CheckConstraint("service_class in (1, 2, 3)", name="service_class"),
        CheckConstraint("paid_percent between 0 and 100", name="paid_percent"),
    )

    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"), primary_key=True)
    service_class: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offered: Mapped[bool] = mapped_column(default=True)
    paid_percent: Mapped[int] = mapped_column(default=0)
