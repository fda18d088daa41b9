"""The controller: the live cases, and what each part of the house tells the others. Wiring is in `bootstrap`, rules are
in `ivr`; here every method passes on one thing, and none of them waits on the call path.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from ari_app import recordings
from ari_app.ari import AriError, Client, Conflict, NotFound, RequestRejected, Resynced, StreamItem
from ari_app.background import Background
from ari_app.board import Board
from ari_app.bus import Bus
from ari_app.callers_first import CallersFirst
from ari_app.care.addresses import is_care
from ari_app.care.carrier import Carrier
from ari_app.catching_up import CatchingUp
from ari_app.desk import Desk, Seat
from ari_app.desk_file import DeskFile
from ari_app.dialled import DialledNumbers
from ari_app.figures import Figures, now_families
from ari_app.handsets import Handsets
from ari_app.journal import Journal
from ari_app.lines import Lines
from ari_app.live import case_json, seat_json
from ari_app.needs import Needs
from ari_app.outgoing import Outgoing, Wish
from ari_app.phones import Phones
from ari_app.prompt_takes import PromptTakes
from ari_app.reception import Reception
from ari_app.register import Register
from ari_app.returning import Returning
from ari_app.runner import CaseRun, RaisedAlarm
from ari_app.side_calls import SideCalls
from ari_app.sip_watch import SipWatch
from ari_app.standing import Standing, pointless
from ari_app.switchboard import LineGone, Switchboard
from ari_app.tape_watch import TapeWatch
from ari_app.wrap_up import WrapUps
from ivr.case import Case
from ivr.commands import (
    Answer,
    ChangeRole,
    Dial,
    FindSeat,
    LineCommand,
    PassOn,
    ReleaseSeat,
    SeatCommand,
    ShowFile,
    StopFindingSeat,
)
from ivr.events import CallerIdentified, Event, LegEnded, Queued, RecordingEnded, SeatReserved
from ivr.ids import Address
from ivr.paperwork import owed_by
from ivr.policy import Policy
from ivr.serial import Json
from ivr.vocabulary import CaseKind, LegKind, Role, SeatRelease
from models.journal import Written
from models.journal_entry import JournalEntry

log = structlog.get_logger(__name__)
PATIENCE = 0.05  # seconds for which a look-up lets callers go first
RETIRE_AFTER = 10.0  # seconds that a closed case stays for what still comes in of it
_NOT_A_CALLER = re.compile(r"[^0-9+]")


class Controller:
    """The parts that need the controller itself (`desk`, `returning`, `desk_file`, `journal`, `bus`, `board`,
    `side_calls`, `prompt_takes`, `tape_watch`) are set by `bootstrap`, and `vital`: the tasks without which calls are
    not handled or recorded."""

    desk: Desk
    returning: Returning
    desk_file: DeskFile
    journal: Journal
    bus: Bus
    board: Board
    side_calls: SideCalls
    prompt_takes: PromptTakes
    tape_watch: TapeWatch
    vital: tuple[asyncio.Task[None], ...] = ()
    watched: tuple[Callable[[], list[str]], ...] = ()  # what else may not work, each as `code: detail`
    sip_watch: SipWatch | None = None
    care: Carrier | None = None  # nobody carries care calls out, where it is not set

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
        figures: Figures,
        phones: Phones,
        lift: Callable[[str], Awaitable[None]],
    ) -> None:
        self.policy = policy
        self.phones = phones
        self.runs: dict[str, CaseRun] = {}
        self._ari = client
        self.app = app
        self.lines = lines
        self._switchboard = switchboard
        self.background = background
        self.outgoing = Outgoing(int(policy.ringing_at_once), dial=self._dial_now, never_dialled=self._never_dialled)
        lines.held = self.outgoing
        self._needs = Needs(timedelta(minutes=policy.again_window))
        self._recordings = recordings_folder
        self._catching_up = CatchingUp(client, lines, background, self, app=app)
        self.reception = Reception(
            self,
            register=register,
            dialled=dialled,
            needs=self._needs,
            watch=self._watch,
        )
        self.wrap_ups = WrapUps(policy, self.now, lambda: self.desk)
        self.handsets = Handsets(
            client,
            lines,
            phones,
            background,
            desk=lambda: self.desk,
            case_of=self._live_case,
            post=self.post,
            now=self.now,
            lift=lift,
        )
        self.callers_first = CallersFirst()
        self.figures = figures
        self.link_problem = "not connected to Asterisk yet"
        self.link = Standing()

    def use(self, policy: Policy) -> None:
        """Decide by this policy from now on, in cases that are under way as well; what was ordered stays ordered."""
        self.policy = policy
        self.outgoing.at_once = int(policy.ringing_at_once)
        self._needs.window = timedelta(minutes=policy.again_window)
        self.wrap_ups.policy = policy
        self.returning.within = policy.page_returns
        self.desk_file.changed()

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    @property
    def degraded(self) -> list[str]:
        """What does not work now, each as `code: detail`."""
        asterisk = [f"asterisk: {self.link_problem}"] if self.link_problem else []
        return asterisk + self.journal.problems + [problem for source in self.watched for problem in source()]

    def picture(self) -> str:
        """Everything a console needs that starts anew, as JSON."""
        about: Json = {
            "app": self.app,
            "seq": self.bus.seq,
            "degraded": list(self.degraded),
            "seats": [self.seat_json(seat) for seat in self.desk.seats.values()],
        }
        return f'{json.dumps(about)[:-1]}, "cases": [{", ".join(self.board.pictures(self.runs.values()))}]}}'

    async def figures_text(self) -> bytes:
        """For Prometheus; callers who are being answered come first."""
        await self.callers_first.pass_by(PATIENCE)
        link_up = not self.link_problem
        now = now_families(self.runs.values(), self.desk, self.journal, self.policy, link_up=link_up, at=self.now())
        return await self.figures.text(now)

    # --- calls that come in -------------------------------------------------------------------------------------

    def call_offered(self, channel: str) -> None:
        self.callers_first.offered(channel)
        self.background.spawn(self._claim(channel), f"claim-{channel}")

    async def _claim(self, channel: str) -> None:
        try:
            await self._ari.user_events.claimChannel(channelId=channel, application=self.app)
        except (Conflict, NotFound):
            self.callers_first.served(channel)  # another controller has it, or it is gone
        except AriError as problem:
            self.callers_first.served(channel)
            log.warning("a call could not be claimed", reason=str(problem))

    def _watch(self, channel: str) -> None:
        self.background.spawn(self._catching_up.watch(channel), f"watch-{channel}")

    def call_came_in(self, channel: str, args: tuple[str, ...]) -> None:
        match args:
            case ("sos", dialled, caller, recording):
                self.reception.call(channel, dialled, _NOT_A_CALLER.sub("", caller)[:24], recording)
            case ("star", extension, code):
                self.callers_first.served(channel)
                self.side_calls.star(channel, extension, code)
            case ("test", caller):
                self.callers_first.served(channel)
                self.side_calls.test(channel, self.reception.tidy(_NOT_A_CALLER.sub("", caller)[:24]))
            case ("take", _):
                self.prompt_takes.answered(channel)
            case _:
                log.error("a call came in with arguments that the dialplan should not send", count=len(args))
                self.background.spawn(self._catching_up.send_back(channel), f"send-back-{channel}")

    def pass_on(self, case: str, call: PassOn) -> None:
        self.reception.passed_on(case, call)

    # --- the line (told by the listener) ------------------------------------------------------------------------

    def _live_case(self, case: str) -> Case | None:
        run = self.runs.get(case)
        return None if run is None else run.case

    def post(self, case: str, event: Event) -> None:
        run = self.runs.get(case)
        if run is not None:
            run.post(event)
        elif is_care(case):
            if self.care is not None:
                self.care.told(case, event)
        else:
            log.info("an event of a case that is over", case=case, event_type=type(event).__name__)

    def side_call_event(self, event: StreamItem) -> None:
        self.side_calls.hear(event)
        self.prompt_takes.hear(event)

    def care_line_sounds(self, line: Address, *, sounds: bool) -> None:
        if self.care is not None:
            self.care.line_sounds(line, sounds=sounds)

    def holds_at_desk(self, channel: str) -> bool:
        return self.handsets.holds(channel)

    def seat_registered(self, endpoint: str, *, is_registered: bool) -> None:
        before = self.phones.in_use(self.phones.owner(endpoint))
        extension, has_a_phone, has_come = self.phones.told(endpoint, is_registered=is_registered)
        if extension in self.desk.seats:
            self.desk.registered(extension, is_registered=has_a_phone)
            if self.phones.in_use(extension) is not before:
                self.seat_changed(self.desk.seat(extension))
            if has_come:
                self.returning.is_there(extension)

    def link_lost(self, reason: str, *, final: bool) -> None:
        self.link_problem = reason
        self.figures.link_lost()
        self.link.lost()
        log.error("the link to Asterisk is lost", reason=reason, final=final)

    def resynced(self, picture: Resynced) -> None:
        self.link_problem = ""
        if self.care is not None:
            self.care.resynced(picture)
        self._catching_up.resynced(picture)
        self.handsets.found(picture.channels)
        self.outgoing.begin({address for channel in picture.channels if (address := self.lines.address(channel.id))})
        self.link.restored()

    @property
    def side_calls_live(self) -> frozenset[str]:
        care = self.care.live_channels if self.care is not None else frozenset()
        return self.side_calls.live | self.prompt_takes.live | care

    # --- what cases ask for (House of the runner) ---------------------------------------------------------------

    async def carry_out(self, case: Case, command: LineCommand) -> None:
        to_seat = isinstance(command, Dial) and command.kind is LegKind.SEAT
        caller = self.lines.channel(Address(case.id, command.leg)) if isinstance(command, Answer) else ""
        try:
            await self.link.wait()
            if case.id in self.runs and pointless(self.runs[case.id].case, command):
                raise LineGone
            await self._switchboard.carry_out(case.id, command, shown_number=case.caller if to_seat else "")
        finally:
            self.callers_first.served(caller)

    async def mend(self, case: Case) -> None:
        for command in await self._catching_up.mend(case):
            try:
                await self.carry_out(case, command)
            except LineGone:
                pass
            except RequestRejected as problem:  # one leg that cannot be put where it belongs does not keep the others
                log.warning("not made good", command=type(command).__name__, reason=str(problem))

    def line_missing(self, case: str, leg: str) -> None:
        channel = self.lines.channel(Address(case, leg))
        self.background.spawn(self._catching_up.look_again(channel), f"look-again-{channel}")

    async def durable(self, case: str, seq: int) -> bool:
        return await self.journal.durable(case, seq, self.policy.journal_wait)

    def is_durable(self, case: str, seq: int) -> bool:
        return self.journal.is_durable(case, seq)

    def record(self, entry: JournalEntry) -> None:
        self.journal.append(entry)
        self.figures.decided(entry)

    def look_up(self, case: str, caller: str, device: str) -> None:
        self.background.spawn(self._identify(case, caller, device), f"look-up-{case}")

    async def _identify(self, case: str, caller: str, device: str) -> None:
        await self.callers_first.pass_by(PATIENCE)
        self.post(case, await self.reception.identify(case, caller, device))

    def seat_command(self, case: str, command: SeatCommand) -> None:
        match command:
            case FindSeat():
                if not self.returning.waits(case, command):
                    self.find_seat(case, command)
            case StopFindingSeat(role):
                self.returning.stop(case, role)
                self.desk.stop_finding(case, role)
            case ReleaseSeat(extension, SeatRelease.BROKE):
                self.returning.broke(self.runs[case].case, extension)
            case ReleaseSeat(extension, why):
                self.desk.release(case, extension, why)
                for phone in self.phones.of(extension) if why is SeatRelease.UNREACHABLE else ():
                    self._catching_up.ask_again(phone)
            case ChangeRole(extension, role):
                self.desk.change_role(case, extension, role)
            case ShowFile(extension, role):
                self._show(case, extension, role)

    def find_seat(self, case: str, search: FindSeat) -> None:
        """Any seat that fits."""
        if search.role is not Role.A:
            self.desk.find(case, search)
            return
        ahead = self.desk.find(case, search, self.runs[case].case.waiting_since)
        if ahead is not None:
            self.post(case, Queued(at=self.now(), actor="system", ahead=ahead))

    def _show(self, case: str, extension: str, role: Role) -> None:
        """Straight to the screen, before the phone is rung: the case goes along, so the page need not ask for it."""
        self.desk.rings(case, extension)
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

    def tape_ended(self, case: str, file: str) -> None:
        if not self.tape_watch.here:
            return  # the housekeeping of the machine that has the file will look at it
        self.background.spawn(self._check_recording(case, file), f"recording-{file}")

    async def _check_recording(self, case: str, file: str) -> None:
        found = await recordings.check(self._recordings, file)
        ended = RecordingEnded(
            at=self.now(),
            actor="system",
            recording=file,
            seconds=found.seconds,
            problem=found.problem,
            sha256=found.sha256,
        )
        self.post(case, ended)

    def alarmed(self, case: str, alarm: RaisedAlarm) -> None:
        self.figures.alarmed(alarm.kind.value)
        self.bus.publish(
            "alarm",
            {"case": case, "alarm": alarm.kind.value, "detail": alarm.detail, "at": alarm.at.isoformat()},
        )

    def changed(self, run: CaseRun) -> None:
        self.outgoing.look_at(run.case)
        self.handsets.changed(run.case)
        self.desk.owed(run.case.id, owed_by(run.case))
        self.desk.gives_way(run.case.id, run.case.kind is CaseKind.CARE and not run.case.urgent)
        if self.care is not None:
            self.care.changed(run.case)
        self.board.changed(run)

    def holds_back(self, case: Case, seq: int, command: LineCommand) -> bool:
        return self.outgoing.holds_back(case, seq, command)

    def _dial_now(self, wish: Wish) -> None:
        if (run := self.runs.get(wish.address.case)) is not None:
            run.dial(wish.seq, wish.command)

    def _never_dialled(self, line: Address, cause: int) -> None:
        self.post(line.case, LegEnded(at=self.now(), actor="system", leg=line.leg, cause=cause))

    def finished(self, run: CaseRun) -> None:
        self.background.spawn(self._retire(run), f"retire-{run.case.id}")

    async def _retire(self, run: CaseRun) -> None:
        await asyncio.sleep(RETIRE_AFTER)
        case = run.case.id
        self.returning.stop(case)
        self.desk.forget(case)
        await run.stop()
        self.runs.pop(case, None)
        self.reception.case_retired(run.case)
        self.outgoing.forget(case)
        self.board.forget(case)
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

    def seat_json(self, seat: Seat) -> dict[str, Json]:
        """The seat as consoles see it."""
        return seat_json(seat, self.policy, self.phones.in_use(seat.extension))

    def seat_changed(self, seat: Seat) -> None:
        if seat.case is None:
            self.phones.at_rest(seat.extension)
        self.bus.publish("seat", self.seat_json(seat))
        self.desk_file.changed()

    def written(self, result: Written) -> None:
        """An unknown caller has a file now."""
        self.post(result.case, CallerIdentified(at=self.now(), actor="system", file=result.file))

    # --- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        self.board.clear()
        self.wrap_ups.close()
        if self.care is not None:
            self.care.close()
        for run in tuple(self.runs.values()):
            await run.stop()
