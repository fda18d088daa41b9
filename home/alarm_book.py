"""What maintenance is to be told: one message for each problem, one when it is over, one for each kind of event and a
while; kept in a file until it is sent, so that neither a restart nor a net that is away loses it.

It decides what is to be said and when, and knows neither clock nor network: `now` is Unix time in seconds. Words are
handed in as keys and names; no personal data may be among them.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

FILE: Final = "alarms.json"
GONE_FOR: Final = 60.0  # seconds of absence after which a problem counts as over: what flickers is one problem
QUIET_FOR: Final = 900.0  # seconds after an event in which more of its kind are only counted
KEPT: Final = 200  # messages that may wait; the oldest are given up for newer ones

Kind = Literal["problem", "over", "event"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: `code` has the words, `names` fills their blanks, `at` is when it happened, `count` how often."""

    kind: Kind
    code: str
    at: float
    count: int = 1
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Owed:
    notice: Notice
    done: set[str] = field(default_factory=set)  # who has got it


@dataclass(slots=True)
class _Problem:
    since: float
    seen: float
    told: bool = False


@dataclass(slots=True)
class _Event:
    told: float
    more: int = 0
    names: Mapping[str, str] = field(default_factory=dict)


class AlarmBook:
    """`addresses`: names of those who are to get every message. `noted` is called with each message at once.
    `patience`: for how many seconds a problem must have lasted before it is told, `usual_patience` where its code is
    not named; `gone_for`: how long it must have been away to count as over."""

    def __init__(
        self,
        file: Path,
        addresses: Collection[str],
        *,
        noted: Callable[[Notice], None],
        patience: Mapping[str, float] | None = None,
        usual_patience: float = 10.0,
        gone_for: float = GONE_FOR,
    ) -> None:
        self._file = file
        self._addresses = frozenset(addresses)
        self._noted = noted
        self._patience = patience or {}
        self._usual = usual_patience
        self._gone_for = gone_for
        self._problems: dict[str, _Problem] = {}
        self._events: dict[str, _Event] = {}
        self._owed: list[_Owed] = []
        self.running_before = False  # the last life of the platform had no proper end

    # --- what happens -----------------------------------------------------------------------------------------------

    def present(self, codes: set[str], now: float) -> None:
        """These problems are there now, and no others."""
        for code in codes:
            problem = self._problems.setdefault(code, _Problem(since=now, seen=now))
            problem.seen = now
            if not problem.told and now - problem.since >= self._patience.get(code, self._usual):
                problem.told = True
                self._owe(Notice("problem", code, problem.since))
        for code, problem in tuple(self._problems.items()):
            if code in codes:
                continue
            if not problem.told:
                del self._problems[code]
            elif now - problem.seen >= self._gone_for:
                del self._problems[code]
                self._owe(Notice("over", code, problem.seen))

    def happened(self, code: str, now: float, *, count: int = 1, **names: str) -> None:
        """An event: told at once, but for those that follow closely; they are counted and told together."""
        key = f"{code} {' '.join(names.values())}"
        known = self._events.get(key)
        if known is not None and now - known.told < QUIET_FOR:
            known.more += count
            known.names = {"code": code, **names}
            return
        self._events[key] = _Event(now)
        self._owe(Notice("event", code, now, count, names))

    def tick(self, now: float) -> None:
        """What was only counted is told when the quiet time is over."""
        for key, event in tuple(self._events.items()):
            if now - event.told < QUIET_FOR:
                continue
            if event.more:
                names = dict(event.names)
                self._owe(Notice("event", names.pop("code"), now, event.more, names))
                self._events[key] = _Event(now)
            else:
                del self._events[key]

    def _owe(self, notice: Notice) -> None:
        self._noted(notice)
        if self._addresses:
            self._owed.append(_Owed(notice))
            del self._owed[:-KEPT]

    # --- sending ----------------------------------------------------------------------------------------------------

    def next_for(self, address: str) -> Notice | None:
        """The oldest message that this address has not got."""
        return next((owed.notice for owed in self._owed if address not in owed.done), None)

    def sent(self, notice: Notice, address: str) -> None:
        for owed in self._owed:
            if owed.notice is notice:
                owed.done.add(address)
        self._owed = [owed for owed in self._owed if not owed.done >= self._addresses]

    # --- over a restart ---------------------------------------------------------------------------------------------

    def load(self) -> None:
        """What a former life knew and owed. A file that cannot be read is begun anew: it holds nothing but notices."""
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            self._problems = {code: _Problem(**problem) for code, problem in kept["problems"].items()}
            owed = [_Owed(Notice(**one["notice"]), set(one["done"])) for one in kept["owed"]]
            self._owed = owed if self._addresses else []
            self.running_before = bool(kept["running"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._problems, self._owed, self.running_before = {}, [], False

    def save(self, *, running: bool) -> None:
        """Raises OSError."""
        body: dict[str, Any] = {
            "running": running,
            "problems": {code: asdict(problem) for code, problem in self._problems.items() if problem.told},
            "owed": [{"notice": asdict(owed.notice), "done": sorted(owed.done)} for owed in self._owed],
        }
        draft = self._file.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(body, file, ensure_ascii=False)
        draft.replace(self._file)
