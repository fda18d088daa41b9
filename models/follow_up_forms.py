"""What is asked in a follow-up call, by its kind: questions, each with the answers that can be chosen. Pure.

Nobody has to answer: what was not asked, or not answered, is left out. The words stand in `web/words/follow_ups.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ivr.vocabulary import FollowUpKind
from models.refusing import refuse

_YES_NO: Final = ("yes", "no")
_YES_PARTLY_NO: Final = ("yes", "partly", "no")
_STATES: Final = ("well", "recovering", "in_hospital", "worse")


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    choices: tuple[str, ...]


_STATE: Final = Question("state_now", _STATES)
_OF_SERVICE: Final = (
    Question("came", _YES_NO),
    Question("on_time", _YES_NO),
    Question("long_enough", _YES_NO),  # T1: 50 minutes by default
    Question("as_agreed", _YES_PARTLY_NO),
    Question("price_right", _YES_NO),
)
FORMS: Final[Mapping[FollowUpKind, tuple[Question, ...]]] = {
    FollowUpKind.EMERGENCY: (
        _STATE,
        Question("help_in_time", _YES_NO),
        Question("terminal_works", _YES_NO),
        Question("file_right", _YES_NO),
    ),
    FollowUpKind.CONSULTATION: (Question("answered", _YES_PARTLY_NO), Question("more_wanted", _YES_NO)),
    FollowUpKind.LIFE_SERVICE: _OF_SERVICE,
    FollowUpKind.VISIT: _OF_SERVICE,
    FollowUpKind.COMPLAINT: (Question("contacted", _YES_NO), Question("settled", _YES_PARTLY_NO)),
    FollowUpKind.CARE: (_STATE, Question("terminal_works", _YES_NO), Question("more_wanted", _YES_NO)),
}


def checked(kind: FollowUpKind, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers that were given; empty ones are left out. Raises FormRefused for what is no answer of this form."""
    form = {question.name: question.choices for question in FORMS[kind]}
    given = {name: answer for name, answer in answers.items() if answer}
    for name, answer in given.items():
        if answer not in form.get(name, ()):
            refuse(f"answers.{name}", "不是可选的答案", "this is no answer to choose")
    return given
