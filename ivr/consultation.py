"""Consultation (S2.1): a professional is looked for, speaks with the agent alone while the elder waits, and then joins,
leaves again or takes over. Here is what each of these steps does; when it happens is in `states/`."""

from __future__ import annotations

from ivr import common, roles, silence
from ivr.case import Leg
from ivr.commands import StartTimer, StopTimer, Timer
from ivr.events import TransferRequested
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseState, Place, Refusal, Result, Role, TimerKind

PROFESSIONAL = Timer(TimerKind.PROFESSIONAL)

# --- until somebody comes -------------------------------------------------------------------------------------------


def ask(turn: Turn, event: TransferRequested) -> Turn:
    """Somebody with this skill is looked for; agent and elder speak on meanwhile."""
    if common.transfer(turn, event).refusal is not None:
        return turn
    return turn.note(professional=event.skill).do(StartTimer(PROFESSIONAL, turn.policy.professional))


def try_next(turn: Turn, ended: Leg) -> Turn:
    """A professional who did not answer: the next one is rung, until the time is up or the agent calls it off."""
    wanted = turn.case.professional
    if wanted is None or ended.result is Result.CANCELLED:
        return forget(turn)
    return turn.find_seat(Role.X, wanted)


def nobody_found(turn: Turn) -> Turn:
    """The time is up: the agent is told, and goes on with the elder alone."""
    wanted = turn.case.professional
    return turn if wanted is None else call_off(turn).alarm(AlarmKind.NO_PROFESSIONAL, wanted)


def call_off(turn: Turn) -> Turn:
    """Nobody is looked for any more; one who is still being rung is left in peace."""
    forget(turn).stop_finding(Role.X)
    ringing = turn.case.seat(Role.X)
    return turn.let_go(ringing) if ringing is not None and not ringing.up else turn


def forget(turn: Turn) -> Turn:
    """Somebody has come, or the case goes another way: no time runs for it."""
    if turn.case.professional is None:
        return turn
    return turn.note(professional=None).do(StopTimer(PROFESSIONAL))


# --- with a professional --------------------------------------------------------------------------------------------


def begin(turn: Turn, professional: Leg) -> Turn:
    """Agent and professional speak alone; the elder is told to wait, and hears music."""
    agent = turn.case.seat(Role.A)
    forget(turn).do(StopTimer(silence.SILENCE))
    if agent is not None:
        turn.move(agent, Place.INTERCOM)
    return turn.move(professional, Place.INTERCOM).keep_company().go(CaseState.CONSULTING)


def three_way(turn: Turn) -> Turn:
    """All together: the elder hears both."""
    professional = _present(turn)
    if professional is None:
        return turn.refuse(Refusal.NO_PROFESSIONAL)
    if professional.place is Place.ELDER:
        return turn.refuse(Refusal.ALREADY_DONE)
    return back_to_elder(turn.meet_elder(professional))


def send_back(turn: Turn) -> Turn:
    """The professional leaves, or is not waited for any more; the agent has the elder."""
    if turn.case.seat(Role.X) is None and Role.X not in turn.case.searching:
        return turn.refuse(Refusal.NO_PROFESSIONAL)
    professional = _present(call_off(turn))
    if professional is not None:
        turn.let_go(professional)
    return back_to_elder(turn)


def hand_over(turn: Turn) -> Turn:
    """The professional keeps the elder as the new A; the agent, whose role is given up, leaves."""
    agent, professional = turn.case.seat(Role.A), _present(turn)
    if professional is None:
        return turn.refuse(Refusal.NO_PROFESSIONAL)
    if agent is not None:
        turn.let_go(turn.change(agent, role=None))
    turn.meet_elder(roles.give_role(turn, professional, Role.A))
    return _talk(turn)


def back_to_elder(turn: Turn) -> Turn:
    """The agent goes back to the elder, who was waiting."""
    agent = turn.case.seat(Role.A)
    if agent is not None:
        turn.meet_elder(agent)
    return _talk(turn)


def _talk(turn: Turn) -> Turn:
    return silence.watch(turn.go(CaseState.TALKING)) if turn.case.state is CaseState.CONSULTING else turn


def _present(turn: Turn) -> Leg | None:
    professional = turn.case.seat(Role.X)
    return professional if professional is not None and professional.up else None
