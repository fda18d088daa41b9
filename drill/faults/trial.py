"""One fault during three calls: somebody talks, somebody waits, somebody calls when it has just struck. Each of them
must end in a conversation with an agent; a call that the fault cuts by its nature is rung back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from drill.behaviour import Answers
from drill.chronicle import NotSeen
from drill.console import Refused
from drill.ear import Ear
from drill.faults.catalogue import Fault
from drill.faults.patient import Patient
from drill.line import Line
from drill.people import Elder, people_talk
from drill.rehearsal import Rehearsal
from drill.scripts.story import Desk
from drill.sound import SoundError
from models.masking import could_be
from models.views import CaseView

WHOLE_WITHIN = 120.0  # seconds
SERVED_WITHIN = 180.0
PICKED_UP_WITHIN = 90.0
PUTS_DOWN_AFTER = 3.0  # seconds of nothing after which an elder gives a dead line up
TALK = 3.0  # seconds that an agent talks with each
ENOUGH = 1.0  # seconds of an agent's voice that are a conversation
_AWAY = (Refused, aiohttp.ClientError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the callers. Times in seconds: `picked_up` from the key to the pick-up of who called just then,
    `gap` the longest time in which anybody on the line heard nothing, `back` until those whose calls were cut were on
    the line again (0: nobody's was), `whole` from the stroke until everything worked again."""

    fault: str
    up: int
    ringing: int
    arriving: int
    lost: int
    picked_up: float
    gap: float
    back: float
    whole: float
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.lost == 0 and not self.problems


@dataclass(slots=True)
class Caller:
    """An elder with a need; `began`: when the key was pressed."""

    elder: Elder
    began: datetime
    case: str = ""


