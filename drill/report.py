"""What a story had to show, step by step, and whether it did: ✓ or ✗, with times and the reason for each ✗."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from drill.telling import Words, pad


@dataclass(frozen=True, slots=True)
class Step:
    """`detail` is a measured value, or why the step did not happen."""

    words: Words
    happened: bool
    at: datetime | None = None
    detail: str = ""

    def __str__(self) -> str:
        when = f"{self.at:%H:%M:%S}.{self.at.microsecond // 1000:03d}" if self.at else " " * 12
        text = (
            f"{'✓' if self.happened else '✗'} {when}  {pad(self.words[0], 34)} {pad(self.words[1], 40)} {self.detail}"
        )
        return text.rstrip()


@dataclass(slots=True)
class StoryReport:
    """All steps of one story in the order in which they were expected; `case` is its id."""

    case: str = ""
    steps: list[Step] = field(default_factory=list)

    def expect(self, words: Words, happened: bool, *, at: datetime | None = None, detail: str = "") -> None:
        """Write down one step."""
        self.steps.append(Step(words, happened, at, detail))

    @property
    def missing(self) -> list[Step]:
        return [step for step in self.steps if not step.happened]

    @property
    def passed(self) -> bool:
        return bool(self.steps) and not self.missing

    def __str__(self) -> str:
        return "\n".join(str(step) for step in self.steps)
