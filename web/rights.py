"""Who may do what: the one place that decides. Pages and API ask here and nowhere else.

With whom they may do it, by place (区, 街道, 社区), is told by the account's scope: `models/scope.py`, `places.py`.
"""

from enum import StrEnum
from typing import Final

from models.people import UserRole
from web.accounts import Account
from web.feed import Message


class Right(StrEnum):
    SEE_LIVE = "see_live"
    SEE_WALLBOARD = "see_wallboard"  # counts that everybody in the room may read
    SEE_CASES = "see_cases"
    HANDLE_CASES = "handle_cases"
    HEAR_RECORDINGS = "hear_recordings"
    SEE_ELDERS = "see_elders"
    EDIT_ELDERS = "edit_elders"
    FOLLOW_UP = "follow_up"
    SEE_ORDERS = "see_orders"
    DISPATCH_ORDERS = "dispatch_orders"
    OWN_ORDERS = "own_orders"  # those of the supplier whose account it is
    SEE_COMPLAINTS = "see_complaints"
    HANDLE_COMPLAINTS = "handle_complaints"  # what somebody may do with one is told by `models/complaint_rules.py`
    ARCHIVE_COMPLAINTS = "archive_complaints"
    SEE_SUPPLIERS = "see_suppliers"
    MANAGE_SUPPLIERS = "manage_suppliers"  # with the catalogue of services
    SEE_SETTLEMENT = "see_settlement"
    SETTLE = "settle"  # reckon a month, correct and lock it
    SET_ANY_SEAT = "set_any_seat"  # of the account's own places
    REPORT_ALARMS = "report_alarms"
    SEE_TERMINALS = "see_terminals"
    TEST_TERMINALS = "test_terminals"
    EXPLAIN_EXCEPTIONS = "explain_exceptions"
    SUPERVISE = "supervise"
    SEE_PERSONAL = "see_personal"  # numbers, address, health of people: by a click that is put on record
    EXPORT = "export"
    REVIEW_QUALITY = "review_quality"  # draw, listen, score
    SEE_OWN_REVIEWS = "see_own_reviews"  # of one's own calls, with an answer to each
    PLAN_STAFFING = "plan_staffing"
    SEE_REPORTS = "see_reports"  # counts of the account's own places; rows behind them: with the right of their list
    SIGN_REPORTS = "sign_reports"
    SEE_PLANS = "see_plans"  # what to do when something fails; and what drills have shown
    MANAGE_PLANS = "manage_plans"
    IMPORT = "import"
    SEE_CARE = "see_care"
    PLAN_CARE = "plan_care"  # plans, bulletins, and the button that stops all care calls
    SEE_LOOKUPS = "see_lookups"  # who looked at whose file
    SEE_AUDIT = "see_audit"
    MANAGE_USERS = "manage_users"
    MANAGE_SEATS = "manage_seats"
    MANAGE_POLICY = "manage_policy"
    MANAGE_PROMPTS = "manage_prompts"
    MANAGE_PLACES = "manage_places"


