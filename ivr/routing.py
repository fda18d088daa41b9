"""Which seats a case is offered to: a community's, the centre's, any (H1, H2); and who is served first (K8)."""

from __future__ import annotations

from typing import Final

from ivr.case import Case
from ivr.commands import FindSeat
from ivr.vocabulary import CaseKind, Overflow, Role, Skill, Urgency

SUPPORTED: Final = frozenset({1, 2})  # classes paid or subsidised by the government (S6)


def community_for(case: Case, *, in_hours: bool) -> int | None:
    """The community whose own seat is asked first (H2): for ordinary calls of paid and subsidised elders in working
    hours. Everybody else, unclear calls, whom a care call hands over, and every alarm go to the centre at once."""
    file = case.file
    if case.urgent or case.kind is CaseKind.CARE or file is None or file.service_class not in SUPPORTED:
        return None
    return file.community_id if in_hours else None


def search(case: Case, role: Role, skill: Skill) -> FindSeat:
    """Whom this case looks for now."""
    return FindSeat(
        role,
        skill,
        urgency=Urgency.EMERGENCY if case.urgent else Urgency.ORDINARY,
        community=case.community if role is Role.A else None,
        any_seat=Overflow.ANY_SEAT in case.overflow and role is Role.A,
    )
