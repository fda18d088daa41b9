"""Text messages that came in and belong to no case: thanks of family, companies, a handset that only said where it
is. What was a cry for help is a case, and what still waits for the controller may become one: neither is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import utc_now
from models.device_reports import DeviceReportRow
from models.elders import Elder
from models.org import OrgUnit
from models.queries.paging import Page, read_page_from
from models.scope import Scope
from models.versions import NoSuchRecord

Seen = Literal["new", "seen"]
Sender = Literal["known", "unknown"]


@dataclass(frozen=True, slots=True)
class TextView:
    """`number`: who has sent it, as on file (of a handset that is on file, its serial number). `said`: what it means.
    `elder`: whose telephone, or whose contact's, it came from; null when nobody knows. `seen_by` an actor."""

    id: int
    number: str
    sent_at: datetime
    received_at: datetime
    words: str
    said: str
    elder: int | None
    elder_name: str
    community: str
    seen_at: datetime | None
    seen_by: str


async def list_texts(
    session: AsyncSession,
    *,
    scope: Scope,
    state: Seen | None = None,
    sender: Sender | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[TextView]:
    """The latest first; the cursor is a number of rows. Those of unknown senders are seen by who sees all places."""
    query = _texts(scope).order_by(DeviceReportRow.received_at.desc(), DeviceReportRow.id.desc())
    for column, wanted in (
        (DeviceReportRow.seen_at, None if state is None else state == "seen"),
        (DeviceReportRow.elder_id, None if sender is None else sender == "known"),
    ):
        if wanted is not None:
            query = query.where(column.is_not(None) if wanted else column.is_(None))
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def text_view(session: AsyncSession, text: int, *, scope: Scope) -> TextView:
    """Raises NoSuchRecord: there is no such message, it belongs to a case, or it is out of scope."""
    found = (await session.execute(_texts(scope).where(DeviceReportRow.id == text))).one_or_none()
    if found is None:
        raise NoSuchRecord
    return _view(*found)


async def set_seen(session: AsyncSession, text: int, *, seen: bool, by: str, scope: Scope) -> None:
    """Somebody has read it, or it is to be read again; who was first stays. Raises NoSuchRecord."""
    view = await text_view(session, text, scope=scope)
    if seen is (view.seen_at is not None):
        return
    row = await session.get_one(DeviceReportRow, text)
    row.seen_at, row.seen_by = (utc_now(), by) if seen else (None, "")
    audit(session, by, "inbound_text.seen" if seen else "inbound_text.new", f"text:{text}", elder=row.elder_id)
    await session.flush()


def _texts(scope: Scope) -> Select[DeviceReportRow, str | None, str | None]:
    row = DeviceReportRow
    return (
        select(row, Elder.name, OrgUnit.name)
        .outerjoin(Elder, Elder.id == row.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(row.message.is_not(None), row.handed_at.is_not(None), row.case_id == "", scope.of_elders())
    )


def _view(row: DeviceReportRow, elder: str | None, community: str | None) -> TextView:
    return TextView(
        id=row.id,
        number=row.device,
        sent_at=row.at,
        received_at=row.received_at,
        words=row.words,
        said=row.said,
        elder=row.elder_id,
        elder_name=elder or "",
        community=community or "",
        seen_at=row.seen_at,
        seen_by=row.seen_by,
    )
