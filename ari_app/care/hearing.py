"""What is heard on the line of a care call, and what it is worth: a word after the question is an answer; who speaks on
and on while we speak is a voicemail, or a television, and then only keys count. Pure: times come from outside.

Asterisk tells of stretches of sound (TALK_DETECT, an energy test), each over after a second of quiet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Hearing:
    """`longest`: seconds for which a person speaks at a stretch while they are spoken to. Times are seconds of any
    clock that goes on."""

    longest: float
    _asked: bool = False
    _since: float | None = None  # when the stretch began that goes on
    _answers: bool = False  # it began after the question
    _machine: bool = False

    def we_speak(self) -> None:
        """Words are being played: what is said meanwhile is no answer."""
        self._asked = False

    def we_ask(self) -> None:
        """The question has been heard out."""
        self._asked = True

    def begins(self, at: float) -> None:
        self._since, self._answers = at, self._asked

    def ends(self, at: float) -> bool:
        """A stretch is over; whether it was an answer."""
        if self._since is None:
            return False
        long, answers = at - self._since >= self.longest, self._answers
        self._machine = self._machine or (long and not answers)
        self._since = None
        return answers and not long and not self._machine

    def is_machine(self, at: float) -> bool:
        """Somebody has spoken over our words for too long, or still does."""
        goes_on = self._since is not None and not self._answers and at - self._since >= self.longest
        return self._machine or goes_on
