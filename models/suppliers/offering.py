"""Which suppliers are offered for a service at a place (S3.2, H10): those that may and can, the best first, each with
the reason in words; and those that are left out, each with why. Pure: the facts are read by `queries/offers.py`.

    offers(candidates, today=..., least_score=..., points_each=...) -> Offers
        .offered   tuple[Offer, ...]    rank 1 first: supplier id, name, price, score, open orders, standing, why
        .left_out  tuple[LeftOut, ...]  supplier id, name, why not

What decides the order is `standing` = score - points_each * open orders / trained workers: the better one first, but
not when its hands are full. Alike: the cheaper one, then the one that was admitted first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from models.suppliers.records import WORKING, SupplierStatus


@dataclass(frozen=True, slots=True)
class Words:
    """A reason, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A supplier as it stands towards one service and one place. `price` in fen, None: it does not do this service;
    `price_limit` of the service, which may have come down since (T1).
    `missing` are conditions of admission that are not met today, by name. `score` from 0 to 100. `workers`: those who
    are trained and active; `open_orders`: sent, and not over."""

    supplier: int
    name: str
    status: SupplierStatus
    price: int | None
    serves_place: bool
    score: float
    workers: int
    open_orders: int = 0
    agreement_from: date | None = None
    agreement_until: date | None = None
    missing: tuple[str, ...] = ()
    price_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """`rank` from 1; `price` in fen for one unit."""

    rank: int
    supplier: int
    name: str
    price: int
    score: float
    open_orders: int
    workers: int
    standing: float
    on_probation: bool
    why: Words

    @property
    def reason(self) -> str:
        """As it is kept with the order that is sent there."""
        return f"{self.rank}. {self.why.zh} / {self.why.en}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    supplier: int
    name: str
    why: Words


@dataclass(frozen=True, slots=True)
class Offers:
    offered: tuple[Offer, ...]
    left_out: tuple[LeftOut, ...]


_STATUS: Final = {
    SupplierStatus.APPLYING: Words("尚未准入", "not admitted yet"),
    SupplierStatus.SUSPENDED: Words("已暂停服务", "suspended"),
    SupplierStatus.BLACKLISTED: Words("已列入黑名单", "on the blacklist"),
}


def offers(candidates: Iterable[Candidate], *, today: date, least_score: float, points_each: float) -> Offers:
    """The order in which to ask. `least_score`: who is below it drops out (H10). `points_each`: what an open order of a
    worker costs (`Policy.offer_load`)."""
    may: list[tuple[float, int, Candidate]] = []
    left_out = []
    for one in candidates:
        why = why_not(one, today=today, least_score=least_score)
        if why is None and one.price is not None:
            may.append((one.score - points_each * one.open_orders / one.workers, one.price, one))
        elif why is not None:
            left_out.append(LeftOut(one.supplier, one.name, why))
    may.sort(key=lambda entry: (-entry[0], entry[1], entry[2].supplier))
    offered = tuple(
        Offer(
            rank=rank,
            supplier=one.supplier,
            name=one.name,
            price=price,
            score=one.score,
            open_orders=one.open_orders,
            workers=one.workers,
            standing=round(standing, 1),
            on_probation=one.status is SupplierStatus.PROBATION,
            why=_why(one, price, round(standing, 1)),
        )
        for rank, (standing, price, one) in enumerate(may, start=1)
    )
    return Offers(offered, tuple(left_out))


def why_not(one: Candidate, *, today: date, least_score: float) -> Words | None:
    """Why this supplier is not offered; None: it may be."""
    if one.status not in WORKING:
        return _STATUS[one.status]
    if one.price is None:
        return Words("不提供此项服务", "does not do this service")
    if one.price_limit is not None and one.price > one.price_limit:
        return Words("单价超过现行限价", "the price is above the limit of today")
    if not one.serves_place:
        return Words("不服务此地", "does not serve this place")
    if one.agreement_from is None or one.agreement_until is None or one.agreement_from > today:
        return Words("协议未生效", "no agreement is in force yet")
    if one.agreement_until < today:
        return Words(f"协议已于{one.agreement_until}到期", f"the agreement ran out on {one.agreement_until}")
    if one.missing:
        return Words(
            f"有{len(one.missing)}项准入条件不符或已过期", f"{len(one.missing)} conditions of admission are not met"
        )
    if not one.workers:
        return Words("没有培训合格的服务人员", "no trained worker")
    if one.score < least_score:
        return Words(f"评分{one.score:g}低于最低要求{least_score:g}", f"score {one.score:g} is below {least_score:g}")
    return None


def _why(one: Candidate, price: int, standing: float) -> Words:
    zh = (
        f"评分{one.score:g}，未完成{one.open_orders}单，服务人员{one.workers}名，"
        f"排序值{standing:g}，单价{price / 100:.2f}元"
    )
    en = (
        f"score {one.score:g}, {one.open_orders} open orders, {one.workers} workers, "
        f"which makes {standing:g}; {price / 100:.2f} yuan"
    )
    if one.status is SupplierStatus.PROBATION:
        return Words(zh + "，考察期", en + ", on probation")
    return Words(zh, en)
