"""New wishes and refusals (X9): noted where they are heard, struck out with a reason, summed up by the month."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.vocabulary import Aid
from models.audit import AuditEntry
from models.elder_forms import ElderForm
from models.journal import write
from models.org import OrgKind, get_or_create
from models.queries.register import file_of
from models.register import create_elder
from models.services.catalogue import ServiceForm, add_service
from models.services.records import ServiceUnit
from models.sheets import read_sheet
from models.wishes import Wish, WishKind
from tests.web import stories
from tests.web.conftest import House, bearer, csrf_field, csrf_of, log_in

pytestmark = pytest.mark.clause("X9")
CASE = "演示-1"


async def _settle(house: House) -> tuple[int, int, int]:
    """Two elders, one of a community, who has called; and a service."""
    async with house.db.write() as session:
        place = await get_or_create(session, OrgKind.COMMUNITY, "演示社区")
        wang = await create_elder(session, ElderForm("演示·王奶奶", org_unit_id=place.id), by="test", area_code="021")
        li = await create_elder(session, ElderForm("演示·李二"), by="test", area_code="021")
        called = stories.closed(stories.talking(stories.ringing(CASE, file=await file_of(session, wang.id))))
        await write(session, stories.entries(called))
        form = ServiceForm(Aid.CLEANING, "演示助洁", "demo cleaning", ServiceUnit.VISIT, 3_000)
        cleaning = await add_service(session, "demo_cleaning", form, by="test")
    return wang.id, li.id, cleaning.id


async def _ask(house: House, method: str, path: str, head: dict[str, str], **what: Any) -> tuple[int, Any]:
    answer = await house.client.request(
        method, f"/api/v1/wishes{path}", headers=head, **({"json": what} if what else {})
    )
    return answer.status, await answer.json()


async def test_a_wish_or_refusal_is_noted_and_struck_out(house: House) -> None:
    wang, li, service = await _settle(house)
    head = await bearer(house.client)
    await log_in(house.client)
    for page in (f"/elders/{wang}", f"/cases/{CASE}"):
        assert f"/wishes/new?elder={wang}" in await (await house.client.get(page)).text()
    form = await (await house.client.get(f"/wishes/new?elder={wang}&case={CASE}")).text()
    assert ("演示·王奶奶" in form, f'value="{CASE}"' in form) == (True, True)

    right = {"kind": "refusal", "elder": str(wang), "case": CASE, "service": str(service), "words": "不要<b>上门</b>"}
    right |= await csrf_field(house.client)
    for wrong, told in (
        ({"words": " "}, "请填写"),
        ({"words": "长" * 501}, "不得超过500字"),
        ({"elder": "999"}, "没有这份档案"),
        ({"elder": str(li)}, "该老人没有这个事件"),
        ({"service": "x"}, "服务目录中没有此项"),
        ({"kind": "new_wish"}, "目录中已有的服务不是新需求"),
    ):
        answer = await house.client.post("/wishes/new", data={**right, **wrong}, allow_redirects=False)
        page = await answer.text()
        assert (answer.status, f'<p class="field-errors">{told}' in page) == (422, True), told
        assert "words" in wrong or "不要&lt;b&gt;上门" in page  # what was typed is kept
    answer = await house.client.post("/wishes/new", data=right, allow_redirects=False)
    assert answer.status == 303
    noted = answer.headers["Location"]
    page = await (await house.client.get(noted)).text()
    assert [word in page for word in ("不要&lt;b&gt;上门", "演示助洁", f"/cases/{CASE}", "演示坐席甲")] == [True] * 4

    new = {"kind": "new_wish", "elder": li, "words": "想学用手机, 电话12000000077"}
    for wrong, status, fields in (
        ({"words": ""}, 422, ["words"]),
        ({"service": service}, 422, ["service"]),
        ({"kind": "refusal", "service": 999}, 422, ["service"]),
        ({"elder": 999}, 404, []),
    ):
        status_told, told = await _ask(house, "POST", "", head, **{**new, **wrong})
        assert (status_told, list(told["error"]["fields"])) == (status, fields)
    status, told = await _ask(house, "POST", "", head, **new)
    assert (status, told["words"], told["service"]) == (201, "想学用手机, 电话120****0077", None)
    one = f"/{told['id']}"
    reveal = {"record": f"wish:{told['id']}", "reason": "演示"}
    shown = await house.client.post("/api/v1/reveals", json=reveal, headers=await csrf_of(house.client))
    assert (shown.status, "12000000077" in await (await house.client.get(f"/wishes{one}")).text()) == (201, True)

    strike, why = f"{noted}/strike", await csrf_field(house.client)
    answer = await house.client.post(strike, data={**why, "why": ""})
    assert (answer.status, "请填写" in await answer.text()) == (422, True)
    assert (await house.client.post(strike, data={**why, "why": "记错了人"}, allow_redirects=False)).status == 303
    page = await (await house.client.get("/wishes")).text()
    assert ("<s>不要&lt;b&gt;上门" in page, "记错了人" in page) == (True, True)  # it stays on record
    status, told = await _ask(house, "POST", f"{noted.removeprefix('/wishes')}/strike", head, why="再一次")
    assert (status, list(told["error"]["fields"])) == (422, ["why"])
    status, sums = await _ask(house, "GET", "/sums", head)
    assert (sums["in_month"]["new_wishes"], sums["in_month"]["refusals"], sums["services"]) == (1, 0, [])
    async with house.db.read() as session:
        done = select(AuditEntry.action, AuditEntry.elder).where(AuditEntry.action.like("wish.%"))
        assert [tuple(row) for row in await session.execute(done.order_by(AuditEntry.id))] == [
            ("wish.note", wang), ("wish.note", li), ("wish.strike", wang),
        ]  # fmt: skip


async def test_the_sums_of_a_month_are_those_of_its_rows(house: House, tmp_path: Path) -> None:
    wang, li, service = await _settle(house)
    begins, ends = (datetime(2026, month, 1).astimezone() for month in (3, 4))
    moment = timedelta(microseconds=1)
    rows = [
        (WishKind.REFUSAL, wang, service, begins), (WishKind.REFUSAL, wang, None, ends - moment),
        (WishKind.NEW_WISH, li, None, begins + timedelta(days=1)), (WishKind.REFUSAL, li, service, begins - moment),
        (WishKind.NEW_WISH, wang, None, ends), (WishKind.NEW_WISH, wang, None, begins - timedelta(days=365)),
    ]  # fmt: skip
    async with house.db.write() as session:
        for kind, elder, refused, at in rows:
            what = {"kind": kind, "elder_id": elder, "service_id": refused, "words": "演示", "noted_by": "user:1"}
            session.add_all([Wish(**what, noted_at=at), Wish(**what, noted_at=at, struck_out_at=at)])
    head = await bearer(house.client, "lead")
    _, sums = await _ask(house, "GET", "/sums?month=2026-03", head)
    listed = {}
    for month in ("2025-03", "2026-02", "2026-03", "2026-04"):
        _, told = await _ask(house, "GET", f"?month={month}", head)
        listed[month] = Counter(one["kind"] for one in told["items"] if not one["struck_out_at"])
        assert sum(bool(one["struck_out_at"]) for one in told["items"]) == listed[month].total()
    assert listed["2026-03"] == {"refusal": 2, "new_wish": 1}
    counted = {one["month"]: {"new_wish": one["new_wishes"], "refusal": one["refusals"]} for one in sums["months"]}
    assert {month: Counter(numbers) for month, numbers in counted.items() if any(numbers.values())} == {
        month: numbers for month, numbers in listed.items() if month > "2026"
    }
    assert (len(counted), sums["in_month"]["month"], sums["in_year"]) == (
        12,
        "2026-03",
        {"new_wishes": 2, "refusals": 3},
    )
    refused = {one["service"]: (one["in_month"], one["in_year"]) for one in sums["services"]}
    assert refused == {service: (1, 2), None: (1, 1)}
    places = {one["community"]: (*one["in_month"].values(), *one["in_year"].values()) for one in sums["places"]}
    assert places == {"演示社区": (0, 2, 1, 2), "": (1, 0, 1, 1)}
    assert (await _ask(house, "GET", "/sums?month=2026-13", head))[0] == 422

    await log_in(house.client, "lead")
    page = await (await house.client.get("/wishes?month=2026-03")).text()
    assert page.count('id="wish-') == 6
    form = {"month": "2026-03", "format": "xlsx", **await csrf_field(house.client)}
    answer = await house.client.post("/wishes/export", data=form)
    (tmp_path / "wishes.xlsx").write_bytes(await answer.read())
    _, *lines = (row.cells for row in read_sheet(tmp_path / "wishes.xlsx"))
    told = (await _ask(house, "GET", "?month=2026-03", head))[1]["items"]
    assert [line[2] for line in lines] == [one["elder_name"] for one in told]
    rows_page = await (await house.client.get("/reports/rows?figure=refusals&period=2026-03&unit=all")).text()
    assert rows_page.count('<a href="/wishes/') == 2
