"""The policy that is in force: the defaults of `ivr/policy.py`, then what people have set, then what the operator has
fixed in the settings (`YJT_POLICY__...`, HOME/config.toml), which nobody changes from a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from home.settings import Settings
from ivr.numbers import SERVICES
from ivr.policy import Policy, PolicyError
from models.live_settings import LiveSetting, current, put
from models.masking import number as masked_number
from models.office_hours import OfficeHours
from models.phone_numbers import dialable
from models.refusing import refuse
from models.working_days import days_of

POLICY: Final = "policy."
DUTY_PHONES: Final = "duty_phones"
MOST_DUTY_PHONES: Final = 20
# Both controllers must agree on these, or the one takes the other for dead: they are the operator's alone.
_NOT_LIVE: Final = frozenset({"lease_beat", "lease_runs_out", "lease_patience"})
_RINGABLE: Final = re.compile(r"[0-9]{3,15}")  # as the dialplan of the ladder takes them
_WHOLE: Final = frozenset({"n", "d", "0/1", "fen"})


class Source(StrEnum):
    """Where a value comes from, the weakest first."""

    DEFAULT = "default"
    PEOPLE = "people"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the operator has written into the settings."""

    policy: Mapping[str, float]
    duty_phones: Sequence[str] = ()

    @classmethod
    def of(cls, settings: Settings) -> Fixed:
        return cls(settings.policy, settings.duty_phones)


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """One value as it is in force. `version`: the one to change it from; `settable`: by a person, from a page."""

    name: str
    value: float
    default: float
    low: float
    high: float
    unit: str
    zh: str
    en: str
    source: Source
    settable: bool
    version: int
    changed_at: datetime | None
    changed_by: str
    note: str


def policy_of(fixed: Fixed, rows: Mapping[str, LiveSetting]) -> Policy:
    """What the controllers work by.

    Raises:
        PolicyError: what people have set does not go together with what the operator has fixed.
    """
    known = {field.name for field in Policy.limits()}
    people = {
        name: row.value
        for field, row in rows.items()
        if (name := field.removeprefix(POLICY)) in known - _NOT_LIVE and isinstance(row.value, int | float)
    }
    return Policy.of({**people, **fixed.policy}, duty_phones=duty_phones_of(fixed, rows))


def usable_policy(fixed: Fixed, rows: Mapping[str, LiveSetting]) -> tuple[Policy, str]:
    """The same, but never refused: values that people have set and that do not go with the settings, or with the bounds
    of this version, do not count; the text says why, empty when all is well. Duty phones always count.

    Raises:
        PolicyError: the settings alone cannot be used.
    """
    try:
        return policy_of(fixed, rows), ""
    except PolicyError as problem:
        phones = {DUTY_PHONES: rows[DUTY_PHONES]} if DUTY_PHONES in rows else {}
        return policy_of(fixed, phones), str(problem)


async def policy_in_force(session: AsyncSession, fixed: Fixed) -> Policy:
    """What the controllers work by."""
    return usable_policy(fixed, await current(session))[0]


async def office_hours(session: AsyncSession, fixed: Fixed) -> OfficeHours:
    """The working hours in force, exchanged days included (H2)."""
    rows = await current(session)
    policy = usable_policy(fixed, rows)[0]
    return OfficeHours(policy.office_from, policy.office_to, days_of(rows))


def duty_phones_of(fixed: Fixed, rows: Mapping[str, LiveSetting]) -> tuple[str, ...]:
    """The duty phones: the operator's, else those that people have set."""
    row = rows.get(DUTY_PHONES)
    return tuple(fixed.duty_phones or (row.value if row is not None and row.value else ()))


def values_of(fixed: Fixed, rows: Mapping[str, LiveSetting]) -> list[PolicyValue]:
    """Every value in the order of the policy."""
    return [_value(field, fixed, rows.get(POLICY + field.name)) for field in Policy.limits()]


