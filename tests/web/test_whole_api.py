"""Every kind of record that the contract names is asked for, made, changed and ended in the same way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from models.base import utc_now
from models.demo_district import make
from models.elders import Elder
from models.follow_ups import FollowUp
from models.months import this_month
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.suppliers.records import Supplier
from tests.web.conftest import House, bearer, build
from tests.web.test_quality import reviewed_calls


@pytest_asyncio.fixture
async def district(sqlite_url: str, tmp_path: Any) -> AsyncIterator[House]:
    async for built in build(sqlite_url, tmp_path):
        await make(built.db, elders=10)
        yield built


class _Caller:
    """Somebody who asks the API; the status and what was answered."""

    def __init__(self, house: House, headers: dict[str, str]) -> None:
        self._house, self._headers = house, headers

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = await self._house.client.request(method, f"/api/v1{path}", json=body, headers=self._headers)
        return answer.status, await answer.json()

    async def all_of(self, path: str) -> list[Any]:
        """A list as it comes, one row a page."""
        found, cursor = [], ""
        while cursor is not None:
            status, told = await self("GET", f"{path}?limit=1&cursor={cursor}")
            assert (status, len(told["items"])) == (200, 1), told
            found += told["items"]
            cursor = told["next"]
        return found

    async def kept(self, path: str) -> bool:
        """Whether it cannot be deleted, and the answer says what to do instead."""
        status, told = await self("DELETE", path)
        return (status, told["error"]["code"]) == (409, "kept") and "/api/v1/" in told["error"]["message"]


@pytest.mark.clause("X2")
async def test_what_must_be_kept_is_ended_by_its_own_rules(district: House) -> None:
    ask = _Caller(district, await bearer(district.client, "lead"))
    async with district.db.read() as session:
        supplier = await session.scalar(select(Supplier.id).limit(1))
        service = await session.scalar(select(WorkOrder.service_id).where(WorkOrder.service_id.is_not(None)))
        elder = await session.scalar(select(Elder.id).order_by(Elder.id.desc()).limit(1))
        started = await session.scalar(select(WorkOrder.id).where(WorkOrder.state == OrderState.FINISHED).limit(1))
        owed = await session.scalar(select(FollowUp.id).limit(1))

    _, told = await ask("POST", "/orders", {"elder": elder, "service": service, "wish": "打扫"})
    order = told["order"]["id"]
    status, told = await ask("PATCH", f"/orders/{order}", {"version": told["order"]["version"], "urgent": True})
    assert (status, told["order"]["urgent"], told["order"]["wish"]) == (200, True, "打扫")
    version = told["order"]["version"]
    assert (await ask("PATCH", f"/orders/{order}", {"version": version - 1, "wish": "擦窗"}))[0] == 409
    status, told = await ask("DELETE", f"/orders/{order}?version={version}&why=不需要了")
    assert (status, told["order"]["state"], told["changes"][-1]["why"]) == (200, "cancelled", "不需要了")
    status, told = await ask("DELETE", f"/orders/{started}?version=1")
    assert (status, told["error"]["code"]) == (409, "order_state")

    later = (utc_now() + timedelta(days=3)).isoformat()
    status, booked = await ask("POST", "/follow-ups", {"elder": elder, "due_at": later})
    assert (status, booked["kind"], booked["elder"], booked["case"]) == (201, "care", elder, None)
    wrong = {"elder": elder, "kind": "visit", "due_at": later}
    assert (await ask("POST", "/follow-ups", wrong))[1]["error"]["fields"].keys() == {"kind"}
    past = {"elder": elder, "due_at": "2020-01-01T09:00:00+08:00"}
    assert (await ask("POST", "/follow-ups", past))[1]["error"]["fields"].keys() == {"due_at"}
    assert (await ask("DELETE", f"/follow-ups/{booked['id']}?version=9"))[0] == 409
    assert (await ask("DELETE", f"/follow-ups/{booked['id']}?version=1"))[0] == 200
    assert (await ask("GET", f"/follow-ups/{booked['id']}"))[0] == 404
    _, told = await ask("GET", f"/follow-ups/{owed}")
    assert await ask.kept(f"/follow-ups/{owed}?version={told['version']}")

    plan = {"kind": "regular", "title": "问候", "starts_on": "2027-01-01", "times": ["09:00"], "elder_id": elder}
    _, told = await ask("POST", "/care-plans", plan)
    status, told = await ask("DELETE", f"/care-plans/{told['id']}?version=1")
    assert (status, told["halted_at"] is not None) == (200, True)

    assert await ask.kept(f"/suppliers/{supplier}")
    _, told = await ask("POST", "/complaints", {"words": "太慢", "elder": elder})
    assert await ask.kept(f"/complaints/{told['complaint']['id']}")
    assert [(await ask("DELETE", path))[0] for path in ("/suppliers/9999", "/complaints/9999")] == [404, 404]


@pytest.mark.clause("S10", "S12")
async def test_shifts_and_emergency_plans(sqlite_house: House) -> None:
    ask = _Caller(sqlite_house, await bearer(sqlite_house.client, "lead"))
    shift = {"weekday": 0, "begins": "16:00", "ends": "24:00", "seats": 9}
    status, made = await ask("POST", "/planned-shifts", shift)
    assert (status, made["ends"]) == (201, "00:00")
    assert (await ask("POST", "/planned-shifts", {**shift, "ends": "24:10"}))[1]["error"]["fields"].keys() == {"ends"}
    path = f"/planned-shifts/{made['id']}"
    assert (await ask("PATCH", path, {**shift, "seats": 5, "version": 1}))[1]["seats"] == 5
    assert (await ask("PATCH", path, {**shift, "version": 1}))[0] == 409
    _, told = await ask("GET", "/staffing")
    evening = [one["planned"] for one in told["quarters"] if (one["weekday"], one["number"]) in ((0, 95), (1, 0))]
    assert (len(told["quarters"]), evening) == (7 * 96, [5, 0])
    assert (await ask("DELETE", f"{path}?version=2"))[0] == 200
    assert (await ask("GET", "/planned-shifts"))[1]["items"] == []
    for weekday in (6, 0, 3):
        assert (await ask("POST", "/planned-shifts", {**shift, "weekday": weekday}))[0] == 201
    assert [one["weekday"] for one in await ask.all_of("/planned-shifts")] == [0, 3, 6]

    _, who = await ask("GET", "/me")
    today = date.today()  # noqa: DTZ011 - as the forms mean it
    plan = {
        "title": "停电预案",
        "owner": 1,
        "valid_from": f"{today}",
        "review_due": f"{today + timedelta(days=30)}",
        "text": "演示",
    }
    status, made = await ask("POST", "/emergency-plans", plan)
    assert (status, made["changed_by"].startswith("user:"), who["username"]) == (201, True, "lead")
    path = f"/emergency-plans/{made['id']}"
    status, told = await ask("PATCH", path, {"version": 1, "text": "演示二"})
    assert (told["text"], told["title"], told["owner"]) == ("演示二", "停电预案", 1)
    due = {"version": told["version"], "due": f"{today + timedelta(days=365)}"}
    status, told = await ask("POST", f"{path}/reviewed", due)
    assert (status, told["reviewed_on"]) == (200, f"{today}")
    assert await ask.kept(path)
    _, later = await ask("POST", "/emergency-plans", {**plan, "review_due": f"{today + timedelta(days=400)}"})
    assert [one["id"] for one in await ask.all_of("/emergency-plans")] == [made["id"], later["id"]]


@pytest.mark.clause("K5")
async def test_a_month_is_drawn_scored_and_summed_up(sqlite_house: House) -> None:
    await reviewed_calls(sqlite_house, "k1", "k2", "k3", urgent=1)
    ask = _Caller(sqlite_house, await bearer(sqlite_house.client, "reader"))
    status, told = await ask("POST", "/quality-draws", {"month": this_month()})
    assert (status, sum(len(lot["drawn"]) for lot in told["lots"])) == (201, 2)
    sheets = {one["kind"]: one for one in await ask.all_of("/score-sheets")}
    assert (sheets.keys(), sheets["ordinary"]["number"]) == ({"emergency", "ordinary"}, 1)
    sheet = sheets["emergency"]
    _, told = await ask("GET", "/quality-reviews")
    review = next(one for one in told["items"] if one["emergency"])
    points = {item["key"]: item["points"] for item in sheet["items"] if not item["fatal"]}
    score = {"version": 1, "sheet": sheet["id"], "points": {**points, next(iter(points)): 0}}
    status, told = await ask("PATCH", f"/quality-reviews/{review['id']}", score)
    assert (status, told["score"]) == (200, 100 - next(iter(points.values())))
    assert (await ask("PATCH", f"/quality-reviews/{review['id']}", {**score, "version": 2}))[0] == 422
    assert (await ask("POST", f"/quality-reviews/{review['id']}/reply", {"version": 2, "text": "好"}))[0] == 422
    _, told = await ask("GET", "/quality-results")
    assert [(one["drawn"], one["finished"], one["emergencies"]) for one in told["items"]] == [(2, 1, 1)]
