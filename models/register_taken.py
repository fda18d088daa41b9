"""Whose an ID card or a line is already: told by the number of the file where that may be seen, else not whose."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from models.elder_forms import ElderForm, FieldProblem
from models.elders import Elder, Terminal
from models.phone_numbers import canonical
from models.scope import Scope


async def taken(
    session: AsyncSession, form: ElderForm, *, area_code: str, elder_id: int | None, scope: Scope
) -> list[FieldProblem]:
    """`elder_id`: whose form it is, None for somebody new; `scope`: of who asks."""
    wanted: list[tuple[str, str, str, ColumnElement[bool]]] = []
    if form.id_card:
        wanted.append(("id_card", "身份证号", "ID number", Elder.id_card == form.id_card))
    for at, terminal in enumerate(form.terminals):
        theirs = select(Terminal.elder_id).where(Terminal.line_canonical == canonical(terminal.line, area_code))
        wanted.append((f"terminals.{at}.line", "线路号码", "line", Elder.id.in_(theirs)))
    problems = []
    for name, zh, en, same in wanted:
        others = select(Elder.id, scope.of_elders()).where(same, Elder.id != (elder_id or 0)).limit(1)
        for other, is_seen in await session.execute(others):
            whose = (f"{other}号档案", f"file {other}") if is_seen else ("其他地区的档案", "a file of another area")
            problems.append(FieldProblem(name, f"该{zh}已登记在{whose[0]}", f"this {en} is in {whose[1]} already"))
    return problems
