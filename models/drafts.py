"""What agents take down during a call, to be worked on later: the columns that all kinds of it share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.versions import Versioned


class Drafted(Versioned):
    """`case_id` and `case_seq`: the entry of the journal that it comes from, which is written once; `drafted_by` as in
    the timeline (`user:7`)."""

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"))
    case_seq: Mapped[int | None]
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    drafted_at: Mapped[datetime] = mapped_column(index=True)
    drafted_by: Mapped[str]
