"""Sub-codes of the outcomes: what exactly it was, in the words of this district. The outcomes themselves are the
procedure's (`ivr.vocabulary.Outcome`); the first sub-codes come with the migration that made the table, and people
add, rename and retire them afterwards. None is ever removed: cases are filed with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Outcome
from models.audit import audit
from models.base import Base, choice
from models.refusing import refuse
from models.text import plain
from models.versions import NoSuchRecord, VersionConflict, fingerprint

CODE: Final = re.compile("[a-z][a-z0-9_]{0,39}")
MOST_WORD: Final = 30  # characters


class DispositionCode(Base):
    """`code` is lower-case letters, digits and _; one that is not `active` is offered no more and keeps its words."""

    __tablename__ = "disposition_codes"

    outcome: Mapped[Outcome] = mapped_column(choice(Outcome), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    zh: Mapped[str]
    en: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


@dataclass(frozen=True, slots=True)
class DispositionView:
    outcome: Outcome
    code: str
    zh: str
    en: str
    active: bool
    version: int


@dataclass(frozen=True, slots=True)
class DispositionForm:
    """What can be changed of a sub-code."""

    zh: str
    en: str
    active: bool = True


async def list_dispositions(session: AsyncSession) -> Sequence[DispositionView]:
    """All of them, by outcome, in their order."""
    found = select(DispositionCode).order_by(DispositionCode.position, DispositionCode.code)
    return [
        DispositionView(row.outcome, row.code, row.zh, row.en, row.active, _version(row))
        for row in await session.scalars(found)
    ]


async def add_code(
    session: AsyncSession, outcome: Outcome, code: str, form: DispositionForm, *, by: str
) -> DispositionCode:
    """A new sub-code, the last of its outcome.

    Raises:
        FormRefused: the code is none or taken, or a word is missing or too long.
    """
    code = code.strip()
    if not CODE.fullmatch(code):
        refuse(
            "code",
            "代码应以小写字母开头，只含小写字母、数字和 _",
            "a code: small letters, digits and _, a letter first",
        )
    if await session.get(DispositionCode, (outcome, code)) is not None:
        refuse("code", f"这一结果已有代码 {code}", f"this outcome has a code {code} already")
    form = _checked(form)
    last = await session.scalar(select(func.max(DispositionCode.position)).where(DispositionCode.outcome == outcome))
    row = DispositionCode(
        outcome=outcome, code=code, zh=form.zh, en=form.en, active=form.active, position=(last or 0) + 1
    )
    session.add(row)
    audit(session, by, "disposition.create", _record(row), after=_shown(row))
    return row


async def change_code(
    session: AsyncSession, outcome: Outcome, code: str, form: DispositionForm, *, version: int, by: str
) -> DispositionCode:
    """Another word for it, in cases that are filed with it as well; or offered no more; or offered again.

    Raises:
        NoSuchRecord: this outcome has no such code.
        VersionConflict: somebody else changed it meanwhile.
        FormRefused: a word is missing or too long.
    """
    row = await session.get(DispositionCode, (outcome, code), with_for_update=True)
    if row is None:
        raise NoSuchRecord
    if version != _version(row):
        raise VersionConflict(_version(row))
    form, before = _checked(form), _shown(row)
    row.zh, row.en, row.active = form.zh, form.en, form.active
    if _shown(row) != before:
        audit(session, by, "disposition.change", _record(row), before=before, after=_shown(row))
    return row


def _checked(form: DispositionForm) -> DispositionForm:
    words = {"zh": plain(form.zh).strip(), "en": plain(form.en).strip()}
    for field, word in words.items():
        if not word:
            refuse(field, "请填写中文和英文名称", "a word is needed in both languages")
        if len(word) > MOST_WORD:
            refuse(field, f"最多{MOST_WORD}个字", f"{MOST_WORD} characters at most")
    return DispositionForm(**words, active=form.active)


def _version(row: DispositionCode) -> int:
    return fingerprint(row.zh, row.en, row.active)


def _record(row: DispositionCode) -> str:
    return f"disposition:{row.outcome}/{row.code}"


def _shown(row: DispositionCode) -> dict[str, object]:
    return {"zh": row.zh, "en": row.en, "active": row.active}
