"""What people ask of a case. A seat that they name is kept for the case first, so that nobody else is given it while
the case decides; the desk says no where it cannot be."""

from __future__ import annotations

from dataclasses import replace

from ari_app.desk import Desk, SeatNotFree
from ari_app.runner import CaseRun
from ivr.commands import Refuse
from ivr.events import Request, SuperviseRequested, TakeOverRequested
from ivr.vocabulary import Role, SeatRelease


async def ask(desk: Desk, run: CaseRun, request: Request) -> Refuse | None:
    """The decision: None means that it is being done.

    Raises:
        SeatNotFree: the seat that is named has other work, or its phone is away.
        UnknownSeat: there is no such seat.
    """
    if not isinstance(request, TakeOverRequested | SuperviseRequested):
        return await run.request(request)
    case, seat = run.case, desk.seat(request.extension)
    role = request.role if isinstance(request, TakeOverRequested) else Role.S
    kept = desk.keep(case.id, seat.extension, role)
    if not kept and case.seat_of(seat.extension) is None:
        raise SeatNotFree("seat_not_free")  # on its way to this case already, as the longest idle
    refusal = await run.request(replace(request, agent=seat.agent or seat.name))
    if refusal is not None and kept:
        desk.release(case.id, seat.extension, SeatRelease.NOT_NEEDED)
    return refusal
