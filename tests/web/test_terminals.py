"""Which terminals are due for a test, on the page, by API and as a table; and that staff write a test down."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.base import utc_now
from models.elder_forms import ElderForm, TerminalForm
from models.register import create_elder
from models.terminal_tests import record_test
from tests.web.conftest import House, bearer, csrf_field, log_in

pytestmark = pytest.mark.clause("S8")
NEW = utc_now().date() - timedelta(days=2)


async def district(house: House) -> None:
    """Never tested; tested long ago; tested today; installed two days ago."""
    elders = (
        ("演示·从未", TerminalForm("02110000001", "演示一键通", "=1+1", date(2026, 1, 5))),
        ("演示·久未", TerminalForm("02110000002")),
        ("演示·今天", TerminalForm("02110000003")),
        ("演示·新装", TerminalForm("02110000004", installed_on=NEW)),
    )
    async with house.db.write() as session:
        for name, terminal in elders:
            await create_elder(session, ElderForm(name=name, terminals=(terminal,)), by="test", area_code="021")
        for line, days in (("02110000002", 31), ("02110000003", 0)):
            at = utc_now() - timedelta(days=days)
            assert await record_test(session, line, area_code="021", at=at)


async def overdue(house: House, head: dict[str, str]) -> list[str]:
    answer = await house.client.get("/api/v1/terminals?state=overdue", headers=head)
    return [item["line"][-1] for item in (await answer.json())["items"]]


async def test_overdue_are_listed_until_they_are_tested(house: House) -> None:
    await district(house)
    head = await bearer(house.client, "lead")
    assert await overdue(house, head) == ["1", "2"]
    for device, status in (("1000 0001", 201), ("nobody's", 404)):
        done = await house.client.post("/api/v1/terminal-tests", headers=head, json={"device": device})
        assert done.status == status
    assert await overdue(house, head) == ["2"]
    every = await house.client.get("/api/v1/terminals?limit=3", headers=head)
    said = await every.json()
    assert [item["line"][-1] for item in said["items"]] == ["4", "2", "3"]
    assert said["next"] == "3"


async def test_the_page_and_the_table(sqlite_house: House) -> None:
    await district(sqlite_house)
    await log_in(sqlite_house.client, "keeper")
    page = await (await sqlite_house.client.get("/terminals")).text()
    assert "演示·从未" in page
    assert "演示·今天" not in page
    form = {"state": "overdue", "format": "csv", **await csrf_field(sqlite_house.client)}
    answer = await sqlite_house.client.post("/terminals/export", data=form)
    table = (await answer.read()).decode("utf-8-sig").splitlines()
    assert len(table) == 3
    assert "'=1+1" in table[1]
    assert "02110000001" not in table[1]


async def test_agents_need_not_see_it(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    assert (await sqlite_house.client.get("/terminals")).status == 403
