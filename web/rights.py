"""Who may do what: the one place that decides. Pages and API ask here and nowhere else.

In this issue whoever works for the centre sees all of it; rights by place (区, 街道, 社区) will narrow `may` later.
"""

from enum import StrEnum
from typing import Final

from models.people import UserRole
from web.accounts import Account
from web.feed import Message


class Right(StrEnum):
    SEE_LIVE = "see_live"
    SEE_CASES = "see_cases"
    HANDLE_CASES = "handle_cases"
    HEAR_RECORDINGS = "hear_recordings"
    SEE_ELDERS = "see_elders"
    EDIT_ELDERS = "edit_elders"
    FOLLOW_UP = "follow_up"
    SEE_ORDERS = "see_orders"
    SEE_COMPLAINTS = "see_complaints"
    SET_ANY_SEAT = "set_any_seat"
    REPORT_ALARMS = "report_alarms"
    SEE_TERMINALS = "see_terminals"
    EXPLAIN_EXCEPTIONS = "explain_exceptions"
    SUPERVISE = "supervise"
    SEE_PERSONAL = "see_personal"  # numbers, address, health of people: by a click that is put on record
    EXPORT = "export"
    SEE_AUDIT = "see_audit"
    MANAGE_USERS = "manage_users"
    MANAGE_SEATS = "manage_seats"
    MANAGE_POLICY = "manage_policy"
    MANAGE_PROMPTS = "manage_prompts"
    MANAGE_PLACES = "manage_places"


_ALL: Final = frozenset(Right)
_ADMINISTER: Final = frozenset({Right.MANAGE_SEATS, Right.MANAGE_POLICY, Right.MANAGE_PROMPTS, Right.MANAGE_PLACES})
# Who leads the service does not watch over its records, and who does leads nothing.
_LEAD: Final = _ALL - {Right.SEE_AUDIT, Right.MANAGE_USERS, *_ADMINISTER}
_SEE: Final = frozenset({Right.SEE_LIVE, Right.SEE_CASES, Right.SEE_ELDERS})
_AGENT: Final = _SEE | {
    Right.REPORT_ALARMS,
    Right.HANDLE_CASES,
    Right.HEAR_RECORDINGS,
    Right.EDIT_ELDERS,
    Right.FOLLOW_UP,
    Right.SEE_ORDERS,
    Right.SEE_COMPLAINTS,
    Right.SEE_PERSONAL,
}
_OF_ROLE: Final[dict[str, frozenset[Right]]] = {
    UserRole.ADMIN: _ALL,
    UserRole.LEAD: _LEAD,
    UserRole.AGENT: _AGENT,
    UserRole.PROFESSIONAL: _AGENT,
    UserRole.REVIEWER: _SEE | {Right.HEAR_RECORDINGS, Right.SEE_COMPLAINTS},
    UserRole.DISPATCHER: _SEE
    | {Right.SEE_TERMINALS, Right.FOLLOW_UP, Right.SEE_ORDERS, Right.SEE_PERSONAL, Right.EXPORT},
    UserRole.MAINTENANCE: frozenset({Right.SEE_LIVE, Right.SEE_TERMINALS, Right.EXPORT}),
    UserRole.AUDITOR: frozenset({Right.SEE_AUDIT, Right.EXPORT}),
    UserRole.GATEWAY: frozenset({Right.REPORT_ALARMS}),
}


def may(account: Account, right: Right) -> bool:
    """Whether one of the account's duties (S9) brings this right."""
    return any(right in _OF_ROLE.get(role, frozenset()) for role in account.roles)


def may_set_seat(account: Account, extension: str) -> bool:
    """One's own seat, or any with that right."""
    return account.seat == extension or may(account, Right.SET_ANY_SEAT)


def may_receive(account: Account, message: Message) -> bool:
    """Whether this live message is for this account: `screen` goes to the seat it names."""
    if message.audience.extension is not None:
        return account.seat == message.audience.extension
    if message.audience.case is not None:
        return may(account, Right.SEE_CASES)
    return may(account, Right.SEE_LIVE)
