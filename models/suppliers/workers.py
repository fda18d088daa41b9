"""Workers of suppliers (T8): name, photo, number, phone, training; the badge. Who is not trained does not work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from secrets import token_urlsafe
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.elder_forms import FieldProblem
from models.masking import is_masked
from models.phone_numbers import InvalidNumber, dialable
from models.refusing import refuse
from models.register import FormRefused
from models.suppliers.records import Supplier, SupplierStatus, Worker
from models.text import plain
from models.versions import NoSuchRecord, changing

MOST_NAME: Final = 60
MOST_TRAINING: Final = 300
MOST_BADGE: Final = 20


@dataclass(frozen=True, slots=True)
class WorkerForm:
    """`badge_number` empty: the next of this supplier; `training`: what was learnt, where."""

    name: str
    phone: str
    badge_number: str = ""
    training: str = ""
    trained_on: date | None = None
    trained_until: date | None = None
    active: bool = True


def is_trained(worker: Worker, today: date) -> bool:
    """Whether this person may work today (T8)."""
    passed = worker.trained_on is not None and worker.trained_on <= today
    return passed and (worker.trained_until is None or worker.trained_until >= today)


def may_work(today: date) -> ColumnElement[bool]:
    """The same in SQL, for those who are active."""
    in_time = or_(Worker.trained_until.is_(None), Worker.trained_until >= today)
    return Worker.active & (Worker.trained_on <= today) & in_time


async def by_badge(session: AsyncSession, token: str) -> tuple[Worker, Supplier] | None:
    """Whose badge was scanned; None: nobody's, or one that was replaced."""
    wanted = select(Worker, Supplier).join(Supplier, Supplier.id == Worker.supplier_id)
    found = (await session.execute(wanted.where(Worker.badge_token == token))).one_or_none()
    return None if found is None else (found[0], found[1])


async def add_worker(session: AsyncSession, supplier_id: int, form: WorkerForm, *, by: str, area_code: str) -> Worker:
    """Somebody new, with a badge.

    Raises:
        NoSuchRecord: there is no such supplier.
        FormRefused: a field is wrong, or the supplier is on the blacklist.
    """
    supplier = await session.get(Supplier, supplier_id, with_for_update=True)
    if supplier is None:
        raise NoSuchRecord
    if supplier.status is SupplierStatus.BLACKLISTED:
        refuse("name", "服务商已列入黑名单", "the supplier is on the blacklist")
    values = await _check(session, form, None, area_code)
    badge = values.pop("badge_number") or await _next_badge(session, supplier_id)
    worker = Worker(supplier_id=supplier_id, badge_number=badge, badge_token=token_urlsafe(18), **values)
    session.add(worker)
    await session.flush()
    audit(session, by, "worker.create", f"worker:{worker.id}", supplier=supplier_id)
    return worker


async def change_worker(
    session: AsyncSession, worker_id: int, form: WorkerForm, *, version: int, by: str, area_code: str
) -> Worker:
    """Raises NoSuchRecord, VersionConflict, FormRefused."""
    async with changing(session, await session.get(Worker, worker_id), version=version) as worker:
        values = await _check(session, form, worker, area_code)
        values["badge_number"] = values["badge_number"] or worker.badge_number
        changed = [name for name, value in values.items() if getattr(worker, name) != value]
        for name in changed:
            setattr(worker, name, values[name])
        audit(session, by, "worker.change", f"worker:{worker_id}", supplier=worker.supplier_id, fields=changed)
    return worker


async def renew_badge(session: AsyncSession, worker_id: int, *, version: int, by: str) -> Worker:
    """The badge was lost: its code counts no more. Raises NoSuchRecord, VersionConflict."""
    async with changing(session, await session.get(Worker, worker_id), version=version) as worker:
        worker.badge_token = token_urlsafe(18)
        audit(session, by, "worker.badge", f"worker:{worker_id}", supplier=worker.supplier_id)
    return worker


async def put_photo(
    session: AsyncSession, worker_id: int, sha256: str, media_type: str, *, version: int, by: str
) -> str:
    """Another picture; the hash of the one before, empty when there was none. Raises NoSuchRecord, VersionConflict."""
    async with changing(session, await session.get(Worker, worker_id), version=version) as worker:
        before, worker.photo, worker.photo_type = worker.photo, sha256, media_type
        audit(session, by, "worker.photo", f"worker:{worker_id}", supplier=worker.supplier_id)
    return before


async def _check(session: AsyncSession, form: WorkerForm, present: Worker | None, area_code: str) -> dict[str, object]:
    problems: list[FieldProblem] = []
    texts = {name: plain(getattr(form, name)).strip() for name in ("name", "training", "badge_number")}
    for name, most in (("name", MOST_NAME), ("training", MOST_TRAINING), ("badge_number", MOST_BADGE)):
        if len(texts[name]) > most:
            problems.append(FieldProblem(name, f"不得超过{most}字", f"{most} characters at most"))
    if not texts["name"]:
        problems.append(FieldProblem("name", "请填写姓名", "a name is needed"))
    phone = form.phone.strip()
    if is_masked(phone):
        problems.append(FieldProblem("phone", "内容已被遮盖(***)", "this is masked (***)"))
    else:
        try:
            phone = dialable(phone, area_code)
        except InvalidNumber as wrong:
            zh, _, en = str(wrong).partition(" / ")
            problems.append(FieldProblem("phone", zh, en))
    if form.trained_until and (form.trained_on is None or form.trained_until < form.trained_on):
        problems.append(FieldProblem("trained_until", "早于培训合格日期", "ends before it was passed"))
    badge = texts["badge_number"]
    taken = select(Worker.id).where(Worker.badge_number == badge, Worker.id != (present.id if present else 0))
    if badge and await session.scalar(taken) is not None:
        problems.append(FieldProblem("badge_number", "此工号已有人使用", "this number is somebody else's"))
    if problems:
        raise FormRefused(tuple(problems))
    dates = {"trained_on": form.trained_on, "trained_until": form.trained_until}
    return {**texts, "phone": phone, "active": form.active, **dates}


async def _next_badge(session: AsyncSession, supplier_id: int) -> str:
    """`12-003`: the third of supplier 12; numbers that somebody chose by hand are passed over."""
    known = set(await session.scalars(select(Worker.badge_number)))
    number = 1
    while (badge := f"{supplier_id}-{number:03d}") in known:
        number += 1
    return badge
