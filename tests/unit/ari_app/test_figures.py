"""The controller's figures: what calls, seats, journal and link leave in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.core import Metric

from ari_app.figures import Figures, now_families
from ivr.case import Case, Leg
from ivr.commands import Dial, OpenExceptionReport
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, LegKind, LegState, Outcome, Role
from models.journal_entry import JournalEntry
from tests.unit.ari_app.platform import NUMBER, Platform, platform, whole_recordings

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
OPENED = datetime(2026, 1, 5, 8, tzinfo=UTC)


def values(families: Iterable[Metric]) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def counted(figures: Figures) -> dict[tuple[str, ...], float]:
    return values(figures.registry.collect())


def after(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def entry(case: Case, event: str, at: datetime, *, seq: int = 2, **more: object) -> JournalEntry:
    return JournalEntry(case=case, seq=seq, at=at, event=event, actor="system", **more)  # type: ignore[arg-type]


@pytest.fixture
async def p(tmp_path: Path, whole_recordings: None) -> AsyncIterator[Platform]:
    async with platform(tmp_path) as made:
        yield made


def now(p: Platform) -> dict[tuple[str, ...], float]:
    c = p.controller
    return values(
        now_families(
            c.runs.values(), c.desk, c.journal, c.policy, link_up=not c.link_problem, at=c.now() + timedelta(seconds=30)
        )
    )


@pytest.mark.parametrize(
    ("seconds", "within"), [(9.9, {"10.0", "15.0", "60.0", "180.0"}), (60.5, {"180.0"}), (181, set())]
)
def test_time_to_a_person_falls_into_the_bins_that_k1_asks_for(seconds: float, within: set[str]) -> None:
    figures = Figures()
    case = Case(id="one", opened_at=OPENED, answered_at=after(seconds), state=CaseState.TALKING)
    figures.decided(entry(case, "leg_answered", after(seconds)))
    figures.decided(entry(case, "prompt_finished", after(seconds + 1), seq=3))
    found = counted(figures)
    bins = {le: found["yjt_answer_seconds_bucket", "sos", le] for le in ("10.0", "15.0", "60.0", "180.0", "+Inf")}
    assert bins == {le: float(le in within or le == "+Inf") for le in bins}
    assert found["yjt_answer_seconds_count", "ordinary"] == 0


def test_pick_up_is_of_the_call_that_came_in_and_counted_once() -> None:
    figures = Figures()
    line = Leg("elder", LegKind.ELDER, "1", channel="17.1", state=LegState.ANSWERED, answered_at=after(0.03))
    case = Case(id="one", channel="17.1", opened_at=OPENED, legs=(line,))
    figures.decided(entry(case, "leg_answered", after(0.03)))
    seat = Leg("a-1", LegKind.SEAT, "801", role=Role.A, state=LegState.ANSWERED, answered_at=after(4))
    figures.decided(entry(case.with_leg(seat), "leg_answered", after(4)))
    called_back = Leg("elder", LegKind.ELDER, "1", state=LegState.ANSWERED, answered_at=after(90))
    figures.decided(entry(case.with_leg(called_back), "leg_answered", after(90)))
    found = counted(figures)
    assert found["yjt_pick_up_seconds_count",] == 1
    assert found["yjt_pick_up_seconds_bucket", "0.05"] == 1
    assert found["yjt_pick_up_seconds_bucket", "0.02"] == 0


def test_what_was_ordered_and_what_became_of_it() -> None:
    figures = Figures()
    case = Case(id="one", kind=CaseKind.SENSOR, opened_at=OPENED)
    back = Dial("elder-2", LegKind.ELDER, NUMBER, ring=30.0)
    figures.decided(entry(case, "device_reported", OPENED, seq=1, commands=(back, OpenExceptionReport(181.0))))
    for problem in ("", "the file is missing"):
        data = {"recording": "x.wav", "seconds": 1.0, "problem": problem}
        figures.decided(entry(case, "recording_ended", after(5), data=data))
    closed = Case(id="one", opened_at=OPENED, closed_at=after(9), state=CaseState.CLOSED, outcome=Outcome.FALSE_ALARM)
    figures.decided(entry(closed, "close_requested", after(9)))
    found = counted(figures)
    assert found["yjt_cases_opened_total", "sensor"] == 1
    assert found["yjt_call_backs_total",] == found["yjt_exception_reports_total",] == 1
    assert (found["yjt_recordings_total", "ok"], found["yjt_recordings_total", "failed"]) == (1, 1)
    assert found["yjt_cases_closed_total", "false_alarm"] == 1


async def test_a_caller_waits_until_somebody_answers(p: Platform) -> None:
    assert (now(p)["yjt_waiting_callers", "sos"], now(p)["yjt_longest_wait_seconds",]) == (0, 0)
    await p.sos()
    await p.elder_speaks()
    waiting = now(p)
    assert waiting["yjt_waiting_callers", "sos"] == 1
    assert waiting["yjt_longest_wait_seconds",] >= 30
    assert waiting["yjt_cases", "arriving", "sos"] == 1
    p.seats("801")
    await p.hears()
    assert now(p)["yjt_seats", "reserved"] == 1
    await p.answers("a-1")
    talking = now(p)
    assert (talking["yjt_waiting_callers", "sos"], talking["yjt_longest_wait_seconds",]) == (0, 0)
    assert (talking["yjt_cases", "talking", "sos"], talking["yjt_seats", "talking"]) == (1, 1)
    assert counted(p.controller.figures)["yjt_answer_seconds_count", "sos"] == 1


async def test_what_the_journal_cannot_write_is_seen_in_it(p: Platform) -> None:
    assert now(p)["yjt_journal_waiting_entries",] == 0
    await p.sos()
    waiting = now(p)
    assert waiting["yjt_journal_waiting_entries",] == p.controller.journal.lag > 0
    assert waiting["yjt_journal_lag_seconds",] > 0


async def test_alarms_and_the_link_are_counted(p: Platform) -> None:
    p.controller.link_lost("gone", final=False)
    p.controller.figures.asked(0.004, answered=True)
    p.controller.figures.asked(2.0, answered=False)
    p.controller.figures.heard()
    p.controller.figures.took_over()
    p.controller.figures.banned()
    p.controller.figures.alarmed(AlarmKind.NO_ROUTE)
    found = counted(p.controller.figures)
    assert found["yjt_ari_links_lost_total",] == found["yjt_ari_events_total",] == 1
    assert found["yjt_ari_request_seconds_bucket", "0.005"] == found["yjt_ari_request_seconds_count",] == 1
    assert found["yjt_ari_requests_failed_total",] == 1
    assert found["yjt_alarms_total", "no_route"] == 1
    assert found["yjt_take_overs_total",] == found["yjt_sip_bans_begun_total",] == 1
    assert now(p)["yjt_ari_link_up",] == 0
