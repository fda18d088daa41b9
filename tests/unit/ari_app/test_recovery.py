"""What a restarted controller reads back: the same case, what ran beside it; no case keeps it from the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from structlog.testing import capture_logs

from ari_app.recovery import LeftRunning, left_running, open_cases
from ari_app.runner import event_json
from ivr.case import Case, ContactCard, ElderFile
from ivr.commands import FindSeat, Play, StartMusic, StartTimer, StopSound, StopTimer, Timer
from ivr.decide import decide
from ivr.events import (
    CallArrived,
    CallerIdentified,
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnded,
    PromptFinished,
    SeatReserved,
    TimerFired,
    TransferRequested,
)
from ivr.policy import Policy
from ivr.turn import COMFORT
from ivr.vocabulary import CaseState, Outcome, Prompt, Role, Skill, TimerKind
from models.cases import TimelineRow
from models.database import Database
from models.journal import write
from models.journal_entry import JournalEntry, snake_case
from tests.unit.ari_app.fakes import START

POLICY = Policy()
NAME = "王'\"🙂\t甲"
FILE = ElderFile(id=7, name=NAME, agreement_signed=True, contacts=(ContactCard(1, "甲", "女儿", ("13000000001",)),))
SEAT = {"actor": "seat:801"}

STORY: Sequence[Event] = (
    CallArrived(at=START, channel="c", caller="02100000007", dialled="1", recording="r.wav"),
    LegAnswered(at=START, leg="elder"),
    CallerIdentified(at=START, actor="system", file=FILE),
    PromptFinished(at=START + timedelta(seconds=4), leg="elder", prompt=Prompt.WELCOME),
    SeatReserved(at=START, actor="system", role=Role.A, extension="801"),
    LegAnswered(at=START, leg="a-1"),
    TransferRequested(at=START, skill=Skill.DOCTOR, actor="seat:801"),
    EmergencyRequested(at=START, actor="seat:801"),
    SeatReserved(at=START, actor="system", role=Role.B, extension="802"),
    LegAnswered(at=START, leg="b-1"),
    CallRequested(at=START, target="120", actor="seat:801"),
    LegAnswered(at=START, leg="120-1"),
    LegAnswered(at=START, leg="contact-1-1"),
    KeyPressed(at=START, leg="contact-1-1", key="1"),
    LegEnded(at=START, leg="b-1", cause=38),
)


TO_THE_END: Sequence[Event] = (
    *STORY[:2],
    SeatReserved(at=START, role=Role.A, extension="801"),
    LegAnswered(at=START, leg="a-1"),
    CloseRequested(at=START, outcome=Outcome.OTHER, note=""),
    LegEnded(at=START, leg="a-1", cause=16),
    LegEnded(at=START, leg="elder", cause=16),
)


def lived(story: Sequence[Event], case_id: str = "one") -> tuple[Case, list[JournalEntry]]:
    """The case after these events, and what was written of it."""
    case, entries = Case(id=case_id), []
    for seq, event in enumerate(story, 1):
        case, commands = decide(case, event, POLICY)
        name = snake_case(type(event).__name__)
        entries.append(
            JournalEntry(case, seq, event.at, name, event.actor, cause=None, data=event_json(event), commands=commands)
        )
    return case, entries


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


async def record(database: Database, entries: Sequence[JournalEntry]) -> None:
    async with database.write() as session:
        await write(session, entries)


async def test_the_same_case_comes_back_from_the_records_at_every_point(database: Database) -> None:
    written = {f"{length:02d}": lived(STORY[:length], f"{length:02d}") for length in range(1, len(STORY) + 1)}
    await record(database, [entry for _, entries in written.values() for entry in entries])
    read = await open_cases(database, POLICY)
    assert [case.id for case, _ in read] == list(written)
    for case, entries in read:
        before, written_entries = written[case.id]
        assert case == before
        assert [(e.seq, e.at, e.event, e.actor, e.commands, e.case) for e in entries] == [
            (e.seq, e.at, e.event, e.actor, e.commands, e.case) for e in written_entries
        ]
        assert left_running(entries) == left_running(written_entries)


async def test_cases_come_back_in_order_and_closed_ones_do_not(database: Database) -> None:
    closed, entries = lived(TO_THE_END, "closed")
    assert closed.state is CaseState.CLOSED
    await record(database, entries)
    for case_id in ("b", "a"):
        await record(database, lived(STORY[:3], case_id)[1])
    assert [case.id for case, _ in await open_cases(database, POLICY)] == ["a", "b"]


async def test_what_waits_to_be_put_on_record_counts_as_well(database: Database) -> None:
    whole, entries = lived(STORY)
    await record(database, entries[:6])
    ((case, read),) = await open_cases(database, POLICY, waiting=entries[4:])
    assert case == whole
    assert [entry.seq for entry in read] == [entry.seq for entry in entries]


async def test_a_case_that_the_records_do_not_know_yet_comes_back(database: Database) -> None:
    known, unknown = lived(STORY[:3], "known"), lived(STORY, "unknown")
    await record(database, known[1])
    assert [case for case, _ in await open_cases(database, POLICY, unknown[1])] == [known[0], unknown[0]]


@pytest.mark.parametrize("on_record", [0, 3, len(TO_THE_END)])
async def test_a_case_that_is_over_does_not_come_back_with_what_waits(database: Database, on_record: int) -> None:
    """Also when what waits is older than the records: a former boot died before it could remove its file."""
    case, entries = lived(TO_THE_END, "closed")
    assert case.state is CaseState.CLOSED
    await record(database, entries[:on_record])
    waiting = entries[:4] if on_record == len(entries) else entries
    assert await open_cases(database, POLICY, waiting) == []


@pytest.mark.parametrize(
    "data", ['{"type": "Novelty"}', '{"type": "CallArrived"}', "[]", "null", '{"type": "LegAnswered", "at": 7}']
)
async def test_a_case_that_cannot_be_read_keeps_nobody_from_the_others(database: Database, data: str) -> None:
    await record(database, lived(STORY[:3], "bad")[1])
    await record(database, lived(STORY[:3], "good")[1])
    async with database.write() as session:
        spoil = text("UPDATE timeline SET data = :data WHERE case_id = 'bad' AND seq = 2")
        await session.execute(spoil, {"data": data})
    with capture_logs() as logs:
        assert [case.id for case, _ in await open_cases(database, POLICY)] == ["good"]
    assert [line["case"] for line in logs if line["log_level"] == "error"] == ["bad"]


async def test_a_case_that_breaks_a_law_of_ours_keeps_nobody_from_the_others(database: Database) -> None:
    """An event that this version decides otherwise than the one that wrote it."""
    await record(database, lived(STORY[:6], "bad")[1])
    await record(database, lived(STORY[:3], "good")[1])
    odd = event_json(CallArrived(at=START, channel="x", caller="", dialled="", recording=""))
    async with database.write() as session:
        of_bad = TimelineRow.case_id == "bad"
        await session.execute(update(TimelineRow).where(of_bad, TimelineRow.seq == 1).values(data={"type": 7}))
        await session.execute(update(TimelineRow).where(of_bad, TimelineRow.seq == 2).values(data=odd))
    assert [case.id for case, _ in await open_cases(database, POLICY)] == ["good"]


async def test_missing_entries_are_noticed_and_the_rest_is_used(database: Database) -> None:
    await record(database, lived(STORY[:6])[1])
    async with database.write() as session:
        await session.execute(text("DELETE FROM timeline WHERE seq = 3"))
    with capture_logs() as logs:
        ((case, entries),) = await open_cases(database, POLICY)
    assert (case.state, case.file, entries[-1].seq) == (CaseState.TALKING, None, 6)
    assert [line["missing"] for line in logs if line["log_level"] == "error"] == [1]


# --- what was running -------------------------------------------------------------------------------------------------

KEY = Timer(TimerKind.CONTACT_KEY, "contact-1-1")


def entry(second: int, *commands: object, fired: Timer | None = None) -> JournalEntry:
    at = START + timedelta(seconds=second)
    event = TimerFired(at=at, timer=fired) if fired else KeyPressed(at=at, leg="elder", key="1")
    name = snake_case(type(event).__name__)
    return JournalEntry(Case("one"), second, at, name, "x", data=event_json(event), commands=commands)  # type: ignore[arg-type]


def test_timers_that_were_started_and_neither_stopped_nor_fired() -> None:
    left = left_running(
        [
            entry(1, StartTimer(COMFORT, 12), StartTimer(KEY, 45)),
            entry(2, StartTimer(COMFORT, 12)),
            entry(3, StopTimer(Timer(TimerKind.GOODBYE))),
        ]
    )
    assert left.timers == {COMFORT: START + timedelta(seconds=14), KEY: START + timedelta(seconds=46)}
    assert left_running([entry(1, StartTimer(COMFORT, 12)), entry(2, StopTimer(COMFORT))]) == LeftRunning()
    assert left_running([entry(1, StartTimer(COMFORT, 12)), entry(13, fired=COMFORT)]) == LeftRunning()


def test_who_hears_music() -> None:
    assert left_running([entry(1, Play("elder", Prompt.HOLD), StartMusic("elder"))]).music == {"elder"}
    assert left_running([entry(1, StartMusic("elder")), entry(2, StopSound("elder"))]).music == set()
    assert left_running([entry(1, StartMusic("elder")), entry(2, Play("elder", Prompt.COMFORT))]).music == set()


def test_what_is_looked_for() -> None:
    agent, anybody = FindSeat(Role.A, Skill.AGENT), FindSeat(Role.A, Skill.AGENT, any_seat=True)
    doctor = FindSeat(Role.X, Skill.DOCTOR)
    entries = [entry(1, agent), entry(2, doctor), entry(3, anybody)]
    after = {seconds: START + timedelta(seconds=seconds) for seconds in (2, 3)}
    assert left_running(entries).searches == {Role.A: (anybody, after[3]), Role.X: (doctor, after[2])}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.permutations(STORY[1:]))
def test_events_in_any_order_leave_something_that_can_be_read(story: Sequence[Event]) -> None:
    _, entries = lived([STORY[0], *story])
    left = left_running(entries)
    assert all(due >= START for due in left.timers.values())
