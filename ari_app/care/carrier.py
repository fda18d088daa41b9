"""The carrier of care calls: it takes what is due from the planner's table as fast as lines and agents allow, and stops
at once when an alarm waits (K8). Calls about urgent orders (`ari_app/offers/`) go before them. It never waits on the
call path, and the alarm's procedure knows nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from ari_app.ari import AriError, Client, Resynced
from ari_app.background import Background
from ari_app.care.addresses import ELDER, elder_of, name_of
from ari_app.care.carried import Carried
from ari_app.care.left_over import LeftOver
from ari_app.care.pacing import Situation, Starts, room, room_for_an_offer
from ari_app.care.records import CareRecords
from ari_app.care.run import CareRun
from ari_app.care.words import Spoken, Words
from ari_app.desk import Desk, SeatState
from ari_app.lease import LeaseLost
from ari_app.lines import Lines
from ari_app.offers.calls import OfferCalls
from ari_app.offers.records import OfferRecords
from ari_app.reception import Reception
from ari_app.runner import CaseRun
from ari_app.standing import Standing
from ari_app.switchboard import LineGone, Switchboard
from ivr.care.commands import Finish
from ivr.care.vocabulary import CareCaseKind, CareResult, CareWords
from ivr.case import Case, ElderFile
from ivr.commands import DetectSpeech, LineCommand, StopSound
from ivr.events import Event, LegEnded
from ivr.ids import Address
from ivr.numbers import may_be_rung
from ivr.policy import Policy
from ivr.vocabulary import OUT_OF_ORDER, CaseState, LegKind, Prompt
from models.care.calls import CareState, LeftCall, Outcome
from models.care.filling import ClaimedCall
from models.care.planning import CareReason
from models.database import DatabaseUnavailable
from models.queries.care_messages import CareMessage

log = structlog.get_logger(__name__)
LOOK_EVERY: Final = 1.0  # seconds
UNDER_WAY: Final = 3.0  # seconds in which a line that was just dialled may not have reached Asterisk
_INSIDE: Final = frozenset({LegKind.SEAT, LegKind.SNOOP})  # lines that need none to the carrier
_OVER: Final = frozenset({CaseState.WRAPPING_UP, CaseState.CLOSED})


class House(Protocol):
    """What the carrier needs of the controller."""

    policy: Policy
    runs: dict[str, CaseRun]
    desk: Desk
    lines: Lines
    link: Standing
    reception: Reception

    def now(self) -> datetime: ...


class Carrier:
    """`can_dial`: there is a way to the carrier; without one no call is begun."""

    def __init__(
        self,
        house: House,
        *,
        client: Client,
        app: str,
        switchboard: Switchboard,
        records: CareRecords,
        offer_records: OfferRecords,
        words: Words,
        background: Background,
        can_dial: bool,
    ) -> None:
        self._house = house
        self._switchboard = switchboard
        self._records = records
        self._words = words
        self._background = background
        self._can_dial = can_dial
        self.runs: dict[str, Carried[Any, Any]] = {}
        self._beginning = 0
        self._starts = Starts()
        self._halted = False
        self._waits_for_records = False
        self._alarms: set[str] = set()  # cases of which the calls have been told
        self._seen = asyncio.Event()  # what lives in Asterisk
        self._leaving = asyncio.Event()
        self._offers = OfferCalls(self, records=offer_records, words=words, background=background)
        self._left = LeftOver(
            client, house.lines, records, app=app, now=house.now, later=self._later, go_on=self._go_on
        )

    @property
    def policy(self) -> Policy:
        return self._house.policy

    def now(self) -> datetime:
        return self._house.now()

    # --- what the controller tells ------------------------------------------------------------------------------

    def told(self, name: str, event: Event) -> None:
        """Of a line of a care call; of one that is over nothing is expected any more."""
        if (run := self.runs.get(name)) is not None:
            run.told(event)

    def line_sounds(self, line: Address, *, sounds: bool) -> None:
        run = self.runs.get(line.case)
        if run is not None and line.leg == ELDER:
            run.sounds(sounds=sounds)

    def changed(self, case: Case) -> None:
        """An alarm that begins to wait for an agent stops what rings, at once."""
        if not _waits(case):
            self._alarms.discard(case.id)
        elif case.id not in self._alarms:
            self._alarms.add(case.id)
            self._stop_what_rings()

    def _stop_what_rings(self, kind: type[Carried[Any, Any]] = Carried) -> None:
        for run in self.runs.values():
            if run.ringing and isinstance(run, kind):
                run.alarm_waits()

    def resynced(self, picture: Resynced) -> None:
        """Lines that ended while we did not hear; at the start, lines that a former boot has left."""
        there = {channel.id for channel in picture.channels}
        settled = asyncio.get_running_loop().time() - UNDER_WAY
        for run in tuple(self.runs.values()):
            channel = self._house.lines.channel(elder_of(run.name))
            if channel not in there and run.dialled is not None and run.dialled < settled:
                run.told(LegEnded(at=self.now(), actor="system", leg=ELDER, cause=OUT_OF_ORDER))
        if not self._seen.is_set():
            self._left.found(picture.channels)
            self._seen.set()

    @property
    def live_channels(self) -> frozenset[str]:
        """Of care calls, so that nobody takes them for left over."""
        lines = (self._house.lines.channel(line) for run in self.runs.values() for line in run.lines())
        return self._left.channels | frozenset(lines)

    @property
    def count(self) -> int:
        """Calls that ring or speak, or are about to; those about orders take the places of care calls."""
        return len(self.runs) + self._beginning

    def close(self) -> None:
        """Nothing is done any more; whoever comes after us finds lines and rows as they are."""
        for run in self.runs.values():
            run.close()

    # --- which calls --------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """`run` comes to its end after the look that it is at: in the middle of one a connection would be left open."""
        self._leaving.set()

    async def run(self) -> None:
        """Until `leave`."""
        await self._seen.wait()
        ours = False  # what another controller has left
        while not self._leaving.is_set():
            if ours:
                await self._guarded(self._look())
            else:
                ours = await self._guarded(self._left.take_over()) and await self._guarded(self._offers.take_over())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), LOOK_EVERY)

    async def _guarded(self, work: Coroutine[None, None, None]) -> bool:
        try:
            await work
        except DatabaseUnavailable as away:
            if not self._waits_for_records:
                log.info("care calls wait for the database", reason=str(away))
            self._waits_for_records = True
            return False
        except LeaseLost:
            return False
        except Exception:
            # The outermost guard: care calls must not end the controller, nor end for good.
            log.exception("care calls could not be looked after")
            return False
        self._waits_for_records = False
        return True

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        free = self._starts.allowed(loop.time(), self.policy.care_starts)
        if not self._can_dial or not self._house.link.stands:
            return
        if room_for_an_offer(self._situation(), self.policy):
            await self._offers.look()
        now = self.now()
        self._halted, due = await self._records.waiting(now, most=free)
        if self._halted:
            self._stop_what_rings(CareRun)  # whoever stops care calls means that as well
            return
        count = min(free, room(self._situation(), self.policy), due)
        if count < 1:
            return
        claimed = await self._records.claim(now, count)
        self._starts.used(len(claimed))
        for call in claimed:
            self._beginning += 1
            self._background.spawn(self._begin(call), f"care-{call.id}")

    def _situation(self) -> Situation:
        cases = (run.case for run in self._house.runs.values())
        lines = sum(leg.kind not in _INSIDE for case in cases for leg in case.live())
        seats = self._house.desk.seats.values()
        ready = sum(seat.state is SeatState.READY and not seat.owes for seat in seats)
        return Situation(self.count, lines + self.count, ready, self.alarm_waits)

    @property
    def alarm_waits(self) -> bool:
        return any(_waits(run.case) for run in self._house.runs.values())

    async def _begin(self, call: ClaimedCall) -> None:
        """It is ours; its telephone has not rung yet."""
        run = None
        try:
            run = await self._prepared(call)
        except Exception as problem:
            # The outermost guard of one call: it must not stay ours without an end. A database that is away is told of
            # where it is missed.
            if not isinstance(problem, DatabaseUnavailable):
                log.exception("a care call could not begin", call=call.id)
            await self._records.put_off(call.id, self._later(call.latest), CareReason.LINES_BUSY)
        finally:
            self._beginning -= 1
        if run is not None:
            await self._live(run, run.run())

    async def _prepared(self, call: ClaimedCall) -> CareRun | None:
        """With the words spoken ahead; None when the call is not made now."""
        message = await self._records.message(call.id)
        if message is None or not may_be_rung(call.number):
            why = CareReason.GONE if message is None else CareReason.NO_NUMBER
            await self._records.end(call.id, Outcome(CareState.CANCELLED, why), self.now(), policy=self.policy)
            return None
        spoken = await self._words.speak(message)
        if any(_is_with(run.case, message.file.id) for run in self._house.runs.values()):
            await self._put_off(call.id, message.latest)
            return None
        name = name_of(call.id, call.tries + 1)
        run = CareRun(self, name, call.id, call.number, call.tries, message, spoken)
        self.runs[name] = run
        return run

    async def _live(self, run: CareRun, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:
            # The outermost guard of one call: the elder must not be left in silence, nor the row without an end.
            log.exception("a care call has failed", call=run.call)
            run.close()
            await self._left.hang_up(self._house.lines.channel(elder_of(run.name)))
            broke = Outcome(CareState.NOT_REACHED, CareReason.BROKE_OFF)
            await self._records.end(run.call, broke, self.now(), policy=self.policy)
        finally:
            self.runs.pop(run.name, None)

    # --- what a call asks for (House of the run) ----------------------------------------------------------------

    async def is_ours(self, run: CareRun) -> bool:
        if self._halted or self.alarm_waits:
            await self._put_off(run.call, run.message.latest)
            return False
        try:
            return await self._records.dialled(run.call, self.now())
        except DatabaseUnavailable:
            await self._records.put_off(run.call, self.now(), CareReason.LINES_BUSY)
            return False
        except LeaseLost:
            return False

    async def order(self, name: str, command: LineCommand) -> None:
        await self._house.link.wait()
        await self._switchboard.carry_out(name, command)

    async def prepare(self, line: Address) -> None:
        """Before anything is said: Asterisk does nothing else with a line while something plays."""
        await self.order(line.case, DetectSpeech(line.leg, self.policy.speech_level))
        if self.policy.care_louder:
            await self._switchboard.make_louder(line, self.policy.care_louder)

    async def say(self, run: CareRun, words: tuple[CareWords, ...]) -> None:
        media = self._words.media(run.message.kind, words, run.spoken)
        await self.play(run.name, media, Prompt.CARE_HELLO)

    async def play(self, name: str, media: Sequence[str], known_as: Prompt) -> None:
        await self._house.link.wait()
        await self._switchboard.say(elder_of(name), media, known_as=known_as)

    async def open_case(self, run: CareRun, kind: CareCaseKind) -> str:
        """Whatever plays is stopped first: Asterisk would let the case's requests wait for its end, and with them all
        that others ask for."""
        if kind is CareCaseKind.HELP:
            with suppress(AriError, LineGone):
                await self.order(run.name, StopSound(ELDER))
        line = self._house.lines.channel(elder_of(run.name)) if kind is CareCaseKind.HELP else ""
        return self._house.reception.new_care_case(line, run.number).case.id

    async def finished(self, run: CareRun, outcome: Finish) -> None:
        if outcome.result is CareResult.PUT_OFF:
            await self._put_off(run.call, run.message.latest)
            return
        state = CareState(outcome.result.value)
        told = Outcome(state, None, outcome.answer, run.case or None)
        await self._records.end(run.call, told, self.now(), policy=self.policy)

    async def again(self, run: CareRun, at: datetime) -> None:
        await self._records.put_off(run.call, at, CareReason.NO_ANSWER)

    async def _put_off(self, call: int, latest: datetime) -> None:
        why = CareReason.HALTED if self._halted else CareReason.EMERGENCY
        await self._records.put_off(call, self._later(latest), why)

    def _later(self, latest: datetime) -> datetime:
        """After the pause between two tries, where that is not too late."""
        now = self.now()
        later = now + timedelta(minutes=self.policy.care_pause)
        return later if later < latest else now

    def _go_on(self, name: str, call: LeftCall, message: CareMessage) -> CareRun:
        """Another controller had rung this elder, who is on the line."""
        run = CareRun(self, name, call.id, _number_of(message.file), call.tries, message, Spoken({}))
        self.runs[name] = run
        self._background.spawn(self._live(run, run.go_on()), f"care-{call.id}")
        return run


def _waits(case: Case) -> bool:
    """An emergency that has no agent yet."""
    return case.urgent and case.waiting_since is not None


def _is_with(case: Case, elder: int) -> bool:
    """Somebody speaks with this elder, or sees to them, already."""
    return case.state not in _OVER and case.file is not None and case.file.id == elder


def _number_of(file: ElderFile) -> str:
    return file.home_phone or next(iter(file.lines), "")
