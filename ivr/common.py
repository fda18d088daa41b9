"""What is the same in every state: what is only put on record, what is refused, what a failed command means."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from ivr import commands, events
from ivr.case import ELDERS, Leg
from ivr.turn import COMFORT, Turn
from ivr.vocabulary import (
    MUST_ACCEPT,
    AlarmKind,
    LegKind,
    LegState,
    Place,
    Prompt,
    Refusal,
    Result,
    Role,
    SeatRelease,
    TapeProblem,
    result_of_cause,
)

FIRST_WORDS = frozenset({Prompt.WELCOME, Prompt.CALLBACK_HELLO, Prompt.DEVICE_HELLO})


def record_only(turn: Turn) -> Turn:
    """The event stands in the timeline; nothing follows from it."""
    return turn


def not_now(turn: Turn, request: events.Request) -> Turn:
    """Refused: the case is not at this point."""
    return turn.refuse(Refusal.NOT_IN_THIS_STATE, f"{type(request).__name__} in {turn.case.state}")


def already(turn: Turn) -> Turn:
    """Refused: somebody else was a moment quicker."""
    return turn.refuse(Refusal.ALREADY_DONE)


def unexpected(turn: Turn, event: object) -> Turn:
    """A house rule: what should not happen raises an alarm and leaves the state as it is."""
    return turn.alarm(AlarmKind.UNEXPECTED, f"{type(event).__name__} in {turn.case.state}")


def identified(turn: Turn, event: events.CallerIdentified) -> Turn:
    """The elder's file is known from here on. Who it is of several is for the agent to ask; until then everybody's
    contacts may be rung: they all know this home."""
    if event.again_of and not turn.case.again_of:
        turn.note(again_of=event.again_of).alarm(AlarmKind.CALLS_AGAIN, event.again_of)
    if not event.others:
        return turn.note(file=event.file)
    contacts = {contact.phones: contact for file in (event.file, *event.others) for contact in file.contacts}
    turn.note(household=(event.file, *event.others), file=replace(event.file, contacts=tuple(contacts.values())))
    return turn.alarm(AlarmKind.WHO_IS_IT, str(len(turn.case.household)))


def identify(turn: Turn, event: events.IdentifyRequested) -> Turn:
    """The agent has asked who it is: that file counts, with its own contacts."""
    chosen = next((file for file in turn.case.household if file.id == event.elder), None)
    if chosen is None:
        return turn.refuse(Refusal.UNKNOWN_TARGET, f"elder:{event.elder}")
    return turn.refuse(Refusal.ALREADY_DONE) if turn.case.file == chosen else turn.note(file=chosen)


def open_file(turn: Turn) -> Turn:
    """Nobody has this number: a provisional file is opened (X5), unless a file came meanwhile."""
    return turn if turn.case.file else turn.do(commands.OpenProvisionalFile(turn.case.caller))


def warn_without_agreement(turn: Turn) -> Turn:
    """Calling 120 for an elder needs a signed agreement on file: its lack warns and never blocks (S1.10)."""
    signed = turn.case.file is not None and turn.case.file.agreement_signed
    return turn if signed else turn.alarm(AlarmKind.NO_AGREEMENT)


def recording_ended(turn: Turn, event: events.RecordingEnded) -> Turn:
    """A recording that is no good raises an alarm, unless that was said while it ran."""
    return turn.lose_tape(event.recording, event.problem) if event.problem else turn


def recording_lost(turn: Turn, event: events.RecordingLost) -> Turn:
    """The call goes on and is not recorded: an alarm, once for each recording."""
    return turn.lose_tape(event.recording, event.problem)


def record_again(turn: Turn) -> Turn:
    """What was said unrecorded is lost; what is said from now on, in any bridge, is not."""
    for place in sorted(turn.case.bridges):
        turn.tape_bridge(place)
    return turn


# --- lines ----------------------------------------------------------------------------------------------------------


def ringing(turn: Turn, event: events.LegRinging) -> Turn:
    """The phone rings."""
    leg = turn.case.leg(event.leg)
    if leg is not None and leg.state is LegState.DIALLING:
        turn.change(leg, state=LegState.RINGING)
    return turn


def mark_answered(turn: Turn, event: events.LegAnswered) -> Leg | None:
    """The leg, now answered; None when that is no news. Whoever picks up after we gave them up is hung up on: nobody
    else would ever do it, and they would listen to silence."""
    leg = turn.case.leg(event.leg)
    if leg is None or leg.up:
        return None
    if not leg.alive:
        turn.do(commands.Hangup(leg.id))
        return None
    answered = turn.change(leg, state=LegState.ANSWERED, answered_at=turn.at)
    if leg.result is not Result.CANCELLED:
        return answered
    turn.hang_up(answered)
    return None


def mark_ended(turn: Turn, event: events.LegEnded) -> Leg | None:
    """The leg, now ended; None when there is no such live leg. A contact (or a duty phone) that was up but pressed
    nothing counts as a voicemail and was never reached."""
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return None
    was_elder, place = turn.case.is_elder(leg), leg.place
    if leg.up:
        ended = turn.end(leg, event.cause, Result.VOICEMAIL if leg.kind in MUST_ACCEPT else None)
    else:
        ended = turn.end(leg, event.cause, None if leg.channel else result_of_cause(event.cause))
    if was_elder:
        second_line_goes_on(turn, place)
    return ended


def second_line_goes_on(turn: Turn, place: Place) -> Turn:
    """One line of the elder's has ended; with another one open they are still there, on that one."""
    if not turn.case.seconds:
        return turn
    elder = turn.change(turn.case.seconds[0], kind=LegKind.ELDER)
    if place is not Place.NOWHERE and elder.up:
        return turn.move(elder, place)
    if elder.place is not Place.NOWHERE:
        return turn
    return turn.do(commands.StartTimer(COMFORT, turn.policy.comfort_every))


