"""What is owed or comes next is found quickly among years of what is done: SQLite says how it reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import Database
from models.queries.care_calls import list_calls, list_unreached
from models.queries.follow_ups import count_overdue, list_follow_ups
from models.queries.inbound_texts import list_texts
from models.reports.periods import parse
from models.scope import EVERYWHERE
from models.suppliers.facts import facts_of_workers

YEAR = parse("2026")
Read = Callable[[AsyncSession], Awaitable[Any]]


async def _how(url: str, read: Read) -> str:
    """The plans of all that is asked."""
    db, asked = Database(url), list[tuple[str, Any]]()

    def hear(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        asked.append((statement, values))

    try:
        async with db.read() as session:
            connection = await session.connection()
            event.listen(connection.sync_connection, "before_cursor_execute", hear)
            await read(session)
            event.remove(connection.sync_connection, "before_cursor_execute", hear)
            plans = [await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {what}", values) for what, values in asked]
            return "\n".join(str(row.detail) for plan in plans for row in plan)
    finally:
        await db.close()


@pytest.mark.clause("H15", "T5", "S5")
@pytest.mark.parametrize(
    ("read", "found_by"),
    [
        (lambda session: list_calls(session, scope=EVERYWHERE), "ix_care_calls_due_at"),
        (lambda session: list_unreached(session, scope=EVERYWHERE), "ix_care_calls_elder_id_state_ended_at"),
        (lambda session: count_overdue(session, scope=EVERYWHERE), "ix_follow_ups_done_at_due_at (done_at=? AND due_"),
        (lambda session: list_follow_ups(session, scope=EVERYWHERE, state="open"), "ix_follow_ups_done_at_due_at"),
        (lambda session: list_texts(session, scope=EVERYWHERE, state="new"), "ix_device_reports_texts"),
        (
            lambda session: facts_of_workers(session, since=YEAR.since, until=YEAR.until),
            "COVERING INDEX ix_supplier_outcomes_workers",
        ),
    ],
    ids=["care calls", "unreached", "overdue follow-ups", "open follow-ups", "texts", "workers"],
)
async def test_no_table_of_years_is_read_as_a_whole(sqlite_url: str, read: Read, found_by: str) -> None:
    how = await _how(sqlite_url, read)
    assert found_by in how
    assert "SCAN follow_ups" not in how
    assert "SCAN care_calls\n" not in f"{how}\n"
    assert "SCAN care_calls USING COVERING" not in how
