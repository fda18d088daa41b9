"""Papers of a file: notices and agreements that were signed (S7, S1.10), and what a service class rests on (S6).

A scan is a file below the home folder (`home/scans.py`); here stands its hash. Signing is a change of the elder's file
as well: its dates are what calls go by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, local_today, utc_now
from models.elder_forms import FieldProblem
from models.masking import is_masked
from models.register import FormRefused, change_elder, form_of
from models.suppliers.records import Worker
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

LONGEST: Final = 200
_EARLIEST: Final = date(1950, 1, 1)


class PaperKind(StrEnum):
    NOTICE = "notice"
    AGREEMENT = "agreement"
    REGISTRATION = "registration"
    POVERTY = "poverty"
    LIVING_ALONE = "living_alone"
    DISABILITY = "disability"
    DEMENTIA = "dementia"
    BEREAVED = "bereaved"
    OTHER = "other"


# What is printed, signed and put on file; and the date of the elder's file that it sets.
SIGNED: Final = {PaperKind.NOTICE: "notice_signed_on", PaperKind.AGREEMENT: "agreement_signed_on"}
PRINTED: Final = (PaperKind.NOTICE, PaperKind.AGREEMENT, PaperKind.REGISTRATION)
# What a class of those who do not pay all themselves rests on (S6).
OF_CLASS: Final = {
    1: (PaperKind.POVERTY, PaperKind.LIVING_ALONE, PaperKind.OTHER),
    2: (PaperKind.DISABILITY, PaperKind.DEMENTIA, PaperKind.BEREAVED, PaperKind.OTHER),
}
CLASS_PAPERS: Final = tuple(dict.fromkeys(kind for kinds in OF_CLASS.values() for kind in kinds))


class Paper(Versioned, Base):
    """`issued_on` is the day of the signature of what is signed; `scan` the SHA-256 of the file in hex, empty when
    there is none, `scan_type` its media type, `scan_size` in bytes."""

    __tablename__ = "papers"

    id: Mapped[int] = mapped_column(primary_key=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    kind: Mapped[PaperKind] = mapped_column(choice(PaperKind))
    number: Mapped[str] = mapped_column(default="")
    issuer: Mapped[str] = mapped_column(default="")
    issued_on: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(index=True)
    scan: Mapped[str] = mapped_column(default="", index=True)
    scan_type: Mapped[str] = mapped_column(default="")
    scan_size: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[datetime] = mapped_column(default=utc_now)
    added_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """A file that was uploaded and is kept: `sha256` in hex, `media_type` as its content says, `size` in bytes."""

    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class PaperForm:
    kind: PaperKind
    issued_on: date | None
    valid_until: date | None = None
    number: str = ""
    issuer: str = ""


async def add(
    session: AsyncSession, elder_id: int, form: PaperForm, scan: Scan | None, *, by: str, area_code: str
) -> Paper:
    """Put a paper on file. The newest notice and agreement date the elder's file.

    Raises:
        NoSuchElder: there is none.
        FormRefused: a field is wrong.
    """
    issued_on = check(form)
    elder, version = await form_of(session, elder_id)
    paper = Paper(
        elder_id=elder_id,
        kind=form.kind,
        number=plain(form.number).strip(),
        issuer=plain(form.issuer).strip(),
        issued_on=issued_on,
        valid_until=form.valid_until,
        added_by=by,
    )
    _put(paper, scan)
    session.add(paper)
    await session.flush()
    audit(session, by, "paper.add", f"paper:{paper.id}", elder=elder_id, kind=form.kind, scan=paper.scan)
    dated = SIGNED.get(form.kind)
    if dated is not None and (getattr(elder, dated) is None or getattr(elder, dated) < issued_on):
        day: Any = issued_on
        signed = replace(elder, **{dated: day})
        await change_elder(session, elder_id, signed, version=version, by=by, area_code=area_code)
    return paper


def check(form: PaperForm) -> date:
    """The day of the paper. Raises FormRefused."""
    problems = []
    today = local_today()
    if form.issued_on is None:
        problems.append(FieldProblem("issued_on", "请填写签发日期", "the date is needed"))
    elif not _EARLIEST <= form.issued_on <= today:
        problems.append(FieldProblem("issued_on", "日期不合理或在将来", "this date cannot be, or is yet to come"))
    elif form.valid_until is not None and form.valid_until < form.issued_on:
        problems.append(FieldProblem("valid_until", "有效期早于签发日期", "ends before it begins"))
    for name in ("number", "issuer"):
        given: str = getattr(form, name)
        if len(given) > LONGEST:
            problems.append(FieldProblem(name, f"不得超过{LONGEST}字", f"{LONGEST} characters at most"))
        if is_masked(given):
            problems.append(FieldProblem(name, "内容已被遮盖(***)", "this is masked (***)"))
    if problems or form.issued_on is None:
        raise FormRefused(tuple(problems))
    return form.issued_on


async def attach(session: AsyncSession, paper_id: int, scan: Scan, *, version: int, by: str) -> Paper:
    """The scan of a paper that is on file already; another one takes its place.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
    """
    async with changing(session, await session.get(Paper, paper_id), version=version) as paper:
        before = paper.scan
        _put(paper, scan)
        audit(session, by, "paper.scan", f"paper:{paper.id}", elder=paper.elder_id, before=before, scan=paper.scan)
    return paper


async def remove(session: AsyncSession, paper_id: int, *, version: int, by: str) -> str:
    """Take a paper that was put on file by mistake away; the hash of a scan that nothing refers to any more, else
    empty. The dates of the elder's file stay: they are changed there.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
    """
    async with changing(session, await session.get(Paper, paper_id), version=version) as paper:
        scan, elder = paper.scan, paper.elder_id
        await session.delete(paper)
        audit(session, by, "paper.remove", f"paper:{paper_id}", elder=elder, kind=paper.kind, scan=scan)
    return scan if scan and not await is_kept(session, scan) else ""


async def paper_of(session: AsyncSession, elder_id: int, paper_id: int) -> Paper:
    """Raises NoSuchRecord when this elder has no such paper."""
    paper = await session.get(Paper, paper_id)
    if paper is None or paper.elder_id != elder_id:
        raise NoSuchRecord
    return paper


async def scans_of(session: AsyncSession, elder_id: int) -> frozenset[str]:
    """The hashes of all scans of this file."""
    found = select(Paper.scan).where(Paper.elder_id == elder_id, Paper.scan != "")
    return frozenset(await session.scalars(found))


async def is_kept(session: AsyncSession, scan: str) -> bool:
    """Whether any paper refers to this scan, or a worker's photo is this file."""
    refers = select(Paper.id).where(Paper.scan == scan).union_all(select(Worker.id).where(Worker.photo == scan))
    return (await session.execute(refers.limit(1))).first() is not None


def _put(paper: Paper, scan: Scan | None) -> None:
    if scan is not None:
        paper.scan, paper.scan_type, paper.scan_size = scan.sha256, scan.media_type, scan.size
