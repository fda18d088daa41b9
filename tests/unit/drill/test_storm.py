"""What a storm is, how it is heard, and what its table makes of it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drill.storm.crowd import Caller, Rung
from drill.storm.drill import _allow_open_files, sound_ports_of
from drill.storm.gauges import Gauges, Screen
from drill.storm.outcome import Outcome, looked_after, overtaken
from drill.storm.plan import Storm, StormFailed, arrivals
from drill.storm.sound import FRAME, SAMPLES, VOICE, is_sound, is_voice

START = datetime(2026, 1, 5, tzinfo=UTC)
SILENCE = b"\xd5" * FRAME


def test_the_storm_of_the_issue() -> None:
    storm = Storm()
    came = list(arrivals(storm))
    assert (storm.callers, storm.arrivals) == (1400, 70.0)
    assert [one.at for one in came] == sorted(one.at for one in came)
    assert sum(one.at < 10 for one in came) == 200
    assert max(sum(at <= one.at < at + 1 for one in came) for at in range(11, 70)) <= 21
    assert came == list(arrivals(storm)), "the same storm each time"
    assert sum(one.patience is None for one in came) == 140


@pytest.mark.parametrize("callers", [1, 1400, 10_000])
def test_every_leg_has_its_ports(callers: int) -> None:
    assert sound_ports_of(Storm(calls=callers, during=0.0)) >= min(2 * callers, 20_000)


def test_an_agents_voice_is_known_from_music_and_silence() -> None:
    chord = bytes(_code(6000 * (math.sin(n / 3) + math.sin(n / 5))) for n in range(FRAME))
    assert is_sound(VOICE)
    assert is_voice(VOICE)
    assert is_sound(chord)
    assert not is_voice(chord)
    assert not is_sound(SILENCE)
    assert not is_voice(SILENCE)
    assert not is_sound(b"")


def _code(sample: float) -> int:
    """The A-law code next to it."""
    return min(range(256), key=lambda code: abs(SAMPLES[code] - sample))


def case(opened: float, reserved: float | None, **more: Any) -> dict[str, Any]:
    """One case as a screen sees it; times in seconds."""
    taken = [] if reserved is None else [{"event": "seat_reserved", "at": _at(reserved)}]
    return {"opened_at": _at(opened), "timeline": taken, "state": "ringing_seats", "searching": [], "legs": [], **more}


def _at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def test_who_was_served_in_order_overtook_nobody() -> None:
    assert overtaken([case(0, 5), case(1, 6), case(2, 7), case(3, None)]) == 0
    assert overtaken([]) == 0


def test_each_one_who_was_overtaken_is_counted() -> None:
    assert overtaken([case(0, 9), case(1, None), case(2, 8)]) == 2


def test_calls_of_the_same_moment_may_be_served_in_either_order() -> None:
    assert overtaken([case(0.0, 9), case(0.1, 8)]) == 0


def test_a_case_is_looked_after_while_somebody_is_called_about_it() -> None:
    seat = {"kind": "seat", "state": "ringing"}
    assert looked_after(case(0, None, searching=["A"]))
    assert looked_after(case(0, 1, legs=[seat]))
    assert not looked_after(case(0, 1, legs=[{**seat, "state": "ended"}]))
    assert not looked_after(case(0, 1, legs=[{"kind": "elder", "state": "answered"}])), "waits, and nobody comes"
    assert not looked_after(case(0, 1, legs=[seat], state="closed"))


def outcome(**changes: Any) -> Outcome:
    quiet = {"tasks": 9.0, "controller": 100.0, "asterisk": 60.0}
    gauges = Gauges({"controller": 1, "asterisk": 2}, before=quiet, most=quiet, now=quiet)
    values = {"callers": [], "lost": [], "overtaken": 0, "reassured": 0, "rung": Rung(), "gauges": gauges}
    return Outcome(**{**values, "screen": Screen(), **changes})


def test_a_storm_without_loss_has_passed() -> None:
    assert outcome().passed
    assert "✗" not in str(outcome())


@pytest.mark.parametrize(
    "trouble",
    [
        {"lost": [Caller("1", None)]},
        {"callers": [Caller("1", None)]},
        {"overtaken": 1},
        {"screen": Screen(broken=1)},
        {"screen": Screen(latest=60.0)},
        {"rung": Rung(most_of_one=2)},
        {"problems": ["seat 8201: the outcome was refused"]},
    ],
)
def test_whatever_went_wrong_fails_the_storm(trouble: dict[str, Any]) -> None:
    assert not outcome(**trouble).passed


@pytest.mark.parametrize(
    ("name", "value"),
    [("tasks", 12.0), ("controller", 133.0), ("asterisk", 99.0), ("orders", 1.0), ("in_the_row", 2.0)],
)
def test_what_does_not_go_back_to_where_it_was_fails_the_storm(name: str, value: float) -> None:
    told = outcome()
    told.gauges.now = {**told.gauges.now, name: value}
    assert not told.passed


def test_too_few_open_files_are_told_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda which: (1024, 4096))
    with pytest.raises(StormFailed, match="4096 open files are too few"):
        _allow_open_files(11_700)
