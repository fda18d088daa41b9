"""Which recordings are drawn (K5): two of each agent and month, one of them an emergency. Pure: by a seed that is kept,
anybody can draw again and must come to the same.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EACH_MONTH: Final = 2  # K5


class Drawn(StrEnum):
    """As what a call was drawn; `instead`: the place of an emergency, of which the agent had none."""

    EMERGENCY = "emergency"
    ANY = "any"
    INSTEAD = "instead"


class Shortfall(StrEnum):
    """Why an agent has not what the rule asks for."""

    NO_CALLS = "no_calls"
    TOO_FEW = "too_few"
    NO_EMERGENCY = "no_emergency"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that an agent has taken, with the recording of it that can be listened to."""

    agent: int
    case: str
    recording: str
    emergency: bool


@dataclass(frozen=True, slots=True)
class Lot:
    """What was drawn for one agent. `fingerprint` is that of the calls that there were to draw from."""

    agent: int
    calls: int
    emergencies: int
    fingerprint: str
    drawn: tuple[tuple[Candidate, Drawn], ...]
    shortfall: Shortfall | None


def draw_for(
    agent: int,
    candidates: Iterable[Candidate],
    *,
    seed: int,
    month: str,
    before: Sequence[Candidate] = (),
) -> Lot:
    """Fill up to the rule what was drawn `before` in this month. The order of the candidates does not matter."""
    calls = sorted((one for one in candidates if one.agent == agent), key=lambda one: (one.case, one.recording))
    chance = random.Random(f"{seed}/{month}/{agent}")
    left = [one for one in calls if one.case not in {earlier.case for earlier in before}]
    drawn: list[tuple[Candidate, Drawn]] = []
    needed = EACH_MONTH - len(before)
    has_emergency = any(one.emergency for one in before)
    urgent = [one for one in left if one.emergency]
    if not has_emergency and urgent:  # also when both were drawn before the month had one
        drawn.append((chance.choice(urgent), Drawn.EMERGENCY))
        has_emergency = True
    while len(drawn) < needed and (rest := [one for one in left if one not in [taken for taken, _ in drawn]]):
        as_what = Drawn.ANY if has_emergency or len(drawn) + len(before) < EACH_MONTH - 1 else Drawn.INSTEAD
        drawn.append((chance.choice(rest), as_what))
    return Lot(
        agent=agent,
        calls=len(calls),
        emergencies=sum(one.emergency for one in calls),
        fingerprint=fingerprint(calls),
        drawn=tuple(drawn),
        shortfall=_shortfall(len(before) + len(drawn), has_emergency),
    )


def fingerprint(calls: Collection[Candidate]) -> str:
    """Of the calls that there were; another one whenever one of them is another."""
    told = "\n".join(sorted(f"{one.case} {one.recording} {int(one.emergency)}" for one in calls))
    return hashlib.sha256(told.encode()).hexdigest()


def _shortfall(have: int, has_emergency: bool) -> Shortfall | None:
    if have == 0:
        return Shortfall.NO_CALLS
    if have < EACH_MONTH:
        return Shortfall.TOO_FEW
    return None if has_emergency else Shortfall.NO_EMERGENCY
