"""The catalogue of services (S3, H13): what may be ordered, at which price at most, for how long at least, for whom
(S6). The first sixteen come with the migration that made the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified

from ivr.vocabulary import Aid
from models.audit import audit
from models.elder_forms import FieldProblem
from models.register import FormRefused
from models.services.records import MINIMUM_MINUTES, Service, ServiceClassRule, ServiceUnit
from models.text import plain
from models.versions import changing

CLASSES: Final = (1, 2, 3)
MOST_NAME: Final = 60
MOST_TEXT: Final = 500
MOST_PRICE: Final = 1_000_000  # fen
MOST_MINUTES: Final = 480
VISIT_PRICE: Final = 3_000  # fen; what a visit that counts may cost at most (T1)
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,29}")
_PAID: Final = {1: (100, 100), 2: (50, 100), 3: (0, 0)}  # per cent that the government pays, from and to (S6)


@dataclass(frozen=True, slots=True)
class ClassRule:
    """For one class: may it be ordered, and how much of it is paid by the government, in per cent."""

    offered: bool = True
    paid_percent: int = 0


USUAL: Final = {service_class: ClassRule(paid_percent=low) for service_class, (low, _) in _PAID.items()}


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """`price_limit` in fen; `rules` for each of the three classes."""

    aid: Aid
    name_zh: str
    name_en: str
    unit: ServiceUnit
    price_limit: int
    minimum_minutes: int = MINIMUM_MINUTES
    counts_as_visit: bool = True
    description: str = ""
    active: bool = True
    rules: Mapping[int, ClassRule] = field(default_factory=lambda: dict(USUAL))


@dataclass(frozen=True, slots=True)
class ServiceView:
    """`price_limit` in fen; `rules` for each of the three classes."""

    id: int
    version: int
    code: str
    aid: Aid
    name_zh: str
    name_en: str
    description: str
    unit: ServiceUnit
    price_limit: int
    minimum_minutes: int
    counts_as_visit: bool
    active: bool
    rules: Mapping[int, ClassRule]

    def name(self, lang: str) -> str:
        return self.name_zh if lang == "zh" else self.name_en


async def catalogue(session: AsyncSession, *, active_only: bool = False) -> Sequence[ServiceView]:
    """All services in their order."""
    wanted = select(Service).order_by(Service.position, Service.id)
    if active_only:
        wanted = wanted.where(Service.active)
    rules: dict[int, dict[int, ClassRule]] = {}
    for row in await session.scalars(select(ServiceClassRule)):
        rules.setdefault(row.service_id, {})[row.service_class] = ClassRule(row.offered, row.paid_percent)
    return [_view(row, {**USUAL, **rules.get(row.id, {})}) for row in await session.scalars(wanted)]


async def add_service(session: AsyncSession, code: str, form: ServiceForm, *, by: str) -> Service:
    """A new one, the last of the list. Raises FormRefused."""
    code = code.strip()
    problems = _problems(form)
    if not _CODE.fullmatch(code):
        problems.append(FieldProblem("code", "2至30位小写字母、数字或_", "2 to 30 of a-z 0-9 _"))
    elif await session.scalar(select(Service.id).where(Service.code == code)) is not None:
        problems.append(FieldProblem("code", "此代码已存在", "this code is taken"))
    if problems:
        raise FormRefused(tuple(problems))
    last = await session.scalar(select(func.max(Service.position)))
    service = Service(code=code, position=0 if last is None else last + 1, **_columns(form))
    session.add(service)
    await session.flush()
    await _put_rules(session, service.id, form)
    audit(session, by, "service.create", f"service:{service.id}", after=_shown(form))
    return service


async def change_service(
    session: AsyncSession, service_id: int, form: ServiceForm, *, version: int, by: str
) -> Service:
    """Prices of suppliers that are above a new limit stay as they are on record; new ones keep to it.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: a field is wrong.
    """
    async with changing(session, await session.get(Service, service_id), version=version) as service:
        problems = _problems(form)
        if problems:
            raise FormRefused(tuple(problems))
        before = {name: getattr(service, name) for name in _columns(form)}
        for name, value in _columns(form).items():
            setattr(service, name, value)
        flag_modified(service, "name_zh")  # a change of its rules alone is one of the service as well
        await _put_rules(session, service_id, form)
        audit(session, by, "service.change", f"service:{service_id}", before=before, after=_shown(form))
    return service


def _problems(form: ServiceForm) -> list[FieldProblem]:
    problems = []
    for name in ("name_zh", "name_en"):
        text = plain(getattr(form, name)).strip()
        if not text:
            problems.append(FieldProblem(name, "请填写", "this is needed"))
        elif len(text) > MOST_NAME:
            problems.append(FieldProblem(name, f"不得超过{MOST_NAME}字", f"{MOST_NAME} characters at most"))
    if len(form.description) > MOST_TEXT:
        problems.append(FieldProblem("description", f"不得超过{MOST_TEXT}字", f"{MOST_TEXT} characters at most"))
    if not 0 < form.price_limit <= MOST_PRICE:
        most = MOST_PRICE // 100
        problems.append(FieldProblem("price_limit", f"限价应大于0且不超过{most}元", f"above 0, at most {most} yuan"))
    elif form.counts_as_visit and form.price_limit > VISIT_PRICE:
        most = VISIT_PRICE // 100
        words = f"计入年度次数的上门服务每次不超过{most}元(T1)", f"a visit that counts costs at most {most} yuan (T1)"
        problems.append(FieldProblem("price_limit", *words))
    if not 0 <= form.minimum_minutes <= MOST_MINUTES:
        words = f"应在0至{MOST_MINUTES}分钟之间", f"between 0 and {MOST_MINUTES} minutes"
        problems.append(FieldProblem("minimum_minutes", *words))
    elif form.counts_as_visit and form.minimum_minutes < MINIMUM_MINUTES:
        words = (
            f"计入年度次数的上门服务每次不少于{MINIMUM_MINUTES}分钟(T1)",
            f"a visit that counts lasts at least {MINIMUM_MINUTES} minutes (T1)",
        )
        problems.append(FieldProblem("minimum_minutes", *words))
    return problems + _rule_problems(form.rules)


def _rule_problems(rules: Mapping[int, ClassRule]) -> list[FieldProblem]:
    problems = []
    for service_class, (low, high) in _PAID.items():
        if not low <= rules.get(service_class, USUAL[service_class]).paid_percent <= high:
            zh = f"政府补贴应为{low}%" if low == high else f"政府补贴应在{low}%至{high}%之间"
            en = f"{low} % by the government" if low == high else f"{low} to {high} % by the government"
            problems.append(FieldProblem(f"rules.{service_class}", zh + "(S6)", en + " (S6)"))
    return problems


def _columns(form: ServiceForm) -> dict[str, object]:
    return {
        "aid": form.aid,
        "name_zh": plain(form.name_zh).strip(),
        "name_en": plain(form.name_en).strip(),
        "description": plain(form.description).strip(),
        "unit": form.unit,
        "price_limit": form.price_limit,
        "minimum_minutes": form.minimum_minutes,
        "counts_as_visit": form.counts_as_visit,
        "active": form.active,
    }


def _shown(form: ServiceForm) -> dict[str, object]:
    rules = {str(one): [rule.offered, rule.paid_percent] for one, rule in form.rules.items()}
    return {**_columns(form), "rules": rules}


async def _put_rules(session: AsyncSession, service_id: int, form: ServiceForm) -> None:
    for service_class in CLASSES:
        rule = form.rules.get(service_class, USUAL[service_class])
        await session.merge(
            ServiceClassRule(
                service_id=service_id,
                service_class=service_class,
                offered=rule.offered,
                paid_percent=rule.paid_percent,
            )
        )


def _view(row: Service, rules: Mapping[int, ClassRule]) -> ServiceView:
    return ServiceView(
        id=row.id,
        version=row.version,
        code=row.code,
        aid=row.aid,
        name_zh=row.name_zh,
        name_en=row.name_en,
        description=row.description,
        unit=row.unit,
        price_limit=row.price_limit,
        minimum_minutes=row.minimum_minutes,
        counts_as_visit=row.counts_as_visit,
        active=row.active,
        rules=rules,
    )
