"""The statements of each month, open or locked: of elders, suppliers with their workers, the government (X6, Y2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.government_statement import statement_of_government
from models.queries.statements import (
    Sums,
    list_elder_statements,
    list_supplier_statements,
    statement_of_elder,
    statement_of_supplier,
)
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount
from tests.unit.models.year.recount.money import Due

Key = TypeVar("Key")
EVERYTHING = 1_000_000  # rows
CLOSELY = 2  # the last so many months are looked at line by line


async def statements(session: AsyncSession, life: Life, recount: Recount) -> None:
    for month, lines in recount.money.statements.items():
        await _lists(session, life, recount, month)
        government = await statement_of_government(session, month, scope=EVERYWHERE)
        assert (government.locked_at is not None) == (month in recount.money.locked), month
        assert _shown(government.total) == _sums(lines), month
        rows = {(row.place, str(row.kind), row.service_class): row for row in government.rows}
        wanted = _by(lines, lambda one: (one.place, _kind(one), one.service_class))
        assert rows.keys() == wanted.keys(), month
        for key, row in rows.items():
            visits, _, amount, paid, own = _sums(wanted[key])
            people = len({one.elder for one in wanted[key]})
            assert (row.elders, row.visits, row.amount, row.government, row.own) == (people, visits, amount, paid, own)
    for month in list(recount.money.statements)[-CLOSELY:]:
        await _of_elders(session, recount, month)
        await _of_suppliers(session, life, recount, month)


async def _lists(session: AsyncSession, life: Life, recount: Recount, month: str) -> None:
    lines = recount.money.statements[month]
    elders = await list_elder_statements(session, scope=EVERYWHERE, month=month, limit=EVERYTHING)
    shown = {row.elder: (row.visits, row.call, row.home, row.amount, row.government, row.own) for row in elders.items}
    wanted = {}
    for elder, its in _by(lines, lambda one: one.elder).items():
        visits, _, amount, government, own = _sums(its)
        call = sum(one.government + one.own for one in its if not one.order)
        wanted[elder] = (visits, call, amount - call, amount, government, own)
    assert shown == wanted, month
    classes = {row.elder: row.service_class for row in elders.items}
    assert classes == {elder: recount.money.class_at(elder, life.now) for elder in wanted}
    firms = await list_supplier_statements(session, scope=EVERYWHERE, month=month, limit=EVERYTHING)
    paid = {one.supplier: (one.visits, one.minutes, one.amount, one.government, one.own) for one in firms.items}
    of_firms = _by((one for one in lines if one.order), lambda one: one.supplier)
    assert paid == {firm: _sums(its) for firm, its in of_firms.items()}, month


async def _of_elders(session: AsyncSession, recount: Recount, month: str) -> None:
    """Line by line."""
    lines = _by(recount.money.statements[month], lambda one: one.elder)
    for elder in recount.log.elders:
        statement = await statement_of_elder(session, elder, month, scope=EVERYWHERE)
        its = lines.get(elder, [])
        shown = [
            (one.order or 0, one.of_month, one.service_class, one.percent, one.government, one.own)
            for one in statement.lines
        ]
        wanted = [(one.order, one.of, one.service_class, one.percent, one.government, one.own) for one in its]
        assert sorted(shown) == sorted(wanted), f"elder {elder}, {month}"  # type: ignore[type-var]
        assert _shown(statement.total) == _sums(its)
        assert _shown(statement.home) == _sums(one for one in its if one.order)


async def _of_suppliers(session: AsyncSession, life: Life, recount: Recount, month: str) -> None:
    """And worker by worker."""
    lines = _by((one for one in recount.money.statements[month] if one.order), lambda one: one.supplier)
    for firm in life.log.firms:
        its = lines.get(firm, [])
        statement = await statement_of_supplier(session, firm, month, scope=EVERYWHERE)
        assert _shown(statement.total) == _sums(its), f"firm {firm}, {month}"
        shown = {one.worker: (one.visits, one.minutes, one.amount) for one in statement.workers}
        workers = _by(its, lambda one: one.worker)
        assert shown == {worker: _sums(of)[:3] for worker, of in workers.items()}, f"firm {firm}, {month}"
        for worker, of in workers.items():
            part = await statement_of_supplier(session, firm, month, scope=EVERYWHERE, worker=worker)
            assert _shown(part.total) == _sums(of), f"worker {worker}, {month}"


def _by(lines: Iterable[Due], key: Callable[[Due], Key]) -> dict[Key, list[Due]]:
    found: dict[Key, list[Due]] = defaultdict(list)
    for one in lines:
        found[key(one)].append(one)
    return found


def _kind(one: Due) -> str:
    return "home" if one.order else "call"


def _sums(lines: Iterable[Due]) -> tuple[int, int, int, int, int]:
    """Visits, minutes, fen in all, of the government, of the elders."""
    found = list(lines)
    government, own = sum(one.government for one in found), sum(one.own for one in found)
    return sum(one.visits for one in found), sum(one.minutes for one in found), government + own, government, own


def _shown(sums: Sums) -> tuple[int, int, int, int | None, int | None]:
    return sums.visits, sums.minutes, sums.amount, sums.government, sums.own
