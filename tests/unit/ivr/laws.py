"""What must always hold of a case and the world around it, whatever happens. Called after every settled step.

No law depends on how the procedure is written: each is a promise to the elder, the agents or the operator.
"""

from __future__ import annotations

from ivr.cascade import NEXT_WAVE
from ivr.case import ELDERS, Case
from ivr.commands import Timer
from ivr.consultation import PROFESSIONAL
from ivr.events import CommandFailed, Event, KeyPressed, Request, SeatReserved, TimerFired
from ivr.numbers import may_be_rung
from ivr.overflow import OVERFLOW, needs_agent
from ivr.silence import CALL_BACK, REDIAL, SILENCE
from ivr.turn import COMFORT
from ivr.vocabulary import SUCCESSORS, CaseKind, CaseState, LegKind, Mode, Overflow, Place, Role
from tests.unit.ivr.exchange import Exchange


def reachable(state: CaseState) -> frozenset[CaseState]:
    """This state, the next, and the one after a wrapping up that needs no further event."""
    after = SUCCESSORS[state]
    closing = SUCCESSORS[CaseState.WRAPPING_UP] if CaseState.WRAPPING_UP in after else frozenset()
    return frozenset({state}) | after | closing


def check(case: Case, exchange: Exchange) -> None:
    elder_hears_something(case, exchange)
    seats_are_kept_for_live_legs(case, exchange)
    somebody_is_on_the_way(case, exchange)
    waiting_is_counted(case, exchange)
    nobody_is_forgotten(case, exchange)
    lines_are_where_we_think(case, exchange)
    roles_are_held_once(case, exchange)
    supervisors_are_apart(case, exchange)
    nothing_runs_for_nobody(case, exchange)
    if case.state is CaseState.CLOSED:
        closed_is_the_end(case, exchange)


def elder_hears_something(case: Case, exchange: Exchange) -> None:
    """Promise 2, on every line of theirs, but for what Asterisk has not told us yet."""
    elder = case.elder
    mine = (*case.seconds, *([elder] if elder else []))
    for leg in mine:
        line = exchange.lines[leg.id]
        if not leg.up or line.state == "gone" or _news_near(case, exchange):
            continue
        others = (other for name, other in exchange.lines.items() if name not in {one.id for one in mine})
        there = (other for other in others if other.place is line.place and not other.holds)
        company = line.place is not Place.NOWHERE and any(there)
        assert line.sound is not None or company or COMFORT in exchange.timers, f"{leg.id} hears nothing: {case}"


def _news_near(case: Case, exchange: Exchange) -> bool:
    """Something is about to be told of the elder, or of whoever is with the elder."""
    near = {leg.id for leg in case.legs if leg.kind in ELDERS or leg.place is Place.ELDER}
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


def somebody_is_on_the_way(case: Case, exchange: Exchange) -> None:
    """An elder on the line has an agent or is being brought one, until help is there or the case ends (promise 1)."""
    waiting = case.state in {CaseState.ARRIVING, CaseState.RINGING_SEATS, CaseState.EMERGENCY}
    if case.elder_up and waiting and case.arrived_at is None:
        routed = case.urgent or case.state is not CaseState.ARRIVING or not _runs(OVERFLOW, exchange)
        looked_for = case.searching & {Role.A, Role.B} or case.seat(Role.A) or case.seat(Role.B)
        assert looked_for or not routed, case
    if case.state is CaseState.TALKING:
        assert case.seat_up(Role.A), case
    if case.state is CaseState.CONSULTING:
        inside = [leg for leg in case.live() if leg.up and leg.place is Place.INTERCOM and leg.role]
        there = [leg.role for leg in inside if leg.role and exchange.lines[leg.id].state != "gone"]
        assert sorted(there) == [Role.A, Role.X] or len(there) < len(inside), case
    if case.state is CaseState.TALKING and case.elder_up and not case.heard:
        assert _runs(SILENCE, exchange), f"nobody asks the silent elder: {case}"


def waiting_is_counted(case: Case, exchange: Exchange) -> None:
    """While agent A is missing the clock runs, and nobody but agent A stops it; until the last step has been taken."""
    assert (case.waiting_since is not None) == needs_agent(case), case
    if case.waiting_since is not None:
        last = {Overflow.REPORT, Overflow.STILL_WAITING} & case.overflow
        assert last or _runs(OVERFLOW, exchange), f"nobody counts how long the elder waits: {case}"
    if case.waiting_since is None and case.state is not CaseState.WRAPPING_UP:
        duty = [leg for leg in case.live(LegKind.DUTY) if leg.result is None]
        assert not duty, f"a duty phone is asked although there is an agent: {duty}"
    if case.state is CaseState.TALKING:
        asked = [leg for leg in case.live(LegKind.DUTY, LegKind.CONTACT) if leg.result is None]
        assert not asked, f"somebody is still asked to come: {asked}"


def nobody_is_forgotten(case: Case, exchange: Exchange) -> None:
    """An elder who is not on the line is being rung, as long as nobody has decided otherwise (S4.2, S4.5)."""
    rung = case.elder is not None and case.elder.alive
    if case.state is CaseState.CALLING_BACK:
        assert rung or _runs(CALL_BACK, exchange), f"the elder is not called back: {case}"
        assert Role.A in case.searching or case.seat(Role.A), f"no agent is on the case: {case}"
    if case.state in {CaseState.NO_RESPONSE, CaseState.EMERGENCY} and not case.arrived_at and may_be_rung(case.caller):
        assert rung or _runs(REDIAL, exchange), f"the elder is not rung any more: {case}"
    if case.state is CaseState.NO_RESPONSE and not case.arrived_at:
        assert all(role in case.searching or case.seat(role) for role in (Role.A, Role.B)), case


