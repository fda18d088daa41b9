"""What the lines of a month should be, and how they differ from those that there are: for some elders at a time, all of
whose lines are looked at together, because the limit of a month is shared by their visits.

For each subject: what it costs, less what stands in other months. In its own month that is all of it, in the month that
corrects a locked one it is what has changed. What was decided when that was locked (price, per cent, class, place) is
not decided again, so that a new price list changes no past.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.months import bounds
from models.settlement import facts
from models.settlement.due import Visit, class_at, is_served, of_visits
from models.settlement.facts import Order, Pair, Served
from models.settlement.records import LineCause, LineKind, SettlementLine, SettlementMonth
from models.settlement.shares import NOTHING, Parts, Terms, call_percent, divided, price_of

_AS_WANTED = (
    "of_month", "kind", "cause", "order_id", "elder_id", "org_unit_id", "supplier_id", "worker_id", "service_class",
    "percent", "minutes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as it should be; the fields are those of `SettlementLine`."""

    subject: str
    of_month: str
    kind: LineKind
    cause: LineCause
    elder_id: int
    org_unit_id: int | None
    service_class: int
    percent: int
    parts: Parts
    order_id: int | None = None
    supplier_id: int | None = None
    worker_id: int | None = None
    minutes: int | None = None

    def columns(self) -> dict[str, object]:
        own = {name: getattr(self, name) for name in _AS_WANTED}
        return {**own, "government": self.parts.government, "own": self.parts.own}

    def is_like(self, line: SettlementLine) -> bool:
        return all(getattr(line, name) == value for name, value in self.columns().items())


@dataclass(frozen=True, slots=True)
class Difference:
    """`line` None: one is to be added; `wanted` None: it is to go."""

    elder: int
    wanted: Wanted | None
    line: SettlementLine | None


