"""What every story of the town has in common: the play step by step, the timeline as it happens, what the elder heard.

A story uses the platform as people do: telephones, and the web API behind the agents' screens. It never looks into the
platform's memory or database.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import ClassVar

import aiohttp

from ari_app.ari import AriError
from drill.behaviour import Behaviour, RingsOn
from drill.chronicle import NotSeen
from drill.console import Console, Refused, Screen
from drill.evidence import prove_ears
from drill.people import Elder, Seat
from drill.report import StoryReport
from drill.telling import Words, step, warning
from drill.town import Town
from models.masking import could_be
from models.views import AlarmView, CaseView, LegView

ONE_RING = 0.5  # seconds; in China one ring lasts a second
_DID_NOT_HAPPEN = (NotSeen, Refused, AriError, aiohttp.ClientError, TimeoutError)
_UNNAMED: Words = ("未完成的一步", "the step that did not happen")

Tell = Callable[[Words, datetime], None]


@dataclass(slots=True)
class Desk:
    """An agent: the screen and the telephone of one seat."""

    console: Console
    seat: Seat

    async def answers(self, voice: str, *, after: float = 0.0) -> None:
        """Pick up what rings, `after` seconds, and speak."""
        await asyncio.sleep(after)
        self.seat.voice = voice
        await self.seat.answer()


class Story(ABC):
    """One story, from somebody's key to the closed case. `run` plays it; what it saw stands in `report`.

    A story is a subclass with three things of its own and a line in `drill/scripts/__init__.py`:
    `settings` (of the platform, when it is the drill's own: shorter waits), `hears` (prompts and voices that must have
    reached the elder's ear) and `play`, which names each of its steps with `see` or `act`.

    `desks`: at least two agents whose telephones are registered. `line`: the elder's number, in the register with
    contacts. `patience`: seconds for one step.
    """

    settings: ClassVar[Mapping[str, str]] = {}
    hears: ClassVar[Sequence[str]] = ()

    def __init__(self, town: Town, desks: Sequence[Desk], line: str, tell: Tell, *, patience: float = 60.0) -> None:
        self.town = town
        self.desks = desks
        self.line = line
        self.tell = tell
        self.patience = patience
        self.report = StoryReport()
        self.elder: Elder = town.elder(line)
        self.case = ""
        self.heard: Mapping[str, float] = {}
        self._awaited: Words = _UNNAMED
        self._began = 0.0

    @abstractmethod
    async def play(self) -> None:
        """What people do. A step that does not happen raises, and ends the play."""

    async def run(self) -> StoryReport:
        """Plays it to its end. The report names the step that did not happen, and what the elder heard."""
        try:
            for desk in self.desks:
                await desk.console.ready()
            await self.play()
        except _DID_NOT_HAPPEN as problem:
            self.report.expect(self._awaited, False, detail=str(problem) or type(problem).__name__)
        finally:
            await self.town.hang_up_all()
        if self.case:
            await self.prove()
        return self.report

    async def prove(self) -> None:
        """What the story must have left behind, besides its steps."""
        self.heard = await asyncio.to_thread(prove_ears, self.report, elder=self.elder, hears=self.hears)

    # --- steps

    def awaits(self, words: Words) -> None:
        """From here on this is the step that did not happen, should the play end."""
        self._awaited = words

    async def see(self, words: Words, wanted: Callable[[CaseView], bool], *, within: float | None = None) -> CaseView:
        """A step: the case becomes so on an agent's screen. What is wanted must last, or a later news hides it: ask for
        an alarm, a leg's result, a time on record, or a state that does not pass by itself."""
        self.awaits(words)
        view = await self.desks[0].console.case(self.case, wanted, what=words[1], within=within or self.patience)
        self.report.expect(words, True, at=now())
        return view

    async def act(self, words: Words, desk: Desk, action: str, **fields: str) -> None:
        """A step: an agent presses a button, and the platform does not refuse."""
        self.awaits(words)
        await desk.console.act(self.case, action, **fields)
        self.report.expect(words, True, at=now())

    async def press_key(self, *, silent: bool = False) -> None:
        """The elder presses the key, the platform picks up, a case stands on the agents' screens."""
        self.tell(("老人按下求助键", "the elder presses the key"), now())
        self.awaits(("接通", "answered"))
        pressed = now()
        self._began = time.monotonic()
        dialled = await self.elder.press_key(silent=silent)
        note = await self.elder.sees("answered")
        self.report.expect(self._awaited, True, at=note.at, detail=f"{note.clock - dialled.started:.3f} s")
        self.awaits(("生成事件", "a case is opened"))
        view = await self.desks[0].console.new_case(caller_ends=self.line[-8:], after=pressed)
        self.case = self.report.case = view.id
        self.desks[0].console.listen(self._news())

    async def device_reports(self, device: str, kind: str) -> None:
        """A device of the elder's raises the alarm, and a case is opened."""
        self.tell(("设备报警", "a device raises the alarm"), now())
        self.awaits(("平台收到报警，生成事件", "the platform takes the alarm and opens a case"))
        self._began = time.monotonic()
        console = self.desks[0].console
        self.case = self.report.case = await console.report(device, kind)
        await console.case(self.case, lambda view: True, what=self._awaited[1], within=self.patience)
        self.report.expect(self._awaited, True, at=now())
        self.desks[0].console.listen(self._news())

    async def seat_rings(self, role: str, *, but: Sequence[Desk] = (), after: float | None = None) -> Desk:
        """Whoever the platform chose for this role: the case stands on their screen, and their phone rings. `after`:
        the clock from which on that counts; without it the whole story."""
        self.awaits((f"{role} 坐席振铃", f"seat {role} rings"))
        since = self._began if after is None else after
        desk, screen = await self._first_screen(role, [desk for desk in self.desks if desk not in but], since)
        rang = await desk.seat.rings(within=self.patience, after=since)
        late = screen.clock - rang.clock
        words = (f"铃响一声前档案已在 {role} 屏幕上", f"{role} sees the file before one ring is over")
        self.report.expect(words, late < ONE_RING, at=screen.at, detail=f"{1000 * late:+.0f} ms from the ring's start")
        return desk

    async def a_answers(self, *, pause: float = 4.0) -> Desk:
        """An agent is chosen as A, takes the call after `pause` seconds (the welcome lasts four) and talks with the
        elder."""
        a = await self.seat_rings("A")
        await a.answers("agent_a", after=pause)
        await self.see(("A 与老人通话", "A talks with the elder"), lambda view: view.state == "talking")
        return a

    async def close(self, desk: Desk, outcome: str) -> None:
        """The agent files the outcome; the case is closed, the elder's line is over."""
        await self.act(("填写结果", "the outcome is filed"), desk, "close", outcome=outcome, note="演示 / a drill")
        await self.see(("结案", "the case is closed"), lambda view: (view.state, view.outcome) == ("closed", outcome))
        await self.elder.line.ended(within=self.patience)

    # --- who is called

    def settle_relatives(self, desk: Desk, plans: Sequence[Sequence[Behaviour]]) -> None:
        """What the contacts of the elder's file do, in its order: `plans` has one for each phone; the rest is out."""
        file = desk.console.files.get(self.case)
        if file is None or not file.contacts:
            raise NotSeen("the case shows no file with contacts on the agent's screen")
        for number, contact in enumerate(file.contacts):
            mine = plans[number] if number < len(plans) else ()
            for index, phone in enumerate(contact.phones):
                plan = mine[index] if index < len(mine) else RingsOn()
                self.town.relative(phone, plan, name=contact.name)

    # --- inside

    async def _first_screen(self, role: str, desks: Sequence[Desk], since: float) -> tuple[Desk, Screen]:
        waits = {
            asyncio.create_task(desk.console.screen(role=role, within=self.patience, after=since)): desk
            for desk in desks
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            first = done.pop()
            return waits[first], first.result()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _news(self) -> Callable[[CaseView], None]:
        """Tells each entry of the case's timeline, and each alarm, once, as it comes."""
        told: set[int | AlarmView] = set()

        def news(view: CaseView) -> None:
            if view.id != self.case:
                return
            entries = [(entry.at, step(view, entry)) for entry in view.timeline if entry.seq not in told]
            alarms = [(alarm.at, warning(alarm)) for alarm in view.alarms if alarm not in told]
            for at, words in sorted([*entries, *alarms], key=itemgetter(0)):
                if words is not None:
                    self.tell(words, at)
            told.update([entry.seq for entry in view.timeline], view.alarms)

        news(self.desks[0].console.cases[self.case])
        return news


# --- what a case shows ------------------------------------------------------------------------------------------------


def now() -> datetime:
    return datetime.now(UTC)


def alarmed(kind: str) -> Callable[[CaseView], bool]:
    """This alarm has been raised."""
    return lambda view: any(alarm.kind == kind for alarm in view.alarms)


def legs_to(view: CaseView, number: str) -> list[LegView]:
    """Numbers are masked on the console of whoever is not in the case."""
    return [leg for leg in view.legs if len(leg.number) == len(number) and could_be(leg.number, number)]


def elder_leg(view: CaseView) -> LegView:
    """The present or last line of the elder."""
    return next(leg for leg in reversed(view.legs) if leg.kind == "elder")


def place_of(view: CaseView, desk: Desk) -> str:
    """Where this agent speaks: `elder`, `rescue`, or nowhere."""
    legs = [leg for leg in legs_to(view, desk.seat.extension) if leg.state == "answered"]
    return legs[-1].place if legs else ""


def accepted_contact(view: CaseView) -> LegView | None:
    """A contact who has pressed 1 and was brought to the helpers."""
    contacts = (leg for leg in view.legs if leg.kind == "contact")
    return next((leg for leg in contacts if leg.result == "accepted" and leg.place == "rescue"), None)
