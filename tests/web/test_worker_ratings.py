"""Ratings of workers and their awards (Y4, H11): what is counted, on both databases; the story by page and API."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Aid, Rating
from models.audit import AuditEntry
from models.base import local_today
from models.complaints import Complaint
from models.database import Database
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.people import User
from models.queries.worker_ratings import list_worker_ratings
from models.reports.periods import PeriodKind, midnight, of_day, parse
from models.scope import EVERYWHERE, Scope
from models.sheets import read_sheet
from models.suppliers.outcomes import complained, order_ended, order_rated
from models.suppliers.records import AwardTitle, SupplierAccount, Worker, WorkerAward
from models.suppliers.workers import WorkerForm, add_worker
from tests.firms import AREA, BY, admit, cleaning
from tests.web.conftest import HASH, House, bearer

pytestmark = pytest.mark.clause("Y4", "H11")
POLICY = Policy()
GOOD, FAIR, BAD = Rating
YEAR = local_today().year - 1  # which is over


@dataclass(frozen=True, slots=True)
class Visit:
    worker: int
    at: datetime
    grade: Rating | None = None
    void: bool = False
    complained: bool = False


@dataclass
class World:
    """Two firms, each with a street of its own; `workers` by name to number, `firms` in order."""

    streets: list[int] = field(default_factory=list)
    firms: list[int] = field(default_factory=list)
    workers: dict[str, int] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)

    async def make(self, session: AsyncSession) -> None:
        district = await get_or_create(session, OrgKind.DISTRICT, "示范区")
        for number, names in enumerate((("甲", "乙", "丙"), ("丁",)), start=1):
            street = await get_or_create(session, OrgKind.STREET, f"演示{number}街道", parent=district.id)
            firm = await admit(session, f"演示·{number}号", street, phone=f"1200000010{number}", price=2_400)
            first = (await session.scalars(select(Worker).where(Worker.supplier_id == firm))).one()
            first.name = f"演示·{names[0]}"
            self.workers[names[0]] = first.id
            for name in names[1:]:
                form = WorkerForm(f"演示·{name}", "12000000109")
                self.workers[name] = (await add_worker(session, firm, form, by=BY, area_code=AREA)).id
            self.streets.append(street.id)
            self.firms.append(firm)
        begins = midnight(date(YEAR, 1, 1))
        for name in ("甲", "丁"):
            for week in range(6):
                await self.go(session, name, begins + timedelta(weeks=4 * week), GOOD)
        for week, grade in enumerate((GOOD, GOOD, FAIR, GOOD, BAD, None)):
            await self.go(session, "乙", begins + timedelta(weeks=week), grade, complained=week == 2)
        await self.go(session, "乙", begins + timedelta(weeks=9), GOOD, void=True)
        await self.go(session, "丙", begins + timedelta(weeks=1), GOOD)
        ends = midnight(date(YEAR + 1, 1, 1))
        await self.go(session, "丙", ends - timedelta(seconds=1), FAIR, complained=True)
        await self.go(session, "丙", ends, BAD)

    async def go(self, session: AsyncSession, name: str, at: datetime, grade: Rating | None, **more: bool) -> None:
        """A visit, rated, perhaps void afterwards, complained about."""
        one = Visit(self.workers[name], at, grade, **more)
        self.visits.append(one)
        firm = (await session.get_one(Worker, one.worker)).supplier_id
        service = (await cleaning(session)).id
        state = OrderState.VOID if one.void else OrderState.FINISHED
        order = WorkOrder(aid=Aid.CLEANING, wish="打扫", drafted_at=at, drafted_by=BY, state=state)
        order.service_id, order.supplier_id, order.worker_id = service, firm, one.worker
        session.add(order)
        await session.flush()
        over = partial(order_ended, session, firm, order.id, service=service, at=at, worker=one.worker, policy=POLICY)
        await over()
        if grade:
            await order_rated(session, order.id, grade, policy=POLICY)
        if one.void:
            await over(void=True)
        if one.complained:
            complaint = Complaint(about="演示", words="迟到", drafted_at=at, drafted_by=BY)
            session.add(complaint)
            await session.flush()
            await complained(session, firm, complaint.id, policy=POLICY, order=order.id)

    def recounted(self, since: datetime, until: datetime) -> dict[int, tuple[int, ...]]:
        """Worker to visits that counted, void ones, grades of those that counted, complaints."""
        found: dict[int, Counter[object]] = {}
        for one in self.visits:
            if since <= one.at < until:
                said = [one.grade] if one.grade and not one.void else []
                found.setdefault(one.worker, Counter()).update([one.void, *said, *["complained"] * one.complained])
        return {
            worker: tuple(counts[what] for what in (False, True, GOOD, FAIR, BAD, "complained"))
            for worker, counts in found.items()
        }


async def test_what_is_counted_of_a_period_is_what_was_done_in_it(db: Database) -> None:
    world = World()
    async with db.write() as session:
        await world.make(session)
    for period in (parse(str(YEAR)), parse(f"{YEAR}-Q1"), parse(f"{YEAR}-12"), of_day(PeriodKind.YEAR, local_today())):
        async with db.read() as session:
            shown = (await list_worker_ratings(session, scope=EVERYWHERE, policy=POLICY, period=period)).items
        assert {line.worker: astuple(line.facts) for line in shown} == world.recounted(period.since, period.until)
    other = Scope(units=frozenset({world.streets[1]}))
    async with db.read() as session:
        one_by_one = []
        for after in range(4):
            page = await list_worker_ratings(
                session, scope=EVERYWHERE, policy=POLICY, period=parse(str(YEAR)), limit=1, after=after
            )
            one_by_one += [(line.worker, line.rank) for line in page.items]
        seen = (await list_worker_ratings(session, scope=other, policy=POLICY, period=parse(str(YEAR)))).items
    names = ("甲", "丁", "乙", "丙")
    assert one_by_one == [(world.workers[name], rank) for name, rank in zip(names, (1, 1, 3, None), strict=True)]
    assert page.next is None
    assert [(line.worker, line.rank, line.shared) for line in seen] == [(world.workers["丁"], 1, True)]
    award = {"worker_id": world.workers["甲"], "year": YEAR, "title": AwardTitle.EXCELLENT, "reason": "-"}
    with pytest.raises(IntegrityError):  # whoever writes: of those that stand there is one
        async with db.write() as session:
            session.add_all(WorkerAward(**award, given_by=BY) for _ in range(2))


async def _api(house: House, method: str, path: str, who: dict[str, str], body: Any = None) -> tuple[int, Any]:
    answer = await house.client.request(method, f"/api/v1{path}", json=body, headers=who)
    return answer.status, await answer.json()


async def _page(house: House, path: str, who: dict[str, str], form: dict[str, str] | None = None) -> tuple[int, str]:
    method = "GET" if form is None else "POST"
    answer = await house.client.request(method, path, headers=who, data=form, allow_redirects=False)
    return answer.status, await answer.text()


async def _world(house: House) -> World:
    world = World()
    async with house.db.write() as session:
        await world.make(session)
        user = User(username="firm", password_hash=HASH, name="演示服务商", roles=["supplier"])
        session.add(user)
        await session.flush()
        session.add(SupplierAccount(user_id=user.id, supplier_id=world.firms[0]))
    return world


async def test_an_award_is_given_refused_and_withdrawn_by_page_and_api(sqlite_house: House) -> None:
    house, world = sqlite_house, await _world(sqlite_house)
    lead, first, last = await bearer(house.client, "lead"), world.workers["甲"], world.workers["丁"]
    listed = f"/worker-ratings?period={YEAR}"

    def form(reason: str, title: str = "excellent") -> dict[str, str]:
        return {"year": str(YEAR), "title": title, "reason": reason}

    status, page = await _page(house, listed, lead)
    assert (status, re.findall(r'href="/workers/\d+">演示·(.)', page)) == (200, ["甲", "丁", "乙", "丙"])
    assert (page.count("并列"), page.count("评价不足5次<"), page.count('name="reason"')) == (3, 1, 4)
    for name, words in (("乙", "被投诉1次"), ("丙", "评价2次，不足5次")):
        path = f"/workers/{world.workers[name]}/awards?period={YEAR}"
        status, page = await _page(house, path, lead, form(f"{name}很好"))
        assert (status, page.count(words), f'value="{name}很好"' in page, " open>" in page) == (422, 2, True, True)
    path = f"/workers/{first}/awards?period={YEAR}"
    status, page = await _page(house, path, lead, form("", title="?"))
    assert (status, f'id="award-{first}-title-error"' in page) == (422, True)
    assert f'id="award-{first}-reason-error"' in (await _page(house, path, lead, form(" ")))[1]
    answer = await house.client.post(path, data=form("全年零投诉"), headers=lead, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"{listed}#worker-{first}")
    status, page = await _page(house, path, lead, form("再来一次"))
    assert (status, f'id="award-{first}-title-error"' in page, 'value="再来一次"' in page) == (422, True, True)
    for path in (listed, f"/workers/{first}", f"/workers/{first}/badge"):
        assert f"{YEAR}年度优秀服务人员" in (await _page(house, path, lead))[1], path
    assert f"{YEAR}年度优秀服务人员" not in (await _page(house, f"/workers/{last}", lead))[1]

    path, body = f"/workers/{last}/awards", {"year": YEAR, "title": "progress", "reason": "进步明显"}
    status, told = await _api(house, "POST", path, lead, body)
    assert (status, told["title"], told["withdrawn_at"]) == (201, "progress", None)
    assert list((await _api(house, "POST", path, lead, body))[1]["error"]["fields"]) == ["title"]
    assert list((await _api(house, "POST", path, lead, {**body, "year": YEAR + 1}))[1]["error"]["fields"]) == ["year"]
    end = f"{path}/{told['id']}/withdraw"
    assert (await _api(house, "POST", f"/workers/{first}/awards/{told['id']}/withdraw", lead, {"reason": "x"}))[
        0
    ] == 404
    assert (await _api(house, "POST", end, lead, {"reason": ""}))[0] == 422
    status, told = await _api(house, "POST", end, lead, {"reason": "发错了"})
    assert (status, told["withdrawn_why"], told["withdrawn_at"] is None) == (200, "发错了", False)
    assert (await _api(house, "POST", end, lead, {"reason": "发错了"}))[0] == 422
    assert (await _api(house, "POST", path, lead, body))[0] == 201  # one that was withdrawn is in nobody's way

    async with house.db.read() as session:
        award = (await session.scalars(select(WorkerAward.id).where(WorkerAward.worker_id == first))).one()
    end = f"/workers/{first}/awards/{award}/withdraw"
    status, page = await _page(house, end, lead, {"reason": ""})
    assert (status, f'id="award-{award}-reason-error"' in page) == (422, True)
    assert (await _page(house, end, lead, {"reason": "家属另有反映"}))[0] == 303
    _, page = await _page(house, f"/workers/{first}", lead)
    assert ("已撤销" in page, "家属另有反映" in page, "全年零投诉" in page) == (True, True, True)
    for path in (listed, f"/workers/{first}/badge"):
        assert f"{YEAR}年度优秀服务人员" not in (await _page(house, path, lead))[1], path
    async with house.db.read() as session:
        told = [
            row.data for row in await session.scalars(select(AuditEntry).where(AuditEntry.action == "worker.award"))
        ]
    assert [(one["year"], one["title"]) for one in told] == [
        (YEAR, "excellent"),
        (YEAR, "progress"),
        (YEAR, "progress"),
    ]


async def test_a_supplier_sees_its_own_workers_and_the_table_is_the_page(sqlite_house: House, tmp_path: Path) -> None:
    house, world = sqlite_house, await _world(sqlite_house)
    lead, ours = await bearer(house.client, "lead"), await bearer(house.client, "firm")
    _, told = await _api(house, "GET", f"/worker-ratings?period={YEAR}", ours)
    assert [(one["name"], one["rank"], one["shared"]) for one in told["items"]] == [
        ("演示·甲", 1, True), ("演示·乙", 3, False), ("演示·丙", None, False),
    ]  # fmt: skip
    status, page = await _page(house, f"/worker-ratings?period={YEAR}", ours)
    assert (status, "演示·乙" in page, "演示·丁" in page, 'name="reason"' in page) == (200, True, False, False)
    body = {"year": YEAR, "title": "excellent", "reason": "自荐"}
    assert (await _api(house, "POST", f"/workers/{world.workers['甲']}/awards", ours, body))[0] == 403
    assert (await _page(house, "/worker-ratings?period=2026-13", ours))[0] == 422
    assert list((await _api(house, "GET", "/worker-ratings?period=x", ours))[1]["error"]["fields"]) == ["period"]
    ratings, orders = page, f"/my-orders?worker={world.workers['丙']}"
    _, page = await _page(house, orders, ours)
    assert (f'href="{orders}">2</a>' in ratings, page.count('<tr id="order-'), page.count("演示·丙")) == (True, 3, 4)
    for who in (lead, ours):
        _, told = await _api(house, "GET", f"/orders?worker={world.workers['丙']}", who)
        assert {one["worker_name"] for one in told["items"]} == {"演示·丙"}
    _, told = await _api(house, "GET", f"/worker-ratings?period={YEAR}-Q1&limit=1&cursor=1", lead)
    assert ([one["name"] for one in told["items"]], told["next"]) == (["演示·甲"], "2")

    await _api(house, "POST", f"/workers/{world.workers['丁']}/awards", lead, body)
    form = {"period": str(YEAR), "format": "xlsx"}
    answer = await house.client.post("/worker-ratings/export", data=form, headers=lead)
    (tmp_path / "ratings.xlsx").write_bytes(await answer.read())
    rows = read_sheet(tmp_path / "ratings.xlsx")[1:]
    _, page = await _page(house, f"/worker-ratings?period={YEAR}", lead)
    lines = re.findall(r'<tr id="worker-.*?</tr>', page, re.DOTALL)
    shown = [re.sub(r"<details.*?</details>|<[^>]+>", " ", row, flags=re.DOTALL).split() for row in lines]
    assert len(rows) == len(shown) == 4
    for row, line in zip(rows, shown, strict=True):
        cells = [cell for cell in row.cells if cell]
        assert [word for word in line if word not in ("并列", "评价不足5次")] == cells
