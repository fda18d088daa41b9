"""Lists as tables: with the filters in force, masked unless somebody who may says why, on the log, never a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import select

from models.audit import AuditEntry
from models.database import DatabaseUnavailable
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import ElderStatus
from models.journal import write
from models.register import create_elder
from models.register_export import AT_ONCE
from models.sheets import guarded, read_sheet
from tests.web import stories
from tests.web.conftest import House, bearer, csrf_field, log_in
from web.pages import exports

pytestmark = pytest.mark.clause("S14")
PHONE, MOBILE = "02110000001", "12000000001"
EVIL = ('=HYPERLINK("http://x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1")


async def _register(house: House) -> None:
    async with house.db.write() as session:
        for number, evil in enumerate(EVIL):
            form = ElderForm(
                name=f"演示·{number}",
                home_phone=PHONE if number == 0 else "",
                health="高血压",
                compound=evil,
                contacts=(ContactForm("演示·女", phones=(MOBILE,)),),
                terminals=(TerminalForm(f"0211000000{number + 1}"),),
                status=ElderStatus.AWAY if number == 4 else ElderStatus.ACTIVE,
            )
            await create_elder(session, form, by="test", area_code="021")


async def _table(house: House, path: str, head: dict[str, str], **form: str) -> list[list[str]]:
    answer = await house.client.post(path, data={"format": "csv", **form}, headers=head)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))


async def _logged(house: House, action: str) -> AuditEntry:
    async with house.db.read() as session:
        found = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        return (await session.scalars(found)).all()[0]


async def test_the_register_is_masked_unless_somebody_says_why(house: House, tmp_path: Path) -> None:
    await _register(house)
    head = await bearer(house.client, "lead")
    head_row, *rows = await _table(house, "/elders/export", head, status="active", search="演示")
    assert len(rows) == 4
    text = str(rows)
    assert not any(secret in text for secret in (PHONE, MOBILE, "高血压"))
    entry = await _logged(house, "elders.export")
    assert entry.data == {
        "filters": {"status": "active", "search": "***"}, "format": "csv", "shown": "masked", "rows": 4, "whole": True,
    }  # fmt: skip
    assert (await _logged(house, "elders.export_begun")).data["shown"] == "masked"
    for reason, status in (("x", 422), ("区民政局年检, 联系12000000009", 200)):
        form = {"format": "xlsx", "reason": reason}
        answer = await house.client.post("/elders/export", data=form, headers=head)
        assert answer.status == status
    sheet = tmp_path / "elders.xlsx"
    sheet.write_bytes(await answer.read())
    title, *whole = read_sheet(sheet)  # which refuses formulas
    assert [str(cell) for cell in title.cells] == head_row
    assert {PHONE, MOBILE, "高血压"} <= set(whole[0].cells)
    assert [row.cells[head_row.index("小区")] for row in whole] == [evil.strip() for evil in EVIL]
    entry = await _logged(house, "elders.export")
    assert (entry.data["shown"], entry.data["rows"]) == ("all", 5)
    assert entry.data["reason"] == "区民政局年检, 联系120****0009"


@pytest.mark.parametrize("cell", EVIL)
def test_no_cell_of_a_csv_is_a_formula(cell: str) -> None:
    assert guarded(cell) == "'" + cell


async def test_a_table_has_no_formula_whoever_reads_it(sqlite_house: House) -> None:
    await _register(sqlite_house)
    head_row, *rows = await _table(sqlite_house, "/elders/export", await bearer(sqlite_house.client, "lead"))
    place = head_row.index("小区")
    assert [row[place][0] for row in rows] == ["'"] * 5
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)


async def test_every_list_goes_out_with_its_filters(sqlite_house: House) -> None:
    house = sqlite_house
    await _register(house)
    async with house.db.write() as session:
        await write(session, stories.entries(stories.closed(stories.talking(stories.ringing()))), area_code="021")
    await log_in(house.client, "lead")
    token = await csrf_field(house.client)
    lists = ("cases", "follow-ups", "exception-reports", "orders", "complaints", "terminals")
    tables = {name: await _table(house, f"/{name}/export", {}, state="closed", **token) for name in lists}
    assert {name: len(rows) - 1 for name, rows in tables.items()} == {
        "cases": 1, "follow-ups": 0 if len(tables["follow-ups"]) == 1 else 1, "exception-reports": 0, "orders": 0,
        "complaints": 0, "terminals": 5,
    }  # fmt: skip
    assert len(await _table(house, "/cases/export", {}, state="open", **token)) == 1
    for name in lists:
        assert (await _logged(house, f"{name}.export")).data["whole"]
        assert f'action="/{name}/export"' in await (await house.client.get(f"/{name}")).text()
    answer = await house.client.post("/cases/export", data={"format": "exe", **token})
    assert answer.status == 400


async def test_who_may_not_see_it_cannot_take_it_away(sqlite_house: House) -> None:
    keeper = await bearer(sqlite_house.client, "keeper")
    form = {"format": "csv", "reason": "想看看号码"}
    assert (await sqlite_house.client.post("/terminals/export", data=form, headers=keeper)).status == 403
    agent = await bearer(sqlite_house.client)
    assert (await sqlite_house.client.post("/elders/export", headers=agent)).status == 403


async def test_a_long_table_is_read_page_by_page(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await _register(sqlite_house)
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    assert AT_ONCE > 2
    head = await bearer(sqlite_house.client, "lead")
    rows = await _table(sqlite_house, "/elders/export", head)
    assert [row[0] for row in rows[1:]] == [f"演示·{number}" for number in range(5)]
    real, calls = exports.list_elders, 0

    async def breaks(*args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise DatabaseUnavailable("away")
        return await real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(exports, "list_elders", breaks)
    with pytest.raises(Exception, match=r"(?i)payload|disconnected|reset|closed"):
        await _table(sqlite_house, "/elders/export", head)  # half a table does not look like a whole one
    entry = await _logged(sqlite_house, "elders.export")
    assert (entry.data["rows"], entry.data["whole"]) == (2, False)
