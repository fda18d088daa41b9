"""A home service from the elder's words to the visit that counts (S3, T1 to T4, H7), on a real Asterisk and through the
real web process: whoever does something does it by the API that their page uses.

One story, step by step; what follows a visit (its line in a statement, the call in which it is rated) goes on where
`Story.done` ends.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, update

from drill.people import people_talk
from home.programs import Program
from models.base import utc_now
from models.elders import Elder
from models.orders.codes import code_of
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.people import UserRole
from models.services.records import Service
from models.suppliers.accounts import link_account
from models.suppliers.admission import register
from models.suppliers.records import Condition, SupplierStatus
from models.suppliers.standing import change_status
from models.suppliers.supplier_forms import PaperForm, SupplierForm
from models.suppliers.workers import WorkerForm, add_worker

from .house import AREA, ELDER_LINE, House, grandmother, open_house
from .web_beside import client_of, web_process

BY = "user:1"
PRICE = 2_400  # fen
FIRMS_PHONE, WORKERS_PHONE = "12000000201", "12000000202"


@dataclass(frozen=True, slots=True)
class Settled:
    elder: int
    code: str
    service: int
    firm: int
    worker: int


async def settle(house: House) -> Settled:
    """A firm that cleans in the elder's community, with one trained worker; a card with a code in the home."""
    today = utc_now().astimezone().date()
    long_ago, next_year = today - timedelta(days=100), today + timedelta(days=300)
    async with house.database.write() as session:
        place = await get_or_create(session, OrgKind.COMMUNITY, "演示社区")
        elder = (await session.scalars(select(Elder))).one()
        elder.org_unit_id = place.id
        service = (await session.scalars(select(Service).where(Service.code == "cleaning"))).one()
        form = SupplierForm(
            name="演示·好帮手",
            licence="99DEMO00000001",
            phone=FIRMS_PHONE,
            sms_number=FIRMS_PHONE,
            agreement_from=long_ago,
            agreement_until=next_year,
            papers={one: PaperForm("DEMO", "演示机关", long_ago, next_year) for one in Condition},
            prices={service.id: PRICE},
            areas=frozenset({place.id}),
        )
        firm = await register(session, form, by=BY, area_code=AREA)
        person = WorkerForm("演示·钱工", WORKERS_PHONE, trained_on=long_ago)
        worker = await add_worker(session, firm.id, person, by=BY, area_code=AREA)
        probation = SupplierStatus.PROBATION
        await change_status(session, firm.id, probation, reason="", version=firm.version, by=BY, today=today)
        code = await code_of(session, elder.id, by=BY)
        return Settled(elder.id, code, service.id, firm.id, worker.id)


