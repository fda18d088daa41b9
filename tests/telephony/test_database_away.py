"""The database does not take what happens: calls go on, 120 is dialled, and a controller that dies meanwhile has lost
nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from ari_app.bootstrap import SPILL
from ari_app.spill import Spill
from drill.people import people_talk
from home.programs import Program
from models.cases import TimelineRow

from .controllers import a_case_on_record, agents_ready, controller_process, kill
from .house import ELDER_LINE, House, grandmother, open_house


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Somebody else writes for so long, and nobody can."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def until_spilled(house: House, case: str, seq: int) -> None:
    spill = Spill(house.settings.home / SPILL)
    async with asyncio.timeout(5):
        while not any(  # noqa: ASYNC110 - nobody tells
            (kept.case.id, kept.seq) == (case, seq) for kept in (await asyncio.to_thread(spill.read)).entries
        ):
            await asyncio.sleep(0.05)


async def until_no_spill(house: House) -> None:
    async with asyncio.timeout(5):
        while (house.settings.home / SPILL).exists():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def seqs_on_record(house: House, case: str) -> list[int]:
    async with house.database.read() as session:
        rows = select(TimelineRow.seq).where(TimelineRow.case_id == case).order_by(TimelineRow.seq)
        return list(await session.scalars(rows))


@pytest.mark.clause("S1.3")
async def test_an_emergency_goes_on_and_survives_the_controller_while_nothing_can_be_written(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False) as house:
        grandma, operator = house.town.elder(ELDER_LINE), house.town.service("120")
        async with controller_process(house) as first, house.following():
            await agents_ready(house, "801", "802")
            await grandma.press_key()
            await house.town.seat("801", voice="agent_a").answer()
            case = await a_case_on_record(house)
            with locked(tmp_path / "yijiantong.db"):
                assert (await house.agent("801").asks("emergency", case))[0] == 200
                await house.town.seat("802", voice="agent_b").answer()
                await house.leg("b-1", place="elder")
                assert (await house.agent("801").asks("call", case, target="120"))[0] == 200
                await house.leg("120-1", place="rescue", result="accepted")
                told = house.latest(case)
                assert not [alarm for alarm in told["alarms"] if alarm["kind"] == "command_failed"]
                await until_spilled(house, case, told["timeline"][-1]["seq"])
                assert max(await seqs_on_record(house, case)) < told["timeline"][-1]["seq"]
                await kill(first)
                house.messages.clear()
                async with controller_process(house) as second, house.following():
                    await house.leg("120-1", place="rescue", state="answered")
                    await house.leg("b-1", place="elder", state="answered")
                    assert operator.line.over is None
                    await kill(second)
        house.messages.clear()
        async with controller_process(house), house.following():
            await house.leg("120-1", place="rescue", state="answered")
            await house.leg("b-1", place="elder", state="answered")
            assert operator.line.over is None
            await people_talk(2)
            assert (await house.agent("801").asks("close", case, outcome="rescued", note=""))[0] == 200
            closed = await house.case(within=20, state="closed")
            await house.on_record(case, closed["timeline"][-1]["seq"])
            written = await seqs_on_record(house, case)
            assert written == list(range(1, len(written) + 1))
            await until_no_spill(house)
            await house.nothing_is_left()
        assert [note.what for note in house.town.chronicle.notes if note.who == "120"].count("rang") == 1


@pytest.mark.clause("X5")
async def test_a_call_while_nothing_can_be_written_is_served_and_on_record_afterwards(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()]) as house:
        await house.agent("801").is_ready()
        with locked(tmp_path / "yijiantong.db"):
            await house.town.elder(ELDER_LINE).press_key()
            await house.town.seat("801", voice="agent_a").answer()
            case = await house.case(within=10, state="talking")
            assert (await house.agent("801").asks("close", outcome="false_alarm", note=""))[0] == 200
            closed = await house.case(within=20, state="closed")
            await until_spilled(house, case["id"], closed["timeline"][-1]["seq"])
        await house.on_record(case["id"], closed["timeline"][-1]["seq"])
        written = await seqs_on_record(house, case["id"])
        assert written == list(range(1, len(written) + 1))
