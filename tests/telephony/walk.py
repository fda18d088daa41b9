"""A walk through a town in which everybody does as they please: one act after the other, drawn by a seed.

What people do is drawn from the seed; how long the machine takes for it is not, so the same seed walks nearly, not
exactly, the same way.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from ari_app.ari import AriError
from ari_app.runner import CaseRun
from drill import behaviour
from drill.behaviour import Behaviour
from drill.chronicle import NotSeen
from drill.line import Line
from drill.people import Elder, Seat
from ivr.actions import Action
from ivr.decide import actions_now
from ivr.vocabulary import Aid, CaseState, Outcome, Role, Skill, Topic

from .aftermath import is_in_somebodys_hands, open_runs
from .house import House

KEYS = ("1", "2", "9", "5", "*44", "*45", "*4")
# How readily an agent asks for an action that can be asked for; the ends come seldom, so that there is a middle.
EAGER = {
    "close": 0.1,
    "arrived": 0.2,
    "stand_down": 0.4,
    "hangup": 0.4,
    "classify": 0.1,
    "draft_order": 0.1,
    "draft_complaint": 0.1,
    "emergency": 1.5,
    "silent": 1.5,
    "call": 1.5,
}
NONSENSE = 0.1  # the share of actions that cannot be asked for at that moment
WHIMS: tuple[Behaviour, ...] = (
    behaviour.Answers(voice="son", ring=0.3, listen=0.5, keys="1"),
    behaviour.Answers(voice="daughter", ring=0.5, listen=1.0, keys="91"),
    behaviour.Answers(voice="", ring=0.3, listen=0.5, keys="2"),
    behaviour.Answers(voice="elder_answers", ring=0.3),
    behaviour.Answers(voice="", ring=0.3),
    behaviour.PutsDown(ring=0.3, stay=0.3),
    behaviour.Refuses("busy"),
    behaviour.Refuses("rejected"),
    behaviour.Refuses("unreachable"),
    behaviour.RingsOn(),
)


@dataclass(frozen=True, slots=True)
class Whim:
    """Deals with each call in another way."""

    chance: random.Random

    async def meet(self, line: Line) -> None:
        await self.chance.choice(WHIMS).meet(line)


@dataclass(frozen=True, slots=True)
class Act:
    """`weight`: how likely it is, beside the others that could be done now."""

    what: str
    weight: float
    do: Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Walk:
    """`told`: every act, with the seconds since the first, to be printed when something is wrong; `done`: how often an
    action was carried out."""

    house: House
    seed: int
    elders: Sequence[str]
    seats: Sequence[str]
    contacts: Sequence[str]
    told: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    async def go(self, acts: int, *, pause: float) -> None:
        """That many acts, `pause` seconds between two. After each of them every case is in somebody's hands."""
        chance, town = random.Random(self.seed), self.house.town
        elders = [town.elder(number, name=f"elder {number}") for number in self.elders]
        for elder in elders:
            elder.when_called = Whim(random.Random(f"{self.seed} {elder.number}"))
        for number in (*self.contacts, "110", "119", "120"):
            town.relative(number, Whim(random.Random(f"{self.seed} {number}")), name=number)
        seats = [town.seat(extension) for extension in self.seats]
        for _ in range(acts):
            possible = [*self._elders(chance, elders), *self._telephones(chance, seats), *self._screens(chance)]
            act = chance.choices(possible, [act.weight for act in possible])[0]
            self._tell(act.what)
            try:
                await act.do()
            except (NotSeen, AriError) as missed:  # it was over before they came to it
                self._tell(f"    too late: {missed}")
            forgotten = [run.case for run in open_runs(self.house) if not is_in_somebodys_hands(run.case)]
            assert forgotten == []
            await asyncio.sleep(pause)

    def _tell(self, what: str) -> None:
        self.told.append(f"{datetime.now(UTC):%H:%M:%S.%f} {what}")

    # --- what people could do now

    def _elders(self, chance: random.Random, elders: Sequence[Elder]) -> Iterator[Act]:
        for elder in elders:
            line, name, key = _live(elder.lines), elder.name, chance.choice(KEYS)
            if line is None:
                yield Act(f"{name} presses the key", 1.0, elder.press_key)
                yield Act(f"{name} presses the key and is silent", 0.7, partial(elder.press_key, silent=True))
            elif line.answered is not None:
                yield Act(f"{name} speaks", 1.5, partial(line.say, "elder_help"))
                yield Act(f"{name} falls silent", 0.7, line.fall_silent)
                yield Act(f"{name} presses {key}", 0.5, partial(line.press, key))
                yield Act(f"{name} hangs up", 0.3, line.hang_up)

    def _telephones(self, chance: random.Random, seats: Sequence[Seat]) -> Iterator[Act]:
        for seat in seats:
            line, name, key = _live(seat.lines), seat.name, chance.choice(KEYS)
            if line is None:
                code = chance.choice(("*41", "*42", "*43"))
                yield Act(f"{name} dials {code}", 0.3, partial(seat.dial, code))
                yield Act(f"{name} is unplugged, and plugged in again", 0.05, partial(_replug, seat))
            elif line.answered is None:
                yield Act(f"{name} answers", 5.0, partial(seat.answer, within=0.1))
                yield Act(f"{name} rejects", 0.5, partial(line.refuse, "rejected"))
            else:
                yield Act(f"{name} presses {key}", 0.4, partial(line.press, key))
                yield Act(f"{name} hangs up", 0.2, line.hang_up)

    def _screens(self, chance: random.Random) -> Iterator[Act]:
        for seat in self.seats:
            yield Act(f"screen {seat}: ready", 0.5, self.house.agent(seat).is_ready)
        for run in open_runs(self.house):
            over = run.case.state is CaseState.WRAPPING_UP
            every = actions_now(run.case, self.house.controller.policy, datetime.now(UTC))
            possible = [name for name in every if name != "hold"]  # asked of a phone
            names = tuple(Action) if not possible or chance.random() < NONSENSE else possible
            name = chance.choices(names, [3.0 if over and name == "close" else EAGER.get(name, 1.0) for name in names])[
                0
            ]
            seat, fields = chance.choice(self.seats), self._fields(chance, run)
            what = f"screen {seat}: {name} {fields} in {run.case.id} ({run.case.state})"
            yield Act(what, 2.0, partial(self._ask, seat, run.case.id, name, fields))

    async def _ask(self, seat: str, case: str, action: str, fields: dict[str, str]) -> None:
        status, answer = await self.house.agent(seat).asks(action, case=case, **fields)
        assert status < 500, answer
        if status == 200:
            self.done[action] += 1
        else:
            self._tell(f"    {status} {answer['error']['message']}")

    def _fields(self, chance: random.Random, run: CaseRun) -> dict[str, str]:
        """Something for every field that an action may want."""
        contacts = [f"contact:{card.id}" for card in run.case.file.contacts] if run.case.file else []
        return {
            "leg": chance.choice([leg.id for leg in run.case.live()] or ["elder"]),
            "target": chance.choice(
                ["120", "110", "119", "contacts", "elder", f"number:{self.contacts[0]}", *contacts]
            ),
            "skill": str(chance.choice(list(Skill))),
            "role": str(chance.choice((Role.A, Role.B))),
            "extension": chance.choice(self.seats),
            "outcome": str(chance.choice(list(Outcome))),
            "topic": str(chance.choice(list(Topic))),
            "aid": str(chance.choice(list(Aid))),
            "words": "演示",
            "wish": "演示",
            "note": "",
        }


def _live(lines: Sequence[Line]) -> Line | None:
    return next((line for line in lines if line.over is None), None)


async def _replug(seat: Seat) -> None:
    await seat.unplug()
    await seat.plug_in()
