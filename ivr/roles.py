"""A and B (S1.5, S1.6): who has which role, and who speaks with whom. Roles change hands without a gap: whoever comes
is there before the other one goes, and an elder who is left alone hears the hold prompt."""

from __future__ import annotations

from collections.abc import Callable

from ivr import (
    common,
    rescue,
    supervision,
)
from ivr.case import (
    ELDERS,
    Leg,
)
from ivr.commands import ChangeRole
from ivr.events import MergeRequested, SplitRequested, TakeOverRequested
from ivr.turn import Turn
from ivr.vocabulary import MUST_ACCEPT, LegKind, Place, Refusal, Result, Role

Answered = Callable[[Turn, Leg], Turn]
_NOT_MOVED = frozenset({*ELDERS, LegKind.SNOOP})

# --- a seat answers ---------------------------------------------------------------------------------------------------


def seat_answered(turn: Turn, seat: Leg) -> Turn:
    """B goes to the elder, A to the rescue, a professional to the elder; a relief to the place of whom it relieves."""
    before = None if seat.relieves is None else turn.case.seat(seat.relieves)
    seat = relieve(turn, seat)
    if before is not None and before.place is not Place.NOWHERE:
        return turn
    match seat.role:
        case Role.B:
            return b_takes_the_elder(turn, seat)
        case Role.A:
            return a_takes_the_rescue(turn, seat)
        case _:
            return turn.meet_elder(seat)


def seat_takes_the_elder(turn: Turn, seat: Leg) -> Turn:
    """There is one agent, and that one is with the elder."""
    return turn.meet_elder(relieve(turn, seat))


def seat_waits_for_elder(turn: Turn, seat: Leg) -> Turn:
    """The elder is being rung."""
    return turn.move(relieve(turn, seat), Place.ELDER)


def company_for_elder(turn: Turn) -> Leg | None:
    """Who is to be with an elder who comes back: B, else A, else a supervisor who had barged in."""
    seats = (turn.case.seat(role) for role in (Role.B, Role.A, Role.S))
    return next((seat for seat in seats if seat and seat.up and seat.place is not Place.SUPERVISION), None)


def b_takes_the_elder(turn: Turn, b: Leg) -> Turn:
    """B has the elder (S1.5); A goes to the rescue bridge, with whoever was on the line for the rescue already."""
    turn.meet_elder(b)
    for leg in tuple(turn.case.live()):
        if leg.up and leg.place is Place.ELDER and (leg.role is Role.A or leg.kind in rescue.OUTSIDE):
            turn.move(leg, Place.RESCUE)
    return turn


def a_takes_the_rescue(turn: Turn, a: Leg) -> Turn:
    """A goes where the helpers are; until there is a B that is with the elder, and the helpers come along."""
    if turn.case.seat_up(Role.B):
        return turn.move(a, Place.RESCUE)
    turn.meet_elder(a)
    for leg in tuple(turn.case.live(*rescue.OUTSIDE)):
        if leg.place is Place.RESCUE:
            turn.move(leg, Place.ELDER)
    return turn


# --- roles change hands -----------------------------------------------------------------------------------------------


def take_over(turn: Turn, event: TakeOverRequested, answered: Answered = seat_answered) -> Turn:
    """Another seat is rung; whoever has the role keeps it until that seat answers. A supervisor who is on the line
    already takes it at once."""
    seat = turn.case.seat_of(event.extension)
    if seat is not None and seat.role is not Role.S:
        return turn.refuse(Refusal.SEAT_IN_CASE, event.extension)
    if relief(turn, event.role) is not None:
        return turn.refuse(Refusal.ALREADY_CALLING)
    if seat is None:
        return turn.call_seat(event.role, event.extension, event.agent, relieves=event.role)
    seat = supervision.resign(turn, seat, event.role)
    return answered(turn, seat) if seat.up else turn


def take_over_a(turn: Turn, event: TakeOverRequested, answered: Answered = seat_takes_the_elder) -> Turn:
    """Another seat takes the elder over from A; there is no B."""
    return take_over(turn, event, answered) if event.role is Role.A else common.not_now(turn, event)


def relief(turn: Turn, role: Role) -> Leg | None:
    """The seat that is being rung to take this role over."""
    ringing = (leg for leg in turn.case.live(LegKind.SEAT) if leg.result is not Result.CANCELLED)
    return next((leg for leg in ringing if leg.relieves is role), None)


def call_off_relief(turn: Turn, role: Role) -> Turn:
    """The role is not needed any more."""
    ringing = relief(turn, role)
    return turn if ringing is None else turn.let_go(ringing)


def relieve(turn: Turn, seat: Leg) -> Leg:
    """The seat has answered: what it came for is its role now, in the place of whoever had it; that one is let go. A
    supervisor who alone is with the elder stays there."""
    if seat.relieves is None:
        return seat
    before = turn.case.seat(seat.relieves)
    seat = turn.stop_finding(seat.relieves).change(seat, role=seat.relieves, relieves=None)
    if before is not None:
        if before.place is not Place.NOWHERE and not _alone_with_elder(turn, seat):
            turn.move(seat, before.place)
        turn.let_go(turn.change(before, role=None))
    return turn.case.leg(seat.id) or seat


