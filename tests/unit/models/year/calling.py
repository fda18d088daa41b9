"""Calls, as the journal has put them on record once they were over: of every kind, answered or not, with the lines that
were rung and what was recorded; and why nobody answered (K1). By a chance of their own: what else happens in the year
does not depend on who calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from ivr.vocabulary import CaseKind, CaseState, LegKind, LegState, Outcome, Place, Role
from models.cases import CaseLegRow, CaseRow, RecordingRow, TimelineRow
from models.exception_reports import ExceptionCause, ExceptionReport, explain

from .clock import moment
from .life import LEADER, Life
from .log import CallFacts, Line, What

KINDS = {
    CaseKind.SOS: 50, CaseKind.ORDINARY: 25, CaseKind.COMPLAINT: 4, CaseKind.SENSOR: 7, CaseKind.CARE: 7,
    CaseKind.OUTBOUND: 7,
}  # fmt: skip
WAITS = (2, 5, 9.5, 10, 10.5, 14, 16, 55, 61, 170, 200)  # seconds until somebody answers
EXCEPTED = timedelta(seconds=180)
SHARED = "802"


async def one_day(life: Life) -> None:
    """Each day one call or two, and the same on the next."""
    life.at(moment(life.today + timedelta(days=1), 0), partial(one_day, life))
    for _ in range(life.calling.randint(1, 2)):
        opened = moment(life.today, life.calling.uniform(0, 23.4))
        case = f"call-{opened:%m%d-%H%M%S}"
        life.at(opened + timedelta(minutes=30), partial(over, life, case, _call(life, opened)))


def _call(life: Life, opened: datetime) -> CallFacts:
    chance = life.calling
    kind = chance.choices(tuple(KINDS), tuple(KINDS.values()))[0]
    waits = chance.choice(WAITS) if chance.random() < 0.9 else None
    answered = None if waits is None else opened + timedelta(seconds=waits)
    emergency = answered + timedelta(seconds=30) if answered and chance.random() < 0.35 else None
    helped = chance.choice((None, 20, 45, 45.5, 60, 75)) if emergency else None
    seats = chance.sample(sorted(life.log.seats), chance.randint(1, 2))
    lines = [Line("seat", seats[0], opened, answered), *(Line("seat", one, opened) for one in seats[1:])]
    if emergency:
        after = chance.choice((None, 10, 60, 60.5, 90))
        if after is not None:
            lines.append(Line(chance.choice(("service", "contact")), "120", emergency + timedelta(seconds=after)))
    waiting = EXCEPTED if kind is CaseKind.SOS and (waits is None or waits > EXCEPTED.seconds) else None
    sharing = [user for user, seat in life.log.agents.items() if seat == SHARED]
    return CallFacts(
        elder=chance.choice(sorted(life.log.elders)) if chance.random() < 0.85 else 0,
        kind=kind,
        opened=opened,
        answered=answered,
        emergency=emergency,
        arrived=emergency + timedelta(minutes=helped) if emergency and helped else None,
        outcome=str(chance.choice(list(Outcome))) if chance.random() < 0.97 else "",
        lines=tuple(lines),
        seconds=chance.choice((0, 6.0, 10.0, 95.0, 300.0)) if answered else 0,
        acted=tuple(chance.sample(sharing, chance.choice((0, 1, 1, 1, 2)))),
        excepted=opened + waiting if waiting else None,
    )


async def over(life: Life, case: str, facts: CallFacts) -> None:
    told = {"caller": "", "dialled": "", "channel": case, "abandoned": False, "topic": None, "note": ""}
    life.session.add(
        CaseRow(
            id=case, last_seq=1, kind=CaseKind(facts.kind), state=CaseState.CLOSED, elder_id=facts.elder or None,
            opened_at=facts.opened, answered_at=facts.answered, emergency_at=facts.emergency,
            arrived_at=facts.arrived, closed_at=life.now, outcome=Outcome(facts.outcome) if facts.outcome else None,
            **told,
        )
    )  # fmt: skip
    await life.session.flush()
    life.session.add_all([_leg(case, number, line) for number, line in enumerate(facts.lines)])
    for user in facts.acted:
        life.session.add(
            TimelineRow(
                case_id=case, seq=user, at=facts.opened, event="note", actor=f"user:{user}", cause=None, data={},
                commands=[], policy=None,
            )
        )  # fmt: skip
    if facts.seconds:
        life.session.add(
            RecordingRow(
                id=f"tape-{case}", case_id=case, last_seq=1, path="", place="", people=[], started_at=facts.opened,
                seconds=facts.seconds, problem="",
            )
        )  # fmt: skip
    life.log.calls[case] = facts
    life.say(What.CALLED, case=case)
    if facts.excepted:
        life.session.add(ExceptionReport(case_id=case, waiting_since=facts.opened, opened_at=facts.excepted))
        if life.calling.random() < 0.7:
            life.after(life.calling.uniform(60, 5_000), partial(_explain, life, case))


async def _explain(life: Life, case: str) -> None:
    row = (await life.session.scalars(select(ExceptionReport).where(ExceptionReport.case_id == case))).one()
    await explain(
        life.session, row.id, version=row.version, by=LEADER, cause=ExceptionCause.ALL_BUSY, explanation="演示"
    )
    life.say(What.EXPLAINED, case=case)


def _leg(case: str, number: int, line: Line) -> CaseLegRow:
    return CaseLegRow(
        case_id=case, id=f"leg-{number}", last_seq=1, position=number, kind=LegKind(line.kind), role=Role.A, mode=None,
        number=line.number, name="", contact=None, phone_index=0, state=LegState.ENDED, place=Place.NOWHERE,
        result=None, dialled_at=line.dialled, answered_at=line.answered, ended_at=line.answered or line.dialled,
        cause=16,
    )  # fmt: skip
