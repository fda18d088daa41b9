"""The main menu: which pages there are, in which part, and with which right. One line for each page, nothing else here.

A word stands in `web/words/`, under `nav.<name>`, the part's under `menu.<name>`.
"""

from dataclasses import dataclass
from typing import Final

from web.accounts import Account
from web.rights import Right, may


@dataclass(frozen=True, slots=True)
class Entry:
    """`seat`: only for people who have one."""

    right: Right
    href: str
    word: str
    seat: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the menu with the pages of it that somebody may open; at least one."""

    word: str
    entries: tuple[Entry, ...]

    def entry_of(self, path: str) -> Entry | None:
        """The page that this address belongs to; the longest name wins."""
        found = [entry for entry in self.entries if path == entry.href or path.startswith(entry.href + "/")]
        return max(found, key=lambda entry: len(entry.href), default=None)


MENU: Final = (
    Part(
        "menu.calls",
        (
            Entry(Right.HANDLE_CASES, "/desk", "nav.desk", seat=True),
            Entry(Right.SEE_LIVE, "/board", "nav.board"),
            Entry(Right.SEE_WALLBOARD, "/wallboard", "nav.wallboard"),
            Entry(Right.SEE_CASES, "/cases", "nav.cases"),
            Entry(Right.SEE_CASES, "/inbound-texts", "inbound_texts.title"),
        ),
    ),
    Part(
        "menu.files",
        (
            Entry(Right.SEE_ELDERS, "/elders", "nav.elders"),
            Entry(Right.SEE_ELDERS, "/elder-papers", "nav.elder_papers"),
            Entry(Right.SEE_ELDERS, "/elder-changes", "nav.elder_changes"),
            Entry(Right.EDIT_ELDERS, "/duplicates", "nav.duplicates"),
            Entry(Right.SEE_TERMINALS, "/terminals", "nav.terminals"),
            Entry(Right.SEE_TERMINALS, "/repairs", "nav.repairs"),
        ),
    ),
    Part(
        "menu.afterwards",
        (
            Entry(Right.FOLLOW_UP, "/follow-ups", "nav.follow_ups"),
            Entry(Right.SEE_CASES, "/wishes", "wishes.title"),
            Entry(Right.SEE_CARE, "/care", "nav.care"),
            Entry(Right.SEE_ORDERS, "/orders", "nav.orders"),
            Entry(Right.FOLLOW_UP, "/visit-samples", "nav.visit_samples"),
            Entry(Right.OWN_ORDERS, "/my-orders", "orders.mine"),
            Entry(Right.SEE_COMPLAINTS, "/complaints", "nav.complaints"),
            Entry(Right.ARCHIVE_COMPLAINTS, "/complaint-archives", "nav.complaint_archives"),
            Entry(Right.EXPLAIN_EXCEPTIONS, "/exception-reports", "nav.exceptions"),
        ),
    ),
    Part(
        "menu.services",
        (
            Entry(Right.SEE_SUPPLIERS, "/suppliers", "nav.suppliers"),
            Entry(Right.SEE_SUPPLIERS, "/worker-ratings", "worker_ratings.title"),
            Entry(Right.SEE_SUPPLIERS, "/services", "nav.services"),
            Entry(Right.SEE_ORDERS, "/service-gaps", "nav.service_gaps"),
            Entry(Right.SEE_ORDERS, "/visits-owed", "nav.visits_owed"),
        ),
    ),
    Part(
        "menu.settlement",
        (
            Entry(Right.SEE_SETTLEMENT, "/settlement", "settlement.title"),
            Entry(Right.SEE_SETTLEMENT, "/elder-statements", "settlement.elders"),
            Entry(Right.SEE_SETTLEMENT, "/supplier-statements", "settlement.suppliers"),
            Entry(Right.SEE_SETTLEMENT, "/government-statement", "settlement.government_statement"),
            Entry(Right.SEE_SETTLEMENT, "/settlement-lines", "settlement.lines_title"),
            Entry(Right.OWN_ORDERS, "/my-statements", "settlement.mine"),
        ),
    ),
    Part(
        "menu.operation",
        (
            Entry(Right.REVIEW_QUALITY, "/quality-reviews", "quality.title"),
            Entry(Right.REVIEW_QUALITY, "/calibrations", "quality.calibrations"),
            Entry(Right.REVIEW_QUALITY, "/quality-results", "quality.results"),
            Entry(Right.REVIEW_QUALITY, "/score-sheets", "quality.sheets"),
            Entry(Right.SEE_OWN_REVIEWS, "/my-reviews", "quality.mine"),
            Entry(Right.SEE_REPORTS, "/reports", "reports.title"),
            Entry(Right.PLAN_STAFFING, "/staffing", "staffing.title"),
            Entry(Right.SEE_PLANS, "/emergency-plans", "plans.title"),
            Entry(Right.SEE_PLANS, "/drill-reports", "drills.title"),
        ),
    ),
    Part(
        "menu.administration",
        (
            Entry(Right.MANAGE_POLICY, "/admin/policy", "admin.policy"),
            Entry(Right.MANAGE_SEATS, "/admin/seats", "admin.seats"),
            Entry(Right.MANAGE_USERS, "/admin/users", "admin.users"),
            Entry(Right.MANAGE_PROMPTS, "/admin/prompts", "admin.prompts"),
            Entry(Right.MANAGE_PLACES, "/admin/places", "admin.places"),
            Entry(Right.MANAGE_POLICY, "/admin/numbers", "admin.numbers"),
            Entry(Right.MANAGE_POLICY, "/admin/days", "admin.days"),
            Entry(Right.SEE_AUDIT, "/audit", "nav.audit"),
            Entry(Right.SEE_LOOKUPS, "/lookups", "nav.lookups"),
        ),
    ),
)


def menu_of(account: Account | None) -> list[Part]:
    """What this account may open; parts without such a page are left out."""
    if account is None:
        return []
    shown = [Part(part.word, tuple(e for e in part.entries if _opens(account, e))) for part in MENU]
    return [part for part in shown if part.entries]


def _opens(account: Account, entry: Entry) -> bool:
    return may(account, entry.right) and (account.seat is not None or not entry.seat)
