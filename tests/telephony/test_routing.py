"""Whose phone rings for an ordinary call (H1, H2): by the elder's class and the hour, a community's seat, its manager's
mobile, the centre. An alarm goes to the centre at once, whoever it is of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from drill import behaviour
from drill.chronicle import NotSeen
from drill.ear import Ear
from drill.people import Elder as Caller
from drill.people import people_talk
from home.programs import Program
from models.elders import Elder
from models.org import OrgKind, add_unit, set_manager_phone
from models.seats import Seat

from .house import AREA, ELDER_LINE, House, grandmother, open_house

ORDINARY = "96891"
MANAGER = "12000000077"
CENTRE, COMMUNITY = "801", "821"
WORKING = datetime.fromisoformat("2026-11-23 10:00").astimezone()  # a Monday
EXCHANGED = datetime.fromisoformat("2026-02-14 10:00").astimezone()  # a Saturday that is worked (调休)
EVENING = datetime.fromisoformat("2026-11-23 20:00").astimezone()
FESTIVAL = datetime.fromisoformat("2026-02-17 10:00").astimezone()  # a Tuesday
QUICK = {
    "YJT_POLICY__COMMUNITY_WAIT": "2",
    "YJT_POLICY__MANAGER_WAIT": "8",
    "YJT_POLICY__SEAT_RING": "3",
    "YJT_POLICY__DUTY_RING": "10",
    "YJT_POLICY__CONTACT_KEY": "15",
    "YJT_ORDINARY_NUMBERS": ORDINARY,
    "YJT_SOS_NUMBERS": "96890",
}


@asynccontextmanager
async def district(
    home: Path, program: Program, *, at: datetime = WORKING, service_class: int = 1
) -> AsyncIterator[House]:
    """An elder of this class in a community with a seat and a manager; the centre has a seat as well."""
    form = replace(grandmother(), service_class=service_class)
    async with open_house(
        home, program, elders=[form], seats=(CENTRE, COMMUNITY), environment=QUICK, clock=lambda: at
    ) as house:
        async with house.database.write() as session:
            street = await add_unit(session, OrgKind.STREET, "演示街道", parent=None)
            community = await add_unit(session, OrgKind.COMMUNITY, "演示社区", parent=street.id)
            await set_manager_phone(session, community.id, MANAGER, area_code=AREA)
            await session.execute(update(Elder).values(org_unit_id=community.id))
            await session.execute(update(Seat).where(Seat.extension == COMMUNITY).values(org_unit_id=community.id))
        async with house.http.post("/reload", json={}) as answer:
            assert answer.status == 200, await answer.text()
        await house.agent(CENTRE).is_ready()
        yield house


async def asks(house: House) -> Caller:
    """The elder dials the ordinary number."""
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key(number=ORDINARY)
    return grandma


async def rang_first(house: House, extension: str) -> None:
    """This seat's phone rings, and until then no other does."""
    other = CENTRE if extension == COMMUNITY else COMMUNITY
    await house.town.seat(extension).rings(within=8)
    with pytest.raises(NotSeen):
        await house.town.seat(other).rings(within=0.1)


@pytest.mark.clause("H1")
@pytest.mark.clause("H2")
@pytest.mark.parametrize("at", [WORKING, EXCHANGED], ids=["monday", "exchanged-saturday"])
@pytest.mark.parametrize("service_class", [1, 2])
async def test_in_working_hours_a_supported_elder_reaches_the_communitys_seat(
    tmp_path: Path, asterisk_program: Program, at: datetime, service_class: int
) -> None:
    async with district(tmp_path, asterisk_program, at=at, service_class=service_class) as house:
        await house.agent(COMMUNITY).is_ready()
        await asks(house)
        await rang_first(house, COMMUNITY)
        await house.town.seat(COMMUNITY).answer()
        case = await house.case(state="talking")
        assert case["kind"] == "ordinary"


