"""A home service from the elder's words to the rating of the visit that counts (S3, T1 to T4, H4, H7, Y2), on a real
Asterisk and through the real web process: whoever does something does it by the API that their page uses.

One story, step by step. Its calls are ordinary ones: at their end the elder is asked by key how they were (S2.2).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, update

from drill.behaviour import Answers
from drill.ear import Ear
from drill.people import Elder as Caller
from drill.people import Seat
from home.programs import Program
from ivr.policy import Policy
from models.base import utc_now
from models.care.asking import book_questions
from models.care.calls import CareCall
from models.care.wishes import CareWishes
from models.elders import Elder
from models.months import month_of
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
ORDINARY = "96891"
QUICK = {"YJT_ORDINARY_NUMBERS": ORDINARY, "YJT_SOS_NUMBERS": "96890", "YJT_POLICY__WRAP_UP": "0"}
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
        session.add(CareWishes(elder_id=elder.id, consent_on=today, consent_by="演示"))
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
    grandma: Caller
    seat: Seat
    agent: aiohttp.ClientSession
    lead: aiohttp.ClientSession
    firm: aiohttp.ClientSession
    phone: aiohttp.ClientSession

    async def elder_asks_for_a_cleaner(self) -> int:
        """The elder calls, the agent writes it down from the page and closes; asked how the call was, the elder presses
        a key. The draft."""
        house = self.house
        case = await self.elder_speaks_with_the_agent()
        wish = {"action": "draft_order", "aid": "cleaning", "wish": "擦窗"}
        await asked(self.agent.post(f"/api/v1/cases/{case['id']}/actions", json=wish))
        close = {"action": "close", "outcome": "life_service", "note": "要擦窗"}
        await asked(self.agent.post(f"/api/v1/cases/{case['id']}/actions", json=close))
        await self.is_asked_how_it_was(case["id"])
        await self.grandma.press("1")
        closed = await house.case(within=20, state="closed", grade="satisfied")
        heard = await asyncio.to_thread(Ear.of_the_town().listen, self.grandma.line.ear)
        assert heard.prompt("how_was_call") > 0.8, str(heard)
        assert heard.prompt("goodbye") > 0.3, str(heard)
        await house.on_record(closed["id"], closed["timeline"][-1]["seq"])
        told = await asked(self.lead.get(f"/api/v1/cases/{closed['id']}"))
        assert (told["kind"], told["grade"]) == ("ordinary", "satisfied")
        assert "老人评价</dt><dd>满意" in await self.page(f"/cases/{closed['id']}")
        (order,) = (await asked(self.lead.get("/api/v1/orders")))["items"]
        assert (order["state"], order["wish"], order["case"]) == ("draft", "擦窗", closed["id"])
        assert (order["elder"], order["aid"]) == (self.known.elder, "cleaning")
        return int(order["id"])

    async def elder_asks_when_they_come(self) -> None:
        """Another call, in which the agent puts down first; asked how it was, the elder puts down as well."""
        house = self.house
        case = await self.elder_speaks_with_the_agent()
        await self.seat.hang_up()
        await self.is_asked_how_it_was(case["id"])
        await self.grandma.hang_up()
        close = {"action": "close", "outcome": "other", "note": "问上门时间"}
        await asked(self.agent.post(f"/api/v1/cases/{case['id']}/actions", json=close))
        closed = await house.case(id=case["id"], state="closed")
        assert (closed["grade"], [leg["id"] for leg in closed["legs"] if leg["kind"] == "elder"]) == (None, ["elder"])

    async def elder_speaks_with_the_agent(self) -> dict[str, Any]:
        house = self.house
        house.messages.clear()  # what consoles were told of an earlier call
        await house.agent("801").is_ready()
        await self.grandma.press_key(number=ORDINARY)
        await self.seat.answer()
        case = await house.case(state="talking", elder=bool)
        await house.happens("speech_heard", within=10, case=case["id"])
        return case

    async def is_asked_how_it_was(self, case: str) -> None:
        """To the end of the question."""
        await self.house.happens("prompt_finished", within=15, case=case, prompt="how_was_call")

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
        """The order as the centre sees it after the visit, with the call that is owed about it (S3.4)."""
        whole = await asked(self.lead.get(f"/api/v1/orders/{order}"))
        (owed,) = whole["follow_ups"]
        assert (owed["kind"], owed["order"], owed["done_at"]) == ("life_service", order, None)
        return whole["order"]  # type: ignore[no-any-return]

    async def month_is_reckoned(self, order: dict[str, Any], amount: int) -> None:
        """The visit is one line, the same for the firm and for the elder, who pays it alone; the void one is none."""
        month = month_of(datetime.fromisoformat(order["finished_at"]))
        await asked(self.lead.post("/api/v1/settlement-months/run", json={"month": month}))
        (line,) = (await asked(self.lead.get(f"/api/v1/settlement-lines?month={month}&kind=home")))["items"]
        assert (line["order"], line["elder"], line["supplier"]) == (order["id"], self.known.elder, self.known.firm)
        assert (line["minutes"], line["amount"], line["own"]) == (59, amount, amount)
        elders = await asked(self.lead.get(f"/api/v1/elder-statements/{self.known.elder}?month={month}"))
        firms = await asked(self.firm.get(f"/api/v1/supplier-statements/{self.known.firm}?month={month}"))
        assert (elders["home"]["own"], firms["total"]["amount"]) == (amount, amount)

    async def elder_is_rung_and_presses(self, key: str, order: int) -> None:
        """The call that asks is due: the elder is rung, hears the question, answers with a key."""
        house, calls = self.house, len(self.grandma.lines)
        self.grandma.when_called = Answers(voice="", ring=0.3, listen=12, keys=key)
        whole = await asked(self.lead.get(f"/api/v1/orders/{order}"))
        await book_questions(house.database, now=utc_now(), policy=Policy())
        async with house.database.write() as session:
            owed = CareCall.follow_up_id == whole["follow_ups"][0]["id"]
            call = (await session.scalars(select(CareCall).where(owed))).one()
            call.due_at, call.latest_at = utc_now(), utc_now() + timedelta(hours=2)  # the hours until then have passed
        async with asyncio.timeout(40):
            while whole["order"]["grade"] is None:
                await asyncio.sleep(0.1)  # another process has no event for us
                whole = await asked(self.lead.get(f"/api/v1/orders/{order}"))
        assert len(self.grandma.lines) == calls + 1
        heard = await asyncio.to_thread(Ear.of_the_town().listen, self.grandma.line.ear)
        assert heard.prompt("care_how_was_service") > 0.8, str(heard)
        (asked_by_key,) = whole["follow_ups"]
        assert (whole["order"]["state"], whole["order"]["grade"]) == ("checked", "fairly_satisfied")
        assert (asked_by_key["said"], asked_by_key["ended"]) == ("fairly_satisfied", "reached")
        assert "<dd>基本满意</dd>" in await self.page(f"/orders/{order}")

    async def page(self, path: str) -> str:
        async with self.lead.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text()

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
        house = await stack.enter_async_context(
            open_house(home, program, elders=[grandmother()], seats=("801",), environment=QUICK)
        )
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
        grandma, seat = house.town.elder(ELDER_LINE), house.town.seat("801", voice="agent_a")
        yield Story(house, known, grandma, seat, agent, lead, firm, phone)


@pytest.mark.clause("S2.2", "S3.1", "S3.2", "S3.3", "S3.4", "T1", "T2", "T3", "T4", "Y1", "Y2", "H4")
async def test_from_the_elders_words_to_the_rating_of_the_visit(tmp_path: Path, asterisk_program: Program) -> None:
    async with told(tmp_path, asterisk_program) as story:
        first = await story.elder_asks_for_a_cleaner()
        await story.lead_sends_it_to_the_firm(first)
        await story.elder_asks_when_they_come()
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
        await story.month_is_reckoned(order, PRICE)
        await story.elder_is_rung_and_presses("2", second)
        await story.house.nothing_is_left()
