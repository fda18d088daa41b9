"""What an ear says it has heard, as plain values. How it is found is `ear.py`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["prompt", "music", "voice", "unknown", "silence"]

PAUSE = 1.0  # seconds: a shorter pause does not end what one person says


@dataclass(frozen=True, slots=True)
class Heard:
    """`start` and `end` in seconds from the pick-up, each true to a quarter of a second (silence: to 20 ms)."""

    kind: Kind
    name: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.start:7.2f} – {self.end:7.2f}  {self.kind:8} {self.name}"


@dataclass(frozen=True, slots=True)
class Hearing:
    """Everything that was heard in `seconds`, in order of beginning; talkers may overlap."""

    seconds: float
    heard: tuple[Heard, ...]
    silences: tuple[Heard, ...]

    def longest_silence(self) -> Heard:
        """The longest time in which nothing at all was heard; of length 0 when there was none."""
        return max(self.silences, key=lambda silence: silence.seconds, default=Heard("silence", "", 0.0, 0.0))

    def of(self, kind: Kind, name: str | None = None) -> list[Heard]:
        """Every stretch of this kind, or of this one clip."""
        return [item for item in self.heard if item.kind == kind and name in (None, item.name)]

    def voice(self, name: str) -> float:
        """For how many seconds this voice was heard."""
        return sum(item.seconds for item in self.of("voice", name))

    def prompt(self, name: str) -> float:
        """For how many seconds this prompt was heard."""
        return sum(item.seconds for item in self.of("prompt", name))

    def music(self) -> float:
        """For how many seconds music was heard."""
        return sum(item.seconds for item in self.of("music"))

    def __str__(self) -> str:
        rows = sorted([*self.heard, *(s for s in self.silences if s.seconds >= PAUSE)], key=lambda item: item.start)
        return "\n".join(str(row) for row in rows)


def hearing_from_json(told: dict[str, Any]) -> Hearing:
    """As `dataclasses.asdict` has written it."""
    heard, silent = (tuple(Heard(**one) for one in told[name]) for name in ("heard", "silences"))
    return Hearing(told["seconds"], heard, silent)
