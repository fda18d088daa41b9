"""What the controller decides is on record once, whatever is written twice, late or in another order."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dialplan.agi import record
from dialplan.agi.record import Record
from ivr.case import Case, ElderFile, Leg
from ivr.commands import Alarm, BookFollowUp, Command, OpenExceptionReport, OpenProvisionalFile
from ivr.events import (
    ArrivalReported,
    CallRequested,
    ClassifyRequested,
    CloseRequested,
    EmergencyRequested,
    RecordingEnded,
)
from ivr.vocabulary import RATING_KEYS, AlarmKind, CaseKind, CaseState, FollowUpKind, LegKind, Outcome, Role, Topic
from models.cases import CaseLegRow, RecordingRow, TimelineRow
from models.database import Database
from models.elder_forms import ElderForm, TerminalForm
from models.elders import Elder, ElderStatus
from models.exception_reports import ExceptionReport
from models.follow_ups import BY_ELDER, Ended, FollowUp
from models.journal import JournalEntry, Written, write
from models.names import search_key
from models.provisional import UNKNOWN_CALLER
from models.queries.calls import AT_ONCE, calls_on_record
from models.queries.cases import BadCursor, case_view, list_cases
from models.queries.register import find_file
from models.register import change_elder, create_elder, delete_elder, form_of
from models.scope import EVERYWHERE
from models.views import CaseView, ElderRef, live_view
from tests.web.records.records import KeepingWorld

AT = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=UTC)
LINE = "02110000001"


def _entry(case: Case, seq: int, *commands: Command, event: str = "tried", **data: object) -> JournalEntry:
    return JournalEntry(case, seq, AT, event, "line", None, data, commands)  # type: ignore[arg-type]


async def _write(db: Database, *entries: JournalEntry) -> list[Written]:
    async with db.write() as session:
        return await write(session, entries, area_code="021")


async def _view(db: Database, case: str) -> CaseView | None:
    async with db.read() as session:
        return await case_view(session, case, scope=EVERYWHERE)


async def _elder(db: Database, line: str = LINE, name: str = "演示·李一") -> int:
    form = ElderForm(name=name, home_phone=line, terminals=(TerminalForm(line),))
    async with db.write() as session:
        return (await create_elder(session, form, by="test", area_code="021")).id


async def _file(db: Database) -> ElderFile | None:
    await _elder(db)
    async with db.read() as session:
        return await find_file(session, LINE, "021")


def _one_call(case_id: str, file: ElderFile | None) -> KeepingWorld:
    """An alarm from the key to the closed case, decided by the procedure itself."""
    world = KeepingWorld(case=Case(id=case_id), seats=["801", "802"], file=file)
    world.call(LINE)
    world.answer("a-1")
    world.ask(EmergencyRequested)
    world.answer("b-1")
    world.ask(CallRequested, target="120")
    world.answer("120-1")
    world.ask(ArrivalReported)
    while world.live:
        world.hang_up(min(world.live))
    world.tell(RecordingEnded(at=world.now, recording="r.wav", seconds=12.5))
    world.ask(CloseRequested, outcome=Outcome.RESCUED, note="平安")
    return world


async def test_the_live_view_and_the_record_are_equal(db: Database) -> None:
    file = await _file(db)
    world = _one_call("case-1", file)
    assert world.case.state is CaseState.CLOSED
    await _write(db, *world.entries)
    live = live_view(world.case, world.entries)
    assert await _view(db, "case-1") == live
    assert live.recordings[0].seconds == 12.5
    assert live.elder == ElderRef(file.id, "演示·李一") if file else False


async def test_a_call_that_the_ladder_served_is_told_late_and_its_recording_stands_where_it_began(db: Database) -> None:
    world = KeepingWorld(case=Case(id="case-1"), seats=["801"], file=await _file(db))
    world.call(LINE)
    world.answer("a-1")
    rung = replace(world.told_by_the_ladder("channel-2"), recording="earlier.wav")
    world.tell(rung)
    assert [tape.file for tape in world.case.tapes][-1] == "earlier.wav"
    await _write(db, *world.entries)
    live = live_view(world.case, world.entries)
    assert await _view(db, "case-1") == live
    assert [one.id for one in live.recordings] == [f"case-1-{len(live.recordings)}", "case-1-1"]


async def test_any_order_and_repetition_gives_the_same_record(db: Database) -> None:
    world = _one_call("case-1", None)
    chance = random.Random(7)
    batches = [world.entries[at : at + 5] for at in range(0, len(world.entries), 5)] * 2
    chance.shuffle(batches)
    for batch in batches:
        await _write(db, *batch)
    async with db.read() as session:
        view = await case_view(session, "case-1", scope=EVERYWHERE)
        for table, count in ((TimelineRow, len(world.entries)), (CaseLegRow, len(world.case.legs)), (RecordingRow, 2)):
            assert await session.scalar(select(func.count()).select_from(table)) == count
        follow_ups = (await session.scalars(select(FollowUp.kind))).all()
        elders = (await session.scalars(select(Elder.name))).all()
    live = live_view(world.case, world.entries)
    assert view == replace(live, elder=view.elder if view else None)
    assert follow_ups == [FollowUpKind.EMERGENCY]
    assert elders == [UNKNOWN_CALLER]


async def test_an_older_state_never_overwrites_a_newer_one(db: Database) -> None:
    old = Case(id="c", opened_at=AT).with_leg(Leg("a-1", LegKind.SEAT, "801", role=Role.A))
    new = replace(old, state=CaseState.TALKING, note="neu").with_leg(replace(old.legs[0], name="agent"))
    await _write(db, _entry(new, 2))
    await _write(db, _entry(old, 1))
    view = await _view(db, "c")
    assert view is not None
    assert (view.state, view.note, view.legs[0].name) == ("talking", "neu", "agent")
    assert [entry.seq for entry in view.timeline] == [1, 2]


@pytest.mark.clause("X5")
async def test_an_unknown_number_gets_one_provisional_file(db: Database) -> None:
    first = await _write(db, _entry(Case(id="c1", opened_at=AT), 1, OpenProvisionalFile("+862110000009")))
    again = await _write(db, _entry(Case(id="c2", opened_at=AT), 1, OpenProvisionalFile("008602110000009")))
    assert [written.case for written in (*first, *again)] == ["c1", "c2"]
    assert first[0].file == again[0].file
    assert first[0].file.provisional
    assert first[0].file.home_phone == "02110000009"
    view = await _view(db, "c2")
    assert view is not None
    assert view.elder == ElderRef(first[0].file.id, UNKNOWN_CALLER)
    async with db.read() as session:
        assert (await session.scalars(select(Elder.name_key))).all() == [search_key(UNKNOWN_CALLER)]


@pytest.mark.clause("X5")
async def test_a_registered_number_gives_the_elders_own_file(db: Database) -> None:
    elder = await _elder(db)
    written = await _write(db, _entry(Case(id="c", opened_at=AT), 1, OpenProvisionalFile(LINE)))
    assert written[0].file.id == elder
    assert not written[0].file.provisional


@pytest.mark.clause("X5")
async def test_callers_without_a_number_get_a_file_for_each_case(db: Database) -> None:
    entries = [_entry(Case(id=f"c{n}", opened_at=AT), 1, OpenProvisionalFile("anonymous")) for n in (1, 2)]
    files = [written.file for written in await _write(db, *entries)]
    assert files == [written.file for written in await _write(db, *entries)]
    assert len({file.id for file in files}) == 2
    assert all(file.home_phone == "" for file in files)
    async with db.read() as session:
        assert await find_file(session, "", "021") is None


async def test_the_line_of_somebody_who_moved_away_is_theirs_still(db: Database) -> None:
    elder = await _elder(db)
    async with db.write() as session:
        form, version = await form_of(session, elder)
        moved = replace(form, status=ElderStatus.MOVED)
        await change_elder(session, elder, moved, version=version, by="test", area_code="021")
    written = await _write(db, _entry(Case(id="c", opened_at=AT), 1, OpenProvisionalFile(LINE)))
    assert (written[0].file.id, written[0].file.status) == (elder, "moved")


@pytest.mark.clause("S1.8")
async def test_a_follow_up_is_booked_once_and_on_time(db: Database) -> None:
    book = BookFollowUp(FollowUpKind.EMERGENCY, 2)
    entries = [_entry(Case(id="c", opened_at=AT), seq, book) for seq in (1, 2)]
    await _write(db, *entries)
    await _write(db, *entries)
    async with db.read() as session:
        follow_up = (await session.scalars(select(FollowUp))).one()
    assert follow_up.due_at == AT + timedelta(days=2)
    assert (follow_up.case_id, follow_up.kind, follow_up.done_at) == ("c", FollowUpKind.EMERGENCY, None)


@pytest.mark.clause("S2.2", "H4")
@pytest.mark.parametrize(
    ("key", "topic", "over"),
    [("1", None, True), ("3", None, False), ("1", Topic.LIFE_SERVICE, False), ("", None, False)],
)
async def test_an_elder_who_has_said_how_a_consultation_was_is_not_asked_again(
    db: Database, key: str, topic: Topic | None, over: bool
) -> None:
    world = KeepingWorld(case=Case(id="case-1"), seats=["801"], file=None)
    world.call(LINE, CaseKind.ORDINARY)
    world.answer("a-1")
    world.say("elder")
    if topic:
        world.ask(ClassifyRequested, topic=topic)
    world.hang_up("a-1")
    world.press("elder", key)
    world.hang_up("elder")
    world.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    await _write(db, *world.entries)
    view, live = await _view(db, "case-1"), live_view(world.case, world.entries)
    async with db.read() as session:
        follow_up = (await session.scalars(select(FollowUp))).one()
    grade = RATING_KEYS.get(key)
    assert view is not None
    assert view.grade == live.grade
    said = (None, None) if topic else (grade, world.case.graded_at)
    assert (follow_up.said, follow_up.said_at) == said
    assert live.grade == (None if grade is None else str(grade))
    ended = (Ended.REACHED, BY_ELDER, grade) if over else (None, "", "")
    assert (follow_up.ended, follow_up.done_by, follow_up.satisfaction) == ended


@pytest.mark.clause("K1")
async def test_an_exception_report_is_opened_once_for_each_case(db: Database) -> None:
    report = OpenExceptionReport(180)
    entries = [_entry(Case(id="c", opened_at=AT), seq, report) for seq in (1, 2)]
    await _write(db, *entries)
    await _write(db, *entries)
    async with db.read() as session:
        opened = (await session.scalars(select(ExceptionReport))).one()
    assert opened.opened_at == entries[0].at
    assert opened.waiting_since == entries[0].at - timedelta(seconds=180)
    assert (opened.case_id, opened.cause, opened.explained_at) == ("c", None, None)


async def test_a_file_deleted_in_mid_call_does_not_cost_the_record(db: Database) -> None:
    elder = await _elder(db)
    async with db.read() as session:
        file = await find_file(session, LINE, "021")
    case = Case(id="c", opened_at=AT, file=file)
    await _write(db, _entry(case, 1))
    async with db.write() as session:
        await delete_elder(session, elder, version=1, by="test")
    await _write(db, _entry(replace(case, note="still here"), 2, BookFollowUp(FollowUpKind.EMERGENCY, 2)))
    view = await _view(db, "c")
    assert view is not None
    assert (view.elder, view.note) == (None, "still here")


@pytest.mark.parametrize("hostile", ["\x00\x1f", "\ud800", "😀\"'\\", "名" * 10_000])
async def test_hostile_text_is_the_same_live_and_on_record(db: Database, hostile: str) -> None:
    case = Case(id="c", opened_at=AT, caller=hostile, note=hostile)
    case = case.with_leg(Leg("elder", LegKind.ELDER, hostile, name=hostile))
    entry = _entry(case, 1, Alarm(AlarmKind.SEAT_LOST, hostile), display=hostile, nested={hostile: (1, float("nan"))})
    await _write(db, entry)
    assert await _view(db, "c") == live_view(case, [entry])


async def test_two_controllers_may_write_at_once(database_url: str) -> None:
    databases = [Database(database_url), Database(database_url)]
    caller = OpenProvisionalFile("02110000009")
    entries = [_entry(Case(id=f"c{n}", opened_at=AT), 1, caller) for n in range(10)]
    written = await asyncio.gather(*(_write(databases[n % 2], entry) for n, entry in enumerate(entries)))
    assert len({one.file.id for many in written for one in many}) == 1
    for db in databases:
        await db.close()


async def test_times_in_json_have_an_offset(db: Database) -> None:
    await _write(db, _entry(Case(id="c", opened_at=AT), 1))
    view = await _view(db, "c")
    assert view is not None
    assert view.as_json()["opened_at"] == "2026-11-22T08:30:00.123+00:00"


async def test_lists_are_filtered_and_paged(db: Database) -> None:
    for number in range(5):
        state = CaseState.CLOSED if number % 2 else CaseState.TALKING
        opened = AT + timedelta(minutes=number // 2)  # several at the same moment
        await _write(db, _entry(Case(id=f"c{number}", opened_at=opened, state=state), 1))
    async with db.read() as session:
        seen: list[str] = []
        cursor = None
        while True:
            page = await list_cases(session, scope=EVERYWHERE, limit=2, cursor=cursor)
            seen += [case.id for case in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert seen == ["c4", "c3", "c2", "c1", "c0"]
        assert [c.id for c in (await list_cases(session, scope=EVERYWHERE, state="closed")).items] == ["c3", "c1"]
        assert [c.id for c in (await list_cases(session, scope=EVERYWHERE, state="open")).items] == ["c4", "c2", "c0"]
        later = await list_cases(
            session, scope=EVERYWHERE, since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=2)
        )
        assert [c.id for c in later.items] == ["c3", "c2"]
        assert (await list_cases(session, scope=EVERYWHERE, elder=1)).items == ()
        for bad in ("x", "äöü", "MjAyNg=="):
            with pytest.raises(BadCursor):
                await list_cases(session, scope=EVERYWHERE, cursor=bad)


async def test_it_is_known_of_each_call_whether_a_case_has_it(db: Database) -> None:
    """Also of one that came into a case that was open."""
    world = KeepingWorld(case=Case(id="c"), seats=["801"])
    world.call(LINE)
    world.call_again()
    await _write(db, *world.entries)

    def call(channel: str, recording: str) -> Record:
        return Record(channel, LINE, "", recording, arrived_at=world.now, ended_at=world.now)

    strangers = [call(f"other-{number}", f"other-{number}.wav") for number in range(AT_ONCE)]
    first, again, nothing = call("channel-1", ""), call("channel-2", "again.wav"), record.of_channel("channel-3")
    async with db.read() as session:
        known = await calls_on_record(session, [*strangers, first, again, nothing])
        assert known == {"channel-1", "channel-2"}
        assert await calls_on_record(session, []) == set()
