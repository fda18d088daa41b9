"""The rules for writing the register: one form in, one dated history out (S7). Used by pages, API and import alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.audit import audit, audit_each
from models.base import utc_now
from models.elder_forms import Checked, ElderForm, FieldProblem, check
from models.elder_mapping import COLUMNS, apply, dated, form_from, new_elder
from models.elder_rows import insert_elders
from models.elders import Contact, Elder, ElderChange
from models.org import OrgUnit
from models.register_taken import taken
from models.scope import EVERYWHERE, Scope
from models.search_keys import write_keys
from models.statuses import follow_status
from models.versions import VersionConflict, changing

_CHUNK: Final = 500
# What the audit log may keep the values of; of all other fields it keeps the names, the file's own history the values.
_NOT_PERSONAL: Final = frozenset(
    {
        "status",
        "status_since",
        "status_until",
        "service_class",
        "provisional",
        "notice_signed_on",
        "agreement_signed_on",
        "org_unit_id",
        "language",
    }
)


_KEYS: Final = frozenset({"name", "id_card", "home_phone", "contacts", "terminals"})  # what a search key is made of


class FormRefused(Exception):
    """The form cannot be taken as it is; `problems` says for each field what to change."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(", ".join(problem.field for problem in problems))
        self.problems = problems

    @classmethod
    def of(cls, field: str, zh: str, en: str) -> FormRefused:
        """For the one field that is wrong."""
        return cls((FieldProblem(field, zh, en),))


class NoSuchElder(Exception):
    """There is no elder of this id."""


async def find_elder(session: AsyncSession, elder_id: int, *, scope: Scope) -> Elder:
    """The row of an elder who may be seen. Raises NoSuchElder: there is none, or they are out of scope."""
    elder = await session.scalar(select(Elder).where(Elder.id == elder_id, scope.of_elders()))
    if elder is None:
        raise NoSuchElder(f"there is no elder {elder_id}")
    return elder


def check_place(form: ElderForm, scope: Scope, *, present: int | None = None) -> None:
    """Whoever sees some places registers people there only; who lives elsewhere (`present`) may be left there.

    Raises:
        FormRefused: the form names another place, or none.
    """
    if not scope.covers(form.org_unit_id) and (form.org_unit_id is None or form.org_unit_id != present):
        raise FormRefused((FieldProblem("org_unit_id", "须为本辖区内的社区", "must be a community of your own area"),))


class ElderMerged(NoSuchElder):
    """This file and another were one person's: everything is in the file `into` now."""

    def __init__(self, elder_id: int, into: int) -> None:
        super().__init__(f"file {elder_id} is part of file {into} now")
        self.into = into


async def form_of(session: AsyncSession, elder_id: int) -> tuple[ElderForm, int]:
    """The elder's form as it stands, and its version.

    Raises:
        NoSuchElder: there is none.
    """
    elder = await _load(session, elder_id)
    return form_from(elder), elder.version


async def create_elder(
    session: AsyncSession, form: ElderForm, *, by: str, area_code: str, scope: Scope = EVERYWHERE
) -> Elder:
    """A new elder.

    Raises:
        FormRefused: something is wrong with the form; a file out of `scope` is not named.
    """
    checked = await check_against_register(session, form, area_code=area_code, elder_id=None, scope=scope)
    elder = new_elder(checked.form, area_code)
    session.add(elder)
    await session.flush()
    await write_keys(session, [elder], anew=True)
    await _record_creations(session, [elder], by)
    return elder