async def differences(
    session: AsyncSession, month: SettlementMonth, elders: Collection[int], corrections: Collection[Pair]
) -> list[Difference]:
    """Of these elders, in the order of their numbers; `corrections`: those of locked months that may be owed."""
    work = await _Work.read(session, month, elders, corrections)
    wanted = {one.subject: one for one in work.all()}
    present = {line.subject: line for line in work.lines if line.month == month.month}
    found = [
        Difference(line.elder_id or 0, None, line)
        for subject, line in present.items()
        if subject not in wanted and line.cause is not LineCause.HAND
    ]
    for subject, one in wanted.items():
        line = present.get(subject)
        if line is None or not one.is_like(line):
            found.append(Difference(one.elder_id, one, line))
    return sorted(found, key=lambda one: one.elder)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a line goes by: who pays which part of it, and in which place."""

    service_class: int
    percent: int
    place: int | None

    @classmethod
    def of(cls, line: SettlementLine) -> _Rule:
        """That of a line which is locked: whoever paid is who gets something back."""
        return cls(line.service_class, line.percent, line.org_unit_id)


def _call(subject: str, elder: int, of: str, rule: _Rule, cause: LineCause, parts: Parts) -> Wanted:
    return Wanted(subject, of, LineKind.CALL, cause, elder, rule.place, rule.service_class, rule.percent, parts)


@dataclass(frozen=True, slots=True)
class _Work:
    month: SettlementMonth
    months: Mapping[str, Terms]
    pairs: Sequence[Pair]
    served: Mapping[int, Served]
    orders: Mapping[Pair, Sequence[Order]]
    lines: Sequence[SettlementLine]
    percents: Mapping[tuple[int, int], int]

    @classmethod
    async def read(
        cls, session: AsyncSession, month: SettlementMonth, elders: Collection[int], corrections: Collection[Pair]
    ) -> _Work:
        pairs = [(elder, month.month) for elder in elders] + [pair for pair in corrections if pair[0] in elders]
        orders: dict[Pair, list[Order]] = defaultdict(list)
        months = sorted({of for _, of in pairs})
        for of in months:
            for order in await facts.visits_of(session, [elder for elder, its in pairs if its == of], of):
                orders[order.elder, of].append(order)
        line = SettlementLine
        known = select(line).where(line.elder_id.in_(elders), or_(line.month == month.month, line.of_month.in_(months)))
        rows = await session.scalars(select(SettlementMonth).where(SettlementMonth.month.in_(months)))
        return cls(
            month=month,
            months={row.month: row.terms for row in rows},
            pairs=pairs,
            served=await facts.how_served(session, elders),
            orders=orders,
            lines=(await session.scalars(known.order_by(line.month, line.id))).all(),
            percents=await facts.percents(session),
        )

    def all(self) -> Iterator[Wanted]:
        for elder, of in self.pairs:
            served = self.served.get(elder)
            if served is not None:
                for one in (*self._calls(elder, of, served), *self._visits(elder, of, served)):
                    yield from self._what_is_left(one)

    def _what_is_left(self, whole: Wanted) -> Iterator[Wanted]:
        """Less what stands in other months; of a locked month only what has changed."""
        elsewhere = sum((line.parts for line in self._billed(whole.subject)), NOTHING)
        left = whole.parts - elsewhere
        if whole.of_month == self.month.month:
            if whole.cause is LineCause.MONTH:
                yield replace(whole, parts=left)
        elif left:
            yield replace(whole, parts=left)

    def _billed(self, subject: str) -> list[SettlementLine]:
        """Its lines in other months, the oldest first."""
        return [line for line in self.lines if line.subject == subject and line.month != self.month.month]

    def _calls(self, elder: int, of: str, served: Served) -> Iterator[Wanted]:
        """Its own month: whoever is served. A locked one: who was in it, unless they were gone before."""
        if of == self.month.month:
            if is_served(of, served.begins, served.gone):
                terms, its_class = self.month.terms, class_at(bounds(of)[0], served.now_class, served.changes)
                rule = _Rule(its_class, call_percent(its_class, terms), served.place)
                parts = divided(terms.call_fee, rule.percent)
                yield _call(f"call:{elder}:{of}", elder, of, rule, LineCause.MONTH, parts)
            return
        billed = {line.subject: line for line in reversed(self.lines) if self._is_call(line, elder, of)}
        for number, (name, first) in enumerate(sorted(billed.items(), key=lambda item: item[1].id)):
            due = number == 0 and (served.gone is None or f"{served.gone:%Y-%m}" >= of)
            parts = divided(first.parts.amount, first.percent) if due else NOTHING
            cause = LineCause.BACK if due else LineCause.GONE
            yield _call(name, elder, of, _Rule.of(first), cause, parts)

    def _is_call(self, line: SettlementLine, elder: int, of: str) -> bool:
        mine = line.elder_id == elder and line.of_month == of and line.month != self.month.month
        return mine and line.kind is LineKind.CALL and line.cause is not LineCause.HAND

    def _visits(self, elder: int, of: str, served: Served) -> Iterator[Wanted]:
        orders = self.orders.get((elder, of), ())
        known = {order.id: self._known(order, served) for order in orders}
        visits = [visit for visit, *_ in known.values()]
        parts = of_visits(visits, self.months[of].home_limit if of in self.months else 0)
        for order in orders:
            _, rule, decided = known[order.id]
            yield Wanted(
                subject=f"order:{order.id}",
                of_month=of,
                kind=LineKind.HOME,
                cause=self._cause(order, of, decided),
                elder_id=elder,
                org_unit_id=rule.place,
                service_class=rule.service_class,
                percent=rule.percent,
                parts=parts[order.id],
                order_id=order.id,
                supplier_id=order.supplier,
                worker_id=order.worker,
                minutes=order.minutes,
            )

    def _known(self, order: Order, served: Served) -> tuple[Visit, _Rule, bool]:
        """The visit, what it goes by, and whether a locked month has decided that."""
        billed = self._billed(f"order:{order.id}")
        if billed:
            rule, price = _Rule.of(billed[0]), billed[0].parts.amount
        else:
            its_class = class_at(order.ended_at, served.now_class, served.changes)
            rule = _Rule(its_class, self.percents.get((order.service, its_class), 0), served.place)
            price = price_of(order.price, order.unit, order.minutes)
        return Visit(order.id, order.ended_at, price, rule.percent, order.counts), rule, bool(billed)

    def _cause(self, order: Order, of: str, decided: bool) -> LineCause:
        if not order.counts:
            return LineCause.VOID
        if of == self.month.month:
            return LineCause.MONTH
        return LineCause.SHARE if decided else LineCause.LATE
