"""The controller: the live cases, and what each part of the house tells the others. Wiring is in `bootstrap`, rules are
in `ivr`; here every method passes on one thing, and none of them waits on the call path.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ari_app import recordings
from ari_app.ari import AriError, Client, Conflict, NotFound, Resynced, StreamItem
from ari_app.background import Background
from ari_app.bus import Bus
from ari_app.catching_up import CatchingUp
from ari_app.desk import Desk, Seat
from ari_app.dialled import DialledNumbers
from ari_app.journal import Journal
from ari_app.lines import Lines
from ari_app.live import case_json, seat_json
from ari_app.register import Register
from ari_app.runner import CaseRun, RaisedAlarm
from ari_app.side_calls import SideCalls
from ari_app.switchboard import Switchboard
from ivr import ids
from ivr.case import Case, Leg
from ivr.commands import (
    ChangeRole,
    Dial,
    FindSeat,
    LineCommand,
    ReleaseSeat,
    SeatCommand,
    ShowFile,
    StopFindingSeat,
)
from ivr.events import CallArrived, CallerIdentified, ElderCalledAgain, Event, RecordingEnded, SeatReserved
from ivr.policy import Policy
from ivr.serial import Json
from ivr.vocabulary import CaseState, LegKind, Role, SeatRelease
from models.journal import Written
from models.journal_entry import JournalEntry

log = structlog.get_logger(__name__)
PUBLISH_EVERY = 0.02  # seconds in which changes of one case become one message
RETIRE_AFTER = 10.0  # seconds that a closed case stays for what still comes in of it
RINGS_THE_ELDER = frozenset({CaseState.CALLING_BACK, CaseState.NO_RESPONSE, CaseState.EMERGENCY})
_NOT_A_CALLER = re.compile(r"[^0-9+]")


def new_case_id(at: datetime) -> str:
    """Sorts by time; no dots, which separate the parts of a channel id."""
    return f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class Controller:
    """The parts that need the controller itself (`desk`, `journal`, `bus`, `side_calls`) are set by `bootstrap`, and
    `vital`: the tasks without which calls are not handled or not recorded."""

    desk: Desk
    journal: Journal
    bus: Bus
    side_calls: SideCalls
    vital: tuple[asyncio.Task[None], ...] = ()

    def __init__(
        self,
        *,
        client: Client,
        app: str,
        lines: Lines,
        switchboard: Switchboard,
        register: Register,
        dialled: DialledNumbers,
        background: Background,
        policy: Policy,
        recordings_folder: Path,
    ) -> None:
        self.policy = policy
        self.runs: dict[str, CaseRun] = {}
        self._ari = client
        self._app = app
        self.lines = lines
        self._switchboard = switchboard
        self._register = register
        self._dialled = dialled
        self._background = background
        self._recordings = recordings_folder
        self._catching_up = CatchingUp(client, lines, background, self, app=app)
        self._dirty: dict[str, asyncio.TimerHandle] = {}
        self.link_problem = "not connected to Asterisk yet"

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    @property
    def degraded(self) -> list[str]:
        """What does not work now, in plain words."""
        asterisk = [f"asterisk: {self.link_problem}"] if self.link_problem else []
        return asterisk + self.journal.problems

    def picture(self) -> Json:
        """Everything a console needs that starts anew."""
        at = self.now()
        return {
            "app": self._app,
            "seq": self.bus.seq,
            "degraded": list(self.degraded),
            "cases": [case_json(run, at) for run in self.runs.values()],
            "seats": [seat_json(seat) for seat in self.desk.seats.values()],
        }

    # --- calls that come in -------------------------------------------------------------------------------------

    def call_offered(self, channel: str) -> None:
        self._background.spawn(self._claim(channel), f"claim-{channel}")

    async def _claim(self, channel: str) -> None:
        try:
            await self._ari.user_events.claimChannel(channelId=channel, application=self._app)
        except (Conflict, NotFound):
            pass  # another controller has it, or it is gone
        except AriError as problem:
            log.warning("a call could not be claimed", reason=str(problem))

    def call_came_in(self, channel: str, args: tuple[str, ...]) -> None:
        match args:
            case ("sos", dialled, caller, recording):
                self._open_case(channel, dialled, _NOT_A_CALLER.sub("", caller)[:24], recording)
            case ("star", extension, code):
                self.side_calls.star(channel, extension, code)
            case ("test", caller):
                self.side_calls.test(channel, _NOT_A_CALLER.sub("", caller)[:24])
            case _:
                log.error("a call came in with arguments that the dialplan should not send", count=len(args))
                self._background.spawn(self._catching_up.send_back(channel), f"send-back-{channel}")

    def _open_case(self, channel: str, dialled: str, caller: str, recording: str) -> None:
        at = self.now()
        caller = self._register.tidy(caller)
        run = self._waiting_for(caller)
        if run is not None:
            self._join_case(run, channel, at)
            return
        case_id = new_case_id(at)
        self.lines.arrived(channel, case_id)
        run = CaseRun(self, Case(id=case_id))
        self.runs[case_id] = run
        run.start()
        kind = self._dialled.kind(dialled)
        arrived = CallArrived(at=at, channel=channel, caller=caller, dialled=dialled, recording=recording, kind=kind)
        run.post(arrived)
        self._background.spawn(self._catching_up.watch(channel), f"watch-{channel}")

    def _waiting_for(self, caller: str) -> CaseRun | None:
        """The open case in which this caller is being rung, if there is one: their call belongs to it (H12)."""
        for run in self.runs.values():
            case = run.case
            if caller and case.caller == caller and case.state in RINGS_THE_ELDER and not case.elder_up:
                return run
        return None

    def _join_case(self, run: CaseRun, channel: str, at: datetime) -> None:
        inbound = {address.leg for address in self.lines.inbound.values() if address.case == run.case.id}
        taken = inbound | {leg.id for leg in run.case.legs}
        leg = next(name for n in itertools.count(1) if (name := ids.called_again_leg(n)) not in taken)
        self.lines.arrived(channel, run.case.id, leg)
        run.post(ElderCalledAgain(at=at, leg=leg, channel=channel))
        self._background.spawn(self._catching_up.watch(channel), f"watch-{channel}")

    # --- the line (told by the listener) ------------------------------------------------------------------------

    def post(self, case: str, event: Event) -> None:
        run = self.runs.get(case)
        if run is not None:
            run.post(event)
        else:
            log.info("an event of a case that is over", case=case, event_type=type(event).__name__)

    def side_call_event(self, event: StreamItem) -> None:
        self.side_calls.hear(event)

    def seat_registered(self, extension: str, *, is_registered: bool) -> None:
        if extension in self.desk.seats:
            self.desk.registered(extension, is_registered=is_registered)

    def link_lost(self, reason: str, *, final: bool) -> None:
        self.link_problem = reason
        log.error("the link to Asterisk is lost", reason=reason, final=final)

    def resynced(self, picture: Resynced) -> None:
        self.link_problem = ""
        self._catching_up.resynced(picture)

    @property
    def side_calls_live(self) -> frozenset[str]:
        return self.side_calls.live

    # --- what cases ask for (House of the runner) ---------------------------------------------------------------

    async def carry_out(self, case: Case, command: LineCommand) -> None:
        to_seat = isinstance(command, Dial) and command.kind is LegKind.SEAT
        await self._switchboard.carry_out(case.id, command, shown_number=case.caller if to_seat else "")

    async def durable(self, case: str, seq: int) -> bool:
        return await self.journal.durable(case, seq, self.policy.journal_wait)

    def record(self, entry: JournalEntry) -> None:
        self.journal.append(entry)

    def look_up(self, case: str, caller: str) -> None:
        self._background.spawn(self._identify(case, caller), f"look-up-{case}")

    async def _identify(self, case: str, caller: str) -> None:
        self.post(case, await self._register.identify(caller, self.policy.lookup))

    def seat_command(self, case: str, command: SeatCommand) -> None:
        match command:
            case FindSeat(role=role):
                self.desk.find(case, command, self.runs[case].case.waiting_since if role is Role.A else None)
            case StopFindingSeat(role):
                self.desk.stop_finding(case, role)
            case ReleaseSeat(extension, why):
                self.desk.release(case, extension, why)
                if why is SeatRelease.UNREACHABLE:
                    self._catching_up.ask_again(extension)
            case ChangeRole(extension, role):
                self.desk.change_role(case, extension, role)
            case ShowFile(extension, role):
                self._show(case, extension, role)

    def _show(self, case: str, extension: str, role: Role) -> None:
        """Straight to the screen, before the phone is rung: the case goes along, so the page need not ask for it."""
        self.bus.publish(
            "screen",
            {
                "extension": extension,
                "case": case,
                "role": role.value,
                "data": case_json(self.runs[case], self.now()),
            },
        )

    def seat_answered(self, extension: str) -> None:
        self.desk.answered(extension)

    def leg_ended(self, case: Case, leg: Leg) -> None:
        if leg.id == ids.ELDER:
            self._background.spawn(self._check_recording(case), f"recording-{case.id}")

    async def _check_recording(self, case: Case) -> None:
        name, found = case.recording, await recordings.check(self._recordings, case.recording)
        ended = RecordingEnded(
            at=self.now(), actor="system", recording=name, seconds=found.seconds, problem=found.problem
        )
        self.post(case.id, ended)

    def alarmed(self, case: str, alarm: RaisedAlarm) -> None:
        self.bus.publish(
            "alarm",
            {"case": case, "alarm": alarm.kind.value, "detail": alarm.detail, "at": alarm.at.isoformat()},
        )

    def changed(self, run: CaseRun) -> None:
        if run.case.id not in self._dirty:
            loop = asyncio.get_running_loop()
            self._dirty[run.case.id] = loop.call_later(PUBLISH_EVERY, self._publish_case, run)

    def _publish_case(self, run: CaseRun) -> None:
        self._dirty.pop(run.case.id, None)
        self.bus.publish("case", case_json(run, self.now()))

    def finished(self, run: CaseRun) -> None:
        self._background.spawn(self._retire(run), f"retire-{run.case.id}")

    async def _retire(self, run: CaseRun) -> None:
        await asyncio.sleep(RETIRE_AFTER)
        case = run.case.id
        self.desk.forget(case)
        await run.stop()
        self.runs.pop(case, None)
        waiting = self._dirty.pop(case, None)
        if waiting is not None:
            waiting.cancel()
        self.journal.forget(case)
        self.bus.publish("closed", {"id": case})

    # --- what the desk and the journal tell ---------------------------------------------------------------------

    def seat_reserved(self, case: str, role: Role, seat: Seat) -> None:
        run = self.runs.get(case)
        if run is None:
            self.desk.release(case, seat.extension, SeatRelease.NOT_NEEDED)
            return
        run.post(
            SeatReserved(
                at=self.now(),
                actor="system",
                role=role,
                extension=seat.extension,
                agent=seat.agent or seat.name,
            )
        )

    def seat_changed(self, seat: Seat) -> None:
        self.bus.publish("seat", seat_json(seat))

    def wrap_up_started(self, seat: Seat) -> None:
        self._background.spawn(self._wrap_up(seat, seat.idle_since), f"wrap-up-{seat.extension}")

    async def _wrap_up(self, seat: Seat, began: datetime) -> None:
        await asyncio.sleep(self.policy.wrap_up)
        if seat.idle_since == began and seat.extension in self.desk.seats:
            self.desk.wrap_up_done(seat.extension)

    def written(self, result: Written) -> None:
        """An unknown caller has a file now."""
        self.post(result.case, CallerIdentified(at=self.now(), actor="system", file=result.file))

    # --- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        for waiting in self._dirty.values():
            waiting.cancel()
        for run in tuple(self.runs.values()):
            await run.stop()
