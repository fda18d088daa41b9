"""The button at the end of a list leads to the rows that follow, and the list stays narrowed to what it was."""

from __future__ import annotations

import re

import pytest

from ivr.vocabulary import Aid
from models.base import utc_now
from models.complaints import Complaint
from models.elders import Elder, ElderStatus, Terminal
from models.exception_reports import ExceptionCause, ExceptionReport
from models.follow_ups import FollowUp
from models.journal import write
from models.orders.work_orders import WorkOrder
from tests.web import stories
from tests.web.conftest import House, log_in

MANY = 52


@pytest.fixture
async def filled(sqlite_house: House) -> House:
    """Many of each, and as many that the lists below must leave out where they can be narrowed."""
    now = utc_now()
    async with sqlite_house.db.write() as session:
        for number in range(2 * MANY):
            case, even = f"c{number:03}", number % 2 == 0
            done = now if even else None
            story = stories.ringing(case, file=None)
            await write(session, stories.entries(stories.closed(story) if even else story))
            cause = ExceptionCause.DRILL if even else None
            session.add_all(
                [
                    FollowUp(case_id=case, kind="emergency", due_at=now, done_at=done),
                    ExceptionReport(case_id=case, waiting_since=now, opened_at=now, explained_at=done, cause=cause),
                ]
            )
            status = ElderStatus.ACTIVE if even else ElderStatus.DIED
            elder = Elder(name="演示·甲", name_key="jia", status=status, contacts=[], terminals=[])
            elder.terminals.append(Terminal(line=f"021{number:08}", line_canonical=f"+8621{number:08}"))
            session.add(elder)
        for _ in range(MANY):
            session.add(WorkOrder(aid=Aid.MEALS, wish="午饭", drafted_at=now, drafted_by="seat:801"))
            session.add(Complaint(about="", words="太慢", drafted_at=now, drafted_by="seat:801"))
    return sqlite_house


@pytest.mark.parametrize(
    ("address", "row"),
    [
        ("/cases?state=closed&from=2026-01-01", r'href="/cases/(c\d+)"'),
        ("/elders?status=active", r'href="/elders/(\d+)"'),
        ("/follow-ups?state=done", r'<tr id="follow-up-(\d+)"'),
        ("/exception-reports?state=done", r'<tr id="exception-(\d+)"'),
        ("/terminals?state=overdue", r'<tr id="terminal-(\d+)"'),
        ("/orders", r'<tr id="order-(\d+)"'),
        ("/complaints", r'<tr id="complaint-(\d+)"'),
    ],
)
async def test_the_button_leads_through_the_whole_list(filled: House, address: str, row: str) -> None:
    await log_in(filled.client, "lead")
    page = await (await filled.client.get(address)).text()
    seen, pages = re.findall(row, page), 1
    while (button := re.search(r'name="cursor" value="([^"]+)"', page)) is not None:
        form = page[page.rindex("<form", 0, button.start()) : button.start()]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        action = re.findall(r'action="([^"]+)"', form)
        page = await (await filled.client.get(action[0], params={**hidden, "cursor": button[1]})).text()
        seen += re.findall(row, page)
        pages += 1
    assert len(seen) == len(set(seen)) == MANY
    assert pages == 2
