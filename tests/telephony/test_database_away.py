"""The database does not take what happens: calls go on, 120 is dialled, and a controller that dies meanwhile has lost
nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import select

from ari_app.spill import SPILL, Spill
from drill.people import people_talk
from home.postgres import PrivatePostgres
from home.programs import Program
from home.settings import Settings
from models.cases import TimelineRow

from .controllers import a_case_on_record, agents_ready, controller_process, kill
from .faults import dead, disk_full_for, full, hung, locked
from .house import ELDER_LINE, House, grandmother, open_house

Fault = Callable[[House, PrivatePostgres], AbstractAsyncContextManager[None]]


async def until_spilled(house: House, case: str, seq: int) -> None:
    spill = Spill(house.settings.home / SPILL)
    async with asyncio.timeout(5):
        while not any(  # noqa: ASYNC110 - nobody tells
            (kept.case.id, kept.seq) == (case, seq) for kept in (await asyncio.to_thread(spill.read)).entries
        ):
            await asyncio.sleep(0.05)


async def until_no_spill(house: House) -> None:
    async with asyncio.timeout(10):
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
            async with locked(house):
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


@pytest.mark.both_databases
@pytest.mark.clause("X5")
async def test_a_call_while_nothing_can_be_written_is_served_and_on_record_afterwards(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()]) as house:
        await house.agent("801").is_ready()
        async with locked(house):
            await house.town.elder(ELDER_LINE).press_key()
            await house.town.seat("801", voice="agent_a").answer()
            case = await house.case(within=10, state="talking")
            assert (await house.agent("801").asks("close", outcome="false_alarm", note=""))[0] == 200
            closed = await house.case(within=20, state="closed")
            await until_spilled(house, case["id"], closed["timeline"][-1]["seq"])
        await house.on_record(case["id"], closed["timeline"][-1]["seq"], within=30)
        written = await seqs_on_record(house, case["id"])
        assert written == list(range(1, len(written) + 1))


# --- the database goes away altogether --------------------------------------------------------------------------------


async def an_emergency(house: House, case: str) -> None:
    """From the talk to 120 on the line, by the seats 801 and 802."""
    house.town.service("120")
    assert (await house.agent("801").asks("emergency", case))[0] == 200
    await house.town.seat("802", voice="agent_b").answer()
    await house.leg("b-1", within=15, place="elder")
    assert (await house.agent("801").asks("call", case, target="120"))[0] == 200
    await house.leg("120-1", within=15, place="rescue", result="accepted")


async def all_is_on_record(house: House, case: str) -> None:
    """Once and in order; and nobody was called twice."""
    assert (await house.agent("801").asks("close", case, outcome="rescued", note=""))[0] == 200
    closed = await house.case(within=20, id=case, state="closed")
    await house.on_record(case, closed["timeline"][-1]["seq"], within=30)
    written = await seqs_on_record(house, case)
    assert written == list(range(1, len(written) + 1))
    await until_no_spill(house)
    await house.nothing_is_left()
    assert [note.what for note in house.town.chronicle.notes if note.who == "120"].count("rang") == 1


@pytest.mark.parametrize(
    ("fault", "before_the_call"),
    [
        (lambda house, server: dead(server), False),
        (lambda house, server: hung(server), True),
        (lambda house, server: full(house), False),
    ],
    ids=["killed", "hangs", "is full"],
)
async def test_an_emergency_goes_on_while_postgresql_is_away(
    tmp_path: Path, asterisk_program: Program, fault: Fault, *, before_the_call: bool
) -> None:
    """What is asked of a server that hangs is given up: who calls meanwhile is an unknown caller, and served as one."""
    server = PrivatePostgres(Settings.load({"YJT_HOME": str(tmp_path)}))
    async with server as url:
        where = {"YJT_DATABASE_URL": url, "YJT_POLICY__JOURNAL_WAIT": "5"}
        async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=where) as house:
            await agents_ready(house, "801", "802")
            if not before_the_call:
                case = await talking(house)
                await house.on_record(case, 1)
            async with fault(house, server):
                if before_the_call:
                    case = await talking(house)
                    await house.happens("caller_unknown")
                await an_emergency(house, case)
                await until_spilled(house, case, house.latest(case)["timeline"][-1]["seq"])
                await until_degraded(house)
                assert not [alarm for alarm in house.latest(case)["alarms"] if alarm["kind"] == "command_failed"]
            await house.case(within=30, id=case, elder={"id": 1, "name": "演示·王奶奶"})
            await all_is_on_record(house, case)


async def until_degraded(house: House) -> None:
    """Until `/ready` says so: of a server that hangs it is known when an answer is overdue."""
    async with asyncio.timeout(30):
        while not any(problem.startswith("database") for problem in house.controller.degraded):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def talking(house: House) -> str:
    await house.town.elder(ELDER_LINE).press_key()
    await house.town.seat("801", voice="agent_a").answer(within=15)
    return str((await house.case(within=15, state="talking"))["id"])


async def test_an_emergency_goes_on_while_the_disk_is_full(tmp_path: Path, asterisk_program: Program) -> None:
    """Nothing takes the record, not even our own file: 120 is dialled all the same, and the agents are told."""
    where = {"YJT_DATABASE_URL": f"sqlite:///{tmp_path / 'yijiantong.db'}"}
    async with (
        open_house(tmp_path, asterisk_program, elders=[grandmother()], controller=False, environment=where) as house,
        controller_process(house) as process,
        house.following(),
    ):
        await agents_ready(house, "801", "802")
        await house.town.elder(ELDER_LINE).press_key()
        await house.town.seat("801", voice="agent_a").answer()
        case = await a_case_on_record(house)
        with disk_full_for(process.pid):
            await an_emergency(house, case)
            await house.told("alarm", within=10, case=case, alarm="command_failed", detail="journal")
            assert max(await seqs_on_record(house, case)) < house.latest(case)["timeline"][-1]["seq"]
        await all_is_on_record(house, case)
        assert process.returncode is None
