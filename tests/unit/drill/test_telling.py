"""The timeline in words: every step of a rescue has some, in columns that stand below each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drill.report import StoryReport
from drill.telling import columns, line, pad, step, warning
from ivr import events
from ivr.vocabulary import AlarmKind
from models.journal_entry import snake_case
from models.views import AlarmView, CaseView, LegView, TimelineView

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SILENT = {"prompt_finished", "timer_fired", "hangup_requested"}
DATA: dict[str, object] = {
    "leg": "contact-7-1",
    "extension": "801",
    "role": "A",
    "mode": "listen",
    "key": "1",
    "target": "120",
    "reason": "x" * 500,
    "skill": "doctor",
    "topic": "medical",
    "aid": "meals",
}


def leg(**changes: object) -> LegView:
    values: dict[str, object] = {
        "id": "contact-7-1",
        "kind": "contact",
        "role": None,
        "number": "12000000001",
        "name": "演示·赵儿",
        "contact": 7,
        "state": "ended",
        "place": "nowhere",
        "result": "busy",
        "dialled_at": NOW,
        "answered_at": None,
        "ended_at": NOW,
        "cause": 17,
    }
    return LegView(**{**values, **changes})  # type: ignore[arg-type]


def view(*legs: LegView) -> CaseView:
    nothing = dict.fromkeys(
        ("elder", "opened_at", "answered_at", "emergency_at", "arrived_at", "closed_at", "topic", "outcome")
    )
    return CaseView(
        id="c",
        kind="sos",
        state="emergency",
        caller="",
        note="",
        abandoned=False,
        legs=legs,
        **nothing,  # type: ignore[arg-type]
    )


def entry(event: str) -> TimelineView:
    return TimelineView(1, NOW, event, "line", None, dict(DATA))  # type: ignore[arg-type]


@pytest.mark.parametrize("event", sorted(snake_case(kind.__name__) for kind in events.Event.__args__))
def test_every_event_of_the_procedure_has_words_or_is_left_out_on_purpose(event: str) -> None:
    words = step(view(leg()), entry(event))
    assert (words is None) == (event in SILENT)
    if words is not None:
        assert words[0].strip()
        assert words[1].isascii()


@pytest.mark.parametrize(
    ("result", "zh", "en"),
    [("busy", "占线", "busy"), ("voicemail", "语音信箱", "voicemail"), ("accepted", "挂机", "hangs up")],
)
def test_the_end_of_a_leg_tells_its_result(result: str, zh: str, en: str) -> None:
    words = step(view(leg(result=result)), entry("leg_ended"))
    assert words is not None
    assert zh in words[0]
    assert en in words[1]


def test_a_leg_that_the_case_does_not_know_is_told_by_its_id() -> None:
    assert step(view(), entry("leg_ringing")) == ("contact-7-1 振铃", "contact-7-1 rings")


def test_a_long_reason_does_not_break_the_columns() -> None:
    words = step(view(), entry("command_failed"))
    assert words is not None
    assert len(words[1]) < 100


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_alarm_has_words_in_both_languages(kind: AlarmKind) -> None:
    zh, en = warning(AlarmView(kind, "120", NOW))
    assert not zh.isascii()
    assert en.isascii()
    assert en.endswith(": 120")
    assert kind not in zh


def test_columns_count_chinese_characters_twice() -> None:
    assert columns("坐席 801") == 8
    assert columns(pad("救援到达", 20)) == 20
    assert pad("救援到达", 4) == "救援到达"


def test_times_are_told_from_the_start_in_milliseconds() -> None:
    told = line(("救援到达", "help has arrived"), NOW + timedelta(seconds=61.2345), NOW)
    assert told.startswith("  +61.23")
    assert told.endswith("help has arrived")


def test_a_report_passes_only_when_every_step_happened() -> None:
    report = StoryReport("sos")
    assert not report.passed
    report.expect(("接通", "answered"), True, at=NOW, detail="0.020 s")
    assert report.passed
    report.expect(("救援到达", "arrival"), False)
    assert not report.passed
    assert [missing.words[1] for missing in report.missing] == ["arrival"]
    first, second = str(report).splitlines()
    assert first.startswith("✓ 08:00:00.000")
    assert first.endswith("0.020 s")
    assert second.startswith("✗")
