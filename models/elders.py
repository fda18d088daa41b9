"""The register's tables: elders with the whole registration form (S7), contacts, terminals, dated changes (S7).

Rules for writing them live in `register.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.vocabulary import Relation
from models.base import Base, choice, utc_now
from models.versions import Versioned


class ElderStatus(StrEnum):
    ACTIVE = "active"
    AWAY = "away"
    MOVED = "moved"
    DIED = "died"


SERVED = (ElderStatus.ACTIVE, ElderStatus.AWAY)
GONE = (ElderStatus.MOVED, ElderStatus.DIED)
_MERGED = text("merged_into IS NOT NULL")


class Elder(Versioned, Base):
    """`*_canonical` are `phone_numbers.canonical` of the column of that name; `name_key` is `names.search_key`.
    `provisional_for` keeps a number, or a case without one, from getting two provisional files. `status` holds from
    `status_since`; who is away comes back on `status_until`. The health file (X4) begins at `illnesses`. `merged_into`:
    this file was another one of the same person, and what was in it is there now (`merging.py`)."""

    __tablename__ = "elders"
    __table_args__ = (
        CheckConstraint("service_class in (1, 2, 3)", name="service_class"),
        Index(None, "compound", "building", "room"),
        Index(None, "merged_into", sqlite_where=_MERGED, postgresql_where=_MERGED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    name_key: Mapped[str] = mapped_column(default="", index=True)
    sex: Mapped[str] = mapped_column(default="")
    born: Mapped[date | None] = mapped_column(index=True)
    id_card: Mapped[str | None] = mapped_column(unique=True)
    home_phone: Mapped[str] = mapped_column(default="")
    home_phone_canonical: Mapped[str] = mapped_column(default="", index=True)
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="RESTRICT"), index=True)
    compound: Mapped[str] = mapped_column(default="")
    building: Mapped[str] = mapped_column(default="", index=True)
    entrance: Mapped[str] = mapped_column(default="")
    floor: Mapped[str] = mapped_column(default="")
    room: Mapped[str] = mapped_column(default="", index=True)
    landmark: Mapped[str] = mapped_column(default="")
    bus_stop: Mapped[str] = mapped_column(default="")
    way_in: Mapped[str] = mapped_column(default="")
    lives_alone: Mapped[bool | None]
    language: Mapped[str] = mapped_column(default="zh")
    dialect: Mapped[str] = mapped_column(default="")
    service_class: Mapped[int] = mapped_column(default=3)
    health: Mapped[str] = mapped_column(default="")
    illnesses: Mapped[str] = mapped_column(default="", server_default="")
    medicines: Mapped[str] = mapped_column(default="", server_default="")
    allergies: Mapped[str] = mapped_column(default="", server_default="")
    blood_type: Mapped[str] = mapped_column(default="", server_default="")
    mobility: Mapped[str] = mapped_column(default="", server_default="")
    hearing: Mapped[str] = mapped_column(default="", server_default="")
    aids: Mapped[str] = mapped_column(default="", server_default="")
    doctor: Mapped[str] = mapped_column(default="", server_default="")
    notes: Mapped[str] = mapped_column(default="")
    notice_signed_on: Mapped[date | None]
    agreement_signed_on: Mapped[date | None]
    status: Mapped[ElderStatus] = mapped_column(choice(ElderStatus), default=ElderStatus.ACTIVE, index=True)
    status_since: Mapped[date | None]
    status_until: Mapped[date | None]
    provisional: Mapped[bool] = mapped_column(default=False)
    provisional_for: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    merged_into: Mapped[int | None]

    contacts: Mapped[list[Contact]] = relationship(
        order_by="Contact.position", cascade="all, delete-orphan", passive_deletes=True
    )
    terminals: Mapped[list[Terminal]] = relationship(
        order_by="Terminal.id", cascade="all, delete-orphan", passive_deletes=True
    )


def is_whole(elder: type[Elder] = Elder) -> ColumnElement[bool]:
    """That the file is no part of another, which nearly all are: so the index has the others only."""
    return elder.merged_into.is_(None)


class ElderKey(Base):
    """What a file is found by; made and asked by `search_keys.py`. Ordered by bytes, so that a prefix is a range."""

    __tablename__ = "elder_keys"
    __table_args__ = (Index(None, "key", "elder_id"), {"sqlite_with_rowid": False})

    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)


class ElderChange(Base):
    """One changed field; texts as a person would read them. `by` is an actor (`user:7`, `import`)."""

    __tablename__ = "elder_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    by: Mapped[str]
    field: Mapped[str]
    old: Mapped[str]
    new: Mapped[str]


class Contact(Base):
    """Somebody who may help; rung in the order of `position`."""

    __tablename__ = "contacts"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's name and shape

    id: Mapped[int] = mapped_column(primary_key=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str]
    kind: Mapped[Relation] = mapped_column(choice(Relation), default=Relation.OTHER)
    relation: Mapped[str] = mapped_column(default="")

    phones: Mapped[list[ContactPhone]] = relationship(
        order_by="ContactPhone.position", cascade="all, delete-orphan", passive_deletes=True
    )


class ContactPhone(Base):
    """`number` is ready to be dialled."""

    __tablename__ = "contact_phones"
    __table_args__ = (UniqueConstraint("contact_id", "canonical"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    number: Mapped[str]
    canonical: Mapped[str] = mapped_column(index=True)


class Terminal(Base):
    """A handset or device at home, known by the number that it calls from; a sensor that sends reports (H14: also where
    it is) by its `serial`."""

    __tablename__ = "terminals"

    id: Mapped[int] = mapped_column(primary_key=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    line: Mapped[str]
    line_canonical: Mapped[str] = mapped_column(unique=True)
    model: Mapped[str] = mapped_column(default="")
    serial: Mapped[str] = mapped_column(default="")
    installed_on: Mapped[date | None]
    last_tested_at: Mapped[datetime | None]
    position: Mapped[dict[str, Any] | None]
    position_at: Mapped[datetime | None]
