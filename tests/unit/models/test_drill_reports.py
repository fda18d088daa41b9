"""Two people take in what a drill has left, at the same moment."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.base import utc_now
from models.database import Database
from models.readiness.drill_files import DrillRun
from models.readiness.drill_reports import DrillReport, take_in

RUN = DrillRun(kind="sos", name="演示", began_at=utc_now(), ended_at=utc_now(), passed=True, steps=[])


@pytest.mark.clause("S12")
async def test_a_run_is_one_report_whoever_else_takes_it_in(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sees_nothing_yet(*_: Any) -> None:
        return None

    db = Database(sqlite_url)
    try:
        async with db.write() as session:
            assert await take_in(session, RUN, source="ab", file="run.json", by="user:1") is not None
        async with db.write() as session:
            monkeypatch.setattr(session, "scalar", sees_nothing_yet)
            assert await take_in(session, RUN, source="ab", file="run.json", by="user:2") is None
            assert await take_in(session, RUN, source="cd", file="other.json", by="user:2") is not None
        async with db.read() as session:
            by = select(DrillReport.taken_in_by).order_by(DrillReport.id)
            assert list(await session.scalars(by)) == ["user:1", "user:2"]
    finally:
        await db.close()
