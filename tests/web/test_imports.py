"""An import as people do it: sent, mapped, checked, written, undone; refused with a reason; nothing half-done stays."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select, update

from models.audit import AuditEntry
from models.base import utc_now
from models.demo_crowd import line_of
from models.elder_forms import ElderForm, TerminalForm
from models.elders import Elder
from models.import_steps import ImportWork
from models.imports import STALE, WORKING, Effect, Import, ImportedElder, ImportState, begin
from models.org import list_units
from models.queries.elders import list_elders
from models.register import change_elder, create_elder, form_of
from models.scope import EVERYWHERE
from models.sheets import read_sheet
from models.terminal_tests import record_test
from tests.web.conftest import House, bearer, csrf_of, log_in
from web.importing import Imports
from web.keys import IMPORTS

pytestmark = pytest.mark.clause("S7")
HEADER = ["老人", "住宅电话", "终端号码", "健康状况"]


@pytest.fixture
def here(sqlite_house: House) -> House:
    return _within(sqlite_house)


@pytest.fixture
def anywhere(house: House) -> House:
    """On both databases."""
    return _within(house)


def _within(house: House) -> House:
    """Each step in this process: quicker, and what fails is seen."""

    async def work(number: int, run: int) -> int:
        await ImportWork(house.db, house.settings.home, house.settings.area_code, number, run).do()
        return 0

    house.app[IMPORTS]._work = work
    return house


def _csv(*rows: Sequence[str]) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode("gb18030")


def _xlsx(*rows: Sequence[object]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return content.getvalue()


async def _send(house: House, content: bytes, head: dict[str, str], name: str = "演示.csv") -> dict[str, Any]:
    """The import once it has been looked at."""
    upload = {**head, "Content-Type": "application/octet-stream"}
    answer = await house.client.post("/api/v1/imports", params={"name": name}, data=content, headers=upload)
    told: dict[str, Any] = await answer.json()
    assert answer.status == 201, told
    return await _settled(house, told["id"], head)


async def _act(house: House, number: int, head: dict[str, str], action: str, **more: object) -> dict[str, Any]:
    path = f"/api/v1/imports/{number}/actions"
    answer = await house.client.post(path, json={"action": action, **more}, headers=head)
    assert answer.status == 200, await answer.text()
    return await _settled(house, number, head)


async def _settled(house: House, number: int, head: dict[str, str]) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            told: dict[str, Any] = await (await house.client.get(f"/api/v1/imports/{number}", headers=head)).json()
            if told["state"] not in list(WORKING):
                return told
            await asyncio.sleep(0.02)


async def _names(house: House) -> list[str]:
    async with house.db.read() as session:
        return [line.name for line in (await list_elders(session, scope=EVERYWHERE)).items]


async def _actions(house: House) -> list[str]:
    async with house.db.read() as session:
        return list(await session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("import."))))


async def test_a_sheet_is_mapped_checked_written_and_undone(anywhere: House, tmp_path: Path) -> None:
    async with anywhere.db.write() as session:
        there = ElderForm(name="演示·在册", home_phone="10000009", health="旧")
        await create_elder(session, there, by="test", area_code="021")
    head = await bearer(anywhere.client, "lead")
    rows = [
        ["演示·甲", "10000001", "10000001", "高血压"],
        ["演示·乙", "10000002", "不是号码", ""],
        ["演示·在册", "021-10000009", "", "新"],
        ["演示·丙", "10000003", "10000003", ""],
        ["演示·丁", "10000004", "10000004", ""],
    ]
    seen = await _send(anywhere, _csv(HEADER, *rows), head)
    assert (seen["state"], seen["fields"]) == ("mapping", ["", "home_phone", "terminal:line", "health"])
    refused = {"action": "check", "fields": seen["fields"]}
    answer = await anywhere.client.post(f"/api/v1/imports/{seen['id']}/actions", json=refused, headers=head)
    assert (answer.status, list((await answer.json())["error"]["fields"])) == (422, ["mapping"])
    fields = ["name", *seen["fields"][1:]]
    found = await _act(anywhere, seen["id"], head, "check", fields=fields)
    assert {k: found["counts"][k] for k in ("rows", "created", "changed", "wrong")} == {
        "rows": 5, "created": 3, "changed": 1, "wrong": 1,
    }  # fmt: skip
    assert found["differing"] == {"health": 1}
    assert "start" not in found["can"]
    conflict = await anywhere.client.post(
        f"/api/v1/imports/{seen['id']}/actions", json={"action": "start"}, headers=head
    )
    assert conflict.status == 409
    assert len(await _names(anywhere)) == 1
    problems = await (await anywhere.client.get(f"/api/v1/imports/{seen['id']}/problems", headers=head)).json()
    assert [(p["row"], p["column"], p["value"]) for p in problems["items"]] == [(3, "终端号码", "不是号码")]
    found = await _act(anywhere, seen["id"], head, "check", fields=fields, wrong="good_rows")
    done = await _act(anywhere, seen["id"], head, "start")
    assert (done["state"], done["can"]) == ("done", ["undo"])
    assert await _names(anywhere) == ["演示·在册", "演示·甲", "演示·丙", "演示·丁"]

    sheet = tmp_path / "wrong.xlsx"
    wrong = await anywhere.client.get(f"/api/v1/imports/{seen['id']}/wrong-rows", headers=head)
    sheet.write_bytes(await wrong.read())
    title, row = read_sheet(sheet)
    assert title.cells == ("错误原因", *HEADER)
    assert row.cells[1:4] == ("演示·乙", "10000002", "不是号码")
    assert "终端号码" in str(row.cells[0])
    again = await _send(anywhere, sheet.read_bytes(), head, "wrong.xlsx")
    assert again["fields"] == fields  # remembered, though our own column of reasons has come before them

    async with anywhere.db.write() as session:
        form, version = await form_of(session, 3)
        await change_elder(session, 3, form, version=version, by="user:9", area_code="021")
        changed = ElderForm(**{**_plain(form), "landmark": "后来改过"})
        await change_elder(session, 3, changed, version=version, by="user:9", area_code="021")
        assert await record_test(session, "10000004", area_code="021", at=utc_now())
    gone = await _act(anywhere, seen["id"], head, "undo")
    assert (gone["state"], gone["counts"]["kept"]) == ("undone", 2)
    assert await _names(anywhere) == ["演示·在册", "演示·丙", "演示·丁"]
    async with anywhere.db.read() as session:
        assert (await form_of(session, 1))[0].health == "旧"
        kept = (await session.execute(select(ImportedElder.elder_id, ImportedElder.kept))).all()
    assert {tuple(one) for one in kept if one.kept} == {(3, "changed"), (4, "in_use")}
    page = await (await anywhere.client.get(f"/elders/import/{seen['id']}", headers=head)).text()
    assert "已有事件、测试等记录" in page
    expected = ["import.upload", "import.start", "import.done", "import.upload", "import.undo", "import.undone"]
    assert await _actions(anywhere) == expected


def _plain(form: ElderForm) -> dict[str, Any]:
    return {name: getattr(form, name) for name in ElderForm.__dataclass_fields__}


async def test_the_pages_lead_through_it(here: House) -> None:
    await log_in(here.client, "lead")
    token = await csrf_of(here.client)
    seen = await _send(here, _xlsx(["姓名", "住宅电话"], ["<b>演示·甲</b>", "10000001"]), token, "x.bin")
    path = f"/elders/import/{seen['id']}"
    page = await (await here.client.get(path)).text()
    assert "&lt;b&gt;演示·甲&lt;/b&gt;" in page  # shown, never run
    form = {"csrf_token": token["X-CSRF-Token"], "existing": "update", "wrong": "nothing", "column-0": "home_phone"}
    answer = await here.client.post(f"{path}/check", data={**form, "column-1": "home_phone"}, allow_redirects=False)
    assert answer.status == 422
    assert "找不到“姓名”列" in await answer.text()
    form |= {"column-0": "name", "column-1": "home_phone"}
    assert (await here.client.post(f"{path}/check", data=form, allow_redirects=False)).status == 303
    await _settled(here, seen["id"], {})
    assert "写入档案" in await (await here.client.get(path)).text()
    assert (await here.client.post(f"{path}/undo", data=form, allow_redirects=False)).status == 409
    assert (await here.client.post(f"{path}/discard", data=form, allow_redirects=False)).status == 303
    assert (await here.client.get(path)).status == 404
    assert not here.app[IMPORTS].files(seen["id"]).folder.exists()
    assert "还没有导入记录" in await (await here.client.get("/elders/import")).text()
    assert (await here.client.get("/elders/import/template")).status == 200


async def test_what_is_refused_says_why_and_leaves_no_file(here: House) -> None:
    head = await bearer(here.client, "lead")
    said = await _send(here, b"\x89PNG\r\n\x1a\n\x00\x00", head, "looks-like.xlsx")
    assert (said["state"], said["can"]) == ("refused", ["discard"])
    assert "不是电子表格" in said["problem"]
    assert not here.app[IMPORTS].files(said["id"]).folder.exists()
    upload = {**head, "Content-Type": "application/octet-stream"}
    assert (await here.client.post("/api/v1/imports", headers=upload)).status == 422
    large = {**upload, "Content-Length": str(65 * 1024 * 1024)}
    answer = await here.client.post("/api/v1/imports", headers=large, data=b"", expect100=False)
    assert answer.status == 413
    assert list((here.settings.home / "imports").glob("incoming-*")) == []


async def test_one_import_at_a_time(here: House) -> None:
    head = await bearer(here.client, "lead")
    async with here.db.write() as session:
        other = await begin(session, name="", size=1, by="cli", state=ImportState.WRITING)
    upload = {**head, "Content-Type": "application/octet-stream"}
    answer = await here.client.post("/api/v1/imports", data=b"x", headers=upload)
    assert (answer.status, (await answer.json())["error"]["code"]) == (409, "import_busy")
    stopped = await _act(here, other.id, head, "stop")
    assert stopped["state"] == "undone"


async def test_what_an_interrupted_import_wrote_is_taken_back(here: House) -> None:
    """A real worker, killed in the middle of its writing; then a web process that comes up and finds what it left."""
    house = here
    head = await bearer(house.client, "lead")
    rows = [[f"演示·{n}", line_of(n), line_of(n), ""] for n in range(1, 601)]
    seen = await _send(house, _csv(["姓名", *HEADER[1:]], *rows), head)
    await _act(house, seen["id"], head, "check")
    first = house.app[IMPORTS]

    async def lost(number: int, run: int) -> int:
        await first._in_a_process(number, run)
        return 0  # nobody is told how it ended, as when the web process dies with it

    first._work = lost
    path = f"/api/v1/imports/{seen['id']}/actions"
    assert (await house.client.post(path, json={"action": "start"}, headers=head)).status == 200
    async with asyncio.timeout(60):
        while await _written(house) < 50:  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.02)
    os.kill(first._processes[seen["id"]].pid, signal.SIGKILL)
    await asyncio.gather(*first._tasks.values())
    async with house.db.write() as session:
        row = (await session.scalars(select(Import))).one()
        assert row.state is ImportState.WRITING
        await session.execute(update(Import).values(alive_at=utc_now() - 2 * STALE))
    assert 50 <= await _written(house) < 600
    second = Imports(house.settings, house.db)
    await second.take_over()
    told = await _settled(house, seen["id"], head)
    await asyncio.gather(*second._tasks.values())
    assert (told["state"], await _names(house)) == ("mapping", [])
    assert "已全部撤回" in told["problem"]
    assert "check" in told["can"]


async def _written(house: House) -> int:
    async with house.db.read() as session:
        created = select(func.count()).where(ImportedElder.effect == Effect.CREATED)
        assert await session.scalar(select(func.count(Elder.id))) == await session.scalar(created)
        return await session.scalar(created) or 0


async def test_places_that_an_import_has_made_go_with_it(here: House) -> None:
    head = await bearer(here.client, "lead")
    sheet = _csv(["姓名", "区", "街道", "社区"], ["演示·甲", "演示区", "演示街道", "演示社区"])
    seen = await _send(here, sheet, head)
    found = await _act(here, seen["id"], head, "check")
    assert found["counts"]["wrong"] == 1
    await _act(here, seen["id"], head, "check", create_orgs=True)
    assert (await _act(here, seen["id"], head, "start"))["state"] == "done"
    async with here.db.read() as session:
        assert [unit.name for unit in await list_units(session)] == ["演示区", "演示街道", "演示社区"]
    assert (await _act(here, seen["id"], head, "undo"))["counts"]["kept"] == 0
    async with here.db.read() as session:
        assert await list_units(session) == []


async def test_old_imports_keep_no_personal_data(here: House) -> None:
    head = await bearer(here.client, "lead")
    seen = await _send(here, _csv(["姓名"], ["演示·甲"]), head)
    await _act(here, seen["id"], head, "check")
    await _act(here, seen["id"], head, "start")
    async with here.db.write() as session:
        long_ago = utc_now() - timedelta(days=31)
        await session.execute(update(Import).values(created_at=long_ago, written_at=long_ago))
    await here.app[IMPORTS]._tidy()
    assert not here.app[IMPORTS].files(seen["id"]).folder.exists()
    told = await _settled(here, seen["id"], head)
    assert (told["state"], told["can"]) == ("done", [])
    async with here.db.read() as session:
        assert await session.scalar(select(func.count(ImportedElder.id))) == 0


async def test_two_who_change_the_same_file_are_both_told(anywhere: House) -> None:
    """Somebody takes a line while the import is being written: that row is told of, the others go in."""
    head = await bearer(anywhere.client, "lead")
    sheet = _csv(["姓名", "终端号码"], ["演示·甲", "10000001"], ["演示·乙", "10000002"])
    seen = await _send(anywhere, sheet, head)
    await _act(anywhere, seen["id"], head, "check", wrong="good_rows")

    class Beaten(ImportWork):
        async def _laid_over(self, row: Import) -> Any:
            found = await super()._laid_over(row)
            async with anywhere.db.write() as session:
                quick = ElderForm(name="演示·快", terminals=(TerminalForm("10000001"),))
                await create_elder(session, quick, by="user:9", area_code="021")
            return found

    async def beaten(number: int, run: int) -> int:
        await Beaten(anywhere.db, anywhere.settings.home, "021", number, run).do()
        return 0

    anywhere.app[IMPORTS]._work = beaten
    done = await _act(anywhere, seen["id"], head, "start")
    assert (done["state"], done["counts"]["created"], done["counts"]["wrong"]) == ("done", 1, 1)
    assert await _names(anywhere) == ["演示·快", "演示·乙"]