def hang_up(turn: Turn, event: events.HangupRequested) -> Turn:
    """One leg is let go."""
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind is LegKind.SNOOP:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    return turn.let_go(leg)


def elder_waits(turn: Turn, event: events.PromptFinished) -> Turn:
    """The elder has heard a prompt out and nobody is there yet: music, then the next comforting word. In a long row the
    first word about it follows the greeting."""
    if event.problem:
        turn.alarm(AlarmKind.COMMAND_FAILED, f"{event.prompt}: {event.problem}")
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.place is not Place.NOWHERE:
        return turn
    if not turn.case.is_elder(leg) and leg not in turn.case.seconds:  # nobody's any more: it is being hung up
        return turn
    if event.prompt in FIRST_WORDS and not event.problem and waiting_words(turn) is Prompt.PLACE_KEPT:
        return turn.say(leg, Prompt.PLACE_KEPT)
    return turn.after_prompt(leg)


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """The waiting elder is due a comforting word."""
    return turn.comfort(waiting_words(turn)) if event.timer == COMFORT else turn


def waiting_words(turn: Turn) -> Prompt:
    """Whoever stands in a long row hears that their place in it is kept."""
    return Prompt.PLACE_KEPT if in_crowd(turn) and Role.A in turn.case.searching else Prompt.COMFORT


def in_crowd(turn: Turn) -> bool:
    """The case joined a row in which many wait."""
    return turn.case.ahead is not None and turn.case.ahead + 1 >= turn.policy.crowd


def unheard(event: events.CommandFailed, play: commands.Play) -> events.PromptFinished:
    """A prompt that was refused has ended like one that broke off: what comes after it must come all the same."""
    return events.PromptFinished(at=event.at, actor=event.actor, leg=play.leg, prompt=play.prompt, problem=event.reason)


# --- seats ----------------------------------------------------------------------------------------------------------


