"""A made-up city in the register: found like any other elder, made once, by few statements."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from models import demo_crowd, demo_district
from models.database import Database
from models.elders import Contact, ContactPhone, Elder, Terminal
from models.queries.register import find_file

AREA = "021"


async def test_each_elder_of_the_city_is_found_by_their_line(db: Database) -> None:
    await demo_crowd.add(db, 30, area_code=AREA)
    async with db.read() as session:
        for number in (1, 30):
            line = demo_crowd.line_of(number)
            file = await find_file(session, f"{AREA}{line}", AREA)
            assert file is not None
            assert (file.home_phone, file.lines) == (line, (f"{AREA}{line}",))
            assert file.name.startswith("演示")
            assert [contact.phones for contact in file.contacts] == [(f"120{line}",)]
        assert await find_file(session, f"{AREA}{demo_crowd.line_of(31)}", AREA) is None


async def test_nobody_is_left_out_however_many_there_are(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_crowd, "_CHUNK", 7)
    for count in (20, 30):
        await demo_crowd.add(db, count, area_code=AREA)
    async with db.read() as session:
        lines = list(await session.scalars(select(Elder.home_phone).order_by(Elder.home_phone)))
    assert lines == [demo_crowd.line_of(number) for number in range(1, 31)]


@pytest.mark.usefixtures("cheap_passwords")
async def test_the_city_grows_beside_the_district_and_nobody_is_made_twice(db: Database) -> None:
    await demo_district.make(db, elders=5)
    for count in (10, 10, 25):
        await demo_crowd.add(db, count, area_code=AREA)
    await demo_district.make(db, elders=6)
    async with db.read() as session:
        counts = [await session.scalar(select(func.count()).select_from(table)) for table in (Elder, Terminal)]
        assert counts == [31, 31]
        mobiles = select(func.count()).select_from(ContactPhone).join(Contact).where(ContactPhone.number.like("1201%"))
        assert await session.scalar(mobiles) == 25


async def test_there_are_only_so_many_numbers(db: Database) -> None:
    with pytest.raises(ValueError, match=str(demo_crowd.MOST)):
        await demo_crowd.add(db, demo_crowd.MOST + 1)