_ALL: Final = frozenset(Right) - {Right.OWN_ORDERS}
_ADMINISTER: Final = frozenset({Right.MANAGE_SEATS, Right.MANAGE_POLICY, Right.MANAGE_PROMPTS, Right.MANAGE_PLACES})
# Who leads the service does not watch over its records, and who does leads nothing.
_LEAD: Final = _ALL - {Right.SEE_AUDIT, Right.MANAGE_USERS, *_ADMINISTER}
_SEE: Final = frozenset({Right.SEE_LIVE, Right.SEE_WALLBOARD, Right.SEE_CASES, Right.SEE_ELDERS})
_TERMINALS: Final = frozenset({Right.SEE_TERMINALS, Right.TEST_TERMINALS})
_AGENT: Final = _SEE | {
    Right.REPORT_ALARMS,
    Right.HANDLE_CASES,
    Right.HEAR_RECORDINGS,
    Right.EDIT_ELDERS,
    Right.FOLLOW_UP,
    Right.SEE_ORDERS,
    Right.DISPATCH_ORDERS,
    Right.SEE_COMPLAINTS,
    Right.HANDLE_COMPLAINTS,
    Right.SEE_PERSONAL,
    Right.SEE_CARE,
    Right.PLAN_CARE,
    Right.SEE_OWN_REVIEWS,
    Right.SEE_PLANS,
}
_OF_ROLE: Final[dict[str, frozenset[Right]]] = {
    UserRole.ADMIN: _ALL,
    UserRole.LEAD: _LEAD,
    UserRole.AGENT: _AGENT,
    UserRole.PROFESSIONAL: _AGENT,
    UserRole.REVIEWER: _SEE | {Right.HEAR_RECORDINGS, Right.SEE_COMPLAINTS, Right.REVIEW_QUALITY, Right.SEE_PLANS},
    UserRole.DISPATCHER: _SEE
    | _TERMINALS
    | {Right.FOLLOW_UP, Right.SEE_ORDERS, Right.DISPATCH_ORDERS, Right.SEE_SUPPLIERS, Right.SEE_SETTLEMENT}
    | {Right.SEE_PERSONAL, Right.EXPORT, Right.SEE_CARE, Right.PLAN_CARE, Right.SEE_PLANS, Right.SEE_REPORTS},
    UserRole.MAINTENANCE: _TERMINALS | {Right.SEE_LIVE, Right.EXPORT, Right.SEE_PLANS, Right.MANAGE_PLANS},
    UserRole.OFFICIAL: (_SEE - {Right.SEE_WALLBOARD})  # whose counts know no places
    | {Right.SEE_TERMINALS, Right.SEE_ORDERS, Right.SEE_COMPLAINTS, Right.SEE_SUPPLIERS, Right.SEE_PERSONAL}
    | {Right.SEE_CARE, Right.SEE_REPORTS, Right.SEE_SETTLEMENT},  # H3; changes nothing
    UserRole.STATION: _TERMINALS | {Right.SEE_ELDERS, Right.SEE_PERSONAL, Right.SEE_CARE, Right.SEE_REPORTS},  # S8
    UserRole.SUPPLIER: frozenset({Right.SEE_SUPPLIERS, Right.OWN_ORDERS}),  # their own: see `Scope.supplier`
    # 三员: seats without their cases; accounts and places without the people who live there; the records.
    UserRole.SYSTEM_ADMIN: frozenset({Right.SEE_LIVE, Right.MANAGE_SEATS, Right.MANAGE_POLICY, Right.MANAGE_PROMPTS}),
    UserRole.SECURITY_ADMIN: frozenset({Right.MANAGE_USERS, Right.MANAGE_PLACES}),
    UserRole.AUDITOR: frozenset({Right.SEE_AUDIT, Right.SEE_LOOKUPS, Right.EXPORT}),
    UserRole.GATEWAY: frozenset({Right.REPORT_ALARMS}),
    UserRole.WALLBOARD: frozenset({Right.SEE_WALLBOARD}),
}
# A sheet may hold people of any place, and a month is that of all places.
_OF_ALL_PLACES: Final = frozenset({Right.IMPORT, Right.SETTLE})


def may(account: Account, right: Right) -> bool:
    """Whether one of the account's duties (S9) brings this right."""
    if right in _OF_ALL_PLACES and not account.scope.everywhere:
        return False
    return any(right in _OF_ROLE.get(role, frozenset()) for role in account.roles)


def may_receive(account: Account, message: Message) -> bool:
    """Whether the account is told of this live message: all of it, or, for a wallboard, only that there is one."""
    return may_read(account, message) or (message.audience.extension is None and may(account, Right.SEE_WALLBOARD))


def may_read(account: Account, message: Message) -> bool:
    """Whether what this live message says is for this account: `screen` goes to the seat it names."""
    if message.audience.extension is not None:
        return account.seat == message.audience.extension
    if message.audience.case is not None:
        return may(account, Right.SEE_CASES)
    return may(account, Right.SEE_LIVE)
