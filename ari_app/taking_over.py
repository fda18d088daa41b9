"""Taking over: the cases that a former boot left open go on here, with all that ran beside them. Their lines follow at
the first resync (`catching_up.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.controller import Controller
from ari_app.outgoing import PACED
from ari_app.recovery import LeftRunning, left_running
from ari_app.runner import CaseRun
from ivr import ids
from ivr.case import ELDERS, Case
from ivr.commands import Dial, Timer
from ivr.paperwork import owed_by
from ivr.turn import COMFORT
from ivr.vocabulary import CaseState, LegKind, LegState, Role
from models.journal_entry import RECORDING_ENDED, JournalEntry

OpenCase = tuple[Case, list[JournalEntry]]


def take_over(controller: Controller, open_cases: Sequence[OpenCase]) -> None:
    """Seats at work are marked in all cases before one is looked for in any."""
    for case, entries in open_cases:
        for leg in case.live(*ELDERS):
            if leg.channel:
                controller.lines.arrived(leg.channel, case.id, leg.id)
        controller.lines.may_sound.update(
            controller.lines.channel(ids.Address(case.id, leg.id))
            for leg in case.live()
            if leg.kind is not LegKind.SEAT  # nothing is played to agents
        )
        for leg in case.live(LegKind.SEAT):
            controller.desk.occupied(leg.number, case.id, leg.role, talking=leg.up)
            controller.handsets.inherit(controller.lines.channel(ids.Address(case.id, leg.id)), leg.number)
        controller.runs[case.id] = CaseRun(controller, case, entries)
        controller.journal.inherit(case.id, entries[-1].seq)
        controller.desk.owed(case.id, owed_by(case))
    for case, entries in open_cases:
        left = left_running(entries)
        controller.lines.music.update(controller.lines.channel(ids.Address(case.id, leg)) for leg in left.music)
        controller.runs[case.id].start(_timers(controller, case, left))
        for role in sorted(case.searching):
            wanted, since = left.searches[role]
            controller.desk.find(case.id, wanted, case.waiting_since if role is Role.A else since)
        _ask_again(controller, case, entries)
        _dial_again(controller, case, entries)


def _timers(controller: Controller, case: Case, left: LeftRunning) -> dict[Timer, float]:
    now = controller.now()
    timers = {timer: max(0.0, (due - now).total_seconds()) for timer, due in left.timers.items()}
    waits = case.elder_alone and case.state is not CaseState.WRAPPING_UP
    if waits:  # a prompt may have ended while nobody was there to follow it with music
        timers.setdefault(COMFORT, controller.policy.comfort_retry)
    return timers


def _ask_again(controller: Controller, case: Case, entries: Sequence[JournalEntry]) -> None:
    """For what was under way when the former boot ended, and whose answer it cannot have got."""
    if case.file is None:
        controller.look_up(case.id, case.caller, case.device)
    checked = {str(entry.data.get("recording")) for entry in entries if entry.event == RECORDING_ENDED}
    for tape in case.tapes:
        if not tape.running and tape.file not in checked:
            controller.tape_ended(case.id, tape.file)


def _dial_again(controller: Controller, case: Case, entries: Sequence[JournalEntry]) -> None:
    """Lines that were ordered and may never have been dialled, because others had to ring first."""
    ordered = {
        command.leg: (entry.seq, command)
        for entry in entries
        for command in entry.commands
        if isinstance(command, Dial)
    }
    for leg in case.live(*PACED):
        if leg.state is LegState.DIALLING and leg.id in ordered:
            controller.outgoing.left_behind(case, *ordered[leg.id])