def as_often_as_promised(before: CaseState, event: Event, case: Case, rung_back: int, times: float) -> None:
    """S4.2: rung back twice, not more often and, unless a person decides, not less often; busy lines do not count."""
    assert rung_back == case.call_backs + case.busy, case
    assert case.call_backs <= times, case
    by_itself = not isinstance(event, Request | KeyPressed)
    rung_at_all = case.elder is not None  # nobody knows a number where a device has called for the elder
    if (before, case.state) == (CaseState.CALLING_BACK, CaseState.NO_RESPONSE) and by_itself and rung_at_all:
        assert case.call_backs == times, case


def _runs(timer: Timer, exchange: Exchange) -> bool:
    fired = (event.timer for event in exchange.coming if isinstance(event, TimerFired))
    return timer in exchange.timers or timer in fired


def lines_are_where_we_think(case: Case, exchange: Exchange) -> None:
    refused = {leg_of(event) for event in exchange.coming if isinstance(event, CommandFailed)}
    for leg in case.live():
        line = exchange.lines[leg.id]
        if line.state != "gone" and leg.id not in refused:
            assert leg.place is line.place, f"{leg} is really in {line.place}"
    assert case.bridges == exchange.bridges


def roles_are_held_once(case: Case, exchange: Exchange) -> None:
    """One A, one B; nobody speaks into an intercom alone, and the elder is never in it."""
    for role in (Role.A, Role.B):
        holders = [leg for leg in case.live(LegKind.SEAT) if leg.role is role and leg.result is None]
        assert len(holders) <= 1, f"{role}: {holders}"
    inside = {leg: line for leg, line in exchange.lines.items() if line.place is Place.INTERCOM}
    assert not any(line.kind is LegKind.ELDER for line in inside.values())
    near = any(leg_of(event) in {leg.id for leg in case.live(LegKind.SEAT)} for event in exchange.coming)
    assert len(inside) in {0, 2} or near, f"alone in the intercom: {inside}"


def supervisors_are_apart(case: Case, exchange: Exchange) -> None:
    """One at the most; heard by the elder only after barging in; what listens for them is with them alone."""
    supervisors = [leg for leg in case.live(LegKind.SEAT) if leg.role is Role.S]
    assert len(supervisors) <= 1, supervisors
    for leg in supervisors:
        assert leg.place is not Place.ELDER or leg.mode is Mode.BARGE, leg
        assert leg.place is not Place.RESCUE, leg
    apart = {leg for leg, line in exchange.lines.items() if line.place is Place.SUPERVISION}
    snoops = {leg for leg in apart if exchange.lines[leg].kind is LegKind.SNOOP}
    assert apart <= snoops | {leg.id for leg in supervisors}, apart
    others = (line for leg, line in exchange.lines.items() if leg not in apart and line.kind is LegKind.SNOOP)
    assert all(line.place is Place.NOWHERE for line in others)
    assert not snoops or supervisors or exchange.coming, f"{snoops} listen for nobody"


def nothing_runs_for_nobody(case: Case, exchange: Exchange) -> None:
    for timer in exchange.timers:
        owner = case.leg(timer.leg) if timer.leg else case.elder
        assert owner or case.kind in {CaseKind.SENSOR, CaseKind.CARE}, f"{timer} runs for nobody"
        if timer == CALL_BACK:
            assert case.state is CaseState.CALLING_BACK, f"{timer} runs in {case}"
            assert not owner or not owner.alive or exchange.lines[owner.id].state == "gone", (
                f"{timer} runs beside {owner}"
            )
        elif timer == NEXT_WAVE:
            asking = {CaseState.RINGING_SEATS, CaseState.NO_RESPONSE, CaseState.EMERGENCY}
            assert case.state in asking, f"{timer} runs in {case}"
            assert case.next_wave_at is not None, f"{timer} runs for nobody"
        elif timer == OVERFLOW:
            assert case.waiting_since is not None, f"{timer} runs in {case}"
        elif timer == PROFESSIONAL:
            assert case.state is CaseState.TALKING, f"{timer} runs in {case}"
            assert Role.X in case.searching or case.seat(Role.X), f"{timer} runs for nobody"
        elif timer == REDIAL:
            assert case.state in {CaseState.NO_RESPONSE, CaseState.EMERGENCY}, f"{timer} runs in {case}"
            assert not owner or not owner.alive, f"{timer} runs beside {owner}"
        else:
            assert owner is not None, timer
            assert owner.alive, f"{timer} runs for {owner}"
        assert timer != SILENCE or case.state is CaseState.TALKING, f"{timer} runs in {case}"
    if case.legs and not any(case.live()) and case.state not in {CaseState.CALLING_BACK, CaseState.NO_RESPONSE}:
        assert not exchange.bridges
        assert not case.searching


def closed_is_the_end(case: Case, exchange: Exchange) -> None:
    assert not any(case.live())
    assert case.outcome is not None
    assert case.closed_at is not None
    assert (exchange.timers, exchange.bridges, exchange.wanted, set(case.searching)) == ({}, set(), {}, set())
    owed = case.kind is not CaseKind.OUTBOUND or case.emergency_at is not None
    assert len(exchange.follow_ups) == owed


def leg_of(event: Event) -> str:
    """The leg that an event, or the failed command in it, is about; empty when there is none."""
    return str(getattr(event.command if isinstance(event, CommandFailed) else event, "leg", ""))
