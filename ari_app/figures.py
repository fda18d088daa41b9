"""The controller's figures for Prometheus: counted while calls run, in plain additions; made into text when asked, in a
thread. No label may hold a person, a number or an address, and none more values than a vocabulary has words.

What is there to be read at any moment (cases, seats, the journal) is not counted but looked at: `now_families`.
"""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ari_app.desk import Desk, SeatState
from ari_app.journal import Journal
from ari_app.runner import CaseRun
from ivr import ids
from ivr.case import Case
from ivr.commands import Command, Dial, OpenExceptionReport
from ivr.overflow import needs_agent
from ivr.policy import Policy
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, LegKind, Outcome, PauseReason
from models.journal_entry import RECORDING_ENDED, JournalEntry

TO_ANSWER = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)  # seconds; K1 asks for 10, 15, 60 and 180
TO_PICK_UP = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
TO_REPLY = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
LATE = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3)
NO_OUTCOME, WHOLE, FAILED = "none", "ok", "failed"
LEG_ANSWERED = "leg_answered"
_REASONS = (*PauseReason, "no_answer")
TICK = 0.25  # seconds between two looks at how late the event loop is


class Figures:
    """One for each controller. Counting takes microseconds and never waits."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="yjt_controller", registry=self.registry)
        self._answered = self._histogram("yjt_answer_seconds", "From the alarm to a person (K1)", TO_ANSWER, "kind")
        self._picked_up = self._histogram("yjt_pick_up_seconds", "From a call's arrival to its pick-up", TO_PICK_UP)
        self._opened = self._counter("yjt_cases_opened", "Cases opened", "kind")
        self._closed = self._counter("yjt_cases_closed", "Cases closed", "outcome")
        self._call_backs = self._counter("yjt_call_backs", "Times that an elder was rung by us")
        self._reports = self._counter("yjt_exception_reports", "Alarms that waited longer than 180 s for a person")
        self._recordings = self._counter("yjt_recordings", "Recordings looked at after their end", "result")
        self._alarms = self._counter("yjt_alarms", "Alarms raised on cases", "kind")
        self._ari = self._histogram("yjt_ari_request_seconds", "Time until Asterisk answered a request", TO_REPLY)
        self._ari_failed = self._counter("yjt_ari_requests_failed", "Requests that got no answer")
        self._links_lost = self._counter("yjt_ari_links_lost", "Times that the link to Asterisk broke")
        self._take_overs = self._counter("yjt_take_overs", "Times that the active controller was missed and replaced")
        self._bans = self._counter("yjt_sip_bans_begun", "Times that a SIP address was banned")
        self._events = self._counter("yjt_ari_events", "Events heard from Asterisk")
        self._late = self._histogram("yjt_controller_loop_lag_seconds", "How late the controller's event loop is", LATE)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Prometheus sees growth only in what it has seen before."""
        for case_kind in CaseKind:
            self._answered.labels(case_kind)
            self._opened.labels(case_kind)
        for alarm_kind in AlarmKind:
            self._alarms.labels(alarm_kind)
        for outcome in (*Outcome, NO_OUTCOME):
            self._closed.labels(outcome)
        for result in (WHOLE, FAILED):
            self._recordings.labels(result)

    def _histogram(self, name: str, words: str, buckets: Iterable[float], *labels: str) -> Histogram:
        return Histogram(name, words, labels, buckets=tuple(buckets), registry=self.registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, registry=self.registry)

    # --- what happens -----------------------------------------------------------------------------------------------

    def decided(self, entry: JournalEntry) -> None:
        """One decision of a case: how long it took to come so far, and what is done."""
        case, at = entry.case, entry.at
        if entry.seq == 1:
            self._opened.labels(case.kind).inc()
        if case.answered_at == at and case.opened_at is not None:
            self._answered.labels(case.kind).observe((at - case.opened_at).total_seconds())
        if case.closed_at == at and case.state is CaseState.CLOSED:
            self._closed.labels(case.outcome or NO_OUTCOME).inc()
        if entry.event == LEG_ANSWERED:
            self._answered_by_us(case, at)
        elif entry.event == RECORDING_ENDED:
            self._recordings.labels(FAILED if entry.recorded[1] else WHOLE).inc()
        for command in entry.commands:
            self._ordered(command)

    def _answered_by_us(self, case: Case, at: datetime) -> None:
        """The call that came in is picked up, if this is what was answered now."""
        line = case.leg(ids.ELDER)
        if line is not None and line.answered_at == at and line.channel and case.opened_at is not None:
            self._picked_up.observe((at - case.opened_at).total_seconds())

    def _ordered(self, command: Command) -> None:
        if isinstance(command, Dial):
            if command.kind is LegKind.ELDER:
                self._call_backs.inc()
        elif isinstance(command, OpenExceptionReport):
            self._reports.inc()

    def alarmed(self, kind: str) -> None:
        self._alarms.labels(kind).inc()

    def asked(self, seconds: float, answered: bool) -> None:
        """A request to Asterisk has come to its end after so many seconds."""
        if answered:
            self._ari.observe(seconds)
        else:
            self._ari_failed.inc()

    def heard(self) -> None:
        self._events.inc()

    def link_lost(self) -> None:
        self._links_lost.inc()

    def took_over(self) -> None:
        self._take_overs.inc()

    def banned(self) -> None:
        self._bans.inc()

    async def watch_the_loop(self) -> None:
        """For ever: how late does what is due come to its turn?"""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + TICK
            await asyncio.sleep(TICK)
            self._late.observe(max(0.0, clock() - due))

    # --- what is asked ----------------------------------------------------------------------------------------------

    async def text(self, now: Iterable[Metric]) -> bytes:
        """All of it for Prometheus, with these families of the present moment."""
        return await asyncio.to_thread(generate_latest, _Both(self.registry, tuple(now)))


