"""Who sees personal data unmasked, and when: the agent whose seat has the case, at once; others who may, after they
have said why, which is put on record and counts for a while. How it is masked is `models/masking.py`'s.
"""

from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from models.masking import masked
from models.queries.inbound_texts import TextView
from models.queries.wishes import WishView
from models.views import CaseView
from web.accounts import Account
from web.controller.shapes import LiveCase
from web.guard import account_of
from web.keys import MIRROR, REVEALS
from web.rights import Right, may
from web.sheet import Sheet

Shown = TypeVar("Shown")


def sees_elder(request: web.Request, elder: int) -> bool:
    """Whether the account sees this elder's file as it is."""
    account, mirror = account_of(request), request.app[MIRROR]
    if not may(account, Right.SEE_PERSONAL):
        return False
    cases = (case for case in mirror.cases.values() if elder in _elders(case))
    return any(_has(request, account, case.id) for case in cases) or request.app[REVEALS].covers(
        account, f"elder:{elder}"
    )


def sees_case(request: web.Request, view: CaseView) -> bool:
    """Whether the account sees this case, with the file and the numbers in it, as it is."""
    account, reveals = account_of(request), request.app[REVEALS]
    if not may(account, Right.SEE_PERSONAL):
        return False
    if _has(request, account, view.id) or reveals.covers(account, f"case:{view.id}"):
        return True
    return view.elder is not None and reveals.covers(account, f"elder:{view.elder.id}")


def shown_elder(request: web.Request, elder: int, view: Shown) -> Shown:
    """A view of this elder's file, or of a part of it, as the account may see it."""
    return view if sees_elder(request, elder) else masked(view)


def shown_case(request: web.Request, view: CaseView, told: Shown) -> Shown:
    """Something that tells of this case, as the account may see it."""
    return told if sees_case(request, view) else masked(told)


def shown_text(request: web.Request, view: TextView) -> TextView:
    """A text message as the account may see it: with the file of whose telephone it came from, or by itself."""
    return _by_itself(request, f"text:{view.id}", view.elder, view)


def shown_wish(request: web.Request, view: WishView) -> WishView:
    """A wish or a refusal as the account may see it: with the elder's file, or by itself."""
    return _by_itself(request, f"wish:{view.id}", view.elder, view)


def on_board(request: web.Request, case: LiveCase) -> Sheet:
    """An open case as a line of the board, without the timeline, which no board shows."""
    sheet = Sheet.of_live(case)
    if sees_case(request, case.view):
        return sheet
    return masked(replace(sheet, view=replace(sheet.view, timeline=())))


def _by_itself(request: web.Request, record: str, elder: int | None, view: Shown) -> Shown:
    account = account_of(request)
    revealed = may(account, Right.SEE_PERSONAL) and request.app[REVEALS].covers(account, record)
    return view if revealed or (elder is not None and sees_elder(request, elder)) else masked(view)


def _has(request: web.Request, account: Account, case: str) -> bool:
    """Whether this open case is the account's."""
    return account.seat is not None and request.app[MIRROR].has_case(account.seat, case)


def _elders(case: LiveCase) -> set[Any]:
    files = (case.extras.file, *case.extras.household)
    return {file.id for file in files if file is not None}
