"""Every case of a test once more, from its journal alone: it must come out as the controller had it, as screens showed
it, and as the tables of cases, legs and recordings tell it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ari_app.recovery import replayed
from ivr.case import Case
from ivr.policy import Policy
from models.cases import CaseRow
from models.database import Database
from models.journal_entry import JournalEntry, command_json
from models.queries.cases import case_view
from models.queries.journals import open_journals
from models.scope import EVERYWHERE
from models.views import live_view

if TYPE_CHECKING:
    from .house import House

Replayed = dict[str, tuple[Case, list[JournalEntry]]]


async def every_case_replays(house: House) -> None:
    """When the controller has stopped: its last words are on record."""
    settings = house.settings
    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            cases = await _replay(session, Policy.of(settings.policy, duty_phones=settings.duty_phones))
    finally:
        await database.close()
    if house.inner is not None:
        had = {run.case.id: (run.case, run.entries) for run in house.inner.runs.values() if run.entries}
        assert {case: cases[case] for case in had} == had
    _as_screens_showed(house.messages, cases)


async def on_record_as_decided(database: Database, policy: Policy) -> int:
    """The same for a platform of which only the records are left; how many cases there are."""
    async with database.read() as session:
        return len(await _replay(session, policy))


async def _replay(session: AsyncSession, policy: Policy) -> Replayed:
    cases = {}
    journals = await open_journals(session, also=await session.scalars(select(CaseRow.id)))
    for case_id, rows in journals.items():
        case, entries = replayed(case_id, rows, policy)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), f"{case_id}: entries are missing"
        for row, entry in zip(rows, entries, strict=True):
            decided = [command_json(command) for command in entry.commands]
            assert row.commands == decided, f"{case_id}, {row.seq}"
        told, on_record = live_view(case, entries), await case_view(session, case_id, scope=EVERYWHERE)
        assert on_record is not None
        if told.elder is None:  # whose provisional file was made when the case was over
            on_record = replace(on_record, elder=None)
        assert told == on_record
        cases[case_id] = case, entries
    return cases


def _as_screens_showed(messages: list[dict[str, Any]], cases: Replayed) -> None:
    """Each case as it was shown last. What was shown is on record, unless the controller was killed right then."""
    shown = {message["data"]["id"]: message["data"] for message in messages if message["kind"] == "case"}
    for case_id, data in shown.items():
        entries = cases[case_id][1][: data["timeline"][-1]["seq"]] if case_id in cases else []
        if entries and entries[-1].seq == data["timeline"][-1]["seq"]:
            view = live_view(entries[-1].case, entries).as_json()
            assert {name: data[name] for name in view} == view
