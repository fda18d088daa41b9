"""Who calls, in whatever form, and hangs up at whatever moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from drill import behaviour
from drill.ear import Ear
from home.programs import Program
from models.elders import Elder, Terminal
from models.terminal_tests import TerminalTest

from .house import ELDER_LINE, SON, House, grandmother, open_house

HOSTILE = {
    "quotes": 'a"b\\"; <sip:999@x>, "c',
    "emoji": "奶奶👵🏽🔥",
    "controls": "a\x01b\x1b[31mred\x7f",
    "dialplan": "${SHELL(id)},n,System(id)&PJSIP/120@trunk",
    "long": "长" * 3400,
    "markup": "<script>alert(1)</script>{{7*7}}",
}


@pytest_asyncio.fixture
async def house(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[House]:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()]) as house:
        yield house


@pytest.mark.parametrize(
    "shown_as",
    ["+862110000001", "00862110000001", "862110000001", "02110000001", "0002110000001", "10000001"],
)
async def test_an_elder_is_known_in_every_form_that_carriers_send(house: House, shown_as: str) -> None:
    await house.agent("801").is_ready()
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key(shown_as=shown_as, silent=True)
    await house.town.seat("801").rings()
    case = await house.case(abandoned=False, elder={"id": 1, "name": "演示·王奶奶"})
    assert case["caller"] == ELDER_LINE


@pytest.mark.clause("X5")
async def test_an_unknown_caller_is_served_the_same_and_gets_a_file(house: House) -> None:
    await house.agent("801").is_ready()
    await house.town.elder("02110009999").press_key()
    await house.town.seat("801").answer()
    await house.case(state="talking")
    identified = await house.told("case", within=5, state="talking")
    while identified["data"]["file"] is None:
        house.messages.remove(identified)
        identified = await house.told("case", within=5, state="talking")
    assert identified["data"]["file"]["provisional"] is True
    async with house.database.read() as session:
        elder = await session.get(Elder, identified["data"]["file"]["id"])
        assert elder is not None
        assert elder.home_phone == "02110009999"


async def test_a_caller_without_a_number_is_served(house: House) -> None:
    await house.agent("801").is_ready()
    await house.town.elder("anonymous").press_key(shown_as="anonymous", silent=True)
    await house.town.seat("801").answer()
    assert (await house.case(state="talking"))["caller"] == ""


@pytest.mark.parametrize("display", HOSTILE.values(), ids=HOSTILE.keys())
async def test_no_header_breaks_the_call(house: House, display: str) -> None:
    await house.agent("801").is_ready()
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key(display=display, headers={"X-Name": display[:60]}, silent=True)
    await house.town.seat("801").answer()
    case = await house.case(state="talking")
    assert case["caller"] == ELDER_LINE
    assert display not in house.asterisk.log.read_text("utf-8", "replace")


@pytest.mark.parametrize("moment", ["waiting", "ringing", "talking", "emergency", "rescue"])
async def test_a_caller_who_hangs_up_leaves_nothing_behind(house: House, moment: str) -> None:
    grandma, son = house.town.elder(ELDER_LINE), house.town.relative(SON, behaviour.accepts("son"))
    if moment != "waiting":
        await house.agent("801").is_ready()
    await grandma.press_key(silent=True)
    if moment == "ringing":
        await house.town.seat("801").rings()
    if moment in {"talking", "emergency", "rescue"}:
        await house.town.seat("801").answer()
        await house.case(state="talking")
    if moment in {"emergency", "rescue"}:
        await house.agent("802").is_ready()
        await house.agent("801").asks("emergency")
        await house.town.seat("802").answer()
        await house.leg("b-1", place="elder")
    if moment == "rescue":
        await house.agent("801").asks("call", target="contacts")
        await son.sees("rang")
    await grandma.hang_up()
    await house.leg("elder", state="ended")
    if moment in {"waiting", "ringing"}:
        await house.told("alarm", alarm="abandoned")
    if moment in {"emergency", "rescue"}:
        await house.told("alarm", alarm="elder_hung_up")
    assert (await house.agent("801").asks("close", outcome="other", note=""))[0] == 200
    await house.case(within=10, state="closed")
    await house.nothing_is_left()
    for seat in house.controller.desk.seats.values():
        assert seat.case is None


@pytest.mark.clause("S8")
async def test_the_test_line_confirms_and_never_alarms(house: House) -> None:
    call = await house.town.elder(ELDER_LINE).dial(number="*99")
    await call.picked_up(within=5)
    await call.ended(within=30)
    assert not house.controller.runs
    heard = Ear.of_the_town().listen(call.ear)
    assert heard.prompt("test_ok") > 1, str(heard)
    assert heard.seconds > 8, f"the number was not said: {heard}"
    async with house.database.read() as session:
        terminal = await session.scalar(select(Terminal))
        assert terminal is not None
        assert terminal.last_tested_at is not None
        test = await session.scalar(select(TerminalTest))
        assert test is not None
        assert (test.terminal_id, test.line, test.by) == (terminal.id, ELDER_LINE, "line")


async def test_without_the_explicit_setting_no_service_is_dialled(tmp_path: Path, asterisk_program: Program) -> None:
    closed = {"YJT_EMERGENCY_ROUTE": "none"}
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=closed) as house:
        service = house.town.service("120")
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key()
        await house.town.seat("801").answer()
        await house.case(state="talking")
        assert (await house.agent("801").asks("call", target="120"))[0] == 200
        alarm = await house.told("alarm", alarm="no_route")
        assert "YJT_EMERGENCY_ROUTE" in alarm["data"]["detail"]
        await house.leg("120-1", state="ended", result="unreachable")
        assert service.notes == []
