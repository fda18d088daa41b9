"""The one door of the procedure: decide(case, event, policy) -> (case, commands)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from ivr import events, holding, overflow
from ivr.actions import Action
from ivr.case import Case
from ivr.commands import Refuse
from ivr.policy import Policy
from ivr.states.arriving import arriving
from ivr.states.calling_back import calling_back
from ivr.states.calling_out import calling_out
from ivr.states.closed import closed
from ivr.states.consulting import consulting
from ivr.states.emergency import emergency
from ivr.states.no_response import no_response
from ivr.states.ringing_seats import ringing_seats
from ivr.states.talking import talking
from ivr.states.wrapping_up import wrapping_up
from ivr.turn import Decision, Turn
from ivr.vocabulary import Aid, CaseState, Mode, Outcome, Role, Skill, Topic

STATES: Final[dict[CaseState, Callable[[Turn, events.Event], Turn]]] = {
    CaseState.ARRIVING: arriving,
    CaseState.CALLING_OUT: calling_out,
    CaseState.RINGING_SEATS: ringing_seats,
    CaseState.TALKING: talking,
    CaseState.CONSULTING: consulting,
    CaseState.CALLING_BACK: calling_back,
    CaseState.NO_RESPONSE: no_response,
    CaseState.EMERGENCY: emergency,
    CaseState.WRAPPING_UP: wrapping_up,
    CaseState.CLOSED: closed,
}


def decide(case: Case, event: events.Event, policy: Policy) -> Decision:
    """What follows from this event: the case as it is now, and what has to be done, in order."""
    turn = STATES[case.state](Turn(case, policy, event.at), event)
    return overflow.climb(holding.nobody_left_alone(turn), event).decision


def refused(decision: Decision) -> Refuse | None:
    """The refusal among the commands, if the event was a request that cannot be carried out."""
    return next((command for command in decision[1] if isinstance(command, Refuse)), None)


def actions_now(case: Case, policy: Policy, at: datetime) -> tuple[str, ...]:
    """The names of the actions (contract: `POST /cases/{id}/actions`) that an agent could ask for at this moment."""
    legs = [leg.id for leg in case.live()]
    present = case.seat(Role.S)
    supervisor = "000" if present is None else present.number
    trials: dict[Action, list[events.Request]] = {
        Action.EMERGENCY: [events.EmergencyRequested(at=at)],
        Action.SILENT: [events.SilentRequested(at=at)],
        Action.HEARD: [events.HeardRequested(at=at)],
        Action.IDENTIFY: [events.IdentifyRequested(at=at, elder=file.id) for file in case.household],
        Action.CALL: [events.CallRequested(at=at, target="number:000")],
        Action.MERGE: [events.MergeRequested(at=at, leg=leg) for leg in legs],
        Action.SPLIT: [events.SplitRequested(at=at, leg=leg) for leg in legs],
        Action.INTERCOM: [events.IntercomRequested(at=at)],
        Action.INTERCOM_END: [events.IntercomEndRequested(at=at)],
        Action.SWAP: [events.SwapRequested(at=at)],
        Action.SUPERVISE: [events.SuperviseRequested(at=at, mode=mode, extension=supervisor) for mode in Mode],
        Action.SUPERVISE_END: [events.SuperviseEndRequested(at=at)],
        Action.TAKE_OVER: [events.TakeOverRequested(at=at, role=role, extension="000") for role in (Role.A, Role.B)],
        Action.HANGUP: [events.HangupRequested(at=at, leg=leg) for leg in legs],
        Action.TRANSFER: [events.TransferRequested(at=at, skill=Skill.DOCTOR)],
        Action.CONSULT: [events.TransferRequested(at=at, skill=Skill.DOCTOR)],
        Action.THREE_WAY: [events.ThreeWayRequested(at=at)],
        Action.RETURN: [events.ReturnRequested(at=at)],
        Action.HAND_OVER: [events.HandOverRequested(at=at)],
        Action.ARRIVED: [events.ArrivalReported(at=at)],
        Action.STAND_DOWN: [events.StandDownRequested(at=at)],
        Action.CLOSE: [events.CloseRequested(at=at, outcome=Outcome.OTHER, note="")],
        Action.CLASSIFY: [events.ClassifyRequested(at=at, topic=topic) for topic in Topic],
        Action.DRAFT_ORDER: [events.DraftOrderRequested(at=at, aid=aid, wish="") for aid in Aid],
        Action.DRAFT_COMPLAINT: [events.DraftComplaintRequested(at=at, about="", words="")],
    }

    def possible(request: events.Request) -> bool:
        # The state alone refuses: asked often, so without the look at the steps of waiting.
        return STATES[case.state](Turn(case, policy, at), request).refusal is None

    names = [str(name) for name, requests in trials.items() if any(map(possible, requests))]
    # Asked of a seat's phone, not of the case; `holding.may_hold` is asked again there.
    return (*names, "hold") if any(holding.may_hold(case, leg) for leg in case.agents) else tuple(names)
