"""Lists page by page, the same rows whatever the size of a page; and changes that somebody else was faster with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Aid
from models.audit import AuditEntry
from models.base import utc_now
from models.complaints import Complaint
from models.database import Database
from models.elders import Elder
from models.exception_reports import ExceptionCause, ExceptionReport, explain
from models.follow_up_work import complete
from models.follow_ups import FollowUp
from models.journal import write
from models.office_hours import OfficeHours
from models.orders.work_orders import WorkOrder
from models.queries.complaints import list_complaints
from models.queries.exception_reports import exception_view, list_exceptions
from models.queries.follow_ups import follow_up_view, list_follow_ups
from models.queries.paging import Page
from models.queries.work_orders import list_orders
from models.register import delete_elder
from models.scope import EVERYWHERE
from models.versions import NoSuchRecord, VersionConflict
from tests.web import stories

Change = Callable[..., Awaitable[None]]
List = Callable[[AsyncSession, int, int | None], Awaitable[Page[object]]]

LISTS: dict[str, tuple[List, list[int]]] = {
    "orders": (lambda s, limit, after: list_orders(s, scope=EVERYWHERE, limit=limit, after=after), [5, 4, 3, 2, 1]),
    "complaints": (
        lambda s, limit, after: list_complaints(
            s, scope=EVERYWHERE, office=OfficeHours(9, 17), limit=limit, after=after
        ),
        [5, 4, 3, 2, 1],
    ),
    "follow-ups": (
        lambda s, limit, after: list_follow_ups(s, scope=EVERYWHERE, state=None, limit=limit, after=after),
        [5, 4, 2, 1, 3],
    ),
    "exceptions": (
        lambda s, limit, after: list_exceptions(s, scope=EVERYWHERE, state=None, limit=limit, after=after),
        [1, 2, 4, 5, 3],
    ),
}


@pytest.fixture
async def filled(db: Database) -> Database:
    """Five of each, each younger than the one before and due earlier; the third follow-up and exception are done."""
    now = utc_now()
    async with db.write() as session:
        for number in range(5):
            await write(session, stories.entries(stories.closed(stories.ringing(f"c{number}", file=None))))
        for number in range(5):
            at = now - timedelta(hours=number)
            done = now if number == 2 else None
            session.add_all(
                [
                    WorkOrder(case_id=f"c{number}", aid=Aid.MEALS, wish="午饭", drafted_at=now, drafted_by="seat:801"),
                    Complaint(case_id=f"c{number}", about="", words="太慢", drafted_at=now, drafted_by="seat:801"),
                    FollowUp(case_id=f"c{number}", kind="emergency", due_at=at, done_at=done),
                    ExceptionReport(case_id=f"c{number}", waiting_since=at, opened_at=at, explained_at=done),
                ]
            )
            await session.flush()
    return db


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
async def test_pages_follow_each_other_without_gap_or_repetition(filled: Database, kind: str, limit: int) -> None:
    read, order = LISTS[kind]
    seen: list[int] = []
    after = None
    async with filled.read() as session:
        while True:
            page = await read(session, limit, after)
            assert 0 < len(page.items) <= limit
            seen += [item.id for item in page.items]  # type: ignore[attr-defined]
            if page.next is None:
                break
            after = int(page.next)
    assert seen == order


async def test_open_and_done_are_told_apart(filled: Database) -> None:
    async with filled.read() as session:
        for read in (list_follow_ups, list_exceptions):
            assert [item.id for item in (await read(session, scope=EVERYWHERE, state="done")).items] == [3]
            assert 3 not in [item.id for item in (await read(session, scope=EVERYWHERE, state="open")).items]


async def test_a_change_counts_the_version_up_and_an_old_one_is_refused(filled: Database) -> None:
    async with filled.write() as session:
        await _complete(session, 1, version=1)
        assert (await follow_up_view(session, 1)).version == 2
        await _explain(session, 1, version=1)
        assert (await exception_view(session, 1)).version == 2
    for change in (_complete, _explain):
        with pytest.raises(VersionConflict) as conflict:
            async with filled.write() as session:
                await change(session, 1, version=1)
        assert conflict.value.current == 2
        with pytest.raises(NoSuchRecord):
            async with filled.write() as session:
                await change(session, 99, version=1)


@pytest.mark.parametrize("table", [FollowUp, ExceptionReport, Elder])
async def test_a_change_beside_another_is_refused_and_leaves_nothing(
    filled: Database, table: type[FollowUp | ExceptionReport | Elder]
) -> None:
    change = {FollowUp: _complete, ExceptionReport: _explain, Elder: _delete}[table]
    async with filled.write() as session:
        session.add(Elder(id=1, name="演示·甲"))
    with pytest.raises(VersionConflict) as conflict:
        await _too_late(filled, table, change)
    assert conflict.value.current == 2
    async with filled.read() as session:
        assert await session.scalar(select(table.version).where(table.id == 1)) == 1
        assert await session.scalar(select(AuditEntry.id)) is None


async def _too_late(db: Database, table: type[FollowUp | ExceptionReport | Elder], change: Change) -> None:
    """A change of a record that becomes another after it was read."""
    async with db.write() as session:
        await session.get(table, 1)
        beside = update(table).where(table.id == 1).values(version=2)
        await session.execute(beside, execution_options={"synchronize_session": False})
        await change(session, 1, version=1)


async def _complete(session: AsyncSession, number: int, *, version: int) -> None:
    said = {"result": "安好", "satisfaction": "", "note": ""}
    await complete(session, number, version=version, by="user:1", done=True, **said, policy=Policy())


async def _explain(session: AsyncSession, number: int, *, version: int) -> None:
    await explain(session, number, version=version, by="user:1", cause=ExceptionCause.DRILL, explanation="演示")


async def _delete(session: AsyncSession, number: int, *, version: int) -> None:
    await delete_elder(session, number, version=version, by="user:1")