def _value(field: Field[float], fixed: Fixed, row: LiveSetting | None) -> PolicyValue:
    meta, default = field.metadata, float(str(field.default))
    value, source = default, Source.DEFAULT
    if row is not None and row.value is not None:
        value, source = row.value, Source.PEOPLE
    if field.name in fixed.policy:
        value, source = fixed.policy[field.name], Source.OPERATOR
    return PolicyValue(
        name=field.name,
        value=value,
        default=default,
        low=meta["low"],
        high=meta["high"],
        unit=meta["unit"],
        zh=meta["zh"],
        en=meta["en"],
        source=source,
        settable=source is not Source.OPERATOR and field.name not in _NOT_LIVE,
        version=0 if row is None else row.number,
        changed_at=None if row is None else row.at,
        changed_by="" if row is None else row.by,
        note="" if row is None else row.note,
    )


async def set_value(
    session: AsyncSession, name: str, value: float | None, *, version: int, by: str, note: str = "", fixed: Fixed
) -> None:
    """Set one value from now on; None: back to the default.

    Raises:
        KeyError: there is no such value.
        FormRefused: it is out of bounds, does not go together with another, or is the operator's to set.
        VersionConflict: somebody else set it meanwhile.
    """
    rows = await current(session)
    known = {one.name: one for one in values_of(fixed, rows)}[name]
    if not known.settable:
        refuse("value", "此项由运维人员在配置中固定，不能在此修改", "the operator has fixed this in the settings")
    if value is not None:
        _check(known, value)
    wanted = LiveSetting(name=POLICY + name, number=version, value=value, by=by)
    try:
        policy_of(fixed, {**rows, POLICY + name: wanted})
    except PolicyError:
        refuse("value", "上班时间须早于下班时间", "working hours must begin before they end")
    shown = {"before": known.value, "after": known.default if value is None else value}
    await put(session, POLICY + name, value, version=version, by=by, note=note, shown=shown)


def _check(known: PolicyValue, value: float) -> None:
    if not known.low <= value <= known.high:
        bounds = f"{known.low:g} – {known.high:g}"
        refuse("value", f"超出范围，应为 {bounds}", f"out of bounds: {bounds}")
    if known.unit in _WHOLE and value != int(value):
        refuse("value", "应为整数", "must be a whole number")


async def set_duty_phones(
    session: AsyncSession, phones: Sequence[str], *, version: int, by: str, fixed: Fixed, area_code: str
) -> None:
    """Who is rung when no seat answers, in this order; nobody: none are.

    Raises:
        FormRefused: a number cannot be rung, stands there twice, or the operator has fixed the list.
        VersionConflict: somebody else set it meanwhile.
    """
    if fixed.duty_phones:
        refuse("phones", "值班电话由运维人员在配置中固定", "the operator has fixed the duty phones in the settings")
    numbers = [_phone(phone, area_code) for phone in phones if phone.strip()]
    if len(numbers) > MOST_DUTY_PHONES:
        refuse("phones", f"最多{MOST_DUTY_PHONES}个号码", f"{MOST_DUTY_PHONES} numbers at most")
    if twice := {number for number in numbers if numbers.count(number) > 1}:
        refuse("phones", f"号码重复：{min(twice)}", f"this number stands there twice: {min(twice)}")
    before = duty_phones_of(fixed, await current(session))
    shown = {"before": [masked_number(one) for one in before], "after": [masked_number(one) for one in numbers]}
    await put(session, DUTY_PHONES, numbers, version=version, by=by, shown=shown)


def _phone(phone: str, area_code: str) -> str:
    try:
        number = dialable(phone, area_code)
    except ValueError:
        number = ""
    if not _RINGABLE.fullmatch(number) or number in SERVICES:
        refuse("phones", f"不是可以拨打的号码：{phone.strip()}", f"this number cannot be rung: {phone.strip()}")
    return number
