"""The clocks of a complaint (H8): whoever complained is spoken with within 24 hours, and answered within one working
day. Both run from the moment it came in, and anew when it goes one level up. Pure but for the table that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, or_

from models.complaints import UNANSWERED, Complaint, ComplaintState
from models.office_hours import OfficeHours
from models.working_time import after, before, working_day

CONTACT_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Clocks:
    """`contact_due`, `answer_due`: None where it was done; `late`: one of them has run out."""

    contact_due: datetime | None
    answer_due: datetime | None
    late: bool


def clocks_of(
    state: ComplaintState, opened_at: datetime, contacted_at: datetime | None, *, office: OfficeHours, now: datetime
) -> Clocks:
    """What is still owed of a complaint that was opened then."""
    if state not in UNANSWERED:
        return Clocks(None, None, late=False)
    contact = None if contacted_at is not None else opened_at + CONTACT_WITHIN
    answer = after(office, opened_at, working_day(office))
    return Clocks(contact, answer, late=answer <= now or (contact is not None and contact <= now))


def is_late(office: OfficeHours, now: datetime) -> ColumnElement[bool]:
    """The same `late`, asked in SQL of every complaint at once: the moment is found before which a complaint must have
    been opened, so that no row has to be reckoned by itself."""
    not_contacted = and_(Complaint.contacted_at.is_(None), Complaint.opened_at <= now - CONTACT_WITHIN)
    not_answered = Complaint.opened_at <= before(office, now, working_day(office))
    return and_(Complaint.state.in_(sorted(UNANSWERED)), or_(not_contacted, not_answered))
