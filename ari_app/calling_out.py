"""An agent rings somebody: their seat is kept for the new case first, so that nobody else is given it meanwhile."""

from __future__ import annotations

from dataclasses import replace

from ari_app.desk import Desk
from ari_app.reception import Reception
from ari_app.runner import CaseRun
from ivr.events import CallOutRequested
from ivr.vocabulary import Role


async def call_out(desk: Desk, reception: Reception, wanted: CallOutRequested) -> CaseRun:
    """The case that was opened for it; the agent's phone rings.

    Raises:
        SeatNotFree: the seat has other work, or its phone is away.
        UnknownSeat: there is no such seat.
    """
    seat = desk.seat(wanted.extension)
    run = reception.new_call_out(wanted, keep=lambda case: desk.keep(case, seat.extension, Role.A))
    await run.request(replace(wanted, agent=seat.agent or seat.name))
    return run