@pytest.mark.clause("X1")
@pytest.mark.clause("H1")
@pytest.mark.clause("H2")
@pytest.mark.parametrize(
    ("at", "service_class"),
    [(WORKING, 3), (EVENING, 1), (FESTIVAL, 1)],
    ids=["self-paying", "in-the-evening", "on-a-holiday"],
)
async def test_everybody_else_reaches_the_centre_at_once(
    tmp_path: Path, asterisk_program: Program, at: datetime, service_class: int
) -> None:
    async with district(tmp_path, asterisk_program, at=at, service_class=service_class) as house:
        await house.agent(COMMUNITY).is_ready()
        await asks(house)
        await rang_first(house, CENTRE)
        await house.town.seat(CENTRE).answer()
        await house.case(state="talking")


@pytest.mark.clause("H2")
async def test_an_alarm_reaches_the_centre_at_once_whatever_class_and_hour(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with district(tmp_path, asterisk_program) as house:
        await house.agent(COMMUNITY).is_ready()
        await house.town.elder(ELDER_LINE).press_key()
        await rang_first(house, CENTRE)
        await house.town.seat(CENTRE).answer()
        assert (await house.case(state="talking"))["kind"] == "sos"


@pytest.mark.clause("H2")
async def test_nobody_at_the_communitys_seat_brings_its_managers_mobile(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with district(tmp_path, asterisk_program) as house:
        manager = house.town.relative(MANAGER, behaviour.accepts("committee", listen=3))
        grandma = await asks(house)
        await house.leg("duty-1", within=15, result="accepted", role="A", place="elder")
        await people_talk(4)
        heard = Ear.of_the_town().listen(grandma.line.ear)
        assert manager.line.answered is not None
        assert heard.voice("committee") > 2, str(heard)
        assert heard.longest_silence().seconds < 3, str(heard)
        with pytest.raises(NotSeen):
            await house.town.seat(CENTRE).rings(within=0.1)


@pytest.mark.clause("H2")
async def test_a_seat_that_rings_out_and_a_manager_who_does_not_answer_bring_the_centre_in_seconds(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with district(tmp_path, asterisk_program) as house:
        house.town.relative(MANAGER, behaviour.RingsOn())
        await house.agent(COMMUNITY).is_ready()
        await asks(house)
        await house.town.seat(COMMUNITY).rings()
        await house.leg("duty-1", within=10, state="ringing")
        await house.town.seat(CENTRE).rings(within=14)
        await house.town.seat(CENTRE).answer()
        case = await house.case(state="talking")
        opened, answered = (datetime.fromisoformat(case[name]) for name in ("opened_at", "answered_at"))
        assert (answered - opened).total_seconds() < 20
        await house.leg("duty-1", result="cancelled", state="ended")


@pytest.mark.clause("H2")
async def test_an_ordinary_call_that_is_given_up_is_missed_and_nobody_is_rung_back(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with district(tmp_path, asterisk_program, service_class=3) as house:
        grandma = await asks(house)
        await house.town.seat(CENTRE).rings()
        await grandma.hang_up()
        case = await house.case(within=8, state="closed")
        assert (case["outcome"], case["abandoned"]) == ("missed", True)
        assert [leg["id"] for leg in case["legs"] if leg["kind"] == "elder"] == ["elder"]
        await house.nothing_is_left()


@pytest.mark.clause("H2")
async def test_an_ordinary_call_becomes_an_emergency_with_the_normal_key(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with district(tmp_path, asterisk_program) as house:
        await house.agent(COMMUNITY).is_ready()
        await asks(house)
        seat = house.town.seat(COMMUNITY)
        await seat.answer()
        await house.case(state="talking")
        await seat.press("*44")
        await house.told("screen", extension=CENTRE, role="B")
        await house.town.seat(CENTRE).answer()
        await house.leg("b-1", state="answered", place="elder")
        await house.case(state="emergency")
