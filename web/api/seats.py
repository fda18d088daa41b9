"""Seats as they are now, and setting them ready or paused."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from models.audit import audit
from models.database import DatabaseUnavailable
from web.accounts import Account
from web.api.kit import Done, Input, Operations, Output, answer, read_body
from web.controller.mirror import seat_json
from web.controller.shapes import SeatView
from web.guard import account_of
from web.keys import CONTROLLER, DATABASE, MIRROR
from web.logs import log
from web.places import may_set_seat, seat_shown
from web.problems import Forbidden
from web.rights import Right

operations = Operations("seats")


class SeatList(Output):
    items: list[SeatView]
    next: None = None


class SeatChange(Input):
    """`wrap_up` is more time for a wrap-up that runs, once. `reason` for `paused`: `rest`, `meal`, `training`,
    `meeting`, `toilet`, `other` or words."""

    state: Literal["ready", "paused", "wrap_up"]
    reason: str = Field("", max_length=60)


class PhoneAction(Input):
    """Of the line that the seat is in: `answer` asks the telephone to lift its handset, which not every one does;
    `hangup` also declines one that rings; `mute` lasts until the line ends. The phone in the page does these itself.
    `hold` and `unhold` need nothing of the phone: the elder hears words and music meanwhile."""

    action: Literal["answer", "hangup", "mute", "unmute", "hold", "unhold"]


@operations("GET", "/seats", "All seats as they are now", right=Right.SEE_LIVE, result=SeatList)
async def get_seats(request: web.Request) -> web.StreamResponse:
    account, mirror = account_of(request), request.app[MIRROR]
    seats = sorted(mirror.seats.values(), key=lambda seat: seat.extension)
    return answer({"items": [seat_json(seat_shown(account, mirror, seat)) for seat in seats], "next": None})


@operations("POST", "/seats/{extension}/state", "Set a seat ready or paused", body=SeatChange, result=Done)
async def set_state(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, SeatChange)
    extension, account = request.match_info["extension"], account_of(request)
    if not may_set_seat(account, request.app[MIRROR], extension):
        raise Forbidden
    reason = wanted.reason if wanted.state == "paused" else ""
    by = "" if account.seat == extension else account.name
    controller = request.app[CONTROLLER]
    await controller.set_seat(extension, state=wanted.state, reason=reason, actor=account.actor, by=by)
    if by:
        await _put_on_record(request, account, extension, wanted.state)
    return answer(Done())


@operations(
    "POST",
    "/seats/{extension}/phone",
    "Work the phone of one's own seat",
    right=Right.HANDLE_CASES,
    body=PhoneAction,
    result=Done,
)
async def work_phone(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, PhoneAction)
    extension, account = request.match_info["extension"], account_of(request)
    if account.seat != extension:
        raise Forbidden
    await request.app[CONTROLLER].work_phone(extension, action=wanted.action, actor=account.actor)
    return answer(Done())


async def _put_on_record(request: web.Request, account: Account, extension: str, state: str) -> None:
    """Somebody else's seat was set. It is done, whether it can be written down or not."""
    try:
        async with request.app[DATABASE].write() as session:
            audit(session, account.actor, f"seat.{state}", f"seat:{extension}")
    except DatabaseUnavailable:
        log.error("audit_missing", action=f"seat.{state}", record=f"seat:{extension}", actor=account.actor)
