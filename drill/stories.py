"""Stories that the town plays with a running platform, and what each of them must show.

A story uses the platform as people do: telephones, and the web API behind the agents' screens. It never looks into the
platform's memory or database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from ari_app.ari import AriError
from drill import behaviour
from drill.behaviour import Behaviour
from drill.chronicle import Note, NotSeen
from drill.console import Console, Refused, Screen
from drill.evidence import prove_sound, prove_timeline
from drill.people import Callee, Elder, Seat
from drill.report import StoryReport
from drill.telling import Words, step
from drill.town import Town
from models.views import CaseView, LegView

ONE_RING = 0.5  # seconds; in China one ring lasts a second
_VOICES = ("agent_a", "agent_b", "son")

Tell = Callable[[Words, datetime], None]


@dataclass(slots=True)
class Desk:
    """An agent: the screen and the telephone of one seat."""

    console: Console
    seat: Seat


@dataclass(slots=True)
class SosStory:
    """One SOS call from the key to the closed case. `run` plays it; what it saw stands in `report`.

    `desks`: at least two agents whose telephones are registered. `line`: the elder's number, in the register with
    contacts. What relatives do is set here, in the order of the elder's file.
    """

    town: Town
    desks: Sequence[Desk]
    line: str
    tell: Tell
    patience: float = 60.0
    report: StoryReport = field(init=False)
    elder: Elder = field(init=False)
    _case: str = field(init=False, default="")
    _a: Desk = field(init=False)
    _b: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.report = StoryReport("sos")
        self.elder = self.town.elder(self.line)
        self._a = self._b = self.desks[0]

    async def run(self) -> StoryReport:
        """Plays it to its end. A step that does not happen ends the play; the report names it and what follows."""
        try:
            await self._play()
        except (NotSeen, Refused, AriError, aiohttp.ClientError, TimeoutError) as problem:
            self.report.expect(
                ("未完成的一步", "the step that did not happen"), False, detail=str(problem) or type(problem).__name__
            )
        finally:
            await self.town.hang_up_all()
        if self._case:
            await self._prove()
        return self.report

    async def _prove(self) -> None:
        console = self.desks[0].console
        view = await console.read_case(self._case)
        sound = await console.recording(view.recordings[0].url) if view.recordings else b""
        prove_timeline(self.report, view, a=self._a.seat.extension, b=self._b.seat.extension)
        await asyncio.to_thread(prove_sound, self.report, elder=self.elder, recording=sound, voices=_VOICES)

    # --- the play

    async def _play(self) -> None:
        for desk in self.desks:
            await desk.console.ready()
        await self._call_comes()
        await self._a_answers()
        await self._b_takes_the_elder()
        await self._rescue_is_called()
        await self._help_arrives()

    async def _call_comes(self) -> None:
        self.tell(("老人按下求助键", "the elder presses the key"), _now())
        pressed = _now()
        dialled = await self.elder.press_key()
        note = await self.elder.sees("answered")
        self.report.expect(("接通", "answered"), True, at=note.at, detail=f"{note.clock - dialled.started:.3f} s")
        view = await self.desks[0].console.new_case(caller_ends=self.line[-8:], after=pressed)
        self._case = self.report.case = view.id
        self.desks[0].console.listen(self._tell_news(set()))

    def _tell_news(self, told: set[int]) -> Callable[[CaseView], None]:
        def news(view: CaseView) -> None:
            for entry in view.timeline if view.id == self._case else ():
                if entry.seq not in told and (words := step(view, entry)):
                    self.tell(words, entry.at)
                told.add(entry.seq)

        news(self.desks[0].console.cases[self._case])
        return news

    async def _a_answers(self) -> None:
        self._a, screen = await self._desk_with_screen("A", self.desks)
        rang = await self._a.seat.rings(within=self.patience, after=self.elder.line.started)
        self._expect_file_before_ring(screen, rang, "A")
        await asyncio.sleep(4)  # the elder hears the welcome, and is not alone with it
        self._a.seat.voice = _VOICES[0]
        await self._a.seat.answer()
        await self._see(lambda view: view.state == "talking", "A talks with the elder")
        await asyncio.sleep(5)

    async def _b_takes_the_elder(self) -> None:
        others = [desk for desk in self.desks if desk is not self._a]
        await self._a.console.act(self._case, "emergency")
        self._b, screen = await self._desk_with_screen("B", others)
        rang = await self._b.seat.rings(within=self.patience, after=self._a.seat.line.started)
        self._expect_file_before_ring(screen, rang, "B")
        await asyncio.sleep(1)
        self._b.seat.voice = _VOICES[1]
        await self._b.seat.answer()
        await self._see(
            lambda view: _place(view, self._b) == "elder" and _place(view, self._a) == "rescue",
            "B is with the elder, A with the rescue",
        )

    async def _rescue_is_called(self) -> None:
        called = self._settle_relatives()
        self.town.service("120")
        await self._a.console.act(self._case, "call", target="120")
        await self._see(lambda view: any(leg.answered_at for leg in _to(view, "120")), "120 answers")
        helper = await self._see(lambda view: _reached(view) is not None, "a contact accepts with 1")
        leg = _reached(helper)
        await asyncio.sleep(2)
        if leg is not None:
            await self._a.console.act(self._case, "merge", leg=leg.id)
            await self._see(lambda view: _at(view, leg.id) == "elder", "the contact is brought to the elder")
        await self._see(lambda view: _all_decided(view, called), "every contact has a result")

    async def _help_arrives(self) -> None:
        await self._a.console.act(self._case, "arrived")
        await self._see(lambda view: view.arrived_at is not None, "arrival is on the record")
        await asyncio.sleep(2)
        await self._a.console.act(self._case, "close", outcome="rescued", note="演示 / a drill")
        await self._see(lambda view: view.state == "closed", "the case is closed")
        await self.elder.line.ended(within=self.patience)

    # --- how they meet

    async def _desk_with_screen(self, role: str, desks: Sequence[Desk]) -> tuple[Desk, Screen]:
        """Whoever of these the platform chose: the first on whose screen the case stands in this role."""
        waits = {
            asyncio.create_task(
                desk.console.screen(role=role, within=self.patience, after=self.elder.line.started)
            ): desk
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

    def _expect_file_before_ring(self, screen: Screen, rang: Note, role: str) -> None:
        late = screen.clock - rang.clock
        words = (f"铃响一声前档案已在 {role} 屏幕上", f"{role} sees the file before one ring is over")
        self.report.expect(words, late < ONE_RING, at=screen.at, detail=f"{1000 * late:+.0f} ms from the ring's start")

    def _settle_relatives(self) -> list[Callee]:
        """The contacts of the elder's file, in order: comes, machine then declines, busy, nobody there."""
        file = self._a.console.files.get(self._case)
        if file is None or not file.contacts:
            raise NotSeen("the case shows no file with contacts on A's screen")
        plans: list[list[Behaviour]] = [
            [behaviour.accepts(_VOICES[2])],
            [behaviour.voicemail(), behaviour.declines()],
            [behaviour.Refuses("busy")],
        ]
        called = []
        for number, contact in enumerate(file.contacts):
            mine = plans[number] if number < len(plans) else []
            for index, phone in enumerate(contact.phones):
                plan = mine[index] if index < len(mine) else behaviour.RingsOn()
                called.append(self.town.relative(phone, plan, name=contact.name))
        return called

    async def _see(self, wanted: Callable[[CaseView], bool], what: str) -> CaseView:
        return await self._a.console.case(self._case, wanted, what=what, within=self.patience)


def _now() -> datetime:
    return datetime.now(UTC)


def _to(view: CaseView, number: str) -> list[LegView]:
    return [leg for leg in view.legs if leg.number == number]


def _at(view: CaseView, leg_id: str) -> str:
    return next((leg.place for leg in view.legs if leg.id == leg_id), "")


def _place(view: CaseView, desk: Desk) -> str:
    legs = [leg for leg in _to(view, desk.seat.extension) if leg.state == "answered"]
    return legs[-1].place if legs else ""


def _reached(view: CaseView) -> LegView | None:
    """A contact who has pressed 1 and was brought to the helpers."""
    return next(
        (leg for leg in view.legs if leg.kind == "contact" and leg.result == "accepted" and leg.place == "rescue"), None
    )


def _all_decided(view: CaseView, called: Sequence[Callee]) -> bool:
    """Each contact who was rung has a result on the last phone that was tried."""
    legs = [leg for leg in view.legs if leg.kind == "contact"]
    return bool(legs) and all(leg.result is not None for leg in legs)
