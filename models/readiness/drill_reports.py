"""Drill reports (S12): what a run of the town has shown, which plan it drilled, and who has to sign for it. What was
measured stays as the drill has left it; people add whom it concerns and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now
from models.readiness.drill_files import DrillRun
from models.readiness.plans import EmergencyPlan
from models.register import FormRefused
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

MOST_SIGNERS: Final = 12
LONGEST: Final = 2000


class DrillReport(Versioned, Base):
    """`source`: the SHA-256 of the file that it came from, `file` its name; `steps` as in `DrillStep`; `signers`: the
    names of those who sign the printed report."""

    __tablename__ = "drill_reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime]
    passed: Mapped[bool]
    steps: Mapped[list[dict[str, Any]]]
    source: Mapped[str] = mapped_column(unique=True)
    file: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("emergency_plans.id", ondelete="SET NULL"), index=True)
    findings: Mapped[str] = mapped_column(default="")
    signers: Mapped[list[str]] = mapped_column(default=list)
    taken_in_at: Mapped[datetime] = mapped_column(default=utc_now)
    taken_in_by: Mapped[str]


async def take_in(session: AsyncSession, run: DrillRun, *, source: str, file: str, by: str) -> DrillReport | None:
    """A run that a drill has left; None when it was taken in before, or is by somebody else at this moment."""
    if await session.scalar(select(DrillReport.id).where(DrillReport.source == source)) is not None:
        return None
    report = DrillReport(
        kind=run.kind,
        name=run.name,
        began_at=run.began_at,
        ended_at=run.ended_at,
        passed=run.passed,
        steps=[step.model_dump(mode="json") for step in run.steps],
        source=source,
        file=file,
        taken_in_by=by,
    )
    try:
        async with session.begin_nested():
            session.add(report)
    except IntegrityError:
        return None
    audit(session, by, "drill_report.take_in", f"drill_report:{report.id}", kind=run.kind, passed=run.passed)
    return report


async def complete(
    session: AsyncSession,
    report: int,
    *,
    version: int,
    plan: int | None,
    findings: str,
    signers: Sequence[str],
    by: str,
) -> DrillReport:
    """Which plan it drilled, what follows from it, who signs.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: a field is wrong.
    """
    async with changing(session, await session.get(DrillReport, report), version=version) as row:
        names = [name for one in signers if (name := plain(one).strip())]
        if len(names) > MOST_SIGNERS or any(len(name) > 50 for name in names):
            raise FormRefused.of("signers", f"最多{MOST_SIGNERS}人，每人不超过50字", f"{MOST_SIGNERS} names at most")
        text = plain(findings).strip()
        if len(text) > LONGEST:
            raise FormRefused.of("findings", f"不得超过{LONGEST}字", f"{LONGEST} characters at most")
        if not row.passed and not text:
            raise FormRefused.of("findings", "演练未通过，请写明问题与改进措施", "it failed: write down what follows")
        if plan is not None and await session.get(EmergencyPlan, plan) is None:
            raise FormRefused.of("plan", "没有这个预案", "there is no such plan")
        row.plan_id, row.findings, row.signers = plan, text, names
        audit(session, by, "drill_report.complete", f"drill_report:{report}", plan=plan, signers=len(names))
    return row


async def report_of(session: AsyncSession, report: int) -> DrillReport:
    """Raises NoSuchRecord."""
    row = await session.get(DrillReport, report)
    if row is None:
        raise NoSuchRecord
    return row


async def reports(session: AsyncSession, *, limit: int = 200) -> list[DrillReport]:
    """The latest first."""
    found = select(DrillReport).order_by(DrillReport.began_at.desc(), DrillReport.id.desc()).limit(limit)
    return list(await session.scalars(found))


async def last_drills(session: AsyncSession) -> dict[int, datetime]:
    """When each plan was drilled last."""
    found = select(DrillReport.plan_id, DrillReport.began_at).where(DrillReport.plan_id.is_not(None))
    rows = await session.execute(found.order_by(DrillReport.began_at))
    return {plan: at for plan, at in rows if plan is not None}


async def not_taken_in(session: AsyncSession, files: Collection[str]) -> list[str]:
    """Which of these files are no report yet."""
    known = set(await session.scalars(select(DrillReport.file).where(DrillReport.file.in_(files))))
    return [file for file in sorted(files) if file not in known]
