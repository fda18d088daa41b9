"""The form of an admission file (S11) and what may be wrong with it. `admission.py` writes what was found right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.elder_forms import FieldProblem
from models.masking import is_masked
from models.org import OrgUnit
from models.phone_numbers import InvalidNumber, dialable
from models.register import FormRefused
from models.services.records import Service
from models.suppliers.records import Condition, Supplier, SupplierStatus
from models.text import plain

MOST_NAME: Final = 100
LONGEST: Final = 1_000
MOST_CAPITAL: Final = 1_000_000_000  # yuan; and what a column of four bytes holds
_LICENCE: Final = re.compile(r"[0-9A-Z]{8,30}")
_ALIKE: Final = str.maketrans("OI", "01")  # letters that no licence number has, because they look like digits


@dataclass(frozen=True, slots=True)
class PaperForm:
    """`valid_until` None: without end."""

    number: str = ""
    issuer: str = ""
    issued_on: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class SupplierForm:
    """`capital` in yuan; `prices`: service to fen for one unit; `areas`: ids of places, each with all below it. The
    paper of the agreement ends when the agreement does."""

    name: str
    licence: str
    phone: str
    sms_number: str = ""
    contact_name: str = ""
    address: str = ""
    capital: int = 0
    agreement_from: date | None = None
    agreement_until: date | None = None
    notes: str = ""
    papers: Mapping[Condition, PaperForm] = field(default_factory=dict)
    prices: Mapping[int, int] = field(default_factory=dict)
    areas: frozenset[int] = frozenset()


def licence_key(licence: str) -> str:
    """What licences are compared by: letters and digits alone, the same however they were typed."""
    text = unicodedata.normalize("NFKC", licence).upper().translate(_ALIKE)
    return "".join(char for char in text if char.isascii() and char.isalnum())


async def check(
    session: AsyncSession, form: SupplierForm, present: Supplier | None, area_code: str
) -> dict[str, object]:
    """The columns of the supplier's row. Raises FormRefused with everything that is wrong."""
    texts = {name: plain(getattr(form, name)).strip() for name in ("name", "contact_name", "address", "notes")}
    licence = unicodedata.normalize("NFKC", plain(form.licence)).strip().upper()
    numbers, problems = _numbers(form, area_code)
    problems += _text_problems({**texts, "licence": licence})
    problems += await _licence_problems(session, licence, present)
    if not 0 <= form.capital <= MOST_CAPITAL:
        problems.append(FieldProblem("capital", "注册资金应在0至10亿元之间", "between 0 and 1 000 000 000 yuan"))
    if form.agreement_from and form.agreement_until and form.agreement_until < form.agreement_from:
        problems.append(FieldProblem("agreement_until", "早于协议开始日期", "ends before it begins"))
    problems += _paper_problems(form)
    problems += await _price_problems(session, form)
    problems += await _area_problems(session, form.areas)
    if problems:
        raise FormRefused(tuple(problems))
    dates = {"agreement_from": form.agreement_from, "agreement_until": form.agreement_until}
    return {**texts, **numbers, "licence": licence, "capital": form.capital, **dates}


def _text_problems(texts: Mapping[str, str]) -> list[FieldProblem]:
    problems = []
    for name, text in texts.items():
        most = MOST_NAME if name in ("name", "contact_name") else LONGEST
        if len(text) > most:
            problems.append(FieldProblem(name, f"不得超过{most}字", f"{most} characters at most"))
        elif is_masked(text):
            problems.append(FieldProblem(name, "内容已被遮盖(***)", "this is masked (***)"))
    if not texts["name"]:
        problems.append(FieldProblem("name", "请填写名称", "a name is needed"))
    return problems


def _numbers(form: SupplierForm, area_code: str) -> tuple[dict[str, str], list[FieldProblem]]:
    """The two numbers, ready to be dialled; that for messages may be empty."""
    numbers, problems = {"sms_number": ""}, []
    for name in ("phone", "sms_number"):
        given: str = getattr(form, name).strip()
        if name == "sms_number" and not given:
            continue
        try:
            numbers[name] = dialable(given, area_code)
        except InvalidNumber as wrong:
            zh, _, en = str(wrong).partition(" / ")
            problems.append(FieldProblem(name, zh, en))
    return numbers, problems


async def _licence_problems(session: AsyncSession, licence: str, present: Supplier | None) -> list[FieldProblem]:
    key = licence_key(licence)
    if not _LICENCE.fullmatch(key):
        return [FieldProblem("licence", "执照号应为8至30位字母和数字", "8 to 30 letters and digits")]
    if present is not None and present.licence_key == key:
        return []
    if present is not None and present.status is not SupplierStatus.APPLYING:
        return [FieldProblem("licence", "准入后执照号不得更改", "the licence stays once a supplier is admitted")]
    other = await session.scalar(select(Supplier).where(Supplier.licence_key == key))
    if other is None:
        return []
    if other.status is SupplierStatus.BLACKLISTED:
        zh = f"此执照已列入黑名单（编号{other.id}），永久不得准入"
        return [FieldProblem("licence", zh, f"this licence is on the blacklist for good (supplier {other.id})")]
    zh = f"此执照已属于“{other.name}”（编号{other.id}）"
    return [FieldProblem("licence", zh, f"this licence is that of {other.name} (supplier {other.id})")]


def _paper_problems(form: SupplierForm) -> list[FieldProblem]:
    problems = []
    today = local_today()
    for condition, paper in form.papers.items():
        at = f"papers.{condition}"
        if any(len(text) > MOST_NAME for text in (paper.number, paper.issuer)):
            problems.append(FieldProblem(f"{at}.number", f"不得超过{MOST_NAME}字", f"{MOST_NAME} characters at most"))
        if paper.issued_on is None and (paper.number or paper.issuer or paper.valid_until):
            problems.append(FieldProblem(f"{at}.issued_on", "请填写签发日期", "the date is needed"))
        elif paper.issued_on is not None and paper.issued_on > today:
            problems.append(FieldProblem(f"{at}.issued_on", "日期在将来", "this date is yet to come"))
        elif paper.issued_on and paper.valid_until and paper.valid_until < paper.issued_on:
            problems.append(FieldProblem(f"{at}.valid_until", "有效期早于签发日期", "ends before it begins"))
    return problems


async def _price_problems(session: AsyncSession, form: SupplierForm) -> list[FieldProblem]:
    limits = {one.id: one.price_limit for one in await session.scalars(select(Service))}
    problems = []
    for service, price in form.prices.items():
        if service not in limits:
            problems.append(FieldProblem(f"prices.{service}", "没有此项服务", "there is no such service"))
        elif not 0 < price <= limits[service]:
            most = limits[service] / 100
            words = f"单价应大于0且不超过限价{most:.2f}元", f"above 0 and at most {most:.2f} yuan"
            problems.append(FieldProblem(f"prices.{service}", *words))
    return problems


async def _area_problems(session: AsyncSession, areas: Collection[int]) -> list[FieldProblem]:
    known = set(await session.scalars(select(OrgUnit.id).where(OrgUnit.id.in_(areas))))
    return [] if known == set(areas) else [FieldProblem("areas", "没有此机构", "there is no such place")]
