"""A care call as the procedure knows it: frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ivr.care.vocabulary import CareCallState, CareQuestion


@dataclass(frozen=True, slots=True)
class CareCall:
    """`latest`: no further try begins after it. `must_answer`: no answer is looked after (contacts, then a case).
    `tries` of dialling so far; `repeats` of the message in this try; `answer`: the key or `speech`, empty until
    there is one; `question`: what the keys mean is in `questions.py`."""

    latest: datetime
    must_answer: bool = False
    state: CareCallState = CareCallState.RINGING
    tries: int = 1
    repeats: int = 0
    answer: str = ""
    question: CareQuestion = CareQuestion.WELL
