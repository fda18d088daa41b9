"""After a bad day: every case can be brought to its end, and of none is anything left anywhere."""

from __future__ import annotations

import asyncio

from ari_app.runner import CaseRun
from ivr.case import Case
from ivr.vocabulary import CaseState, LegKind

from .house import House

RING_THE_ELDER = {CaseState.CALLING_BACK, CaseState.NO_RESPONSE, CaseState.EMERGENCY}


def is_in_somebodys_hands(case: Case) -> bool:
    """Closed, or on the board for its outcome; or an agent is on it or being found; or the elder is being rung. Whoever
    is on the line has somebody, or somebody on the way."""
    if case.state in {CaseState.CLOSED, CaseState.WRAPPING_UP}:
        return True
    agents = bool(case.searching) or any(case.live(LegKind.SEAT))
    return agents or (case.state in RING_THE_ELDER and not case.elder_up)


def open_runs(house: House) -> list[CaseRun]:
    return [run for run in house.controller.runs.values() if run.case.state is not CaseState.CLOSED]


async def all_come_to_an_end(house: House, *, within: float = 30.0) -> None:
    """The elders put down, and agents file an outcome for every case that is open. Nobody else does anything: it is the
    platform that has to let go of them."""
    async with asyncio.timeout(within):
        while runs := open_runs(house):
            for line in house.town.exchange.lines:
                if line.person.startswith("elder"):
                    await line.hang_up()
            for run in runs:
                await house.agent("801").asks("close", case=run.case.id, outcome="other", note="")
            await asyncio.sleep(0.1)


async def nothing_is_left(house: House) -> None:
    """No channel, bridge, timer, search or busy seat; and nothing has happened that nobody had expected. Afterwards
    nothing more will be told of it."""
    await house.nothing_is_left()
    async with asyncio.timeout(5):
        while house.town.exchange.lines or house.controller.board.due:  # noqa: ASYNC110 - neither tells of its end
            await asyncio.sleep(0.02)
    runs, desk = house.controller.runs.values(), house.controller.desk
    assert [run.case for run in runs if run._timers or run.case.searching] == []
    assert {seat.extension: seat.case for seat in desk.seats.values() if seat.case} == {}
    assert not list(desk.row)
    alarms = [message["data"] for message in house.messages if message["kind"] == "alarm"]
    assert [alarm for alarm in alarms if alarm["alarm"] == "unexpected"] == []
