"""A busy centre: a board and a list take the same few queries however long they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

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


def _as_many(cases: Mapping[str, object], wanted: int) -> bool:
    return len(cases) == wanted


async def test_a_board_of_a_hundred_cases_takes_no_more_queries_than_one_of_ten(sqlite_house: House) -> None:
    case = stories.emergency(stories.talking(stories.ringing()))
    await log_in(sqlite_house.client)
    await sqlite_house.client.get("/board")  # what is late is counted now, and remembered for the fragments
    cases, counts = sqlite_house.app[MIRROR].cases, []
    for wanted in (10, 100):
        for number in range(len(cases), wanted):
            await sqlite_house.control.case(stories.case_json(replace(case, id=f"c{number}")))
        await sqlite_house.until(partial(_as_many, cases, wanted))
        with _statements() as seen:
            page = await (await sqlite_house.client.get("/fragments/board")).text()
        assert page.count('<tr id="case-') == wanted
        counts.append(len(seen))
    assert counts[1] <= counts[0] <= 2


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
