"""What there is on the first day: two streets, a catalogue, firms that are admitted one after the other, staff."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Aid
from models.complaint_rules import Person
from models.elders import Elder
from models.orders.codes import code_of
from models.org import OrgKind, get_or_create
from models.people import User
from models.seats import Seat
from models.services.catalogue import ClassRule, ServiceForm, add_service
from models.services.records import ServiceUnit
from models.suppliers.admission import register
from models.suppliers.records import Condition, SupplierStatus
from models.suppliers.standing import change_status
from models.suppliers.supplier_forms import PaperForm, SupplierForm
from models.suppliers.workers import WorkerForm, add_worker

from .life import AREA, LEADER, Life, Manner
from .log import ElderFacts, FirmFacts, ServiceFacts, What

UNSIGNED = 9  # every such elder has signed no notice
FOR_EVER = date(2099, 12, 31)
PAID = {1: 100, 2: 50, 3: 0}
SERVICES = (  # aid, unit, limit in fen, least minutes, counts as a visit
    (Aid.CLEANING, ServiceUnit.VISIT, 3_000, 50, True),
    (Aid.BATHING, ServiceUnit.VISIT, 3_000, 60, True),
    (Aid.MEDICAL, ServiceUnit.VISIT, 2_500, 50, True),
    (Aid.WALKING, ServiceUnit.HOUR, 4_000, 60, False),
    (Aid.MEALS, ServiceUnit.MEAL, 1_500, 0, False),
)
BAD = Manner(short=0.3, late=0.4, slow=0.3, absent=0.05, complained=0.35, satisfied=0.3, fairly=0.2)
POOR = Manner(short=0.12, late=0.2, slow=0.2, absent=0.03, complained=0.12, satisfied=0.55, fairly=0.3)
ROLES = {1: "agent", 2: "agent", 3: "lead", 4: "lead", 5: "lead", 6: "agent", 7: "reviewer"}
SITS = {1: "801", 2: "802", 6: "802"}  # two share a seat


async def settle(life: Life, *, firms: int) -> None:
    """A year before the first day; the log has the facts."""
    async with life.db.write() as session:
        districts = await _places(session, life)
        await _seats(session, life)
        for number, role in ROLES.items():
            seat = SITS.get(number)
            who = {"username": f"demo{number}", "name": f"演示{number}", "roles": [role], "seat": seat}
            session.add(User(id=number, password_hash="-", **who))
            life.staff[number] = Person(number, seat, frozenset({role}))
        await _catalogue(session, life)
        await session.flush()
        for number in range(1, firms + 1):
            await _firm(session, life, number, districts)


async def _places(session: AsyncSession, life: Life) -> list[int]:
    """Two streets of two communities each; the places a firm may serve: the district, and the streets."""
    district = await get_or_create(session, OrgKind.DISTRICT, "示范区")
    served = [district.id]
    for street in ("一街道", "二街道"):
        above = await get_or_create(session, OrgKind.STREET, f"演示{street}", parent=district.id)
        served.append(above.id)
        for name in ("甲", "乙"):
            unit = await get_or_create(session, OrgKind.COMMUNITY, f"演示{street}{name}社区", parent=above.id)
            life.log.around[unit.id] = frozenset({unit.id, above.id, district.id})
    return served


async def _seats(session: AsyncSession, life: Life) -> None:
    """Two of the centre, one of a community; nobody who could be drawn sits at that."""
    life.log.seats = {"801": 0, "802": 0, "811": min(life.log.around)}
    life.log.agents = dict(SITS)
    for extension, place in life.log.seats.items():
        session.add(Seat(extension=extension, skills=["agent"], sip_password="-", org_unit_id=place or None))
    await session.flush()


async def _catalogue(session: AsyncSession, life: Life) -> None:
    for aid, unit, limit, minutes, is_visit in SERVICES:
        rules = {one: ClassRule(paid_percent=percent) for one, percent in PAID.items()}
        form = ServiceForm(
            aid,
            f"演示{aid}",
            f"demo {aid}",
            unit,
            limit,
            minimum_minutes=minutes,
            counts_as_visit=is_visit,
            rules=rules,
        )
        row = await add_service(session, f"demo_{aid}", form, by=LEADER)
        life.log.services[row.id] = ServiceFacts(limit, str(unit), minutes, is_visit, PAID, str(aid))


async def _firm(session: AsyncSession, life: Life, number: int, places: list[int]) -> None:
    """Every fourth is bad, every fourth poor; the second does without a new agreement in autumn, the third trains one
    of its workers no more."""
    first, chance = life.today, life.chance
    prices = {
        service: facts.limit - 50 * chance.randrange(12)
        for at, (service, facts) in enumerate(life.log.services.items())
        if (at + number) % 3 or number % 4 == 0
    }
    areas = frozenset({places[number % len(places)]})
    until = date(first.year + 1, 9, 30) if number == 2 else FOR_EVER
    form = SupplierForm(
        name=f"演示服务商{number}",
        licence=f"99DEMO{number:08}",
        phone=f"12000001{number:03}",
        sms_number=f"12000002{number:03}",
        agreement_from=first,
        agreement_until=until,
        papers={one: PaperForm(f"DEMO-{one}", "演示机关", first, None) for one in Condition},
        prices=prices,
        areas=areas,
    )
    firm = await register(session, form, by=LEADER, area_code=AREA)
    workers = {}
    for one in range(1, 4):
        ends = date(first.year + 1, 7, 31) if (number, one) == (3, 1) else None
        person = WorkerForm(
            f"演示·服务员{number}{one}", f"12000003{number:02}{one}", trained_on=first, trained_until=ends
        )
        worker = await add_worker(session, firm.id, person, by=LEADER, area_code=AREA)
        workers[worker.id] = (first, ends or FOR_EVER)
    life.log.firms[firm.id] = FirmFacts(form.name, prices, areas, (first, until), workers)
    life.manners[firm.id] = (BAD, Manner(), POOR, Manner())[number % 4]
    await change_status(
        session, firm.id, SupplierStatus.PROBATION, reason="", version=firm.version, by=LEADER, today=life.today
    )
    life.say(What.ADMITTED, supplier=firm.id)


async def register_elder(life: Life) -> int:
    """Somebody new in the register, from now on."""
    place = life.chance.choice(sorted(life.log.around))
    service_class = life.chance.choice((1, 1, 2, 3))
    signed = life.today if len(life.log.elders) % UNSIGNED else None
    row = Elder(
        name="演示·老人", org_unit_id=place, service_class=service_class, home_phone="10000001", notice_signed_on=signed
    )
    life.session.add(row)
    await life.session.flush()
    life.codes[row.id] = await code_of(life.session, row.id, by=LEADER)
    life.log.elders[row.id] = ElderFacts(place, service_class, life.now, signed)
    life.say(What.ON_FILE, elder=row.id, place=place)
    return row.id


def free_days(year: int) -> set[date]:
    """Weekends, and a week in spring and in autumn; one Saturday is worked instead."""
    days = [date(year - 1, 1, 1) + timedelta(days=number) for number in range(3 * 366)]
    weekends = {day for day in days if day.isoweekday() > 5}
    weeks = {date(year, month, 1) + timedelta(days=number) for month in (2, 10) for number in range(7)}
    return (weekends | weeks) - {min(day for day in weekends if day > date(year, 10, 7))}