def seat_reserved(turn: Turn, event: events.SeatReserved) -> Turn:
    """The seat is rung; one that is not looked for any more goes back at once."""
    if turn.case.seat_of(event.extension) is not None:
        return turn
    if event.role not in turn.case.searching:
        return turn.do(commands.ReleaseSeat(event.extension, SeatRelease.NOT_NEEDED))
    if turn.case.overflow:  # the search may have been widened while this seat was on its way: one seat is enough
        turn.do(commands.StopFindingSeat(event.role))
    return turn.ring_seat(event.role, event.extension, event.agent)


def queued(turn: Turn, event: events.Queued) -> Turn:
    """No seat is free: how long the row is decides what the elder hears, and whether a call-back waits for an agent."""
    return turn.note(ahead=event.ahead) if Role.A in turn.case.searching else turn


def transfer(turn: Turn, event: events.TransferRequested) -> Turn:
    """A professional is looked for (S2.1); what happens when one answers is for the state to say."""
    if not turn.case.elder_up:
        return turn.refuse(Refusal.NOT_IN_THIS_STATE, "the elder is not on the line")
    if Role.X in turn.case.searching or turn.case.seat(Role.X) is not None:
        return turn.refuse(Refusal.ALREADY_CALLING)
    return turn.find_seat(Role.X, event.skill)


def code_of_seat(turn: Turn, event: events.KeyPressed) -> str:
    """Collects the keys of an agent's phone; the star code (`*44`) once it is complete, else an empty text."""
    leg = turn.case.leg(event.leg)
    if leg is None or leg.role is None or not leg.up:
        return ""
    keys = "*" if event.key == "*" else (leg.keys + event.key if leg.keys else "")
    complete = len(keys) == 3
    turn.change(leg, keys="" if complete else keys)
    return keys if complete else ""


def command_failed(turn: Turn, event: events.CommandFailed) -> Leg | None:
    """What a failed command means. A leg that could not be dialled has ended: it is returned, for the state to go on
    from (next seat, next phone). All else is an alarm: the line's own events tell what really became of it."""
    command = event.command
    if not isinstance(command, commands.LineCommand):
        turn.alarm(AlarmKind.COMMAND_FAILED, f"{type(command).__name__}: {event.reason}")
        return None
    match command:
        case commands.Dial(leg=leg_id) | commands.Snoop(leg=leg_id):
            return _not_dialled(turn, leg_id, event.reason)
        case (
            commands.Hangup()
            | commands.Leave()
            | commands.RemoveBridge()
            | commands.StopSound()
            | commands.DetectSpeech()
            | commands.Announce()
        ):
            return None  # the line was gone already
        case commands.Answer() | commands.Join() | commands.Play() | commands.StartMusic():
            leg = turn.case.leg(command.leg)
            if leg is None or not leg.alive:
                return None
            turn.alarm(AlarmKind.COMMAND_FAILED, f"{type(command).__name__}: {event.reason}")
            if isinstance(command, commands.StartMusic) and leg.kind in ELDERS and leg.place is Place.NOWHERE:
                turn.do(commands.StartTimer(COMFORT, turn.policy.comfort_retry))
        case commands.Record(file=file):
            turn.lose_tape(file, TapeProblem.NOT_STARTED)
        case commands.MakeBridge():
            turn.alarm(AlarmKind.COMMAND_FAILED, f"{type(command).__name__}: {event.reason}")
        case _:
            assert_never(command)
    return None


def _not_dialled(turn: Turn, leg_id: str, reason: str) -> Leg | None:
    leg = turn.case.leg(leg_id)
    if leg is None or leg.state is not LegState.DIALLING:
        return None  # it rang or talked: the request was carried out, whatever became of the answer to it
    told = any(one.kind is LegKind.ELDER and one.result is Result.UNREACHABLE for one in turn.case.legs)
    if leg.kind in {LegKind.SERVICE, LegKind.NUMBER} or (leg.kind is LegKind.ELDER and not told):
        turn.alarm(AlarmKind.NO_ROUTE, f"{leg.id}: {reason}")
    if leg.kind is LegKind.SNOOP:
        turn.alarm(AlarmKind.COMMAND_FAILED, f"{commands.Snoop.__name__}: {reason}")
    return turn.end(leg, 0, Result.UNREACHABLE)
