"""A busy centre: what a page costs stays in bounds, and a list takes the same few queries however long it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, event

from models.journal import write
from tests.web import stories
from tests.web.conftest import House, log_in
from web.keys import MIRROR


@contextmanager
def _statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a_board_of_a_hundred_cases_is_drawn_quickly(sqlite_house: House) -> None:
    case = stories.emergency(stories.talking(stories.ringing()))
    for number in range(100):
        await sqlite_house.control.case(stories.case_json(replace(case, id=f"c{number}")))
    await sqlite_house.until(lambda: len(sqlite_house.app[MIRROR].cases) == 100)
    await log_in(sqlite_house.client)
    await sqlite_house.client.get("/board")
    started = time.perf_counter()
    page = await (await sqlite_house.client.get("/fragments/board")).text()
    assert page.count('<tr id="case-') == 100
    assert time.perf_counter() - started < 0.5


async def test_a_longer_list_takes_no_more_queries(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    counts = []
    for number in range(1, 13):
        async with sqlite_house.db.write() as session:
            await write(session, stories.entries(stories.closed(stories.ringing(f"q{number}", file=None))))
        if number in (1, 12):
            with _statements() as seen:
                assert (await sqlite_house.client.get("/cases")).status == 200
            counts.append(len([statement for statement in seen if "web_sessions" not in statement]))
    assert counts[0] == counts[1] <= 5