@dataclass(slots=True)
class Story:
    """Each method is what one person does next."""

    house: House
    known: Settled
    agent: aiohttp.ClientSession
    lead: aiohttp.ClientSession
    firm: aiohttp.ClientSession
    phone: aiohttp.ClientSession

    async def elder_asks_for_a_cleaner(self) -> int:
        """The elder calls, the agent writes it down from the page and closes; the draft."""
        house = self.house
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key()
        await house.town.seat("801", voice="agent_a").answer()
        case = await house.case(state="talking", elder=bool)
        await people_talk(1)
        wish = {"action": "draft_order", "aid": "cleaning", "wish": "擦窗"}
        await asked(self.agent.post(f"/api/v1/cases/{case['id']}/actions", json=wish))
        close = {"action": "close", "outcome": "life_service", "note": "要擦窗"}
        await asked(self.agent.post(f"/api/v1/cases/{case['id']}/actions", json=close))
        closed = await house.case(within=20, state="closed")
        await house.on_record(closed["id"], closed["timeline"][-1]["seq"])
        (order,) = (await asked(self.lead.get("/api/v1/orders")))["items"]
        assert (order["state"], order["wish"], order["case"]) == ("draft", "擦窗", closed["id"])
        assert (order["elder"], order["aid"]) == (self.known.elder, "cleaning")
        return int(order["id"])

    async def lead_sends_it_to_the_firm(self, order: int) -> None:
        await self.step(self.lead, order, "service", service=self.known.service, wish="擦窗")
        sent = await self.step(self.lead, order, "offer", supplier=self.known.firm)
        assert (sent["state"], sent["price"], sent["minimum_minutes"]) == ("offered", PRICE, 50)
        await self.text_to(FIRMS_PHONE, "order_offered", order)

    async def firm_agrees_on_a_visit(self, order: int) -> None:
        """The elder is rung, day and worker are agreed; the worker's phone gets the link, and shows the order."""
        await self.step(self.firm, order, "elder_called")
        at = (utc_now() + timedelta(minutes=5)).isoformat()
        agreed = await self.step(self.firm, order, "appoint", worker=self.known.worker, at=at)
        assert (agreed["state"], agreed["overdue"]) == ("appointed", False)
        text = await self.text_to(WORKERS_PHONE, "visit_planned", order)
        link = next(word for word in text.split() if "#" in word)
        self.phone.headers["Authorization"] = f"Worker {link.partition('#')[2]}"
        day = await asked(self.phone.get("/api/v1/worker/orders"))
        assert order in [one["id"] for one in day["orders"]]

    async def worker_scans(self, order: int, *, begun: int, ended: int) -> str:
        """So many minutes ago, told now; what the second scan was worth."""
        await self.time_goes_by(order, hours=4)
        outcome = ""
        for kind, ago in (("start", begun), ("end", ended)):
            now = utc_now()
            action = {
                "key": f"{kind}-of-{order}",
                "kind": kind,
                "phone_at": (now - timedelta(minutes=ago)).isoformat(),
                "sent_at": now.isoformat(),
                "code": self.known.code,
            }
            answer = await asked(self.phone.post(f"/api/v1/worker/orders/{order}/actions", json=action))
            outcome = answer["outcome"]
        return outcome

    async def done(self, order: int) -> dict[str, Any]:
        """The order as the centre sees it in the end, with the call that is owed about it (S3.4)."""
        whole = await asked(self.lead.get(f"/api/v1/orders/{order}"))
        (owed,) = whole["follow_ups"]
        assert (owed["kind"], owed["order"], owed["done_at"]) == ("life_service", order, None)
        return whole["order"]  # type: ignore[no-any-return]

    async def step(self, who: aiohttp.ClientSession, order: int, step: str, **given: Any) -> dict[str, Any]:
        """The order after this step of somebody who has just looked at it."""
        version = (await asked(who.get(f"/api/v1/orders/{order}")))["order"]["version"]
        body = {"step": step, "version": version, **given}
        return (await asked(who.post(f"/api/v1/orders/{order}/steps", json=body)))["order"]  # type: ignore[no-any-return]

    async def text_to(self, number: str, template: str, order: int) -> str:
        """The text message to this number about this order, once it has gone out."""
        folder = self.house.settings.home / "sms"
        async with asyncio.timeout(20):
            while True:  # another task sends it, and has no event for us
                lines = [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
                for one in lines:
                    if (one["number"], one["template"]) == (number, template) and f"工单{order}：" in one["text"]:
                        return str(one["text"])
                await asyncio.sleep(0.1)

    async def time_goes_by(self, order: int, *, hours: int) -> None:
        """Since the firm was asked."""
        async with self.house.database.write() as session:
            since = utc_now() - timedelta(hours=hours)
            await session.execute(update(WorkOrder).where(WorkOrder.id == order).values(offered_at=since))


async def asked(request: Any) -> dict[str, Any]:
    """What the web answers to what is in order."""
    async with request as answer:
        assert answer.status in (200, 201), await answer.text()
        return await answer.json()  # type: ignore[no-any-return]


@asynccontextmanager
async def told(home: Path, program: Program) -> AsyncIterator[Story]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(home, program, elders=[grandmother()], seats=("801",)))
        known = await settle(house)
        address = await stack.enter_async_context(web_process(house))
        agent, lead, firm = [
            await stack.enter_async_context(client_of(house, address, name, role, seat=seat))
            for name, role, seat in (
                ("agent", UserRole.AGENT, "801"),
                ("lead", UserRole.LEAD, None),
                ("firm", UserRole.SUPPLIER, None),
            )
        ]
        async with house.database.write() as session:
            await link_account(session, known.firm, "firm", by=BY)
        phone = await stack.enter_async_context(aiohttp.ClientSession(address))
        yield Story(house, known, agent, lead, firm, phone)


@pytest.mark.clause("S3.1", "S3.2", "S3.3", "S3.4", "T1", "T2", "T3", "T4", "Y1")
async def test_from_the_elders_words_to_a_visit_that_counts(tmp_path: Path, asterisk_program: Program) -> None:
    async with told(tmp_path, asterisk_program) as story:
        first = await story.elder_asks_for_a_cleaner()
        await story.lead_sends_it_to_the_firm(first)
        await story.step(story.firm, first, "accept")
        await story.firm_agrees_on_a_visit(first)
        assert await story.worker_scans(first, begun=150, ended=120) == "too_short"

        void = await asked(story.lead.get(f"/api/v1/orders/{first}"))
        assert (void["order"]["state"], void["order"]["minutes"]) == ("void", 30)
        second = void["redone_by"]
        again = (await asked(story.firm.get(f"/api/v1/orders/{second}")))["order"]
        assert (again["state"], again["redo_of"], again["price"]) == ("accepted", first, PRICE)
        await story.firm_agrees_on_a_visit(second)
        assert await story.worker_scans(second, begun=60, ended=1) == "taken"

        order = await story.done(second)
        assert (order["state"], order["minutes"], order["redo_of"]) == ("finished", 59, first)
        await story.house.nothing_is_left()
