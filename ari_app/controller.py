"""The controller: the live cases, and what each part of the house tells the others. Wiring is in `bootstrap`, rules are
in `ivr`; here every method passes on one thing, and none of them waits on the call path.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ari_app import recordings
from ari_app.ari import AriError, Client, Conflict, NotFound, Resynced, StreamItem
from ari_app.ari.generated.models import Channel
from ari_app.background import Background
from ari_app.bus import Bus
from ari_app.desk import Desk, Seat
from ari_app.journal import Journal
from ari_app.lines import Lines
from ari_app.live import case_json, seat_json
from ari_app.register import Register
from ari_app.resync import adoptable, differences, strangers
from ari_app.runner import CaseRun, RaisedAlarm
from ari_app.side_calls import SideCalls
from ari_app.switchboard import Switchboard
from ivr import ids
from ivr.case import Case, Leg
from ivr.commands import Dial, FindSeat, LineCommand, ReleaseSeat, SeatCommand, ShowFile, StopFindingSeat
from ivr.events import CallArrived, CallerIdentified, Event, RecordingEnded, SeatReserved
from ivr.policy import Policy
from ivr.serial import Json
from ivr.vocabulary import LegKind, Role, SeatRelease, Skill
from models.journal import Written
from models.journal_entry import JournalEntry

log = structlog.get_logger(__name__)
PUBLISH_EVERY = 0.02  # seconds in which changes of one case become one message
RETIRE_AFTER = 10.0  # seconds that a closed case stays for what still comes in of it
_NOT_A_CALLER = re.compile(r"[^0-9+]")


def new_case_id(at: datetime) -> str:
    """Sorts by time; no dots, which separate the parts of a channel id."""
    return f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class Controller:
    """The parts that need the controller itself (`desk`, `journal`, `bus`, `side_calls`) are set by `bootstrap`."""

    desk: Desk
    journal: Journal
    bus: Bus
    side_calls: SideCalls

    def __init__(
        self,
        *,
        client: Client,
        app: str,
        lines: Lines,
        switchboard: Switchboard,
        register: Register,
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
        self._background = background
        self._recordings = recordings_folder
        self._dirty: dict[str, asyncio.TimerHandle] = {}
        self.link_problem = "not connected to Asterisk yet"

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    @property
    def degraded(self) -> list[str]:
        """What does not work now, in plain words."""
        found = [f"asterisk: {self.link_problem}"] if self.link_problem else []
        if self.journal.problem:
            found.append(f"database: {self.journal.problem}; {self.journal.lag} entries wait")
        return found

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
                self._background.spawn(self._send_back(channel), f"send-back-{channel}")

    def _open_case(self, channel: str, dialled: str, caller: str, recording: str) -> None:
        at = self.now()
        case_id = new_case_id(at)
        self.lines.arrived(channel, case_id)
        run = CaseRun(self, Case(id=case_id))
        self.runs[case_id] = run
        run.start()
        arrived = CallArrived(
            at=at, channel=channel, caller=self._register.tidy(caller), dialled=dialled, recording=recording
        )
        run.post(arrived)
        self._background.spawn(self._watch(channel, run), f"watch-{channel}")

    def take_over(self, case: Case, entries: list[JournalEntry]) -> None:
        """A case that a former boot left open. Its lines are compared with Asterisk's at the first resync."""
        run = CaseRun(self, case, entries)
        self.runs[case.id] = run
        if case.channel and case.elder_up:
            self.lines.arrived(case.channel, case.id)
        for leg in case.live(LegKind.SEAT):
            self.desk.occupied(leg.number, case.id, leg.role, talking=leg.up)
        run.start()
        for role in sorted(case.searching):
            self.desk.find(case.id, role, Skill.AGENT)

    async def _watch(self, channel: str, run: CaseRun) -> None:
        """Without a subscription Asterisk does not tell how a call from outside ended."""
        try:
            await self._ari.subscribe(f"channel:{channel}")
        except AriError as problem:
            log.info("a call could not be watched", reason=str(problem))
            await self._ended_unseen(channel)

    async def _ended_unseen(self, channel: str) -> None:
        try:
            await self._ari.channels.get(channelId=channel)
        except NotFound:
            for event in differences(self.runs.values(), self.lines, (), self.now(), only=channel):
                self.post(*event)

    async def _send_back(self, channel: str) -> None:
        try:
            await self._ari.channels.continueInDialplan(channelId=channel, context="sos-again", extension="s")
        except AriError as problem:
            log.error("a call could not be sent back to the dialplan", reason=str(problem))

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
        """The link stands again: what changed meanwhile is fed in as ordinary events."""
        self.link_problem = ""
        for endpoint in picture.endpoints:
            if endpoint.technology == "PJSIP":
                self.seat_registered(endpoint.resource, is_registered=endpoint.state == "online")
        for case, event in differences(self.runs.values(), self.lines, picture.channels, self.now()):
            self.post(case, event)
        for leg_channel in adoptable(self.runs, self.lines, picture):
            self._background.spawn(self._adopt(leg_channel), f"adopt-{leg_channel.id}")
        for channel in strangers(self._app, self.runs, self.lines, picture.channels):
            self._background.spawn(self._clear_away(channel), f"clear-{channel}")

    async def _adopt(self, channel: Channel) -> None:
        """A line of one of our cases that a former boot owned: taken over without a gap; one that still rings would be
        answered into nowhere, so it is given up."""
        try:
            await self._ari.subscribe(f"channel:{channel.id}")
            if channel.state == "Up":
                await self._ari.channels.move(channelId=channel.id, app=self._app, appArgs="takeover")
            else:
                await self._ari.channels.hangup(channelId=channel.id)
        except AriError as problem:
            log.warning("a line could not be taken over", reason=str(problem))
            await self._ended_unseen(channel.id)

    async def _clear_away(self, channel: str) -> None:
        """A channel that a former controller left: our legs are hung up, a caller goes back to the start."""
        if ids.parse(channel) is None:
            await self._send_back(channel)
            return
        try:
            await self._ari.channels.hangup(channelId=channel)
        except AriError as problem:
            log.info("an old channel could not be hung up", reason=str(problem))

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
            case FindSeat(role, skill):
                self.desk.find(case, role, skill)
            case StopFindingSeat(role):
                self.desk.stop_finding(case, role)
            case ReleaseSeat(extension, why):
                self.desk.release(extension, why)
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
        found = await recordings.check(self._recordings, case.recording)
        self.post(
            case.id,
            RecordingEnded(
                at=self.now(),
                actor="system",
                recording=case.recording,
                seconds=found.seconds,
                problem=found.problem,
            ),
        )

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
        await self._forget(run)

    async def _forget(self, run: CaseRun) -> None:
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
            self.desk.release(seat.extension, SeatRelease.NOT_NEEDED)
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
        self._background.spawn(self._wrap_up(seat), f"wrap-up-{seat.extension}")

    async def _wrap_up(self, seat: Seat) -> None:
        began = seat.idle_since
        await asyncio.sleep(self.policy.wrap_up)
        if seat.idle_since == began:
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