def _alone_with_elder(turn: Turn, seat: Leg) -> bool:
    there = (leg for leg in turn.case.live() if leg.up and leg.place is Place.ELDER and leg.kind not in ELDERS)
    return [leg.id for leg in there] == [seat.id]


def swap(turn: Turn) -> Turn:
    """A gets the elder, B the rescue. With only one of them on the line, the other role is the one that is open."""
    seats = [seat for seat in (turn.case.seat(Role.A), turn.case.seat(Role.B)) if seat is not None]
    up = [seat for seat in seats if seat.up]
    if not up:
        return turn.refuse(Refusal.NO_AGENT_ON_LINE)
    for seat in seats:
        give_role(turn, seat, Role.B if seat.role is Role.A else Role.A)
    _swap_searches(turn)
    if all(seat.place is Place.INTERCOM for seat in up):
        return turn
    a, b = turn.case.seat(Role.A), turn.case.seat(Role.B)
    if b is not None and b.up:
        turn.meet_elder(b)
    return a_takes_the_rescue(turn, a) if a is not None and a.up else turn


def give_role(turn: Turn, seat: Leg, role: Role) -> Leg:
    """From here on the seat (or the duty phone) does this."""
    if seat.kind is LegKind.SEAT:
        turn.do(ChangeRole(seat.number, role))
    return turn.change(seat, role=role)


def _swap_searches(turn: Turn) -> None:
    for role in sorted(turn.case.searching - {Role.X}):
        turn.stop_finding(role).find_seat(Role.B if role is Role.A else Role.A)


# --- who speaks with whom ---------------------------------------------------------------------------------------------


def intercom(turn: Turn) -> Turn:
    """A and B speak alone (S1.6); the elder hears the hold prompt and music, helpers stay where they are."""
    a, b = turn.case.seat(Role.A), turn.case.seat(Role.B)
    if a is None or b is None or not (a.up and b.up):
        return turn.refuse(Refusal.NO_AGENT_ON_LINE, "A, B")
    if a.place is b.place is Place.INTERCOM:
        return turn.refuse(Refusal.ALREADY_DONE)
    return turn.move(a, Place.INTERCOM).move(b, Place.INTERCOM).keep_company()


def end_intercom(turn: Turn) -> Turn:
    """B goes back to the elder, A to the rescue."""
    inside = _in_intercom(turn)
    for seat in sorted(inside, key=lambda seat: seat.role is Role.A):
        turn.move(seat, Place.RESCUE) if seat.role is Role.A else turn.meet_elder(seat)
    return turn if inside else turn.refuse(Refusal.ALREADY_DONE)


def leave_intercom(turn: Turn) -> Turn:
    """One of the two has gone: the other goes to whoever waits for them, rather than listen to nobody."""
    inside = _in_intercom(turn)
    if len(inside) != 1:
        return turn
    seat = inside[0]
    helpers = any(leg.place is Place.RESCUE for leg in turn.case.live(*rescue.OUTSIDE))
    if seat.role is Role.A and (helpers or turn.case.seat_up(Role.B)):
        return turn.move(seat, Place.RESCUE)
    return turn.meet_elder(seat)


def _in_intercom(turn: Turn) -> list[Leg]:
    """Without one who is being relieved: the seat that came for them is there."""
    return [leg for leg in turn.case.live() if leg.place is Place.INTERCOM and leg.role is not None]


def merge(turn: Turn, event: MergeRequested) -> Turn:
    """Bring a leg to the elder; contacts and duty phones only after they have pressed 1."""
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind in _NOT_MOVED or leg.role is Role.S:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    if not leg.up or (leg.kind in MUST_ACCEPT and leg.result is not Result.ACCEPTED):
        return turn.refuse(Refusal.LEG_NOT_ANSWERED)
    if leg.place is Place.ELDER:
        return turn.refuse(Refusal.ALREADY_DONE)
    if not turn.case.elder_up:
        return turn.refuse(Refusal.NOT_IN_THIS_STATE)
    return leave_intercom(turn.meet_elder(leg))


def split(turn: Turn, event: SplitRequested) -> Turn:
    """Take a leg out of the elder's bridge. A helper is not left to nobody: an A who is with the elder comes along."""
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind in _NOT_MOVED or leg.role is Role.S:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    if leg.place is not Place.ELDER:
        return turn.refuse(Refusal.ALREADY_DONE if leg.up else Refusal.LEG_NOT_ANSWERED)
    turn.move(leg, Place.RESCUE)
    a = turn.case.seat(Role.A)
    if a is not None and a.place is Place.ELDER and leg.kind in rescue.OUTSIDE:
        turn.move(a, Place.RESCUE)
    return turn.keep_company()
