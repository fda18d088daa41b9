"""Whom an agent rings who presses a number somewhere: the number that is dialled, and about whom the call is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.case import ElderFile
from ivr.numbers import may_be_rung
from models.cases import CaseRow
from models.elders import Contact
from models.queries.register import file_of


@dataclass(frozen=True, slots=True)
class Callee:
    """`number` as it is dialled; `file`: of the elder whom the call is about."""

    number: str
    name: str
    file: ElderFile | None


class NoSuchCallee(LookupError):
    """Nobody is known by this, or nobody who has a number that can be rung."""


async def elder(session: AsyncSession, number: int, phone: int) -> Callee:
    """The elder at their home phone (`phone` 0), or at the line of one of their terminals (from 1). Raises
    NoSuchCallee."""
    file = await file_of(session, number)
    if file is None:
        raise NoSuchCallee
    return _callee((file.home_phone, *file.lines), phone, file.name, file)


async def contact(session: AsyncSession, number: int, phone: int) -> Callee:
    """A contact of an elder at their first phone (0) or another. Raises NoSuchCallee."""
    whose = await session.scalar(select(Contact.elder_id).where(Contact.id == number))
    file = None if whose is None else await file_of(session, whose)
    card = next((card for card in file.contacts if card.id == number), None) if file else None
    if card is None:
        raise NoSuchCallee
    return _callee(card.phones, phone, card.name, file)


async def caller(session: AsyncSession, case: str) -> Callee:
    """Whoever called in this case, at the number that they called from. Raises NoSuchCallee."""
    row = await session.get(CaseRow, case)
    if row is None:
        raise NoSuchCallee
    file = await file_of(session, row.elder_id) if row.elder_id is not None else None
    numbers = (row.caller, file.home_phone, *file.lines) if file else (row.caller,)
    return _callee(numbers, 0, file.name if file else "", file)


def _callee(numbers: tuple[str, ...], phone: int, name: str, file: ElderFile | None) -> Callee:
    """Where no phone is named (0), the first one that can be rung."""
    wanted = numbers[phone : phone + 1] if phone else numbers
    number = next((number for number in wanted if may_be_rung(number)), None)
    if number is None:
        raise NoSuchCallee
    return Callee(number, name, file)
