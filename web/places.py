"""Rights by place, as requests meet them: the account's scope, and what is on its own seat. An emergency is never
hidden from the agent whose seat has it, wherever the elder lives. Pages and API hand `scope_of(request)` to their
queries; what comes from the mirror is asked for here.
"""

from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.case import ElderFile
from models.elders import Terminal
from models.register import find_elder
from models.repairs import TerminalRepair
from models.scope import Scope
from web.accounts import Account
from web.controller.mirror import Mirror
from web.controller.shapes import LiveCase, SeatView
from web.feed import Message
from web.guard import account_of
from web.keys import MIRROR
from web.problems import NotFound
from web.rights import Right, may, may_receive


def scope_of(request: web.Request) -> Scope:
    """What the account may look at now."""
    return scope_now(account_of(request), request.app[MIRROR])


def scope_now(account: Account, mirror: Mirror) -> Scope:
    """The same for an account that is not asking, such as a live client."""
    if account.scope.everywhere or account.seat is None:
        return account.scope
    mine = mirror.in_hand(account.seat)
    elders = frozenset(file.id for case in mine for file in _files(case))
    return replace(account.scope, cases=frozenset(case.id for case in mine), elders=elders)


def sees(account: Account, mirror: Mirror, case: LiveCase) -> bool:
    """Whether the account may see this case: all whom it may be about are of its places, or it is on its own seat."""
    scope = account.scope
    if scope.everywhere or (account.seat is not None and mirror.is_in_hand(account.seat, case)):
        return True
    files = tuple(_files(case))
    return bool(files) and all(scope.covers(_unit(file)) for file in files)


def receives(account: Account, mirror: Mirror, message: Message) -> bool:
    """Whether this live message is for this account, where the elder lives included."""
    if not may_receive(account, message):
        return False
    if account.scope.everywhere or message.audience.case is None or message.audience.extension is not None:
        return True
    case = mirror.find(message.audience.case)
    return case is not None and sees(account, mirror, case)


def open_cases(account: Account, mirror: Mirror) -> list[LiveCase]:
    """Those that the account may see, oldest first."""
    if not may(account, Right.SEE_CASES):
        return []
    return [case for case in mirror.open_cases() if sees(account, mirror, case)]


def seat_shown(account: Account, mirror: Mirror, seat: SeatView) -> SeatView:
    """A seat as the account may see it: without the case that it is in, where that is out of sight."""
    case = mirror.find(seat.case) if seat.case is not None else None
    seen = may(account, Right.SEE_CASES) and (
        account.scope.everywhere or (case is not None and sees(account, mirror, case))
    )
    return seat if seen or seat.case is None else replace(seat, case=None)


def may_set_seat(account: Account, mirror: Mirror, extension: str) -> bool:
    """One's own seat; with that right also those of the account's places, and the centre's who has none. A seat that
    the mirror does not know is of no place."""
    if account.seat == extension:
        return True
    seat = mirror.seats.get(extension)
    return may(account, Right.SET_ANY_SEAT) and account.scope.covers(None if seat is None else seat.place)


async def in_sight(request: web.Request, session: AsyncSession, *elders: int) -> None:
    """Before anything of these elders' files is read or changed. Raises NoSuchElder."""
    for elder in elders:
        await find_elder(session, elder, scope=scope_of(request))


async def terminal_in_sight(request: web.Request, session: AsyncSession, terminal: int) -> None:
    """The same for a terminal. Raises NotFound."""
    row = await session.get(Terminal, terminal)
    if row is None:
        raise NotFound("problem.no_terminal")
    await in_sight(request, session, row.elder_id)


async def repair_in_sight(request: web.Request, session: AsyncSession, repair: int) -> None:
    """The same for the repair of a terminal. Raises NotFound."""
    row = await session.get(TerminalRepair, repair)
    if row is None:
        raise NotFound
    await in_sight(request, session, row.elder_id)


def check_case(request: web.Request, case_id: str) -> None:
    """Before a case is shown or acted on. Raises NotFound: it is out of sight. What the mirror does not know now, or
    cannot, is the controller's to judge: an agent's click must never wait for us to hear of the call."""
    mirror = request.app[MIRROR]
    case = mirror.find(case_id)
    if mirror.reachable and case is not None and not sees(account_of(request), mirror, case):
        raise NotFound("problem.no_case")


def _files(case: LiveCase) -> Iterable[ElderFile]:
    files = (case.extras.file, *case.extras.household)
    return (file for file in files if file is not None)


def _unit(file: ElderFile) -> int | None:
    """A controller of the version before tells of communities only."""
    return file.community_id if file.org_unit_id is None else file.org_unit_id
