"""Made-up calls, orders and the like in a small tree of places, spread over days by a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import (
    Aid,
    CaseKind,
    CaseState,
    FollowUpKind,
    LegKind,
    LegState,
    Outcome,
    Place,
    Rating,
    Role,
)
from models.cases import CaseLegRow, CaseRow, RecordingRow
from models.complaints import Complaint, ComplaintState
from models.database import Database
from models.elders import Elder, ElderChange
from models.exception_reports import ExceptionReport
from models.follow_ups import Ended, FollowUp
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.quality.reviews import QualityReview
from models.seats import Seat
from models.wishes import Wish, WishKind

TREE = {
    "city": (None, OrgKind.CITY),
    "east": ("city", OrgKind.DISTRICT),
    "elm": ("east", OrgKind.STREET),
    "elm-1": ("elm", OrgKind.COMMUNITY),
    "elm-2": ("elm", OrgKind.COMMUNITY),
    "oak": ("east", OrgKind.STREET),
    "oak-1": ("oak", OrgKind.COMMUNITY),
    "west": ("city", OrgKind.DISTRICT),
}
HOMES = ("elm-1", "elm-2", "oak", "oak-1", "west", None)


async def put(session: AsyncSession, rows: Sequence[object]) -> None:
    """A case, and a recording, before what belongs to it."""
    for row in rows:
        session.add(row)
        if isinstance(row, CaseRow | RecordingRow):
            await session.flush()


@dataclass
class World:
    """The units by name, and an elder in each home."""

    db: Database
    random: random.Random
    units: dict[str, int] = field(default_factory=dict)
    elders: list[int] = field(default_factory=list)

    async def settle(self) -> None:
        async with self.db.write() as session:
            for name, (above, kind) in TREE.items():
                unit = await get_or_create(session, kind, name, parent=self.units[above] if above else None)
                self.units[name] = unit.id
            for number, home in enumerate(HOMES):
                elder = Elder(
                    name=f"演示·{number}",
                    service_class=number % 3 + 1,
                    org_unit_id=self.units[home] if home else None,
                )
                session.add(elder)
                await session.flush()
                self.elders.append(elder.id)
                session.add(ElderChange(elder_id=elder.id, by="test", field="created", old="", new=""))
            session.add_all(
                [
                    Seat(extension="801", skills=["agent"], sip_password="-"),
                    Seat(extension="811", skills=["agent"], sip_password="-", org_unit_id=self.units["elm-1"]),
                ]
            )

    async def days(self, first: date, last: date, *, calls: int) -> None:
        """So many calls on each day, at any second of it, the first and the last one included."""
        async with self.db.write() as session:
            for number in range((last - first).days + 1):
                day = first + timedelta(days=number)
                begins = datetime.combine(day, time.min).astimezone()
                ends = datetime.combine(day + timedelta(days=1), time.min).astimezone()
                whole = (ends - begins).total_seconds()
                for call in range(calls):
                    edge = {0: 0.0, 1: whole - 0.000001}.get(call)
                    at = begins + timedelta(seconds=self.random.uniform(0, whole) if edge is None else edge)
                    await put(session, self.call(f"c-{day}-{call}", at))
                session.add_all(self.rest(begins + timedelta(hours=self.random.uniform(0, 23))))

    def call(self, case: str, at: datetime, *, elder: int | None = None, after: float | None = None) -> list[object]:
        """A closed case with its legs, as chance has it. `after`: seconds until somebody answered."""
        chance = self.random
        waits = chance.choice([3, 9.999999, 10, 10.000001, 14, 59, 61, 179, 181, None]) if after is None else after
        answered = None if waits is None else at + timedelta(seconds=waits)
        emergency = answered + timedelta(seconds=20) if answered and chance.random() < 0.4 else None
        rung = chance.choice([None, 5, 60, 60.000001, 200]) if emergency else None
        helped = chance.choice([None, 30, 45, 46, 61]) if emergency else None
        row = CaseRow(
            id=case,
            last_seq=1,
            kind=chance.choice(list(CaseKind)),
            state=CaseState.CLOSED,
            caller="",
            dialled="",
            channel=case,
            elder_id=elder if elder is not None else chance.choice([*self.elders, None]),
            opened_at=at,
            answered_at=answered,
            emergency_at=emergency,
            arrived_at=emergency + timedelta(minutes=helped) if emergency and helped else None,
            closed_at=at + timedelta(hours=1),
            abandoned=False,
            topic=None,
            outcome=chance.choice([*Outcome, None]),
            note="",
        )
        seats = chance.sample(["801", "811", "899"], chance.randint(0, 3))
        legs = [self.leg(case, f"s-{seat}", LegKind.SEAT, seat, at, chance.choice([at, None])) for seat in seats]
        if emergency and rung is not None:
            when = emergency + timedelta(seconds=rung)
            legs.append(self.leg(case, "r-1", chance.choice([LegKind.SERVICE, LegKind.CONTACT]), "120", when, None))
        return [row, *legs]

    def rest(self, at: datetime) -> list[object]:
        """An order, a complaint, a follow-up that was done, a wish or refusal of the day."""
        chance = self.random
        elder, drafted = chance.choice([*self.elders, None]), {"drafted_at": at, "drafted_by": "user:1"}
        due = at + timedelta(minutes=30)
        called = chance.choice([None, due - timedelta(minutes=1), due, due + timedelta(minutes=1)])
        return [
            WorkOrder(
                **drafted,
                elder_id=elder,
                aid=chance.choice(list(Aid)),
                wish="",
                state=chance.choice(list(OrderState)),
                call_due_at=due,
                elder_called_at=called,
                grade=chance.choice([*Rating, None]),
            ),
            self.complaint(elder, at),
            FollowUp(
                elder_id=elder,
                kind=chance.choice(list(FollowUpKind)),
                due_at=due,
                done_at=chance.choice([None, at, at + timedelta(hours=1)]),
                ended=chance.choice([*Ended, None]),
                satisfaction=chance.choice([*map(str, Rating), "not_said", ""]),
            ),
            Wish(
                elder_id=chance.choice(self.elders),
                kind=chance.choice(list(WishKind)),
                words="",
                noted_at=at,
                noted_by="user:1",
                struck_out_at=chance.choice([None, None, at]),
            ),
        ]

    def complaint(self, elder: int | None, at: datetime) -> Complaint:
        """Of the first level: spoken with or not, answered or not, in time or not."""
        state = self.random.choice(list(ComplaintState))
        hours = (None, 1, 23.999, 24, 50)
        contacted, answered = (at + timedelta(hours=h) if h else None for h in self.random.choices(hours, k=2))
        if state not in (ComplaintState.ANSWERED, ComplaintState.CLOSED):
            answered = None
        told = {"contacted_at": contacted, "answered_at": answered, "about": "", "words": "", "state": state}
        return Complaint(drafted_at=at, drafted_by="user:1", elder_id=elder, **told)

    def reviews_of(self, case: str, at: datetime, *, draw: int) -> list[object]:
        """Its recording was drawn; scored, or not yet."""
        score = self.random.choice([0, 60, 85, 100, None])
        tape = RecordingRow(
            id=f"t-{case}", case_id=case, last_seq=1, path="", place="", people=[], started_at=at, seconds=60.0,
            problem="",
        )  # fmt: skip
        review = QualityReview(
            draw_id=draw, case_id=case, recording_id=tape.id, agent_id=1, month=f"{at:%Y-%m}", score=score,
            emergency=self.random.random() < 0.5, finished_at=None if score is None else at,
        )  # fmt: skip
        return [tape, review]

    def report_of(self, case: str, at: datetime) -> ExceptionReport:
        return ExceptionReport(case_id=case, waiting_since=at, opened_at=at)

    @staticmethod
    def leg(
        case: str, leg: str, kind: LegKind | str, number: str, at: datetime, answered: datetime | None
    ) -> CaseLegRow:
        return CaseLegRow(
            case_id=case,
            id=leg,
            last_seq=1,
            position=0,
            kind=LegKind(kind),
            role=Role.A,
            mode=None,
            number=number,
            name="",
            contact=None,
            phone_index=0,
            state=LegState.ENDED,
            place=Place.NOWHERE,
            result=None,
            dialled_at=at,
            answered_at=None if answered is None else answered + timedelta(seconds=4.25),
            ended_at=at,
            cause=16,
        )
