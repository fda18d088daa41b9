"""Awards of workers by year (Y4, H11): given to who is ranked in that year and was not complained about in it;
withdrawn with a reason. Both are on the audit log, without the words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import utc_now
from models.refusing import refuse
from models.reports.periods import Period, parse
from models.suppliers.facts import facts_of_workers
from models.suppliers.records import AwardTitle, Worker, WorkerAward
from models.suppliers.worker_ratings import LEAST_RATED, WorkerFacts
from models.text import plain
from models.versions import NoSuchRecord

LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class AwardForm:
    year: int
    title: AwardTitle
    reason: str


async def give_award(session: AsyncSession, worker_id: int, form: AwardForm, *, by: str) -> WorkerAward:
    """Raises NoSuchRecord; FormRefused: not this one, not for this year, or nobody says why."""
    worker = await session.get(Worker, worker_id, with_for_update=True)  # of two at once, the second sees the first
    if worker is None:
        raise NoSuchRecord
    reason = _words(form.reason)
    await _check_year(session, worker_id, form.year)
    same = WorkerAward.worker_id == worker_id, WorkerAward.year == form.year, WorkerAward.title == form.title
    if await session.scalar(select(WorkerAward.id).where(*same, WorkerAward.withdrawn_at.is_(None))) is not None:
        refuse("title", "该年度已授予此奖项", "this award was given for this year already")
    award = WorkerAward(worker_id=worker_id, year=form.year, title=form.title, reason=reason, given_by=by)
    session.add(award)
    await session.flush()
    audit(session, by, "worker.award", f"worker:{worker_id}", **_told(worker, award))
    return award


async def withdraw_award(session: AsyncSession, worker_id: int, award_id: int, *, reason: str, by: str) -> WorkerAward:
    """Raises NoSuchRecord: this worker has no such award; FormRefused: it was withdrawn, or nobody says why."""
    worker = await session.get(Worker, worker_id, with_for_update=True)
    award = await session.get(WorkerAward, award_id, populate_existing=True)
    if worker is None or award is None or award.worker_id != worker_id:
        raise NoSuchRecord
    if award.withdrawn_at is not None:
        refuse("reason", "该奖项已撤销", "it was withdrawn already")
    award.withdrawn_why, award.withdrawn_at, award.withdrawn_by = _words(reason), utc_now(), by
    await session.flush()
    audit(session, by, "worker.award_withdrawn", f"worker:{worker_id}", **_told(worker, award))
    return award


def _told(worker: Worker, award: WorkerAward) -> dict[str, Any]:
    return {"supplier": worker.supplier_id, "award": award.id, "year": award.year, "title": award.title}


async def _check_year(session: AsyncSession, worker_id: int, year: int) -> None:
    """Raises FormRefused: there is no such year, or its figures bear no award."""
    period = _year(year)
    found = await facts_of_workers(session, since=period.since, until=period.until, workers=[worker_id])
    facts = found.get(worker_id, WorkerFacts())
    if not facts.is_ranked:
        refuse(
            "year",
            f"{year}年评价{facts.rated}次，不足{LEAST_RATED}次，不参加排名，不能评优",
            f"ratings in {year}: {facts.rated} of at least {LEAST_RATED}; not ranked, no award",
        )
    if facts.complaints:
        refuse(
            "year",
            f"{year}年被投诉{facts.complaints}次，不能评优",
            f"complaints in {year}: {facts.complaints}; no award",
        )


def _year(year: int) -> Period:
    try:
        return parse(f"{year:04}")
    except ValueError:
        refuse("year", "年度有误", "there is no such year")


def _words(given: str) -> str:
    text = plain(given).strip()
    if not text:
        refuse("reason", "请填写理由", "the reason is needed")
    if len(text) > LONGEST:
        refuse("reason", f"不得超过{LONGEST}字", f"{LONGEST} characters at most")
    return text
