"""Two files of one person made one: everything that hangs on the one moves to the other, and the empty one leads there.

What is found to look like one person is told by `queries/duplicates.py`; whether it is, a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import CaseState
from models.audit import audit
from models.base import Base, utc_now
from models.care.joining import move_care
from models.cases import CaseRow
from models.elder_forms import MOST_CONTACTS, ContactForm, ElderForm
from models.elder_mapping import COLUMNS
from models.elders import Contact, Elder, ElderChange, ElderKey, Terminal
from models.phone_numbers import canonical
from models.register import FormRefused, change_elder, form_of, shown_texts
from models.upsert import insert_or_ignore
from models.versions import VersionConflict

# What of a file is put together, not chosen from one of the two; all else that names an elder moves as it is.
_PUT_TOGETHER: Final = frozenset(
    {"contacts", "terminals", "elder_keys", "elders", "different_elders", "care_wishes", "care_calls"}
)


class DifferentElders(Base):
    """Somebody has looked at these two files: they are of two people. `first_id` is the smaller id."""

    __tablename__ = "different_elders"

    first_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), primary_key=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]


async def are_different(session: AsyncSession, one: int, other: int, *, by: str) -> None:
    """These two are not offered for merging again. Raises NoSuchElder."""
    for elder in (one, other):
        await form_of(session, elder)
    first, second = sorted((one, other))
    row = {"first_id": first, "second_id": second, "at": utc_now(), "by": by}
    await insert_or_ignore(session, DifferentElders, [row])
    audit(session, by, "elder.different", f"elder:{first}", other=second)


async def merge(
    session: AsyncSession,
    keep: int,
    gone: int,
    *,
    take: frozenset[str],
    versions: tuple[int, int],
    by: str,
    area_code: str,
) -> Elder:
    """Make `gone` a part of the file `keep`: of the fields in `take` its values count, of all others those of `keep`
    unless that has none. Contacts and terminals of both are kept. `versions` are those of `keep` and `gone`.

    Raises:
        NoSuchElder: one of them is not there, or is part of another file already.
        VersionConflict: one has changed since.
        FormRefused: it is one file, or a call of `gone` is open (field `gone`), or the two together make no form.
    """
    if keep == gone:
        raise FormRefused.of("gone", "不能与自身合并", "a file cannot become part of itself")
    (kept, kept_version), (other, other_version) = await form_of(session, keep), await form_of(session, gone)
    for told, present in zip(versions, (kept_version, other_version), strict=True):
        if told != present:
            raise VersionConflict(present)
    open_case = select(CaseRow.id).where(CaseRow.elder_id == gone, CaseRow.state != CaseState.CLOSED)
    if await session.scalar(open_case.limit(1)) is not None:
        raise FormRefused.of("gone", "该档案有未结事件, 请结案后再合并", "a case of this file is open: close it first")
    form = together(kept, other, take, area_code)
    left = await _not_taken(session, form, other)
    await move_care(session, gone, keep)
    await _move(session, gone, keep)
    await _empty(session, gone, keep)
    elder = await change_elder(session, keep, form, version=kept_version, by=by, area_code=area_code)
    session.add(ElderChange(elder_id=keep, by=by, field="merged", old=left, new=f"#{gone}"))
    audit(session, by, "elder.merge", f"elder:{keep}", other=gone, taken=sorted(take))
    audit(session, by, "elder.merged", f"elder:{gone}", into=keep)
    return elder


def together(kept: ElderForm, other: ElderForm, take: frozenset[str], area_code: str) -> ElderForm:
    """The form that the two make."""
    values: dict[str, Any] = {}
    for name in COLUMNS:
        mine, theirs = getattr(kept, name), getattr(other, name)
        values[name] = theirs if name in take or mine in ("", None) else mine
    lines = {canonical(terminal.line, area_code) for terminal in kept.terminals}
    new = tuple(terminal for terminal in other.terminals if canonical(terminal.line, area_code) not in lines)
    values["provisional"] = kept.provisional and other.provisional
    return replace(
        kept,
        **values,
        contacts=_contacts(kept.contacts, other.contacts, area_code),
        terminals=(*kept.terminals, *new),
    )


def _contacts(kept: Sequence[ContactForm], others: Sequence[ContactForm], area_code: str) -> tuple[ContactForm, ...]:
    """Who is in both by name has the numbers of both; the others come after."""
    found = {contact.name: contact for contact in kept}
    for other in others:
        mine = found.get(other.name)
        if mine is None:
            found[other.name] = replace(other, id=None)
            continue
        phones = {canonical(number, area_code): number for number in (*other.phones, *mine.phones)}
        order = dict.fromkeys(canonical(number, area_code) for number in (*mine.phones, *other.phones))
        found[other.name] = replace(mine, phones=tuple(phones[number] for number in order))
    if len(found) > MOST_CONTACTS:
        zh, en = f"两份档案的联系人合计超过{MOST_CONTACTS}位", f"together they have more than {MOST_CONTACTS} contacts"
        raise FormRefused.of("contacts", zh, en)
    return tuple(found.values())


async def _not_taken(session: AsyncSession, form: ElderForm, other: ElderForm) -> str:
    """What stood in the other file only: the history keeps it."""
    theirs, ours = await shown_texts(session, other), await shown_texts(session, form)
    return "\n".join(f"{name}: {text}" for name, text in theirs.items() if text and text != ours[name])


async def _move(session: AsyncSession, gone: int, keep: int) -> None:
    """Whatever names the one elder names the other, in every table there is: one that is added later as well."""
    for table, column in columns_of_elders().items():
        if table.name not in _PUT_TOGETHER:
            moved = update(table).where(table.c[column] == gone).values({column: keep})
            await session.execute(moved)
    await session.execute(update(Terminal).where(Terminal.elder_id == gone).values(elder_id=keep))


def columns_of_elders() -> Mapping[Table, str]:
    """Every table that names an elder, and the column."""
    return {
        key.parent.table: key.parent.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "elders"
    }


async def _empty(session: AsyncSession, gone: int, keep: int) -> None:
    """The file that leads to the other keeps its words and is found by nothing any more."""
    session.expire_all()
    for contact in await session.scalars(select(Contact).where(Contact.elder_id == gone)):
        await session.delete(contact)
    for key in await session.scalars(select(ElderKey).where(ElderKey.elder_id == gone)):
        await session.delete(key)
    await session.execute(update(Elder).where(Elder.merged_into == gone).values(merged_into=keep))
    emptied = {"id_card": None, "home_phone_canonical": "", "provisional_for": None, "merged_into": keep}
    version = Elder.version + 1
    await session.execute(
        update(Elder).where(Elder.id == gone).values(**emptied, version=version, changed_at=utc_now())
    )
    await session.flush()
    session.expire_all()
