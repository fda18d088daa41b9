"""What can be asked in a care call, and what the keys mean then. Whatever is asked, there is a key for an agent; every
other key says the question again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ivr.care.vocabulary import CareQuestion, CareWords
from ivr.vocabulary import RATING_KEYS, Rating


@dataclass(frozen=True, slots=True)
class Question:
    """`words` are what is said; `answers`: key to the words that it is thanked with; `talk`: the key for an agent;
    `graded`: the answer is a grade, so a word that is spoken is none, and it stays when an agent is asked for
    after it."""

    words: tuple[CareWords, ...]
    answers: Mapping[str, CareWords]
    talk: str
    graded: bool


# A spoken word is no grade.
_GRADES: Final = {
    key: CareWords.SORRY if grade is Rating.DISSATISFIED else CareWords.THANKS for key, grade in RATING_KEYS.items()
}
QUESTIONS: Final[Mapping[CareQuestion, Question]] = {
    CareQuestion.WELL: Question(
        (CareWords.GREETING, CareWords.MESSAGE, CareWords.QUESTION), {"1": CareWords.THANKS}, talk="2", graded=False
    ),
    CareQuestion.SERVICE: Question((CareWords.GREETING, CareWords.HOW_WAS_SERVICE), _GRADES, talk="0", graded=True),
    CareQuestion.CONSULTATION: Question(
        (CareWords.GREETING, CareWords.HOW_WAS_CONSULTATION), _GRADES, talk="0", graded=True
    ),
}
