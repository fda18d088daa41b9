"""One try of one care call while it lives (`carried.py`). It asks `ivr.care`, and translates: `CareCommand` into
orders about lines, what the lines tell into `CareEvent`. Which calls there are is the carrier's business."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

import structlog

from ari_app.ari import AriError
from ari_app.care import carried
from ari_app.care.addresses import ELDER, elder_of
from ari_app.care.asking_contacts import AskingContacts
from ari_app.care.carried import Carried
from ari_app.care.hearing import Hearing
from ari_app.care.words import Spoken
from ari_app.switchboard import LineGone
from ivr.care import events as e
from ivr.care.call import CareCall
from ivr.care.commands import (
    AskContacts,
    CareCommand,
    DialElder,
    Finish,
    HangUpElder,
    OpenCareCase,
    Say,
    StartCareTimer,
    StopCareTimer,
)
from ivr.care.decide import begin, decide
from ivr.care.vocabulary import CareCallState, CareCaseKind, CareTimer, CareWords, Unanswered
from ivr.commands import Dial
from ivr.events import Event, KeyPressed, LegAnswered, LegEnded, PromptFinished
from ivr.ids import Address
from ivr.policy import Policy
from ivr.vocabulary import LegKind, Result, result_of_cause
from models.queries.care_messages import CareMessage

log = structlog.get_logger(__name__)
_WHY: Final = {
    Result.BUSY: Unanswered.BUSY,
    Result.REJECTED: Unanswered.REJECTED,
    Result.NO_ANSWER: Unanswered.NO_ANSWER,
}


class House(carried.House, Protocol):
    """What a care call asks of the carrier. `is_ours`: written before the telephone rings; False: it is another's.
    `finished` and `again` are the last that is heard of the call here."""

    @property
    def policy(self) -> Policy: ...
    def now(self) -> datetime: ...
    async def is_ours(self, run: CareRun) -> bool: ...
    async def prepare(self, line: Address) -> None: ...
    async def say(self, run: CareRun, words: tuple[CareWords, ...]) -> None: ...
    async def open_case(self, run: CareRun, kind: CareCaseKind) -> str: ...
    async def finished(self, run: CareRun, outcome: Finish) -> None: ...
    async def again(self, run: CareRun, at: datetime) -> None: ...


@dataclass(slots=True)
class CareRun(Carried[e.CareEvent, CareCommand]):
    """`call`: the row; `tries` before this one; `case`: what it led to."""

    house: House
    call: int
    number: str
    tries: int
    message: CareMessage
    spoken: Spoken
    case: str = ""
    care: CareCall = field(init=False)
    hearing: Hearing = field(init=False)
    _contacts: AskingContacts | None = None

    def __post_init__(self) -> None:
        self.care = self._call()
        self.hearing = Hearing(self.house.policy.care_machine)

    def _call(self) -> CareCall:
        return CareCall(self.message.latest, self.message.must_answer, question=self.message.question)

    @property
    def ringing(self) -> bool:
        return self.care.state is CareCallState.RINGING

    def lines(self) -> list[Address]:
        return [elder_of(self.name), *([Address(self.name, self._contacts.leg)] if self._contacts else [])]

    async def run(self) -> None:
        """Until this try has come to its end."""
        policy = self.house.policy
        if self.tries:
            waited = replace(self._call(), state=CareCallState.PAUSING, tries=self.tries)
            fired = e.CareTimerFired(at=self.house.now(), timer=CareTimer.RETRY)
            self.care, commands = decide(waited, fired, policy)
        else:
            self.care, commands = begin(self.care, policy)
        await self._carry_out_all(commands)
        await self._go_on()

    async def go_on(self) -> None:
        """With a line that another controller had dialled; what it has said is not known, so it is all said again once
        the line says that it is there."""
        self.care = replace(self._call(), tries=max(1, self.tries))
        self.dialled = asyncio.get_running_loop().time()
        await self._go_on()

    async def _go_on(self) -> None:
        while not self.over:
            event = await self._mailbox.get()
            if isinstance(event, e.CareAnswered) and self.ringing:
                with suppress(AriError, LineGone):  # then only keys count, and it is as loud as any call
                    await self.house.prepare(elder_of(self.name))
            self.care, commands = decide(self.care, event, self.house.policy)
            if self.care.state is CareCallState.ASKING:
                self.hearing.we_ask()
            await self._carry_out_all(commands)

    # --- what happens

    def told(self, event: Event) -> None:
        if getattr(event, "leg", ELDER) != ELDER:
            if self._contacts is not None and isinstance(event, LegAnswered | LegEnded | KeyPressed | PromptFinished):
                self._contacts.told(event)
            return
        match event:
            case LegAnswered(at=at):
                self._post(e.CareAnswered(at=at))
            case LegEnded(at=at, cause=cause):
                why = _WHY.get(result_of_cause(cause), Unanswered.UNREACHABLE)
                self._post(e.CareNotAnswered(at=at, why=why) if self.ringing else e.CareHungUp(at=at))
            case KeyPressed(at=at, key=key):
                self._post(e.CareKeyPressed(at=at, key=key))
            case PromptFinished(at=at, problem=""):
                self._post(e.WordsSpoken(at=at))
            case PromptFinished(at=at):
                self._post(e.CareCommandFailed(at=at, command=Say.__name__))
            case _:
                pass  # it rings

    def sounds(self, *, sounds: bool) -> None:
        now = asyncio.get_running_loop().time()
        if sounds:
            self.hearing.begins(now)
        elif self.hearing.ends(now):
            self._post(e.ElderSpoke(at=self.house.now()))

    def alarm_waits(self) -> None:
        self._post(e.AlarmWaits(at=self.house.now()))

    # --- what is done

    async def _carry_out(self, command: CareCommand) -> None:
        match command:
            case DialElder(ring):
                await self._ring(ring)
            case Say(words):
                await self._say(words)
            case HangUpElder():
                await self.put_down()
            case AskContacts():
                self._contacts = AskingContacts(self.house, self.name, self.message.file, self.number)
                somebody = await self._contacts.run()
                self._post(e.ContactsAsked(at=self.house.now(), somebody=somebody))
            case OpenCareCase(kind):
                self.case = await self.house.open_case(self, kind)
            case StartCareTimer(CareTimer.RETRY, seconds):
                # Kept where a restart does not lose it: the planner hands the call out again when it is time.
                self.close()
                await self.house.again(self, self.house.now() + timedelta(seconds=seconds))
            case StartCareTimer(timer, seconds):
                self._start_timer(seconds, self._fire, timer)
            case StopCareTimer():
                self._stop_timer()
            case Finish():
                self.close()
                await self.house.finished(self, command)
            case _:
                assert_never(command)

    async def _ring(self, ring: float) -> None:
        if not await self.house.is_ours(self):
            self.close()
            return
        if not await self._dial(Dial(ELDER, LegKind.ELDER, self.number, ring)):
            self._post(e.CareCommandFailed(at=self.house.now(), command=DialElder.__name__))

    async def _say(self, words: tuple[CareWords, ...]) -> None:
        self.hearing.we_speak()
        try:
            await self.house.say(self, words)
        except LineGone:
            log.info("the line was gone already", call=self.call)
        except AriError as problem:
            log.warning("a care call could not speak", call=self.call, reason=str(problem))
            self._post(e.CareCommandFailed(at=self.house.now(), command=Say.__name__))

    # --- time

    def _fire(self, timer: CareTimer) -> None:
        self._timer = None
        at = self.house.now()
        machine = self.hearing.is_machine(asyncio.get_running_loop().time())
        self._post(e.VoicemailHeard(at=at) if machine else e.CareTimerFired(at=at, timer=timer))
