"""Complaints (投诉): taken down on the telephone (H5) or on a page, each to be handled and answered in time (H8, X10).

The way of a complaint is `SUCCESSORS`; who may go it is `complaint_rules.py`'s, what each step needs
`complaint_handling.py`'s, how long it may take `complaint_clocks.py`'s. A complaint that was answered to somebody's
dissatisfaction opens again one level up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice, utc_now
from models.drafts import Drafted


class ComplaintState(StrEnum):
    """`DRAFT`: taken down, and nobody has it yet."""

    DRAFT = "draft"
    ASSIGNED = "assigned"
    INVESTIGATED = "investigated"
    OPINION = "opinion"
    APPROVED = "approved"
    ANSWERED = "answered"
    CLOSED = "closed"


class Step(StrEnum):
    """What is done with a complaint. `RECEIVED` and `ESCALATED` come by themselves. `OPINION` is that of whoever is
    responsible, `APPROVED` that of a leader, who may give it back instead (`RETURNED`); `ASKED`: whether the answer
    satisfies."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    CONTACTED = "contacted"
    INVESTIGATED = "investigated"
    OPINION = "opinion"
    RETURNED = "returned"
    APPROVED = "approved"
    ANSWERED = "answered"
    ASKED = "asked"
    ESCALATED = "escalated"


_S = ComplaintState
SUCCESSORS: Final[Mapping[ComplaintState, Mapping[Step, ComplaintState]]] = {
    _S.DRAFT: {Step.ASSIGNED: _S.ASSIGNED},
    _S.ASSIGNED: {Step.ASSIGNED: _S.ASSIGNED, Step.CONTACTED: _S.ASSIGNED, Step.INVESTIGATED: _S.INVESTIGATED},
    _S.INVESTIGATED: {
        Step.ASSIGNED: _S.ASSIGNED,
        Step.CONTACTED: _S.INVESTIGATED,
        Step.OPINION: _S.OPINION,
    },
    _S.OPINION: {
        Step.ASSIGNED: _S.ASSIGNED,
        Step.CONTACTED: _S.OPINION,
        Step.RETURNED: _S.ASSIGNED,
        Step.APPROVED: _S.APPROVED,
    },
    _S.APPROVED: {Step.ASSIGNED: _S.ASSIGNED, Step.ANSWERED: _S.ANSWERED},
    _S.ANSWERED: {Step.ASKED: _S.CLOSED},  # or, to who is dissatisfied, DRAFT one level up
    _S.CLOSED: {Step.ASKED: _S.CLOSED},  # the follow-up call may find them dissatisfied after all
}
OPEN: Final = frozenset(ComplaintState) - {ComplaintState.CLOSED}  # nothing of it is let go of
UNANSWERED: Final = OPEN - {ComplaintState.ANSWERED}  # an answer is still owed
LEVELS: Final = 3  # the centre's staff, its leaders, the authority above


class AboutKind(StrEnum):
    """Whom a complaint is about; `id` is a user's number, a seat's extension, a supplier's number (empty: nobody
    could say which one)."""

    UNKNOWN = "unknown"
    USER = "user"
    SEAT = "seat"
    SUPPLIER = "supplier"
    OTHER = "other"


class CameBy(StrEnum):
    PHONE = "phone"
    PAGE = "page"
    WORKER = "worker"


class Satisfaction(StrEnum):
    """`NOT_SAID`: they were asked, or could not be."""

    SATISFIED = "satisfied"
    FAIRLY_SATISFIED = "fairly_satisfied"
    DISSATISFIED = "dissatisfied"
    NOT_SAID = "not_said"


def _as_drafted(context: Any) -> Any:
    return context.get_current_parameters().get("drafted_at") or utc_now()


class Complaint(Drafted, Base):
    """`about`: whom or what, in somebody's words, may be empty; `words`: what was said. `complainant` and `caller`: who
    complains and at which number, where that is not the elder. `opened_at`: since when the clocks of this level run;
    `contacted_at`: when who complained was first spoken with since then. `order_id`: the order that it is about."""

    __tablename__ = "complaints"
    __table_args__ = (UniqueConstraint("case_id", "case_seq"),)

    state: Mapped[ComplaintState] = mapped_column(choice(ComplaintState), default=ComplaintState.DRAFT, index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("work_orders.id", ondelete="SET NULL"), index=True)
    about: Mapped[str]
    words: Mapped[str]
    about_kind: Mapped[AboutKind] = mapped_column(choice(AboutKind), default=AboutKind.UNKNOWN)
    about_id: Mapped[str] = mapped_column(default="")
    came_by: Mapped[CameBy] = mapped_column(choice(CameBy), default=CameBy.PHONE)
    complainant: Mapped[str] = mapped_column(default="")
    caller: Mapped[str] = mapped_column(default="")
    level: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime] = mapped_column(default=_as_drafted)
    contacted_at: Mapped[datetime | None]
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    satisfaction: Mapped[Satisfaction | None] = mapped_column(choice(Satisfaction))


class ComplaintStep(Base):
    """What was done, at which level, by whom (`user:7`); `to_user`: whom it was given to, whose account may be gone."""

    __tablename__ = "complaint_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id", ondelete="CASCADE"), index=True)
    level: Mapped[int]
    step: Mapped[Step] = mapped_column(choice(Step))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    to_user: Mapped[int | None]
