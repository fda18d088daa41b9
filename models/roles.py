"""The duties of those who log in, and which of them may go together. What each may do is `web/rights.py`'s.

An official has no level of their own: the unit that they belong to is one (社区, 街道, 区, 市). Duties that said it a
second time could contradict the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final


class UserRole(StrEnum):
    """The duties of S9; officials, station staff (驿站) and suppliers, who are not the centre's; the three separate
    administrators; `admin`, who is all of them until there are three; and two that are no people: `gateway` hands in
    alarms, `wallboard` is a screen on the wall."""

    ADMIN = "admin"
    LEAD = "lead"
    AGENT = "agent"
    PROFESSIONAL = "professional"
    REVIEWER = "reviewer"
    DISPATCHER = "dispatcher"
    MAINTENANCE = "maintenance"
    OFFICIAL = "official"
    STATION = "station"
    SUPPLIER = "supplier"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    GATEWAY = "gateway"
    WALLBOARD = "wallboard"


# 三员分立: who keeps the machine, who gives rights and who looks at the records are three, and they do nothing else.
THE_THREE: Final = (UserRole.SYSTEM_ADMIN, UserRole.SECURITY_ADMIN, UserRole.AUDITOR)
ALONE: Final = frozenset({*THE_THREE, UserRole.SUPPLIER, UserRole.GATEWAY})
PLACED: Final = frozenset({UserRole.OFFICIAL, UserRole.STATION})  # see their own place, and nothing without one
EVERYWHERE: Final = frozenset({UserRole.ADMIN, UserRole.AUDITOR})
NOWHERE: Final = ALONE - EVERYWHERE


class DutiesRefused(ValueError):
    """These duties are nobody's; the text says why, in Chinese and English."""


def duties_of(roles: Iterable[str]) -> list[str]:
    """The roles, each once. Raises DutiesRefused: one is unknown, there is none, or they do not go together."""
    duties = list(dict.fromkeys(_role(role) for role in roles))
    if not duties:
        raise DutiesRefused(f"至少需要一个角色 / at least one role is needed: {', '.join(UserRole)}")
    three = [role for role in duties if role in THE_THREE]
    if len(three) > 1:
        raise DutiesRefused(
            f"三员分立：系统管理员、安全管理员、审计员须由不同账号担任（{'、'.join(three)}） / "
            f"system administrator, security administrator and auditor are different accounts ({', '.join(three)})"
        )
    if len(duties) > 1 and (alone := [role for role in duties if role in ALONE]):
        raise DutiesRefused(f"角色 {alone[0]} 不得兼任其他角色 / the role {alone[0]} goes with no other")
    return [str(role) for role in duties]


def check_place(roles: Collection[str], org_unit_id: int | None) -> None:
    """Raises DutiesRefused: these duties need a place, or may have none."""
    if org_unit_id is None and (placed := [role for role in roles if role in PLACED]):
        raise DutiesRefused(f"角色 {placed[0]} 须有所属机构（--org） / the role {placed[0]} needs a unit (--org)")
    if org_unit_id is not None and (free := [role for role in roles if role in EVERYWHERE | NOWHERE]):
        raise DutiesRefused(f"角色 {free[0]} 不属于任何机构 / the role {free[0]} belongs to no unit")


def split(roles: Collection[str]) -> list[str]:
    """What is left to an `admin` when there are three: the machine, or the other duties that they have."""
    others = [role for role in roles if role != UserRole.ADMIN]
    return others or [str(UserRole.SYSTEM_ADMIN)]


def _role(name: str) -> UserRole:
    try:
        return UserRole(name)
    except ValueError:
        known = ", ".join(UserRole)
        raise DutiesRefused(f"没有角色 {name!r} / unknown role {name!r}: {known}") from None
