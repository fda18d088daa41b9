"""HOLD, by the key of a telephone or of the desk: whoever holds neither hears nor is heard, and is no company for the
elder. An elder who is left with nobody else is taken out of the bridge and hears the hold prompt and music, until one
of them is back."""

from __future__ import annotations

from ivr.case import ELDERS, Case, Leg
from ivr.events import LegHeld, LegUnheld
from ivr.turn import Turn
from ivr.vocabulary import CaseState, LegKind, Place

_OF_OURS = frozenset({*ELDERS, LegKind.SNOOP})
_AT_AN_END = frozenset({CaseState.WRAPPING_UP, CaseState.CLOSED})


def may_hold(case: Case, leg: Leg) -> bool:
    """Whether the desk's key does it; a telephone's own asks nobody. Not in an emergency, where somebody stays with the
    elder (S1.5), nor before the elder was heard: a silent line is one (S4.1), and music would hide it."""
    talks = case.state is CaseState.TALKING and case.heard and case.elder_up
    return talks and leg.up and leg.place is Place.ELDER and leg in case.agents


def held(turn: Turn, event: LegHeld) -> Turn:
    """Somebody has put us on hold. What the elder does with their own telephone is no pause of ours."""
    leg = _of_somebody(turn, event)
    if leg is not None and leg.held_at is None:
        turn.change(leg, held_at=turn.at)
    return turn


def unheld(turn: Turn, event: LegUnheld) -> Turn:
    """They are back; an elder who waited for them is with them again."""
    leg = _of_somebody(turn, event)
    if leg is None or leg.held_at is None:
        return turn
    leg = turn.change(leg, held_at=None)
    elder = turn.case.elder
    if leg.place is not Place.ELDER or elder is None or not elder.up or elder.place is Place.ELDER:
        return turn
    return turn.meet_elder(leg)


def nobody_left_alone(turn: Turn) -> Turn:
    """Asked after every event: somebody who holds may have come to the elder, or have been left with them."""
    holds = any(leg.held_at for leg in turn.case.live())
    return turn.keep_company() if holds and turn.case.state not in _AT_AN_END else turn


def kept_waiting(turn: Turn) -> bool:
    """It was we who made the elder wait: every agent who could be with them holds."""
    agents = [leg for leg in turn.case.agents if leg.up and leg.place is Place.ELDER]
    return bool(agents) and all(leg.held_at for leg in agents)


def _of_somebody(turn: Turn, event: LegHeld | LegUnheld) -> Leg | None:
    leg = turn.case.leg(event.leg)
    return leg if leg is not None and leg.up and leg.kind not in _OF_OURS else None
