"""The register from spreadsheets: every bad cell is named, nothing is half-imported, exports come back the same."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import func, select

from models.database import Database
from models.demo_district import ELDERS, make
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import Elder, ElderChange, ElderStatus, Relation
from models.imports import Existing, Wrong
from models.org import OrgKind, OrgUnit, add_unit, list_units
from models.queries.elders import list_elders
from models.queries.register import find_file
from models.register import create_elder, form_of
from models.register_columns import COLUMNS, column_of, contact_columns, read_relation, show_relation
from models.register_export import export_elders, write_template
from models.register_import import ImportOptions, ImportReport, import_elders
from models.scope import EVERYWHERE
from models.sheets import SheetError, read_sheet

pytestmark = pytest.mark.usefixtures("cheap_passwords")  # the demo district has six people
OPTIONS = ImportOptions(area_code="021", by="user:1")
ID_CARD = "999999194005060018"
HEADER = ["姓名", "身份证号", "终端号码", "社区", "室号", "联系人1姓名", "联系人1关系", "联系人1电话"]


def _csv(folder: Path, *rows: Sequence[str], encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
    path = folder / "register.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def _xlsx(folder: Path, *rows: Sequence[object]) -> Path:
    path = folder / "register.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def _row(name: str, card: str = "", line: str = "", *more: str) -> list[str]:
    return [name, card, line, *more]


async def _count(db: Database) -> int:
    async with db.read() as session:
        return (await session.execute(select(func.count(Elder.id)))).scalar_one()


async def _refused(db: Database, path: Path, options: ImportOptions = OPTIONS) -> ImportReport:
    """The import reports errors, and the register is as it was."""
    before = await _count(db)
    report = await import_elders(db, path, options)
    assert report.errors
    assert not report.done
    assert await _count(db) == before
    return report


async def test_a_sheet_becomes_files(db: Database, tmp_path: Path) -> None:
    async with db.write() as session:
        await add_unit(session, OrgKind.COMMUNITY, "演示社区", parent=None)
    rows = [
        HEADER,
        _row("演示·甲", ID_CARD, "1000 0001", "演示社区", "301", "演示·子", "儿子", "12000000001、１２000000002"),
        [],
        _row("演示·乙", "", "021-1000-0002"),
    ]
    report = await import_elders(db, _csv(tmp_path, *rows), OPTIONS)
    assert (report.rows, report.created, report.updated, report.done) == (2, 2, 0, True)
    assert [(warning.row, warning.column) for warning in report.warnings] == [(2, "身份证号")]
    async with db.read() as session:
        file = await find_file(session, "+862110000001", "021")
    assert file is not None
    assert (file.name, file.born, file.sex, file.address) == ("演示·甲", date(1940, 5, 6), "male", "演示社区301室")
    assert file.contacts[0].phones == ("12000000001", "12000000002")


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", "\t")])
async def test_csv_in_the_encodings_that_offices_use(
    db: Database, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = _csv(tmp_path, HEADER, _row("演示·㐀"), encoding=encoding, delimiter=delimiter)
    assert (await import_elders(db, path, OPTIONS)).created == 1
    async with db.read() as session:
        assert (await list_elders(session, scope=EVERYWHERE)).items[0].name == "演示·㐀"


async def test_english_headers_and_typed_cells(db: Database, tmp_path: Path) -> None:
    rows = [
        ["district register"],
        ["Name", "Sex", "Born", "Home phone", "Room", "Lives alone", "Service class", "Status", "Contact1 name"],
        ["Demo A", "F", datetime(1940, 5, 6, tzinfo=UTC).replace(tzinfo=None), 2110000001, 301.0, True, 1, "away", ""],
    ]
    report = await import_elders(db, _xlsx(tmp_path, *rows), OPTIONS)
    assert report.errors == ()
    async with db.read() as session:
        form, _ = await form_of(session, 1)
    assert (form.sex, form.born, form.home_phone, form.room) == ("female", date(1940, 5, 6), "02110000001", "301")
    assert (form.lives_alone, form.service_class, form.status) == (True, 1, ElderStatus.AWAY)


async def test_every_bad_cell_is_named_and_nothing_is_imported(db: Database, tmp_path: Path) -> None:
    rows = [
        [*HEADER, "出生日期", "性别", "服务类别", "安装日期"],
        _row("演示·甲"),
        _row("", "", "10000001"),
        _row("演示·乙", "1234", "abc", "没有的社区", "1", "演示·子", "儿子", "12"),
        _row("演示·丙", "", "", "", "", "演示·子", "", "", "1940-13-01", "中", "4"),
        _row("演示·丁", "", "10000002", "", "", "", "", "", "", "", "", "昨天"),
    ]
    report = await _refused(db, _csv(tmp_path, *rows))
    found = {(error.row, error.column, error.value) for error in report.errors}
    assert found == {
        (3, "姓名", ""),
        (4, "身份证号", "1234"),
        (4, "终端号码", "abc"),
        (4, "社区", "没有的社区"),
        (4, "联系人1电话", "12"),
        (5, "联系人1电话", ""),
        (5, "出生日期", "1940-13-01"),
        (5, "性别", "中"),
        (5, "服务类别", "4"),
        (6, "安装日期", "昨天"),
    }
    assert all(error.zh and error.en for error in report.errors)


async def test_numeric_id_cards_are_refused_with_the_row(db: Database, tmp_path: Path) -> None:
    path = _xlsx(tmp_path, ["姓名", "身份证号"], ["演示·甲", 999999194005060018])
    report = await _refused(db, path)
    assert [(error.row, error.column) for error in report.errors] == [(2, "身份证号")]
    assert "文本" in report.errors[0].zh


async def test_a_dry_run_tells_and_changes_nothing(db: Database, tmp_path: Path) -> None:
    options = ImportOptions(area_code="021", by="user:1", dry_run=True, create_orgs=True)
    rows = [["姓名", "区", "街道", "社区"], ["演示·甲", "演示区", "演示街道", "演示社区"]]
    report = await import_elders(db, _csv(tmp_path, *rows), options)
    assert (report.created, report.done, report.errors) == (1, False, ())
    assert await _count(db) == 0
    async with db.read() as session:
        assert await list_units(session) == []


async def test_rows_mean_the_file_with_their_card_or_line_or_name_and_phone(db: Database, tmp_path: Path) -> None:
    header = ["姓名", "身份证号", "终端号码", "住宅电话", "室号", "健康状况"]
    first = [
        header,
        ["演示·甲", ID_CARD, "10000001", "", "101", "高血压"],
        ["演示·乙", "", "10000002", "", "102"],
        ["演示·丙", "", "", "10000003", "103"],
    ]
    again = [
        header,
        ["演示·甲改", ID_CARD, "", "", "201", ""],
        ["演示·乙", "", "+862110000002", "", "202"],
        ["演示·丙", "", "", "021 10000003", "203"],
        ["演示·丙", "", "", "10000003", "", "心脏病"],
    ]
    assert (await import_elders(db, _csv(tmp_path, *first), OPTIONS)).created == 3
    report = await import_elders(db, _csv(tmp_path, *again), OPTIONS)
    assert (report.created, report.updated, report.done) == (0, 3, True)
    async with db.read() as session:
        forms = [(await form_of(session, number))[0] for number in (1, 2, 3)]
        history = (await session.scalars(select(ElderChange.field).where(ElderChange.elder_id == 1))).all()
    assert [form.room for form in forms] == ["201", "202", "203"]
    assert forms[0].name == "演示·甲改"
    assert forms[0].health == "高血压", "an empty cell changes nothing"
    assert forms[2].health == "心脏病"
    assert [len(form.terminals) for form in forms] == [1, 1, 0]
    assert sorted(history) == ["created", "name", "room"]


async def test_elders_on_file_can_be_left_alone_or_get_another_file(db: Database, tmp_path: Path) -> None:
    header = ["姓名", "终端号码", "住宅电话", "健康状况"]
    first = [header, ["演示·甲", "10000001", "10000001", ""], ["演示·乙", "", "10000002", ""]]
    assert (await import_elders(db, _csv(tmp_path, *first), OPTIONS)).created == 2
    again = [*first, ["演示·丙", "", "10000003", ""]]
    again[1] = ["演示·甲", "10000001", "10000001", "新"]
    skipping = replace(OPTIONS, existing=Existing.SKIP)
    report = await import_elders(db, _csv(tmp_path, *again), skipping)
    assert (report.created, report.updated, report.skipped) == (1, 0, 2)
    creating = replace(OPTIONS, existing=Existing.CREATE, wrong=Wrong.GOOD_ROWS)
    report = await import_elders(db, _csv(tmp_path, *again), creating)
    assert (report.created, report.updated) == (2, 0)  # namesakes at the same telephone
    assert [(error.row, error.column) for error in report.errors] == [(2, "终端号码")]  # a line is one elder's only
    assert await _count(db) == 5


async def test_nobody_is_written_over_somebody_else(db: Database, tmp_path: Path) -> None:
    async with db.write() as session:
        present = ElderForm(name="演示·甲", id_card=ID_CARD, terminals=(TerminalForm("10000001"),))
        await create_elder(session, present, by="test", area_code="021")
    rows = [
        HEADER,
        _row("演示·乙", "", "10000001"),
        _row("演示·甲", "999999194105060016", "10000001"),
        _row("演示·丙", "", "10000002"),
        _row("演示·丁", "", "10000002"),
    ]
    report = await _refused(db, _csv(tmp_path, *rows))
    named = {(error.row, error.column) for error in report.errors}
    assert named >= {(2, "姓名"), (3, "身份证号"), (5, "姓名")}
    assert not any(error.row == 4 for error in report.errors)


async def test_missing_communities_are_made_when_asked_for(db: Database, tmp_path: Path) -> None:
    rows = [
        ["姓名", "区", "街道", "社区"],
        ["演示·甲", "演示区", "演示街道", "演示社区"],
        ["演示·乙", "演示区", "演示街道", "演示社区"],
        ["演示·丙", "", "", "别处"],
    ]
    options = ImportOptions(area_code="021", by="user:1", create_orgs=True)
    report = await _refused(db, _csv(tmp_path, *rows), options)
    assert [(error.row, error.column) for error in report.errors] == [(4, "社区")]
    report = await import_elders(db, _csv(tmp_path, *rows[:3]), options)
    assert report.done
    async with db.read() as session:
        units = await list_units(session)
        ids = (await session.scalars(select(Elder.org_unit_id))).all()
    assert [unit.name for unit in units] == ["演示区", "演示街道", "演示社区"]
    assert set(ids) == {units[-1].id}


async def test_communities_of_the_same_name_need_their_street(db: Database, tmp_path: Path) -> None:
    async with db.write() as session:
        for street in ("甲街道", "乙街道"):
            unit = await add_unit(session, OrgKind.STREET, street, parent=None)
            await add_unit(session, OrgKind.COMMUNITY, "同名社区", parent=unit.id)
    rows = [["姓名", "街道", "社区"], ["演示·甲", "", "同名社区"]]
    report = await _refused(db, _csv(tmp_path, *rows))
    assert "several" in report.errors[0].en
    rows[1][1] = "乙街道"
    assert (await import_elders(db, _csv(tmp_path, *rows), OPTIONS)).done
    async with db.read() as session:
        unit_of = select(OrgUnit.parent_id).join(Elder, Elder.org_unit_id == OrgUnit.id)
        parent = (await session.scalars(unit_of)).one()
        street_found = await session.get(OrgUnit, parent)
    assert street_found is not None
    assert street_found.name == "乙街道"


async def test_what_is_exported_comes_back_the_same(db: Database, tmp_path: Path) -> None:
    await make(db, elders=20)
    odd = ElderForm(
        name='演示·"奇',
        id_card=ID_CARD,
        home_phone="10009999",
        way_in="=1+1\n第二行, 有逗号",
        lives_alone=False,
        status=ElderStatus.AWAY,
        contacts=tuple(ContactForm(f"演示·{n}", Relation.NEIGHBOUR, f"第{n}个", ("12345", "12348")) for n in range(7)),
        terminals=(TerminalForm("10009998", "", "S-1"), TerminalForm("10009997", "型号", "", date(2026, 1, 2))),
    )
    async with db.write() as session:
        odd_id = (await create_elder(session, odd, by="test", area_code="021")).id
        before, _ = await form_of(session, odd_id)
    for path in (tmp_path / "register.xlsx", tmp_path / "register.csv"):
        assert await export_elders(db, path, by="cli:test") == 21
        report = await import_elders(db, path, OPTIONS)
        assert (report.errors, report.created, report.updated, report.unchanged) == ((), 0, 0, 21)
        async with db.write() as session:
            await session.delete(await session.get_one(Elder, odd_id))
        assert (await import_elders(db, path, OPTIONS)).created == 1
        async with db.read() as session:
            odd_id = (await session.scalars(select(Elder.id).where(Elder.id_card == ID_CARD))).one()
            after, _ = await form_of(session, odd_id)
        assert [(c.name, c.kind, c.relation, c.phones) for c in after.contacts] == [
            (c.name, c.kind, c.relation, c.phones) for c in before.contacts
        ]
        assert after.terminals == before.terminals
        assert (after.name, after.way_in, after.lives_alone, after.status) == (
            before.name,
            before.way_in,
            before.lives_alone,
            before.status,
        )


def test_the_template_has_every_column(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path)
    header = [str(cell) for cell in read_sheet(path)[0].cells]
    expected = [*COLUMNS, *(column for number in range(1, 6) for column in contact_columns(number))]
    assert [column_of(title) for title in header] != [None] * len(header)
    assert [c.field for title in header if (c := column_of(title))] == [column.field for column in expected]


@pytest.mark.parametrize("column", [*COLUMNS, *contact_columns(12)], ids=lambda column: column.en)
def test_both_names_of_a_column_are_known(column: object) -> None:
    zh, en = column.zh, column.en  # type: ignore[attr-defined]
    for header in (zh, en, f" {zh} *", en.upper().replace("_", " ")):
        found = column_of(header)
        assert found is not None, header
        assert found.zh == zh


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("a.csv", b"%PDF-1.7\n\x00\x01", "no spreadsheet"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "not a readable"),
        ("a.csv", b"\xff\xff\xff", "UTF-8"),
        ("a.csv", "电话,地址\n1,2".encode(), "姓名"),
        ("a.csv", "姓名,姓名\n1,2".encode(), "twice"),
        ("a.csv", "姓名,name\n1,2".encode(), "twice"),
        ("a.csv", b"", "empty"),
        ("missing.csv", None, "cannot be read"),
    ],
)
async def test_files_that_are_no_register_say_why(
    db: Database, tmp_path: Path, name: str, content: bytes | None, hint: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SheetError, match=hint):
        await import_elders(db, path, OPTIONS)


async def test_unknown_columns_are_told(db: Database, tmp_path: Path) -> None:
    report = await import_elders(db, _csv(tmp_path, ["姓名", "星座"], ["演示·甲", "白羊"]), OPTIONS)
    assert report.done
    assert [(warning.column, warning.severe) for warning in report.warnings] == [("星座", False)]


@pytest.mark.parametrize("kind", Relation)
@pytest.mark.parametrize("words", ["", "儿子", "邻居", "居委会", "表弟", "其他:x", "监护人"])
def test_relations_come_back_the_same(kind: Relation, words: str) -> None:
    assert read_relation(show_relation(kind, words)) == (kind, words)


async def test_the_demo_district_is_plainly_invented_and_may_be_made_again(db: Database) -> None:
    first = await make(db)
    second = await make(db)
    assert (first.created, second.created) == (ELDERS, 0)
    names = {"admin", "supervisor", "agent801", "agent802", "street", "supplier"}
    assert {log_in.username for log_in in second.log_ins} == names
    async with db.read() as session:
        file = await find_file(session, "02110000001", "021")
        names = (await session.scalars(select(Elder.name))).all()
        lines = (await session.scalars(select(Elder.home_phone))).all()
    assert file is not None
    assert [contact.phones for contact in file.contacts] == [
        ("12000000001",),
        ("12000000002", "12000000003"),
        ("12000000004",),
        ("02110010001",),
    ]
    assert len(set(names)) == ELDERS
    assert all(name.startswith("演示·") for name in names)
    assert all(line.startswith("0211000") for line in lines)
