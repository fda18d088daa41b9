"""Reports of devices (sensors, smart terminals, an SMS): which of them are alarms (K7), and what follows. An alarm
rings the elder at once while an agent is looked for, and then goes the way of a call-back (S4.2, S4.3)."""

from __future__ import annotations

from ivr import again, silence
from ivr.case import DeviceReport
from ivr.commands import LookUp, MakeBridge, StartTimer
from ivr.events import DeviceReported
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, DeviceKind, Place, Prompt, Refusal, Role

FIRE = frozenset({DeviceKind.SMOKE, DeviceKind.GAS})


def is_alarm(report: DeviceReport) -> bool:
    """Only what says that nothing is wrong with the elder is none (K7): where they are, or that a battery is low."""
    match report.kind:
        case DeviceKind.LOCATION:
            return report.position is None
        case DeviceKind.BATTERY:
            return False
        case _:
            return True


def open_case(turn: Turn, event: DeviceReported) -> Turn:
    """A device raises the alarm: agent and file are looked for, and the elder is rung as soon as the file is there."""
    if turn.case.opened_at is not None:
        return reported(turn, event)
    turn.note(
        kind=CaseKind.SENSOR,
        device=event.report.device,
        caller=event.caller,
        again_of=event.again_of,
        opened_at=event.at,
        bridges=frozenset({Place.ELDER}),
    )
    if event.again_of:
        turn.alarm(AlarmKind.CALLS_AGAIN, event.again_of)
    write_down(turn, event.report)
    turn.do(MakeBridge(Place.ELDER), LookUp(event.caller, event.report.device))
    # When the register does not answer at all, the pause of a call-back is as long as we wait for it.
    turn.do(StartTimer(silence.CALL_BACK, turn.policy.call_back_pause))
    return turn.find_seat(Role.A).go(CaseState.CALLING_BACK)


def reported(turn: Turn, event: DeviceReported) -> Turn:
    """A further report in a case that is open: the same need once more (H12), or where the elder is."""
    if is_known(turn, event.report):
        return turn
    if is_alarm(event.report):
        again.told(turn)
    return write_down(turn, event.report)


def too_late(turn: Turn, event: DeviceReported) -> Turn:
    """This case is over; whoever asked opens another one."""
    return turn if is_known(turn, event.report) else turn.refuse(Refusal.CASE_CLOSED)


def is_known(turn: Turn, report: DeviceReport) -> bool:
    """The same report told twice: device and time say so."""
    return any((known.device, known.at) == (report.device, report.at) for known in turn.case.reports)


def write_down(turn: Turn, report: DeviceReport) -> Turn:
    fire = report.kind in FIRE and not any(known.kind in FIRE for known in turn.case.reports)
    turn.note(reports=(*turn.case.reports, report))
    if is_alarm(report):
        turn.alarm(AlarmKind.DEVICE_ALARM, report.kind)
    return turn.alarm(AlarmKind.OFFER_FIRE) if fire else turn


def never_rung(turn: Turn) -> bool:
    """A device has called for the elder, and nobody knew yet where to ring them; or nobody answers our care calls."""
    return turn.case.kind in {CaseKind.SENSOR, CaseKind.CARE} and turn.case.elder is None


def hello(turn: Turn) -> Prompt:
    """What an elder hears first who is rung: why."""
    if turn.case.broke:
        return Prompt.LINE_BROKE
    return Prompt.DEVICE_HELLO if turn.case.kind is CaseKind.SENSOR else Prompt.CALLBACK_HELLO
