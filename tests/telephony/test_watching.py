"""`/ready` and `/metrics` of a whole house, with a real Asterisk, tell real faults and their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from home.programs import Program
from models.seats import SeatState, list_seats
from web.app import make_app

from .faults import locked
from .house import ELDER_LINE, House, grandmother, open_house

DEADLINE = 40.0


@dataclass
class Outside:
    """Whoever watches the platform from outside, by HTTP and nothing else."""

    client: TestClient[Any, Any]

    async def ready(self) -> tuple[int, str, set[str]]:
        """Status, rung, and the codes of what does not work."""
        answer = await self.client.get("/ready")
        told = await answer.json()
        return answer.status, told["rung"], {reason["code"] for reason in told["reasons"]}

    async def figures(self) -> dict[str, float]:
        text = await (await self.client.get("/metrics")).text()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    async def until_ready(self, fits: Callable[[int, str, set[str]], bool]) -> None:
        seen: object = None
        try:
            async with asyncio.timeout(DEADLINE):
                while not fits(*(seen := await self.ready())):  # noqa: ASYNC110 - it is asked, as a monitor asks
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"/ready still says {seen}")

    async def until_figures(self, fits: Callable[[dict[str, float]], bool]) -> None:
        seen: dict[str, float] = {}
        try:
            async with asyncio.timeout(DEADLINE):
                while not fits(seen := await self.figures()):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"/metrics still says {seen}")


async def until_kept(house: House) -> None:
    """Nobody is writing any more: the agent's choice is on record."""
    async with asyncio.timeout(DEADLINE):
        while True:
            async with house.database.read() as session:
                if all(seat.state is SeatState.READY for seat in await list_seats(session)):
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def watched(home: Path, program: Program) -> AsyncIterator[tuple[House, Outside]]:
    """A house with a web, whose one agent is ready."""
    async with open_house(home, program, elders=[grandmother()], seats=("801",)) as house:
        app = make_app(house.settings, house.secrets)
        async with TestClient(TestServer(app)) as client:
            await house.agent("801").is_ready()
            await until_kept(house)
            outside = Outside(client)
            await outside.until_ready(lambda status, rung, codes: (status, rung, codes) == (200, "controller", set()))
            yield house, outside


async def test_a_dead_asterisk_and_its_return_are_told(tmp_path: Path, asterisk_program: Program) -> None:
    async with watched(tmp_path, asterisk_program) as (house, outside):
        assert (await outside.figures())["yjt_ari_link_up"] == 1
        await house.asterisk.kill()
        await outside.until_ready(
            lambda status, rung, codes: (status, rung) == (503, "nothing") and "asterisk" in codes
        )
        # For a second `/metrics` repeats itself: what it said before Asterisk died may still be heard.
        await outside.until_figures(
            lambda now: (
                (now["yjt_ari_link_up"], now["yjt_ready"], now['yjt_degraded{code="asterisk"}']) == (0, 0, 1)
                and now["yjt_ari_links_lost_total"] >= 1
            )
        )
        await house.asterisk.start()
        await house.asterisk.wait_fully_booted()
        await outside.until_ready(lambda status, rung, codes: status == 200 and "asterisk" not in codes)
        await outside.until_figures(lambda now: (now["yjt_ari_link_up"], now["yjt_ready"]) == (1, 1))


async def test_a_call_while_the_database_is_locked_is_seen_to_wait_and_then_not(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with watched(tmp_path, asterisk_program) as (house, outside):
        async with locked(house):
            await house.town.elder(ELDER_LINE).press_key()
            await house.town.seat("801", voice="agent_a").answer()
            await house.case(within=10, state="talking")
            await outside.until_ready(
                lambda status, rung, codes: status == 200 and bool({"journal", "database"} & codes)
            )
            await outside.until_figures(
                lambda now: (
                    now["yjt_journal_waiting_entries"] > 0
                    and now["yjt_journal_lag_seconds"] > 1
                    and now["yjt_journal_spill_in_use"] == 1
                )
            )
            assert (await outside.figures())['yjt_seats{state="talking"}'] == 1
        await outside.until_ready(lambda status, rung, codes: status == 200 and not {"journal", "database"} & codes)
        await outside.until_figures(
            lambda now: now["yjt_journal_waiting_entries"] == now["yjt_journal_spill_in_use"] == 0
        )
        figures = await outside.figures()
        assert figures['yjt_answer_seconds_count{kind="sos"}'] == figures["yjt_pick_up_seconds_count"] == 1
        assert figures['yjt_cases_opened_total{kind="sos"}'] == 1
        assert figures["yjt_ari_events_total"] > 5
        assert figures["yjt_ari_request_seconds_count"] > 5
