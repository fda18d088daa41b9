"""Sub-codes of the outcomes: what exactly it was, in the words of this district. The outcomes themselves are the
procedure's (`ivr.vocabulary.Outcome`); the first sub-codes come with the migration that made the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Outcome
from models.base import Base, choice


class DispositionCode(Base):
    """`code` is lower-case letters, digits and _; one that is not `active` is offered no more and keeps its words."""

    __tablename__ = "disposition_codes"

    outcome: Mapped[Outcome] = mapped_column(choice(Outcome), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    zh: Mapped[str]
    en: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


@dataclass(frozen=True, slots=True)
class DispositionView:
    outcome: Outcome
    code: str
    zh: str
    en: str
    active: bool


async def list_dispositions(session: AsyncSession) -> Sequence[DispositionView]:
    """All of them, by outcome, in their order."""
    found = select(DispositionCode).order_by(DispositionCode.position, DispositionCode.code)
    return [DispositionView(row.outcome, row.code, row.zh, row.en, row.active) for row in await session.scalars(found)]
