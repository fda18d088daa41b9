"""What the figures of complaints are given beside the rows: which complaints were late, because a working day cannot be
reckoned in SQL. Ids, and those of the fewer: of complaints that were in time nothing is said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Integer, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from models.complaint_history import Kept, histories
from models.complaints import Complaint
from models.office_hours import OfficeHours


def _ids(name: str) -> BindParameter[Any]:
    """Written into the statement: neither database takes any number of parameters."""
    return bindparam(name, type_=Integer(), expanding=True, literal_execute=True)


CONTACT_LATE: Final = _ids("contact_late")
CONTACT_OPEN: Final = _ids("contact_open")
ANSWER_LATE: Final = _ids("answer_late")
ANSWER_OPEN: Final = _ids("answer_open")


async def of_complaints(
    session: AsyncSession, *, since: datetime, until: datetime, now: datetime, office: OfficeHours
) -> dict[str, list[int]]:
    """The complaints of this time whose clocks have run out on some level, and those of which it cannot be told yet."""
    given: dict[str, list[int]] = {one.key: [] for one in (CONTACT_LATE, CONTACT_OPEN, ANSWER_LATE, ANSWER_OPEN)}
    in_time = Complaint.drafted_at >= since, Complaint.drafted_at < until
    for one in await histories(session, *in_time, office=office, now=now):
        for clock, kept in (("contact", one.contact), ("answer", one.answer)):
            if kept is not Kept.IN_TIME:
                given[f"{clock}_{kept}"].append(one.complaint)
    return given
