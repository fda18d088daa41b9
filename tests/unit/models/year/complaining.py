"""Complaints from the first word to the answer, one level up, or about somebody else after all (H8, H9)."""

from __future__ import annotations

from functools import partial

from models.complaint_handling import NewComplaint, register, take_step, tell_whom
from models.complaints import AboutKind, Complaint, ComplaintState, Satisfaction, Step

from .life import Life
from .log import What

LEADS = 5  # gives complaints to others and writes the second opinion
RESPONSIBLE = {1: 1, 2: 3, 3: 4}  # level to user
_STEPS = (  # of a level, with the minutes since the one before: mostly in time
    (Step.ASSIGNED, 5, 90),
    (Step.CONTACTED, 10, 600),
    (Step.INVESTIGATED, 30, 200),
    (Step.OPINION, 5, 60),
    (Step.APPROVED, 5, 120),
    (Step.ANSWERED, 5, 60),
    (Step.ASKED, 60, 3_000),
)


async def complain(life: Life, *, order: int = 0, supplier: int = 0) -> None:
    """About an order, or about a firm and no order; now and then somebody else of the family complains again."""
    new = NewComplaint(
        "演示·投诉", order=order or None, complainant="演示·家属",
        about_kind=AboutKind.SUPPLIER if supplier else AboutKind.UNKNOWN, about_id=str(supplier or ""),
    )  # fmt: skip
    row = await register(life.session, new, by="user:1", policy=life.policy)
    life.say(What.COMPLAINED, complaint=row.id, order=order, supplier=supplier)
    _next(life, row.id, 0)
    if order and life.happens(0.15):
        life.after(life.between(60, 3_000), partial(complain, life, order=order))
    if life.happens(0.15):
        life.after(life.between(60, 4_000), partial(drop, life, row.id))


def _next(life: Life, number: int, at: int) -> None:
    """Some are slow, a few are forgotten."""
    _, first, last = _STEPS[at]
    if life.happens(0.985):
        slow = 8 if life.happens(0.07) else 1
        life.after(slow * life.between(first, last), partial(step, life, number, at))


async def step(life: Life, number: int, at: int) -> None:
    row = await life.session.get_one(Complaint, number)
    what = _STEPS[at][0]
    if what is Step.APPROVED and life.happens(0.1):
        what = Step.RETURNED
    by = LEADS if what in (Step.ASSIGNED, Step.APPROVED, Step.RETURNED) else RESPONSIBLE[row.level]
    said = None
    if what is Step.ASKED:
        said = life.chance.choices(tuple(Satisfaction), (45, 15, 30, 10))[0]
    await take_step(
        life.session, number, what, version=row.version, by=life.staff[by], note="演示",
        to=RESPONSIBLE[row.level] if what is Step.ASSIGNED else None, satisfaction=said,
    )  # fmt: skip
    life.say(What.STEP, complaint=number, words=f"{what}:{said or ''}")
    if what is Step.RETURNED:
        _next(life, number, 2)
    elif what is not Step.ASKED:
        _next(life, number, at + 1)
    elif said is Satisfaction.DISSATISFIED:
        _next(life, number, 0)


async def drop(life: Life, number: int) -> None:
    """It was not the firm's fault: the lift was out of order. After the answer it is too late to say so."""
    row = await life.session.get_one(Complaint, number)
    if row.state in (ComplaintState.ANSWERED, ComplaintState.CLOSED):
        return
    await tell_whom(
        life.session, number, version=row.version, about_kind=AboutKind.OTHER, about_id="", by=life.staff[LEADS],
        policy=life.policy,
    )  # fmt: skip
    life.say(What.DROPPED, complaint=number)


async def about_no_order(life: Life) -> None:
    """Now and then somebody complains about a firm in general."""
    bad = sorted(life.log.firms, key=lambda firm: -life.manners[firm].complained)
    await complain(life, supplier=life.chance.choice(bad[: len(bad) // 2]))
    life.after(life.between(10_000, 60_000), partial(about_no_order, life))