class _Both(Collector):
    def __init__(self, registry: CollectorRegistry, now: tuple[Metric, ...]) -> None:
        self._registry = registry
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._now
        yield from self._registry.collect()


def now_families(
    runs: Iterable[CaseRun], desk: Desk, journal: Journal, policy: Policy, *, link_up: bool, at: datetime
) -> Iterator[Metric]:
    """What is the case at this moment. Takes the event loop's own data: call it there."""
    cases = [run.case for run in runs]
    states = _tally((case.state.value, case.kind.value) for case in cases)
    yield _by("yjt_cases", "Cases that live", ("state", "kind"), states)
    waiting = [case for case in cases if needs_agent(case)]
    kinds = _tally((case.kind.value,) for case in waiting)
    yield _by("yjt_waiting_callers", "Cases that wait for a person", ("kind",), kinds, CaseKind)
    since = min((case.waiting_since or case.opened_at or at for case in waiting), default=at)
    yield _one("yjt_longest_wait_seconds", "How long the first of them has waited", (at - since).total_seconds())
    seats = _tally((seat.state.value,) for seat in desk.seats.values())
    yield _by("yjt_seats", "Seats", ("state",), seats, SeatState)
    paused = [seat for seat in desk.seats.values() if seat.state is SeatState.PAUSED]
    reasons = _tally((seat.reason if seat.reason in _REASONS else PauseReason.OTHER.value,) for seat in paused)
    yield _by("yjt_seats_paused", "Seats that are paused, by why", ("reason",), reasons, _REASONS)
    over = sum((limit := seat.until(policy)) is not None and limit < at for seat in paused)
    yield _one("yjt_seats_paused_too_long", "Those of them whose pause has lasted longer than it may", over)
    yield _one(
        "yjt_seats_owing_outcome", "Seats that have an outcome to file", sum(bool(s.owes) for s in desk.seats.values())
    )
    yield _one("yjt_ari_link_up", "1 while the link to Asterisk stands", link_up)
    yield _one("yjt_journal_waiting_entries", "Entries of the journal that are not in the database", journal.lag)
    yield _one("yjt_journal_lag_seconds", "How long the first of them has waited", journal.lag_seconds)
    yield _one("yjt_journal_spill_in_use", "1 while entries are kept in a file beside the database", journal.spill_used)
    yield _one("yjt_journal_set_aside_entries", "Entries that the database refused, since the start", journal.refused)
    yield _one("yjt_journal_database_up", "1 while the journal can be written", journal.database_up)
    yield _one("yjt_controller_tasks", "Tasks of the controller", len(asyncio.all_tasks()))


def _tally(values: Iterable[tuple[str, ...]]) -> Mapping[tuple[str, ...], int]:
    return Tally(values)


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value)


def _by(
    name: str, words: str, labels: tuple[str, ...], counts: Mapping[tuple[str, ...], int], all_of: Iterable[str] = ()
) -> Metric:
    """A gauge for each combination that there is, and for each of `all_of` also when there is none."""
    family = GaugeMetricFamily(name, words, labels=labels)
    none: dict[tuple[str, ...], int] = {(str(value),): 0 for value in all_of}
    for values, count in {**none, **counts}.items():
        family.add_metric(values, count)
    return family
