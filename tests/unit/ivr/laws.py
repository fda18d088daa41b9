"""What must always hold of a case and the world around it, whatever happens. Called after every settled step.

No law depends on how the procedure is written: each is a promise to the elder, the agents or the operator.
"""

from __future__ import annotations

from ivr.case import Case
from ivr.events import CommandFailed, Event, SeatReserved, TimerFired
from ivr.turn import COMFORT
from ivr.vocabulary import SUCCESSORS, CaseState, LegKind, Place, Role
from tests.unit.ivr.exchange import Exchange


def reachable(state: CaseState) -> frozenset[CaseState]:
    """This state, the next, and the one after a wrapping up that needs no further event."""
    after = SUCCESSORS[state]
    closing = SUCCESSORS[CaseState.WRAPPING_UP] if CaseState.WRAPPING_UP in after else frozenset()
    return frozenset({state}) | after | closing


def check(case: Case, exchange: Exchange) -> None:
    elder_hears_something(case, exchange)
    seats_are_kept_for_live_legs(case, exchange)
    somebody_is_on_the_way(case)
    lines_are_where_we_think(case, exchange)
    nothing_runs_for_nobody(case, exchange)
    if case.state is CaseState.CLOSED:
        closed_is_the_end(case, exchange)


def elder_hears_something(case: Case, exchange: Exchange) -> None:
    """Promise 2, but for what Asterisk has not told us yet."""
    elder = case.elder
    if elder is None or not elder.up or exchange.lines[elder.id].state == "gone" or _news_near(case, exchange):
        return
    line = exchange.lines[elder.id]
    others = (other for leg, other in exchange.lines.items() if leg != elder.id)
    company = line.place is not Place.NOWHERE and any(other.place is line.place for other in others)
    assert line.sound is not None or company or COMFORT in exchange.timers, f"the elder hears nothing: {case}"


def _news_near(case: Case, exchange: Exchange) -> bool:
    """Something is about to be told of the elder, or of whoever is with the elder."""
    near = {leg.id for leg in case.legs if leg.kind is LegKind.ELDER or leg.place is Place.ELDER}
    return any(
        event.timer == COMFORT if isinstance(event, TimerFired) else leg_of(event) in near for event in exchange.coming
    )


def seats_are_kept_for_live_legs(case: Case, exchange: Exchange) -> None:
    """Every seat that the desk keeps for the case lives in it, or is on its way; every search is known to both."""
    live = [leg.number for leg in case.live(LegKind.SEAT)]
    arriving = [event for event in exchange.coming if isinstance(event, SeatReserved)]
    assert sorted(exchange.held) == sorted([*live, *(event.extension for event in arriving)])
    assert set(exchange.wanted) <= case.searching | exchange.stopped
    assert case.searching <= set(exchange.wanted) | {event.role for event in arriving}


def somebody_is_on_the_way(case: Case) -> None:
    """An elder on the line has an agent or is being brought one, until help is there or the case ends (promise 1)."""
    waiting = case.state in {CaseState.ARRIVING, CaseState.RINGING_SEATS, CaseState.EMERGENCY}
    if case.elder_up and waiting and case.arrived_at is None:
        assert case.searching & {Role.A, Role.B} or case.seat(Role.A) or case.seat(Role.B), case
    if case.state is CaseState.TALKING:
        assert case.seat_up(Role.A), case


def lines_are_where_we_think(case: Case, exchange: Exchange) -> None:
    refused = {leg_of(event) for event in exchange.coming if isinstance(event, CommandFailed)}
    for leg in case.live():
        line = exchange.lines[leg.id]
        if line.state != "gone" and leg.id not in refused:
            assert leg.place is line.place, f"{leg} is really in {line.place}"
    assert case.bridges == exchange.bridges


def nothing_runs_for_nobody(case: Case, exchange: Exchange) -> None:
    for timer in exchange.timers:
        owner = case.leg(timer.leg) if timer.leg else case.elder
        assert owner, f"{timer} runs for nobody"
        assert owner.alive, f"{timer} runs for {owner}"
    if case.legs and not any(case.live()):
        assert not exchange.bridges
        assert not case.searching


def closed_is_the_end(case: Case, exchange: Exchange) -> None:
    assert not any(case.live())
    assert case.outcome is not None
    assert case.closed_at is not None
    assert (exchange.timers, exchange.bridges, exchange.wanted, set(case.searching)) == ({}, set(), {}, set())
    assert len(exchange.follow_ups) == 1


def leg_of(event: Event) -> str:
    """The leg that an event, or the failed command in it, is about; empty when there is none."""
    return str(getattr(event.command if isinstance(event, CommandFailed) else event, "leg", ""))