class Trial:
    """`lines`: of three elders who are on file."""

    def __init__(self, name: str, fault: Fault, patient: Patient, stage: Rehearsal, lines: Sequence[str]) -> None:
        self._name = name
        self._fault = fault
        self._patient = patient
        self._desks = stage.desks[:2]
        elders = [stage.town.elder(line, name=f"elder {line[-4:]}") for line in lines]
        for elder in elders:
            elder.when_called = Answers(voice=elder.voice, ring=0.5)
        self._talks, self._waits, self._comes = (Caller(elder, datetime.now(UTC)) for elder in elders)
        for desk, voice in zip(self._desks, ("agent_a", "agent_b"), strict=True):
            desk.seat.voice = voice

    @property
    def _callers(self) -> tuple[Caller, ...]:
        return self._talks, self._waits, self._comes

    async def run(self) -> Row:
        """Raises NotSeen where it did not even come to the fault."""
        await self._two_calls()
        struck, problems = time.monotonic(), []
        try:
            async with self._fault.strikes(self._patient):
                coming = asyncio.create_task(self._somebody_calls(), name="comes")
                if self._fault.cuts:
                    await self._dead_lines_are_put_down()
                await asyncio.sleep(max(0.0, self._fault.lasts - (time.monotonic() - struck)))
            picked_up = await coming
        except NotSeen as problem:
            problems.append(str(problem))
            picked_up = PICKED_UP_WITHIN
        try:
            await self._patient.until_whole(within=WHOLE_WITHIN)
        except NotSeen as problem:
            problems.append(str(problem))
        whole = time.monotonic() - struck
        await self._serve_everybody(problems)
        lost, gap = await asyncio.to_thread(self._what_they_heard, problems)
        return Row(
            fault=self._name,
            up=1,
            ringing=1,
            arriving=1,
            lost=lost,
            picked_up=picked_up,
            gap=gap,
            back=self._back_after(struck),
            whole=whole,
            problems=tuple(problems),
        )

    # --- the calls

    async def _two_calls(self) -> None:
        first, second = self._desks
        await second.console.paused()
        await first.console.ready()
        await self._calls(self._talks)
        await first.seat.answer(within=15)
        await self._see(self._talks, lambda view: view.state == "talking" and view.legs[0].place == "elder")
        await self._calls(self._waits)
        await people_talk(2)

    async def _calls(self, caller: Caller) -> None:
        caller.began = datetime.now(UTC)
        await caller.elder.press_key(within=10)

    async def _see(self, caller: Caller, wanted: Callable[[CaseView], bool]) -> None:
        console = self._desks[0].console
        number = caller.elder.number[-8:]
        view = await console.new_case(caller_ends=number, after=caller.began, within=15)
        await console.case(view.id, wanted, what=f"the call of {caller.elder.name} did not come so far", within=15)

    async def _somebody_calls(self) -> float:
        """As long as nobody picks up they press the key again; seconds until somebody did. Raises NotSeen."""
        caller = self._comes
        caller.began, began = datetime.now(UTC), time.monotonic()
        while time.monotonic() - began < PICKED_UP_WITHIN:
            with suppress(NotSeen):
                await caller.elder.press_key(within=15)
                return time.monotonic() - began
            await caller.elder.line.hang_up()
        raise NotSeen(f"{caller.elder.name}: nobody picked up within {PICKED_UP_WITHIN:g} s")

    async def _dead_lines_are_put_down(self) -> None:
        await asyncio.sleep(PUTS_DOWN_AFTER)
        for caller in (self._talks, self._waits):
            await caller.elder.line.hang_up()

    # --- afterwards

    async def _serve_everybody(self, problems: list[str]) -> None:
        """Both agents take what rings, talk, and file an outcome, until each caller's need is closed."""
        serving = [asyncio.create_task(self._serve(desk), name=f"serve-{desk.seat.extension}") for desk in self._desks]
        try:
            async with asyncio.timeout(SERVED_WITHIN):
                while not all([await self._is_closed(caller) for caller in self._callers]):  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.5)
        except TimeoutError:
            open_still = [caller.elder.name for caller in self._callers if not await self._is_closed(caller)]
            problems.append(f"not served within {SERVED_WITHIN:g} s: {', '.join(open_still)}")
        finally:
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            for desk in self._desks:
                desk.seat.auto_answer = None  # or the next trial's calls are answered twice

    async def _serve(self, desk: Desk) -> None:
        desk.seat.auto_answer = 0.3
        taken: dict[str, float] = {}
        while True:
            with suppress(*_AWAY):
                await desk.console.ready()
                if not any(_talks_at(view, desk) for view in desk.console.cases.values()):
                    await self._put_down(desk)
                for view in tuple(desk.console.cases.values()):
                    if view.state == "wrapping_up":
                        await desk.console.act(view.id, "close", outcome="other", note="演练 / a drill")
                    elif not _talks_at(view, desk):
                        taken.pop(view.id, None)
                    elif time.monotonic() - taken.setdefault(view.id, time.monotonic()) > TALK:
                        await desk.console.act(view.id, "close", outcome="other", note="演练 / a drill")
            await asyncio.sleep(0.5)

    async def _put_down(self, desk: Desk) -> None:
        """Of a call that the ladder brought, no case stands on the screen until it is over."""
        for line in desk.seat.lines:
            if line.answered is not None and line.over is None and line.seconds > 2 * TALK:
                await line.hang_up()

    async def _is_closed(self, caller: Caller) -> bool:
        """Every case of this caller's since the key is closed, and there is one."""
        views = [
            view
            for view in tuple(self._desks[0].console.cases.values())
            if could_be(view.caller, caller.elder.number[-8:]) and view.opened_at and view.opened_at >= caller.began
        ]
        states = [state for view in views if (state := await self._state_of(view))]
        return bool(states) and all(state == "closed" for state in states)

    async def _state_of(self, view: CaseView) -> str:
        """Empty for a case that is none: a controller had told of it, and lost the lease before it was written down."""
        if view.state == "closed":
            return view.state
        try:
            return (await self._desks[0].console.read_case(view.id)).state
        except Refused as refused:
            return "" if refused.status == 404 else view.state
        except (aiohttp.ClientError, TimeoutError):
            return view.state

    # --- what it was like

    def _what_they_heard(self, problems: list[str]) -> tuple[int, float]:
        """How many never spoke with an agent at last, and the longest silence on a line that was not cut."""
        lost, gap = 0, 0.0
        lines = {caller.elder.name: [line for line in caller.elder.lines if line.answered] for caller in self._callers}
        ears = [line.ear for of_caller in lines.values() for line in of_caller]
        heard = dict(zip(ears, Ear.of_the_town().listen_to(ears), strict=True))
        for caller in self._callers:
            spoken = 0.0
            for line in lines[caller.elder.name]:
                hearing = heard[line.ear]
                if isinstance(hearing, SoundError):
                    problems.append(f"{caller.elder.name}: {hearing}")
                    continue
                spoken = hearing.voice("agent_a") + hearing.voice("agent_b")
                if not self._was_cut(caller, line):
                    gap = max(gap, hearing.longest_silence().seconds)
            lost += spoken < ENOUGH
        return lost, gap

    def _was_cut(self, caller: Caller, line: Line) -> bool:
        return self._fault.cuts and caller is not self._comes and line is caller.elder.lines[0]

    def _back_after(self, struck: float) -> float:
        """Until the last of those who were cut was on the line again."""
        if not self._fault.cuts:
            return 0.0
        again = [
            min((line.answered for line in caller.elder.lines[1:] if line.answered is not None), default=None)
            for caller in (self._talks, self._waits)
        ]
        return max((at - struck for at in again if at is not None), default=0.0)


def _talks_at(view: CaseView, desk: Desk) -> bool:
    legs = [leg for leg in view.legs if leg.number == desk.seat.extension and leg.state == "answered"]
    elders = [leg for leg in view.legs if leg.kind in {"elder", "second"} and leg.state == "answered"]
    return bool(legs and elders) and legs[-1].place == "elder"
