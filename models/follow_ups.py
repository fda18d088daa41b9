"""Calls that are owed afterwards: within 2 days of an emergency, a consultation or a service (S1.8, S2.2, S3.4, S4.7),
and those for which home services were drawn (T5).

What is done with one is `follow_up_work.py`'s, what is asked in a call `follow_up_forms.py`'s, when it is tried again
`follow_up_tries.py`'s, who is drawn for visits `visit_samples.py`'s.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import FollowUpKind, Rating
from models.base import Base, choice, utc_now
from models.versions import Versioned


class Ended(StrEnum):
    """How a follow-up ended. `STOPPED`: the elder is gone (`statuses.py`)."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    STOPPED = "stopped"


BY_ELDER: Final = "system:end_of_call"


class TryResult(StrEnum):
    """Why a call came to nothing."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    SWITCHED_OFF = "switched_off"
    WRONG_NUMBER = "wrong_number"
    NOT_NOW = "not_now"


class FollowUp(Versioned, Base):
    """`case_id`, `order_id`: the call or the service that it is about; a visit that was drawn (`sample_day`) has no
    case. `agent_id`: whose it is, None: nobody's yet. `next_try_at`: not to be rung before, after so many `tries`.
    `answers`: question to choice, as in `follow_up_forms.py`. `done_at`: since when it is not owed any more. `said`:
    the grade that was pressed, in an automatic call or at the end of the case's own, whoever asks afterwards."""

    __tablename__ = "follow_ups"
    __table_args__ = (UniqueConstraint("case_id", "kind"), Index(None, "done_at", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("work_orders.id", ondelete="SET NULL"), index=True)
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    kind: Mapped[FollowUpKind] = mapped_column(choice(FollowUpKind))
    booked_at: Mapped[datetime] = mapped_column(default=utc_now)
    due_at: Mapped[datetime] = mapped_column(index=True)
    sample_day: Mapped[date | None] = mapped_column(index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")
    ended: Mapped[Ended | None] = mapped_column(choice(Ended))
    result: Mapped[str] = mapped_column(default="")
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    satisfaction: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    said: Mapped[Rating | None] = mapped_column(choice(Rating))
    said_at: Mapped[datetime | None]


def said_of_call(kind: FollowUpKind, grade: Rating | None, at: datetime | None) -> dict[str, Any]:
    """What a follow-up begins with when the elder has graded the call already. After a consultation that is what it
    would have asked for; who is dissatisfied is still rung, by a person who asks why (T7). What asks about a service
    to come asks all the same."""
    if kind is not FollowUpKind.CONSULTATION and grade is not Rating.DISSATISFIED:
        grade = at = None
    over = grade not in {None, Rating.DISSATISFIED}
    return {
        "said": grade,
        "said_at": at,
        "done_at": at if over else None,
        "done_by": BY_ELDER if over else "",
        "ended": Ended.REACHED if over else None,
        "satisfaction": grade if over else "",
    }


class FollowUpTry(Base):
    """A call that came to nothing; `by` as in the timeline (`user:7`)."""

    __tablename__ = "follow_up_tries"

    id: Mapped[int] = mapped_column(primary_key=True)
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_ups.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    result: Mapped[TryResult] = mapped_column(choice(TryResult))
