"""What hangs on an elder's file: papers, repairs, the line of time, the month's changes, two files made one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import inspect, select

from ivr.vocabulary import Aid
from models.audit import AuditEntry
from models.base import Base, utc_now
from models.care.calls import CareCall, CareState
from models.care.planning import CareKind
from models.cases import CaseRow
from models.complaints import Complaint
from models.database import Database
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import ElderStatus
from models.follow_ups import FollowUp
from models.merging import are_different, columns_of_elders, merge
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, add_unit
from models.papers import PaperForm, PaperKind, Scan, add, attach, is_kept, remove
from models.provisional import open_file
from models.queries.duplicates import list_duplicates
from models.queries.elder_changes import changes_in, counts_in, history_of
from models.queries.elder_timeline import timeline_of
from models.queries.elders import list_elders
from models.queries.papers import list_lacking, papers_of
from models.queries.register import find_file
from models.queries.repairs import list_repairs
from models.queries.terminals import list_terminals
from models.register import ElderMerged, FormRefused, change_elder, create_elder, delete_elder, form_of
from models.repairs import finish, report, warranty_until
from models.scope import EVERYWHERE
from models.terminal_tests import record_test
from models.versions import VersionConflict
from models.wishes import NewWish, WishKind, note_wish
from tests.web.records.test_register import CASE

AREA = "021"
LINE, OTHER_LINE = "02110000001", "02110000002"
TODAY = utc_now().astimezone().date()
WANG = ElderForm(
    name="演示·王一",
    born=date(1940, 5, 6),
    home_phone=LINE,
    compound="示例新村",
    building="3",
    room="401",
    service_class=1,
    contacts=(ContactForm("演示·女", phones=("12000000001",)),),
    terminals=(TerminalForm(LINE, "T1", "S-1", TODAY - timedelta(days=400)),),
)


async def create(db: Database, form: ElderForm = WANG) -> int:
    async with db.write() as session:
        return (await create_elder(session, form, by="user:1", area_code=AREA)).id


async def change(db: Database, elder: int, **values: object) -> None:
    async with db.write() as session:
        form, version = await form_of(session, elder)
        changed = replace(form, **values)  # type: ignore[arg-type]
        await change_elder(session, elder, changed, version=version, by="user:2", area_code=AREA)


async def put_on_record(db: Database, elder: int, case: str = "c") -> None:
    """A case with an order, a complaint, a follow-up and a refusal, and a test of the terminal."""
    async with db.write() as session:
        session.add(CaseRow(**{**CASE, "id": case}, elder_id=elder))
        await session.flush()
        drafted = {"elder_id": elder, "case_id": case, "drafted_at": utc_now(), "drafted_by": "user:1"}
        session.add(WorkOrder(**drafted, case_seq=1, aid="meals", wish="午饭"))
        session.add(Complaint(**drafted, case_seq=2, about="", words="送晚了"))
        session.add(FollowUp(case_id=case, elder_id=elder, kind="emergency", due_at=utc_now()))
        await note_wish(session, NewWish(WishKind.REFUSAL, elder, "不要送餐", case), by="user:1")


@pytest.mark.clause("S6")
async def test_papers_date_the_file_and_what_lacks_or_runs_out_is_listed(db: Database) -> None:
    wang, li = await create(db), await create(db, ElderForm(name="演示·李二", service_class=3))

    async def lacking(lack: str) -> list[int]:
        async with db.read() as session:
            until = TODAY + timedelta(days=60)
            page = await list_lacking(session, lack, scope=EVERYWHERE, today=TODAY, until=until, limit=50)  # type: ignore[arg-type]
        return [one.id for one in page.items]

    assert (await lacking("agreement"), await lacking("notice")) == ([wang, li], [wang, li])
    assert await lacking("class_paper") == [wang]
    scan = Scan("ab" * 32, "application/pdf", 1000)
    async with db.write() as session:
        signed = PaperForm(PaperKind.AGREEMENT, TODAY)
        await add(session, wang, signed, scan, by="user:1", area_code=AREA)
        soon = PaperForm(PaperKind.POVERTY, date(2026, 1, 5), TODAY + timedelta(days=30), "低保0001", "演示街道")
        poverty = await add(session, wang, soon, None, by="user:1", area_code=AREA)
    assert await lacking("agreement") == [li]
    assert await lacking("class_paper") == []
    assert await lacking("expiring") == [wang]
    async with db.read() as session:
        found = await find_file(session, LINE, AREA)
        assert found is not None
        assert found.agreement_signed, "S1.10"
        first, second = await papers_of(session, wang, TODAY)
        assert (first.kind, first.url, second.url) == (
            PaperKind.AGREEMENT,
            f"/elders/{wang}/papers/{first.id}/scan",
            "",
        )
        changed = {change.field: change.new for change in (await history_of(session, wang)).items}
        assert changed["agreement_signed_on"] == TODAY.isoformat()
    async with db.write() as session:
        await attach(session, poverty.id, scan, version=1, by="user:1")
        with pytest.raises(VersionConflict):
            await attach(session, poverty.id, scan, version=1, by="user:1")
    async with db.write() as session:
        assert await remove(session, poverty.id, version=2, by="user:1") == "", "the agreement has that scan as well"
        assert await is_kept(session, scan.sha256)
        assert await remove(session, first.id, version=1, by="user:1") == scan.sha256
    for form, field in (
        (PaperForm(PaperKind.NOTICE, None), "issued_on"),
        (PaperForm(PaperKind.NOTICE, TODAY + timedelta(days=2)), "issued_on"),
        (PaperForm(PaperKind.NOTICE, TODAY, TODAY - timedelta(days=1)), "valid_until"),
        (PaperForm(PaperKind.NOTICE, TODAY, number="x" * 201), "number"),
    ):
        async with db.write() as session:
            with pytest.raises(FormRefused) as refused:
                await add(session, wang, form, None, by="user:1", area_code=AREA)
        assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.clause("X8")
async def test_a_repair_is_reported_under_warranty_done_and_paid(db: Database) -> None:
    wang = await create(db)
    assert warranty_until(date(2024, 2, 29)) == date(2026, 2, 28)
    async with db.read() as session:
        (terminal,) = (await list_terminals(session, scope=EVERYWHERE, before=utc_now(), overdue=False)).items
    assert terminal.warranty_until == warranty_until(TODAY - timedelta(days=400))
    async with db.write() as session:
        repair = await report(session, terminal.id, "按键失灵", by="user:1")
        assert repair.under_warranty
    async with db.read() as session:
        (owed,) = (await list_repairs(session, scope=EVERYWHERE, state="open")).items
    assert (owed.elder, owed.line, owed.fault, owed.done_on) == (wang, LINE, "按键失灵", None)
    done = {"version": 1, "repairer": "演示维护员", "remedy": "换按键", "by": "user:3"}
    for wrong, field in (
        ({"done_on": TODAY + timedelta(days=1), "cost": 0}, "done_on"),
        ({"done_on": TODAY, "cost": -1}, "cost"),
    ):
        async with db.write() as session:
            with pytest.raises(FormRefused) as refused:
                await finish(session, owed.id, **done, **wrong)  # type: ignore[arg-type]
        assert refused.value.problems[0].field == field
    async with db.write() as session:
        await finish(session, owed.id, **done, done_on=TODAY, cost=3550)  # type: ignore[arg-type]
    await change(db, wang, terminals=())
    async with db.read() as session:
        (mended,) = (await list_repairs(session, scope=EVERYWHERE, state="done", elder=wang)).items
    assert (mended.cost, mended.remedy, mended.line, mended.terminal) == (3550, "换按键", LINE, None), (
        "stays on the file"
    )


@pytest.mark.clause("X7")
async def test_the_month_has_its_deaths_moves_and_changes(db: Database) -> None:
    async with db.write() as session:
        place = (await add_unit(session, OrgKind.COMMUNITY, "演示社区", parent=None)).id
    wang, li = await create(db, replace(WANG, org_unit_id=place)), await create(db, ElderForm(name="演示·李二"))
    await change(db, wang, status=ElderStatus.DIED, status_since=date(2026, 3, 4))
    await change(db, li, status=ElderStatus.AWAY, status_until=TODAY + timedelta(days=9), notes="不必上报")
    await change(db, li, status=ElderStatus.ACTIVE, status_until=None, room="502")
    async with db.read() as session:
        assert await counts_in(session, TODAY, scope=EVERYWHERE) == {
            "died": 1, "moved": 0, "away": 1, "back": 1, "new": 2, "changed": 1,
        }  # fmt: skip
        everything = (await changes_in(session, TODAY, scope=EVERYWHERE, limit=50)).items
        assert [(line.group, line.elder) for line in everything] == [
            ("new", wang), ("new", li), ("died", wang), ("away", li), ("back", li), ("changed", li),
        ] or {line.group for line in everything} == {"new", "died", "away", "back", "changed"}  # fmt: skip
        (dead,) = (await changes_in(session, TODAY, scope=EVERYWHERE, group="died", org_unit=place, limit=50)).items
        assert (dead.since, dead.community, dead.by) == (date(2026, 3, 4), "演示社区", "user:2")
        assert (await changes_in(session, TODAY - timedelta(days=40), scope=EVERYWHERE, limit=50)).items == ()
        first = await changes_in(session, TODAY, scope=EVERYWHERE, limit=2)
        assert first.next is not None
        rest = await changes_in(session, TODAY, scope=EVERYWHERE, limit=50, after=int(first.next))
        assert (*first.items, *rest.items) == everything
        assert (await list_terminals(session, scope=EVERYWHERE, before=utc_now(), overdue=False)).items == ()
        fetch = await list_terminals(session, scope=EVERYWHERE, before=utc_now(), overdue=False, left_behind=True)
        assert [terminal.elder for terminal in fetch.items] == [wang]


@pytest.mark.clause("X4")
async def test_all_that_happened_stands_on_one_line_of_time(db: Database) -> None:
    wang, other = await create(db), await create(db, ElderForm(name="演示·李二"))
    await put_on_record(db, wang)
    async with db.write() as session:
        await record_test(session, LINE, area_code=AREA, at=utc_now())
        await add(session, wang, PaperForm(PaperKind.NOTICE, TODAY), None, by="user:1", area_code=AREA)
        (terminal,) = (await list_terminals(session, scope=EVERYWHERE, before=utc_now(), overdue=False)).items
        await report(session, terminal.id, "无声", by="user:1")
        now = utc_now() - timedelta(hours=1)
        came = {"started_at": now, "state": OrderState.FINISHED}
        session.add(WorkOrder(elder_id=wang, aid=Aid.CLEANING, wish="", drafted_at=now, drafted_by="user:1", **came))
        for slot, (state, ended) in enumerate(((CareState.REACHED, now), (CareState.CANCELLED, now), ("due", None))):
            call = {"day": TODAY, "slot": slot, "kind": CareKind.REGULAR, "due_at": now, "latest_at": now}
            session.add(CareCall(elder_id=wang, **call, state=CareState(state), ended_at=ended))
    await change(db, wang, room="402")
    async with db.read() as session:
        whole = await timeline_of(session, wang)
        kinds = [one.kind for one in whole.items]
        assert set(kinds) == {
            "case", "order", "visit", "care", "complaint", "follow_up", "wish", "test", "paper", "repair", "change",
        }  # fmt: skip
        (care,) = (one for one in whole.items if one.kind == "care")
        (visit,) = (one for one in whole.items if one.kind == "visit")
        assert (care.what, care.state, care.at) == ("regular", "reached", now)
        assert (visit.what, visit.state, visit.at) == ("cleaning", "finished", now)
        assert (kinds[0], whole.items[0].what) == ("change", "room")
        assert [one.at for one in whole.items] == sorted((one.at for one in whole.items), reverse=True)
        pages, cursor = [], "0"
        while cursor is not None:
            page = await timeline_of(session, wang, limit=3, after=int(cursor))
            pages.extend(page.items)
            cursor = page.next  # type: ignore[assignment]
        assert tuple(pages) == whole.items
        assert [one.what for one in (await timeline_of(session, other)).items] == ["created"]


async def test_files_that_look_alike_are_found_until_somebody_says_they_are_two(db: Database) -> None:
    wang = await create(db)
    by_phone = await create(db, ElderForm(name="演示·王一", home_phone=LINE, born=date(1941, 1, 1)))
    by_home = await create(db, ElderForm(name="演示·王一", compound="示例新村", building="3", room="401"))
    await create(db, ElderForm(name="演示·王一", compound="示例新村", building="3", room="402"))
    await create(db, ElderForm(name="演示·王二", home_phone=LINE, born=date(1940, 5, 6)))
    by_birthday = await create(db, ElderForm(name="演示·王一", born=date(1940, 5, 6)))
    async with db.read() as session:
        pairs = (await list_duplicates(session, scope=EVERYWHERE)).items
        assert {(pair.first, pair.second): pair.reasons for pair in pairs} == {
            (wang, by_phone): ("phone",),
            (wang, by_home): ("address",),
            (wang, by_birthday): ("born",),
        }
        first = await list_duplicates(session, scope=EVERYWHERE, limit=2)
        second = await list_duplicates(session, scope=EVERYWHERE, limit=2, after=first.next or "")
        assert (*first.items, *second.items) == pairs
        assert len((await list_duplicates(session, scope=EVERYWHERE, elder=by_home)).items) == 1
    async with db.write() as session:
        await are_different(session, by_home, wang, by="user:1")
    async with db.read() as session:
        assert [pair.second for pair in (await list_duplicates(session, scope=EVERYWHERE)).items] == [
            by_phone,
            by_birthday,
        ]


async def test_a_merged_file_loses_nothing_and_leads_to_the_other(db: Database) -> None:
    async with db.write() as session:
        unknown = (await open_file(session, OTHER_LINE, case="u", area_code=AREA)).id
    wang = await create(db)
    gone_form = ElderForm(
        name="演示·王一",
        home_phone=OTHER_LINE,
        id_card="999999194005060018",
        way_in="钥匙在邻居家",
        room="501",
        contacts=(
            ContactForm("演示·女", phones=("12000000002", "12000000001")),
            ContactForm("演示·子", phones=("12345",)),
        ),
        terminals=(TerminalForm(OTHER_LINE, "T2"),),
    )
    gone = await create(db, gone_form)
    async with db.read() as session:
        assert [pair.reasons for pair in (await list_duplicates(session, scope=EVERYWHERE, elder=unknown)).items] == [
            ("line",)
        ]
    await put_on_record(db, gone)
    async with db.write() as session:
        await add(session, gone, PaperForm(PaperKind.NOTICE, TODAY), None, by="user:1", area_code=AREA)
        terminal = (await list_terminals(session, scope=EVERYWHERE, before=utc_now(), overdue=False)).items[-1]
        await report(session, terminal.id, "无声", by="user:1")
        await record_test(session, OTHER_LINE, area_code=AREA, at=utc_now())
        session.add(CaseRow(**{**CASE, "id": "open", "state": "talking"}, elder_id=gone))

    async def merging(**versions: int) -> None:
        told = (versions.get("keep", 1), versions.get("gone", 2))
        async with db.write() as session:
            await merge(session, wang, gone, take=frozenset({"room"}), versions=told, by="user:9", area_code=AREA)

    with pytest.raises(VersionConflict):
        await merging(gone=1)
    with pytest.raises(FormRefused):
        await merging()
    async with db.write() as session:
        (await session.get_one(CaseRow, "open")).state = "closed"  # type: ignore[assignment]
    async with db.read() as session:
        before = len((await timeline_of(session, wang)).items) + len((await timeline_of(session, gone)).items)
    await merging()
    async with db.read() as session:
        form, _ = await form_of(session, wang)
        assert (form.room, form.way_in, form.home_phone, form.born) == ("501", "钥匙在邻居家", LINE, date(1940, 5, 6))
        assert form.id_card == "999999194005060018"
        assert {contact.name: contact.phones for contact in form.contacts} == {
            "演示·女": ("12000000001", "12000000002"),
            "演示·子": ("12345",),
        }
        assert [terminal.line for terminal in form.terminals] == [LINE, OTHER_LINE]
        happened = (await timeline_of(session, wang)).items
        assert {"case", "order", "complaint", "follow_up", "wish", "test", "paper"} <= {one.kind for one in happened}
        assert len(happened) > before
        merged = next(one for one in (await history_of(session, wang)).items if one.field == "merged")
        assert (merged.by, merged.new) == ("user:9", f"#{gone}")
        assert f"home_phone: {OTHER_LINE}" in merged.old, "what was not taken is in the history"
        with pytest.raises(ElderMerged) as led:
            await form_of(session, gone)
        assert led.value.into == wang
        assert [line.id for line in (await list_elders(session, scope=EVERYWHERE, search="演示·王一")).items] == [wang]
        assert (await list_elders(session, scope=EVERYWHERE)).total == 2, "and the unknown caller's"
        found = await find_file(session, OTHER_LINE, AREA)
        assert found is not None
        assert found.id == wang
        actions = (await session.scalars(select(AuditEntry.action))).all()
        assert {"elder.merge", "elder.merged"} <= set(actions)
        for table, column in columns_of_elders().items():
            assert (await session.execute(select(table).where(table.c[column] == gone))).all() == [], table.name
    async with db.write() as session:
        _, version = await form_of(session, wang)
        await delete_elder(session, wang, version=version, by="user:1")
    async with db.read() as session:
        assert [line.id for line in (await list_elders(session, scope=EVERYWHERE)).items] == [unknown], (
            "the file that led there as well"
        )


def test_every_table_that_names_an_elder_is_thought_of_when_files_are_merged() -> None:
    named = {table.name for table in columns_of_elders()}
    told = {
        table.name
        for table in Base.metadata.tables.values()
        if any(column.name == "elder_id" and column.foreign_keys for column in table.columns)
    }
    assert told <= named
    assert inspect(CaseRow).local_table.name in named
