"""A made-up district to look at and to rehearse with. Everything here is plainly invented: names begin with 演示,
landlines with 1, mobiles with 120; no such number can belong to anybody."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Relation, Skill
from models import demo_afterwards, demo_operation, demo_orders, demo_reports, demo_settlement, demo_suppliers
from models.database import Database
from models.demo_care import make_care
from models.elder_forms import ContactForm, ElderForm, TerminalForm, check
from models.elders import Terminal
from models.org import OrgKind, OrgUnit, get_or_create
from models.people import User, UserRole, create_user, generate_password, set_password
from models.register import Plan, save_all
from models.roles import PLACED
from models.seats import Seat, add_seat

ELDERS: Final = 200
ELDERS_WHO_CALL: Final = 48
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN: Final = "一二三四五六七八九十"
_STREETS: Final = ("演示一街道", "演示二街道", "演示三街道")
_COMMUNITIES_EACH: Final = 4
_COMPOUNDS: Final = ("示例新村", "样例公寓", "示范花园", "样板里弄")
_LANDMARKS: Final = ("示例菜场西侧", "样例小学对面", "示范公园北门", "样板药房楼上")
_WAYS_IN: Final = ("门禁按楼层加室号", "门口花盆下有备用钥匙", "楼道灯坏, 带手电", "邻居有备用钥匙", "直接上楼")
_HEALTH: Final = ("高血压", "糖尿病, 每日注射胰岛素", "听力差, 请大声慢说", "行动不便, 用助行器", "心脏支架术后", "")
_SEATS: Final = (
    ("801", "A席一", (Skill.AGENT,)),
    ("802", "A席二", (Skill.AGENT,)),
    ("803", "A席三", (Skill.AGENT,)),
    ("804", "A席四", (Skill.AGENT,)),
    ("811", "医生席", (Skill.DOCTOR,)),
)
_USERS: Final = (
    ("admin", "演示管理员", UserRole.ADMIN, None),
    ("supervisor", "演示班长", UserRole.LEAD, "803"),
    ("agent801", "演示坐席甲", UserRole.AGENT, "801"),
    ("agent802", "演示坐席乙", UserRole.AGENT, "802"),
    ("street", f"{_STREETS[0]}干部", UserRole.OFFICIAL, None),  # sees the people of that street
    (demo_suppliers.ACCOUNT, "演示服务商", UserRole.SUPPLIER, None),  # sees its own record
)


@dataclass(frozen=True, slots=True)
class DemoLogIn:
    username: str
    password: str
    role: UserRole


@dataclass(frozen=True, slots=True)
class DemoDistrict:
    """`created`: how many elders were new this time. The passwords are good from now on."""

    created: int
    log_ins: tuple[DemoLogIn, ...]


async def make(db: Database, *, seed: int = 1, area_code: str = "021", elders: int = ELDERS) -> DemoDistrict:
    """Make what is missing of the district: its people, and what they have done in a year. May be repeated."""
    district = await _people(db, _USERS, seed=seed, area_code=area_code, elders=elders)
    async with db.write() as session:
        await make_care(session, seed=seed)
        await demo_operation.add(session, agent="agent801", lead="supervisor")
        await demo_suppliers.make(session, area_code=area_code)
        await demo_orders.make(session)
        await demo_afterwards.make(session)
        await demo_reports.make(session)
    await demo_settlement.make(db)
    return district


async def make_for_calls(db: Database, *, area_code: str = "021") -> DemoDistrict:
    """Only what calls need: some elders, the seats, and who sits there. Takes a third of the time."""
    return await _people(db, [user for user in _USERS if user[3]], seed=1, area_code=area_code, elders=ELDERS_WHO_CALL)


async def _people(
    db: Database,
    users: Sequence[tuple[str, str, UserRole, str | None]],
    *,
    seed: int,
    area_code: str,
    elders: int,
) -> DemoDistrict:
    """Tree, seats, elders, and these users with fresh passwords.

    The first elder calls from 1000 0001 and has a son (12000000001), a daughter with two phones, a neighbour and the
    committee.
    """
    async with db.write() as session:
        communities = await _make_places(session)
        await _make_seats(session)
        present = set(await session.scalars(select(Terminal.line)))
        forms = [check(form, area_code).form for form in _elders(elders, communities, seed)]
        new = [form for form in forms if form.terminals[0].line not in present]
        await save_all(session, [Plan(form) for form in new], by="demo", area_code=area_code)
    async with db.read() as session:
        street = await session.scalar(select(OrgUnit.id).where(OrgUnit.name == _STREETS[0]).order_by(OrgUnit.id))
    log_ins = [await _log_in(db, *user, unit=street if user[2] in PLACED else None) for user in users]
    return DemoDistrict(len(new), tuple(log_ins))


async def _make_places(session: AsyncSession) -> list[int]:
    city = await get_or_create(session, OrgKind.CITY, "演示市")
    district = await get_or_create(session, OrgKind.DISTRICT, "示范区", parent=city.id)
    communities = []
    for at, name in enumerate(_STREETS):
        street = await get_or_create(session, OrgKind.STREET, name, parent=district.id)
        for number in range(1, _COMMUNITIES_EACH + 1):
            label = f"演示第{at * _COMMUNITIES_EACH + number}社区"
            communities.append((await get_or_create(session, OrgKind.COMMUNITY, label, parent=street.id)).id)
    return communities


async def _make_seats(session: AsyncSession) -> None:
    for extension, name, skills in _SEATS:
        if await session.get(Seat, extension) is None:
            await add_seat(session, extension, name=name, skills=skills)


async def _log_in(
    db: Database, username: str, name: str, role: UserRole, seat: str | None, *, unit: int | None
) -> DemoLogIn:
    password = generate_password()
    async with db.read() as session:
        known = await session.scalar(select(User.id).where(User.username == username))
    if known is None:
        await create_user(db, username, password, name=name, roles=[role], seat=seat, org_unit_id=unit)
    else:
        await set_password(db, username, password)
    return DemoLogIn(username, password, role)


def _elders(count: int, communities: list[int], seed: int) -> Iterator[ElderForm]:
    chance = random.Random(seed)
    mobiles = iter(range(12_000_000_001, 12_000_010_000))
    for number in range(1, count + 1):
        yield _elder(number, communities, chance, mobiles)


def _elder(number: int, communities: list[int], chance: random.Random, mobiles: Iterator[int]) -> ElderForm:
    surname = _SURNAMES[(number - 1) % len(_SURNAMES)]
    name = f"演示·{surname}{_GIVEN[(number - 1) // len(_SURNAMES)]}"
    place = (number - 1) % len(communities)
    line = f"1000{number:04d}"
    installed = date(2026, 1, 5) + timedelta(days=number)
    floor = chance.randint(1, 6)
    return ElderForm(
        name=name,
        sex=chance.choice(("male", "female")),
        born=date(1930, 1, 1) + timedelta(days=chance.randrange(28 * 365)),
        home_phone=line,
        org_unit_id=communities[place],
        compound=_COMPOUNDS[place % len(_COMPOUNDS)],
        building=str(chance.randint(1, 30)),
        entrance=str(chance.randint(1, 4)),
        floor=str(floor),
        room=f"{floor}0{chance.randint(1, 4)}",
        landmark=_LANDMARKS[place % len(_LANDMARKS)],
        bus_stop=f"演示{chance.randint(1, 90)}路示例站",
        way_in=chance.choice(_WAYS_IN),
        lives_alone=chance.random() < 0.6,
        dialect=chance.choice(("普通话", "本地话")),
        service_class=chance.choice((1, 2, 3)),
        health=chance.choice(_HEALTH),
        notice_signed_on=installed,
        agreement_signed_on=None if number % 7 == 0 else installed,
        contacts=tuple(_contacts(number, surname, place, chance, mobiles)),
        terminals=(TerminalForm(line, "演示一键通", f"DEMO-{number:05d}", installed),),
    )


def _contacts(
    number: int, surname: str, place: int, chance: random.Random, mobiles: Iterator[int]
) -> Iterator[ContactForm]:
    """The first elder has all of them; every ninth has nobody but the committee."""
    everybody = number == 1
    if number % 9 != 0:
        yield ContactForm(f"演示·{surname}儿", Relation.CHILD, "儿子", (str(next(mobiles)),))
        if everybody or chance.random() < 0.5:
            both = (str(next(mobiles)), str(next(mobiles)))
            yield ContactForm(f"演示·{surname}女", Relation.CHILD, "女儿", both)
        if everybody or chance.random() < 0.6:
            yield ContactForm("演示·邻居", Relation.NEIGHBOUR, "邻居", (str(next(mobiles)),))
    yield ContactForm(f"演示第{place + 1}居委会", Relation.COMMITTEE, "居委会", (f"1001{place + 1:04d}",))
