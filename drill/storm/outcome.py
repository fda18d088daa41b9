"""What became of everybody in a storm, and the table that says it. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drill.storm.crowd import Caller, Rung
from drill.storm.gauges import WEB_WITHIN, Gauges, Screen
from drill.telling import Words, pad
from ivr.vocabulary import Prompt

AT_ONCE = 2.0  # seconds in which every caller is to be answered
_SLACK = 0.25  # seconds: calls that come together may be served in either order
BOARD_DELAY = 5.0  # seconds: a board that tells later what happens is of no use
_RINGS = frozenset({"dialling", "ringing", "answered"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `good` is None for what is only told."""

    words: Words
    value: str
    good: bool | None = None


@dataclass(slots=True)
class Outcome:
    """`lost`: callers whom nobody spoke with and whom no open case looks after. `overtaken`: cases that a later one was
    served before; `reassured`: callers who heard out that their place is kept."""

    callers: Sequence[Caller]
    lost: list[Caller]
    overtaken: int
    reassured: int
    rung: Rung
    gauges: Gauges
    screen: Screen
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not any(row.good is False for row in self.rows())

    def rows(self) -> list[Row]:
        return [*self._calls(), *self._cost()]

    def _calls(self) -> list[Row]:
        callers = self.callers
        pick_up = [caller.picked_up - caller.sent for caller in callers if caller.picked_up and caller.sent]
        sound = [caller.sound_at - caller.sent for caller in callers if caller.sound_at and caller.sent]
        person = [caller.person_at - caller.sent for caller in callers if caller.person_at and caller.sent]
        quick = sum(seconds <= AT_ONCE for seconds in pick_up)
        left = [caller for caller in callers if caller.left_at is not None]
        back = [caller for caller in left if caller.rung_back_at is not None]
        return [
            Row(("呼叫人数", "callers"), str(len(callers))),
            Row((f"{AT_ONCE:g} 秒内接通", f"answered within {AT_ONCE:g} s"), str(quick), quick == len(callers)),
            Row(("最长接通时间", "longest wait for the answer"), _seconds(pick_up)),
            Row(("最长听到提示音时间", "longest wait for a prompt"), _seconds(sound), len(sound) == len(callers)),
            Row(("听到“位置已留好”", "heard that their place is kept"), str(self.reassured)),
            Row(("与人通话", "spoke with a person"), str(len(person))),
            Row(("最长等到人工时间", "longest wait for a person"), _seconds(person)),
            Row(("未按先后接听", "served out of order"), str(self.overtaken), self.overtaken == 0),
            Row(("等候中挂机 / 已回拨", "hung up while waiting / called back"), f"{len(left)} / {len(back)}"),
            Row(("同时外呼振铃最多", "most lines rung at once"), str(self.rung.most)),
            Row(
                ("同一电话同时振铃最多", "most calls at one phone"),
                str(self.rung.most_of_one),
                self.rung.most_of_one <= 1,
            ),
            Row(("丢失", "lost"), str(len(self.lost)), not self.lost),
        ]

    def _cost(self) -> list[Row]:
        gauges, screen = self.gauges, self.screen
        return [
            Row(
                ("控制器内存 MB 前/最高/后", "controller's memory MB before/peak/after"),
                _three(gauges, "controller"),
                gauges.memory_back("controller"),
            ),
            Row(
                ("Asterisk 内存 MB 前/最高/后", "Asterisk's memory MB before/peak/after"),
                _three(gauges, "asterisk"),
                gauges.memory_back("asterisk"),
            ),
            Row(
                ("控制器任务 前/最高/后", "controller's tasks before/peak/after"),
                _three(gauges, "tasks"),
                gauges.tasks_back,
            ),
            Row(("同时在线事件最多", "most open cases"), f"{gauges.most.get('cases', 0):.0f}"),
            Row(("结束后仍在等候", "still waiting afterwards"), _named(gauges.left), not gauges.left),
            Row(("看板最长更新间隔", "longest gap on the board"), f"{screen.longest_gap:.2f} s"),
            Row(("看板最长延迟", "longest delay of the board"), f"{screen.latest:.2f} s", screen.latest < BOARD_DELAY),
            Row(
                ("看板消息 / 断开", "messages to the board / breaks"),
                f"{screen.messages} / {screen.broken}",
                not screen.broken,
            ),
            Row(
                ("新开看板 大小 / 用时", "a new board: size / time"),
                f"{screen.picture / 2**20:.1f} MB / {screen.picture_took:.2f} s",
                screen.picture_took < WEB_WITHIN,
            ),
            *(Row(("坐席问题", "trouble at a seat"), problem[:80], good=False) for problem in self.problems[:5]),
        ]

    def __str__(self) -> str:
        return "\n".join(_line(row) for row in self.rows())


def looked_after(case: Mapping[str, Any]) -> bool:
    """Somebody is being called about this open case: an agent is looked for, or a line rings or stands."""
    if case["state"] in {"wrapping_up", "closed"}:
        return False
    return bool(case["searching"]) or any(leg["state"] in _RINGS and leg["kind"] != "elder" for leg in case["legs"])


def reassured(cases: Iterable[Mapping[str, Any]]) -> int:
    """In how many cases the elder has heard out that their place is kept."""
    return sum(any(entry["data"].get("prompt") == Prompt.PLACE_KEPT for entry in case["timeline"]) for case in cases)


def overtaken(cases: Iterable[Mapping[str, Any]]) -> int:
    """How many cases were still waiting for their first seat when a later one had got its own."""
    served = []
    for case in cases:
        first = next((entry["at"] for entry in case["timeline"] if entry["event"] == "seat_reserved"), None)
        opened = case["opened_at"]
        if opened is not None:
            served.append((_clock(opened), float("inf") if first is None else _clock(first)))
    return sum(later < reserved for reserved, later in _with_later(sorted(served)))


def _with_later(served: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """When each got a seat, and when the first of those did who came clearly later."""
    found: list[tuple[float, float]] = []
    later, at = float("inf"), len(served)
    for opened, reserved in reversed(served):
        while at > 0 and served[at - 1][0] > opened + _SLACK:
            at -= 1
            later = min(later, served[at][1])
        found.append((reserved, later))
    return found


def _clock(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _seconds(values: Sequence[float]) -> str:
    return f"{max(values):.2f} s" if values else "-"


def _three(gauges: Gauges, name: str) -> str:
    return " / ".join(f"{found.get(name, 0):.0f}" for found in (gauges.before, gauges.most, gauges.now))


def _named(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f}" for name, value in values.items()) or "0"


def _line(row: Row) -> str:
    mark = " " if row.good is None else "✓" if row.good else "✗"
    return f"{mark} {pad(row.words[0], 30)} {pad(row.words[1], 42)} {row.value}"
