"""The register: one form in, one dated history out; found by any form of the number; no line in two files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.base import utc_now
from models.cases import CaseRow
from models.database import Database
from models.elder_forms import ContactForm, ElderForm, TerminalForm, check
from models.elders import Contact, ContactPhone, Elder, ElderKey, ElderStatus, Relation, Terminal
from models.follow_ups import FollowUp, FollowUpKind
from models.id_cards import BadIdCard, read_id_card
from models.names import search_key
from models.org import OrgKind, UnknownOrgUnit, add_unit, list_units, set_manager_phone
from models.queries import elders as elders_list
from models.queries import searching
from models.queries.elder_changes import history_of
from models.queries.elders import list_elders
from models.queries.follow_ups import list_follow_ups
from models.queries.register import file_of, find_file, find_files
from models.register import FormRefused, NoSuchElder, change_elder, create_elder, delete_elder, form_of
from models.scope import EVERYWHERE
from models.terminal_tests import record_test
from models.versions import VersionConflict

AREA = "021"
LINE = "02110000001"
# Right by its check digit; the area 999999 is nobody's.
ID_CARD = "999999194005060018"

# A case on record, but for whose it is.
CASE: dict[str, object] = {
    "id": "c",
    "last_seq": 1,
    "kind": "sos",
    "state": "closed",
    "caller": LINE,
    "dialled": "",
    "channel": "",
    "opened_at": utc_now(),
    "abandoned": False,
    "note": "",
}
FULL = ElderForm(
    name=" 演示·李一 ",
    sex="male",
    born=date(1940, 5, 6),
    home_phone="1000-0002",
    compound="示例新村",
    building="3",
    entrance="2",
    floor="4",
    room="401",
    landmark="示例菜场西侧",
    bus_stop="示例站",
    way_in="门铃坏, 请敲门",
    lives_alone=True,
    dialect="本地话",
    service_class=1,
    health="听力差",
    notes="每日来电",
    agreement_signed_on=date(2026, 3, 1),
    contacts=(
        ContactForm("演示·子", Relation.CHILD, "儿子", ("120 0000 0001", "1000 0003")),
        ContactForm("演示·邻", Relation.NEIGHBOUR, "楼上邻居", ("+86 12000000002",)),
    ),
    terminals=(TerminalForm("+86 21 1000 0001", "演示型", "D-1", date(2026, 3, 2)),),
)


async def _create(db: Database, form: ElderForm = FULL) -> int:
    async with db.write() as session:
        return (await create_elder(session, form, by="user:1", area_code=AREA)).id


@asynccontextmanager
async def _changing(db: Database, elder: int, **changes: object) -> AsyncIterator[AsyncSession]:
    async with db.write() as session:
        form, version = await form_of(session, elder)
        await change_elder(session, elder, replace(form, **changes), version=version, by="user:2", area_code=AREA)  # type: ignore[arg-type]
        yield session


@pytest.mark.clause("S7")
async def test_the_file_has_everything_an_agent_must_see(db: Database) -> None:
    async with db.write() as session:
        parent = None
        for kind in OrgKind:
            parent = (await add_unit(session, kind, f"演示{kind}", parent=parent)).id
    assert parent is not None
    async with db.write() as session:
        await set_manager_phone(session, parent, "+86 120 0000 0077", area_code=AREA)
    elder = await _create(db, replace(FULL, org_unit_id=parent))
    async with db.read() as session:
        file = await file_of(session, elder)
    assert file is not None
    assert (file.community_id, file.community_phone) == (parent, "12000000077")
    assert file.address == "演示city演示district演示street演示community示例新村3号楼2单元4层401室"
    assert (file.name, file.home_phone, file.community) == ("演示·李一", "02110000002", "演示community")
    assert (file.landmark, file.bus_stop, file.way_in) == ("示例菜场西侧", "示例站", "门铃坏, 请敲门")
    assert file.agreement_signed
    assert [(c.name, c.relation, c.phones) for c in file.contacts] == [
        ("演示·子", "儿子", ("12000000001", "02110000003")),
        ("演示·邻", "楼上邻居", ("12000000002",)),
    ]


@pytest.mark.clause("H2")
async def test_an_elder_of_no_community_has_no_seat_of_their_own(db: Database) -> None:
    async with db.write() as session:
        street = (await add_unit(session, OrgKind.STREET, "演示街道", parent=None)).id
    elder = await _create(db, replace(FULL, org_unit_id=street))
    async with db.read() as session:
        file = await file_of(session, elder)
    assert file is not None
    assert (file.community_id, file.community) == (None, "演示街道")


@pytest.mark.parametrize("sent", ["10000001", LINE, "+862110000001", "00862110000001", "1795102110000001"])
async def test_the_caller_is_found_by_any_form_of_the_line(db: Database, sent: str) -> None:
    elder = await _create(db)
    async with db.read() as session:
        file = await find_file(session, sent, AREA)
    assert file is not None
    assert file.id == elder


async def test_the_terminal_goes_before_the_home_phone_and_away_elders_are_served(db: Database) -> None:
    by_home = await _create(db, ElderForm(name="演示·甲", home_phone=LINE, status=ElderStatus.AWAY))
    async with db.read() as session:
        found = await find_file(session, LINE, AREA)
    assert found is not None
    assert found.id == by_home
    by_line = await _create(db)
    async with db.read() as session:
        found = await find_file(session, LINE, AREA)
    assert found is not None
    assert found.id == by_line


@pytest.mark.parametrize("status", [ElderStatus.MOVED, ElderStatus.DIED])
async def test_a_call_from_the_line_of_who_is_gone_shows_whose_it_was(db: Database, status: ElderStatus) -> None:
    gone = await _create(db, replace(FULL, status=status, status_since=date(2026, 5, 1)))
    async with db.read() as session:
        file = await find_file(session, LINE, AREA)
    assert file is not None
    assert (file.id, file.status, file.status_since) == (gone, status, date(2026, 5, 1))
    widow = await _create(db, ElderForm(name="演示·老伴", home_phone=LINE))
    async with db.read() as session:
        assert [file.id for file in await find_files(session, LINE, AREA)] == [widow], "who is there comes first"


@pytest.mark.clause("X7")
async def test_whoever_is_gone_is_not_rung_up_any_more_unless_that_was_a_mistake(db: Database) -> None:
    elder = await _create(db)
    async with db.write() as session:
        session.add(CaseRow(**CASE, elder_id=elder))
        await session.flush()
        session.add(FollowUp(case_id="c", elder_id=elder, kind=FollowUpKind.EMERGENCY, due_at=utc_now()))
    async with _changing(db, elder, status=ElderStatus.DIED):
        pass
    async with db.read() as session:
        assert (await list_follow_ups(session, scope=EVERYWHERE, state="open")).items == ()
        stopped = (await list_follow_ups(session, scope=EVERYWHERE, state="done")).items[0]
        assert "去世" in stopped.result
        assert (await form_of(session, elder))[0].status_since == utc_now().astimezone().date()
    async with _changing(db, elder, status=ElderStatus.ACTIVE):
        pass
    async with db.read() as session:
        assert [item.result for item in (await list_follow_ups(session, scope=EVERYWHERE, state="open")).items] == [""]


@pytest.mark.clause("S7")
async def test_changes_are_dated_and_say_who(db: Database) -> None:
    elder = await _create(db)
    async with _changing(db, elder, room="402", contacts=(FULL.contacts[1],)) as session:
        changes = (await history_of(session, elder)).items
    async with db.read() as session:
        audited = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    told = {change.field: (change.by, change.old, change.new) for change in changes}
    assert told["room"] == ("user:2", "401", "402")
    assert told["contacts"] == (
        "user:2",
        "演示·子(儿子) 12000000001、02110000003; 演示·邻(楼上邻居) 12000000002",
        "演示·邻(楼上邻居) 12000000002",
    )
    assert told["created"][0] == "user:1"
    assert [(entry.action, entry.record, entry.data) for entry in audited] == [
        ("elder.create", f"elder:{elder}", {}),
        ("elder.change", f"elder:{elder}", {"fields": ["room", "contacts"]}),
    ]


async def test_the_audit_log_keeps_values_that_are_not_personal(db: Database) -> None:
    elder = await _create(db)
    async with _changing(db, elder, service_class=3, health="演示·高血压"):
        pass
    async with db.read() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "elder.change"))).one()
    assert entry.elder == elder
    assert set(entry.data["fields"]) == {"service_class", "health"}
    assert (entry.data["before"], entry.data["after"]) == ({"service_class": "1"}, {"service_class": "3"})


async def test_who_stays_a_contact_keeps_their_id(db: Database) -> None:
    elder = await _create(db)
    async with db.read() as session:
        before, version = await form_of(session, elder)
    son, neighbour = before.contacts
    swapped = (replace(neighbour, id=None), replace(son, phones=son.phones[::-1]), ContactForm("新", phones=("12345",)))
    async with _changing(db, elder, contacts=swapped):
        pass
    async with db.read() as session:
        after, changed = await form_of(session, elder)
        phones = (await session.scalars(select(ContactPhone))).all()
    assert [contact.id for contact in after.contacts[:2]] == [neighbour.id, son.id]
    assert after.contacts[1].phones == son.phones[::-1]
    assert changed == version + 1
    assert len(phones) == 4


async def test_a_form_that_changes_nothing_leaves_no_trace(db: Database) -> None:
    elder = await _create(db)
    async with _changing(db, elder) as session:
        assert len((await history_of(session, elder)).items) == 1
        assert (await form_of(session, elder))[1] == 1


async def test_a_form_filled_in_beside_another_is_refused(db: Database) -> None:
    elder = await _create(db)
    async with _changing(db, elder, room="402"):
        pass
    with pytest.raises(VersionConflict) as conflict:
        async with db.write() as session:
            await change_elder(session, elder, FULL, version=1, by="user:3", area_code=AREA)
    assert conflict.value.current == 2


async def test_a_deleted_file_takes_all_personal_data_with_it(db: Database) -> None:
    elder = await _create(db)
    async with db.write() as session:
        await delete_elder(session, elder, version=1, by="user:1")
    async with db.read() as session:
        for table in (Elder, Contact, ContactPhone, Terminal):
            assert (await session.scalars(select(table))).all() == []
        with pytest.raises(NoSuchElder):
            await form_of(session, elder)
        assert (await history_of(session, elder)).items == ()


async def test_a_line_and_an_id_card_belong_to_one_file(db: Database) -> None:
    first = await _create(db, replace(FULL, id_card=ID_CARD))
    with pytest.raises(FormRefused) as refused:
        await _create(db, replace(FULL, id_card=ID_CARD, org_unit_id=77))
    assert {problem.field for problem in refused.value.problems if problem.severe} == {
        "id_card",
        "terminals.0.line",
        "org_unit_id",
    }
    assert str(first) in next(p.en for p in refused.value.problems if p.field == "terminals.0.line")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"sex": "?"}, "sex"),
        ({"service_class": 4}, "service_class"),
        ({"born": date(1740, 1, 1)}, "born"),
        ({"born": date(2940, 1, 1)}, "born"),
        ({"notes": "x" * 2001}, "notes"),
        ({"home_phone": "abc"}, "home_phone"),
        ({"id_card": "1234"}, "id_card"),
        ({"id_card": ID_CARD, "born": date(1941, 5, 6)}, "born"),
        ({"id_card": ID_CARD, "sex": "female"}, "sex"),
        ({"blood_type": "C"}, "blood_type"),
        ({"status_until": date(2026, 5, 1)}, "status_until"),
        (
            {"status": ElderStatus.AWAY, "status_since": date(2026, 5, 2), "status_until": date(2026, 5, 1)},
            "status_until",
        ),
        ({"contacts": (ContactForm(""),)}, "contacts.0.phones"),
        ({"contacts": (ContactForm("甲", phones=("12345", "12")),)}, "contacts.0.phones.1"),
        ({"contacts": (ContactForm("甲", phones=("12345", "+86 120")),)}, "contacts.0.phones.1"),
        ({"contacts": (ContactForm("甲", phones=("110",)),)}, "contacts.0.phones.0"),
        ({"contacts": tuple(ContactForm(f"{n}", phones=("12345",)) for n in range(21))}, "contacts"),
        ({"terminals": (TerminalForm("x"),)}, "terminals.0.line"),
        ({"terminals": (TerminalForm(LINE), TerminalForm("10000001"))}, "terminals.1.line"),
    ],
)
def test_wrong_fields_are_named_with_what_to_change(change: dict[str, object], field: str) -> None:
    checked = check(replace(FULL, **change), AREA)  # type: ignore[arg-type]
    assert not checked.usable
    problem = next(problem for problem in checked.problems if problem.field == field)
    assert problem.zh
    assert problem.en


def test_an_id_card_tells_birthday_and_sex_and_an_unknown_area_is_a_warning() -> None:
    checked = check(ElderForm(name="演示", id_card=f" {ID_CARD.lower()} "), AREA)
    assert checked.usable
    assert [problem.field for problem in checked.problems] == ["id_card"]
    assert (checked.form.id_card, checked.form.born, checked.form.sex) == (ID_CARD, date(1940, 5, 6), "male")


def test_an_id_card_that_ends_with_x_is_somebodys() -> None:
    assert read_id_card("99999919300103001x").number == "99999919300103001X"


@pytest.mark.parametrize("number", ["", "12345678901234567", "99999919400506001X", "999999194013060010", "九" * 18])
def test_impossible_id_cards_are_refused(number: str) -> None:
    with pytest.raises(BadIdCard, match=" / "):
        read_id_card(number)


@pytest.mark.parametrize(("few", "many"), [(searching.FEW, searching.MANY), (0, searching.MANY), (0, 0)])
async def test_search_by_name_pinyin_initials_and_numbers(
    db: Database, monkeypatch: pytest.MonkeyPatch, few: int, many: int
) -> None:
    """Whichever way a database is asked, by how many files a word means."""
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "MANY", many)
    li = await _create(db, replace(FULL, id_card=ID_CARD))
    zeng = await _create(db, ElderForm(name="曾单", home_phone="12000000077"))
    expected = {
        "李一": {li},
        "liyi": {li},
        "yslY": {li},
        "zengdan": {zeng},
        "cengshan": set(),
        "曾": {zeng},
        "zd": {zeng},
        "10000001": {li},
        "021-1000 0003": {li},
        "0077": {zeng},
        "12000000002": {li},
        "1 0 0 0": {li},
        "演示": {li},
        "0018": {li},
        "060018": {li},
        "60019": set(),
        "新村": {li},
        "示例新村3号楼401室": {li},
        "示例新村3-401": {li},
        "示例新村3号楼402": set(),
        "3号楼 李一": {li},
        "5号楼 李一": set(),
        "401": {li},
        "李 一": {li},
        "曾单 0077": {zeng},
        "曾单 0078": set(),
        "%": set(),
        "_": set(),
        "": {li, zeng},
    }
    async with db.read() as session:
        for search, found in expected.items():
            page = await list_elders(session, scope=EVERYWHERE, search=search)
            assert {line.id for line in page.items} == found, search
            assert page.total == len(found)


@pytest.mark.parametrize("few", [10, 3, 0])
async def test_a_search_is_paged_and_counted_alike_whether_its_files_are_known(
    db: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """All known, so many known that they are counted no further, or none."""
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(elders_list, "COUNTED", 2)
    homes = [await _create(db, ElderForm(name=f"曾{n}", compound="示例新村", home_phone="")) for n in "一二三四五六七"]
    async with db.write() as session:
        gone = await session.get_one(Elder, homes[1])
        gone.merged_into = homes[0]
        await session.execute(delete(ElderKey).where(ElderKey.elder_id == gone.id))
    left = [home for home in homes if home != gone.id]
    async with db.read() as session:
        for search in ("曾", "示例新村", "zeng"):
            found, cursor = [], None
            while cursor is not None or not found:
                page = await list_elders(session, scope=EVERYWHERE, search=search, limit=2, cursor=cursor)
                found, cursor = found + [line.id for line in page.items], page.next
                assert (page.total, page.more) == (2, True), search
            assert found == left, search
        page = await list_elders(session, scope=EVERYWHERE, search="曾", status=ElderStatus.AWAY, limit=2)
        assert (page.items, page.total, page.more) == ((), 0, False)


async def test_lists_follow_the_tree_and_are_paged(db: Database) -> None:
    async with db.write() as session:
        city = (await add_unit(session, OrgKind.CITY, "演示市", parent=None)).id
        street = (await add_unit(session, OrgKind.STREET, "演示街道", parent=city)).id
        here = (await add_unit(session, OrgKind.COMMUNITY, "此", parent=street)).id
        there = (await add_unit(session, OrgKind.COMMUNITY, "彼", parent=street)).id
    elders = [await _create(db, ElderForm(name=f"演示{n}", org_unit_id=(here, there)[n % 2])) for n in range(5)]
    async with db.read() as session:
        assert (await list_elders(session, scope=EVERYWHERE, org_unit=city)).total == 5
        assert [line.id for line in (await list_elders(session, scope=EVERYWHERE, org_unit=there)).items] == [
            elders[1],
            elders[3],
        ]
        first = await list_elders(session, scope=EVERYWHERE, limit=3)
        second = await list_elders(session, scope=EVERYWHERE, limit=3, cursor=first.next)
        assert [line.id for line in (*first.items, *second.items)] == elders
        assert second.next is None
        assert (await list_elders(session, scope=EVERYWHERE, cursor="nonsense")).items[0].id == elders[0]
        assert (await list_elders(session, scope=EVERYWHERE, status=ElderStatus.DIED, provisional=False)).items == ()


async def test_the_tree_of_places_keeps_its_order(db: Database) -> None:
    async with db.write() as session:
        city = await add_unit(session, OrgKind.CITY, "演示市", parent=None)
        with pytest.raises(ValueError, match="exists already"):
            await add_unit(session, OrgKind.CITY, "演示市", parent=None)
        with pytest.raises(ValueError, match="cannot be below"):
            await add_unit(session, OrgKind.CITY, "小市", parent=city.id)
        with pytest.raises(ValueError, match="a name"):
            await add_unit(session, OrgKind.DISTRICT, " ", parent=city.id)
        with pytest.raises(UnknownOrgUnit):
            await add_unit(session, OrgKind.DISTRICT, "区", parent=99)
        assert [unit.name for unit in await list_units(session)] == ["演示市"]


@pytest.mark.clause("S8")
async def test_a_terminal_test_is_dated(db: Database) -> None:
    elder = await _create(db)
    now = utc_now()
    async with db.write() as session:
        assert await record_test(session, "+862110000001", area_code=AREA, at=now)
        assert not await record_test(session, "10000009", area_code=AREA, at=now)
    async with db.read() as session:
        tested = (await session.scalars(select(Terminal.last_tested_at).where(Terminal.elder_id == elder))).one()
    assert tested == now


def test_search_keys_hold_name_pinyin_and_initials() -> None:
    assert search_key("李 一") == "李一 liyi ly"
    assert search_key("Demo·A") == "demo·a demoa"
    assert search_key("曾一") == "曾一 cengyi cy zengyi zy"
    assert search_key("尉迟一").endswith("yuchiyi ycy")