async def change_elder(
    session: AsyncSession,
    elder_id: int,
    form: ElderForm,
    *,
    version: int | None,
    by: str,
    area_code: str,
    scope: Scope = EVERYWHERE,
) -> Elder:
    """Make the elder's file say what the form says; `version` is the one that the form was filled in from, None when
    there was no form to fill in.

    Raises:
        NoSuchElder: there is none.
        VersionConflict: the file has changed since.
        FormRefused: something is wrong with the form; a file out of `scope` is not named.
    """
    elder = await _load(session, elder_id)
    async with changing(session, elder, version=version):
        checked = await check_against_register(session, form, area_code=area_code, elder_id=elder_id, scope=scope)
        await _change(session, elder, checked.form, by=by, area_code=area_code)
    return elder


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked form to be saved: as a new elder (`new`: its rows, made before the transaction, which is shorter for
    it), or as this one if it still has this version."""

    form: ElderForm
    elder_id: int | None = None
    version: int | None = None
    new: Elder | None = None


async def save_all(session: AsyncSession, plans: Sequence[Plan], *, by: str, area_code: str) -> list[tuple[int, int]]:
    """Save many forms with few statements; they have been checked against each other and the register. Each elder's id
    and the version of the file now.

    Raises:
        VersionConflict: a file has changed since.
    """
    present = await _load_all(session, [plan.elder_id for plan in plans if plan.elder_id is not None])
    new, every = [], []
    for plan in plans:
        if plan.elder_id is None:
            new.append(plan.new or new_elder(plan.form, area_code))
            every.append(new[-1])
            continue
        known = present.get(plan.elder_id)
        if known is None or known.version != plan.version:
            raise VersionConflict(0 if known is None else known.version)
        await _change(session, known, plan.form, by=by, area_code=area_code)
        every.append(known)
    await session.flush()
    await insert_elders(session, new)
    await write_keys(session, new, anew=True)
    await _record_creations(session, new, by)
    return [(elder.id, elder.version) for elder in every]


async def forms_of(session: AsyncSession, elders: Sequence[int]) -> dict[int, tuple[ElderForm, int]]:
    """Form and version of each of these elders that there is."""
    return {number: (form_from(elder), elder.version) for number, elder in (await _load_all(session, elders)).items()}


async def delete_elder(
    session: AsyncSession, elder_id: int, *, version: int, by: str, scope: Scope = EVERYWHERE
) -> None:
    """Take the file out of the register with all its personal data; cases stay, without the name.

    Raises:
        NoSuchElder, VersionConflict: as in `change_elder`; out of `scope` there is none.
    """
    await find_elder(session, elder_id, scope=scope)
    elder = await _load(session, elder_id)
    async with changing(session, elder, version=version):
        await session.delete(elder)
        await session.execute(delete(Elder).where(Elder.merged_into == elder_id))
        audit(session, by, "elder.delete", f"elder:{elder_id}")


async def check_against_register(
    session: AsyncSession, form: ElderForm, *, area_code: str, elder_id: int | None, scope: Scope
) -> Checked:
    """`elder_forms.check`, and that nobody else has this ID card or line, and that the community exists.

    Raises:
        FormRefused: something is severely wrong.
    """
    checked = check(form, area_code)
    others = await taken(session, checked.form, area_code=area_code, elder_id=elder_id, scope=scope)
    problems = [*checked.problems, *others]
    unit = checked.form.org_unit_id
    if unit is not None and await session.get(OrgUnit, unit) is None:
        problems.append(FieldProblem("org_unit_id", f"没有编号为{unit}的社区", f"there is no community {unit}"))
    result = Checked(checked.form, tuple(problems))
    if not result.usable:
        raise FormRefused(result.problems)
    return result


async def _record_creations(session: AsyncSession, elders: Sequence[Elder], by: str) -> None:
    """History and audit of new files, in few statements however many there are."""
    if not elders:
        return
    told = [{"elder_id": elder.id, "by": by, "field": "created", "old": "", "new": ""} for elder in elders]
    await session.execute(insert(ElderChange), told)
    audit_each(session, by, "elder.create", [f"elder:{elder.id}" for elder in elders])


async def _change(session: AsyncSession, elder: Elder, form: ElderForm, *, by: str, area_code: str) -> None:
    """Apply the form and write down what is different now."""
    was = form_from(elder)
    before = await shown_texts(session, was)
    apply(elder, dated(form, was), area_code)
    after = await shown_texts(session, form_from(elder))
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return
    elder.changed_at = utc_now()
    if not _KEYS.isdisjoint(changed):
        await session.flush()
        await write_keys(session, [elder])
    if "status" in changed:
        await follow_status(session, elder.id, elder.status, by=by)
    session.add_all(
        ElderChange(elder_id=elder.id, by=by, field=name, old=before[name], new=after[name]) for name in changed
    )
    told: dict[str, Any] = {}
    if values := [name for name in changed if name in _NOT_PERSONAL]:
        told = {"before": {name: before[name] for name in values}, "after": {name: after[name] for name in values}}
    audit(session, by, "elder.change", f"elder:{elder.id}", fields=changed, **told)


async def _load(session: AsyncSession, elder_id: int) -> Elder:
    elder = (await _load_all(session, [elder_id])).get(elder_id)
    if elder is None:
        raise NoSuchElder(f"there is no elder {elder_id}")
    if elder.merged_into is not None:
        raise ElderMerged(elder_id, elder.merged_into)
    return elder


async def _load_all(session: AsyncSession, elders: Sequence[int]) -> dict[int, Elder]:
    whole = (selectinload(Elder.contacts).selectinload(Contact.phones), selectinload(Elder.terminals))
    loaded: dict[int, Elder] = {}
    for at in range(0, len(elders), _CHUNK):
        some = select(Elder).where(Elder.id.in_(elders[at : at + _CHUNK])).options(*whole)
        loaded.update({elder.id: elder for elder in await session.scalars(some)})
    return loaded


async def shown_texts(session: AsyncSession, form: ElderForm) -> dict[str, str]:
    """Each field as a person would read it in the history."""
    shown = {name: _text(getattr(form, name)) for name in COLUMNS}
    if form.org_unit_id is not None:
        unit = await session.get(OrgUnit, form.org_unit_id)
        shown["org_unit_id"] = unit.name if unit is not None else str(form.org_unit_id)
    shown["contacts"] = "; ".join(
        f"{contact.name}({contact.relation or contact.kind}) {'、'.join(contact.phones)}" for contact in form.contacts
    )
    shown["terminals"] = "; ".join(
        " ".join(filter(None, (t.line, t.model, t.serial, _text(t.installed_on)))) for t in form.terminals
    )
    return shown


def _text(value: str | int | bool | date | StrEnum | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case _:
            return str(value)
