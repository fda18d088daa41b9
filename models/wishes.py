"""What elders want that is not offered, and what they refuse that is (X9): each is noted when it is heard, with whose
words, and summed up by the month (`queries/wishes.py`). What was noted wrongly is struck out and stays on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now
from models.cases import CaseRow
from models.elders import Elder
from models.masking import is_masked
from models.refusing import refuse
from models.register import ElderMerged, find_elder
from models.scope import EVERYWHERE, Scope
from models.services.records import Service
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

MOST_WORDS: Final = 500  # characters
MOST_WHY: Final = 200


class WishKind(StrEnum):
    """`NEW_WISH`: something that the catalogue does not have; `REFUSAL`: of something that was offered."""

    NEW_WISH = "new_wish"
    REFUSAL = "refusal"


class Wish(Versioned, Base):
    """`case_id`: the call in which it was said, if it was one. `service_id`: what was refused, None: nothing of the
    catalogue. One that is struck out (`struck_out_at`) counts nowhere."""

    __tablename__ = "wishes"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[WishKind] = mapped_column(choice(WishKind))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="SET NULL"), index=True)
    words: Mapped[str]
    noted_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    noted_by: Mapped[str]
    struck_out_at: Mapped[datetime | None]
    struck_out_by: Mapped[str] = mapped_column(default="")
    struck_out_why: Mapped[str] = mapped_column(default="")


STANDS: Final = Wish.struck_out_at.is_(None)  # what counts


@dataclass(frozen=True, slots=True)
class NewWish:
    """What somebody writes down: `elder`, `case` and `service` by their ids."""

    kind: WishKind
    elder: int
    words: str
    case: str | None = None
    service: int | None = None


async def note_wish(session: AsyncSession, new: NewWish, *, by: str, scope: Scope = EVERYWHERE) -> Wish:
    """Write it down, as of now.

    Raises:
        NoSuchElder: there is no such file, it is part of another now, or out of `scope`.
        FormRefused: nobody said what it is, the call is not this elder's, or there is no such service.
    """
    elder = await find_elder(session, new.elder, scope=scope)
    if elder.merged_into is not None:
        raise ElderMerged(new.elder, elder.merged_into)
    words = _text("words", new.words, most=MOST_WORDS)
    if new.case is not None:
        await _check_case(session, new.case, elder.id)
    if new.service is not None:
        await _check_service(session, new.service, new.kind)
    wish = Wish(
        kind=new.kind,
        elder_id=elder.id,
        case_id=new.case,
        service_id=new.service,
        words=words,
        noted_at=utc_now(),
        noted_by=by,
    )
    session.add(wish)
    await session.flush()
    told = {"kind": wish.kind, "case": wish.case_id, "service": wish.service_id}
    audit(session, by, "wish.note", f"wish:{wish.id}", elder=elder.id, **told)
    return wish


async def strike_out(session: AsyncSession, number: int, why: str, *, by: str, scope: Scope = EVERYWHERE) -> Wish:
    """It was noted wrongly, and counts no more.

    Raises:
        NoSuchRecord: there is none, or out of `scope`.
        VersionConflict: somebody else strikes it out in this moment.
        FormRefused: nobody said why, or it is struck out already.
    """
    async with changing(session, await _find(session, number, scope=scope), version=None) as wish:
        if wish.struck_out_at is not None:
            refuse("why", "此条已划去", "it is struck out already")
        wish.struck_out_why = _text("why", why, most=MOST_WHY)
        wish.struck_out_at, wish.struck_out_by = utc_now(), by
        audit(session, by, "wish.strike", f"wish:{number}", elder=wish.elder_id)
    return wish


async def _find(session: AsyncSession, number: int, *, scope: Scope) -> Wish:
    query = select(Wish).join(Elder, Elder.id == Wish.elder_id).where(Wish.id == number, scope.of_elders())
    wish = await session.scalar(query)
    if wish is None:
        raise NoSuchRecord
    return wish


async def _check_case(session: AsyncSession, case: str, elder: int) -> None:
    row = await session.get(CaseRow, case)
    if row is None or row.elder_id != elder:
        refuse("case", "该老人没有这个事件", "this elder has no such case")


async def _check_service(session: AsyncSession, service: int, kind: WishKind) -> None:
    if kind is WishKind.NEW_WISH:
        refuse("service", "目录中已有的服务不是新需求", "what the catalogue has is no new wish")
    if await session.get(Service, service) is None:
        refuse("service", "服务目录中没有此项", "the catalogue has no such service")


def _text(field: str, given: str, *, most: int) -> str:
    text = plain(given).strip()
    if not text:
        refuse(field, "请填写", "this is needed")
    if len(text) > most:
        refuse(field, f"不得超过{most}字", f"{most} characters at most")
    if is_masked(text):
        refuse(field, "内容已被遮盖(***)，请先显示全部", "this is masked (***): show all first")
    return text
