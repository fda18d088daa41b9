"""The forms of work orders: what was filled in, as the steps take it, and what is wrong, beside its field."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Rating
from models.orders.states import OrderState
from models.queries.work_orders import OVERDUE
from models.refusing import refuse
from models.register import FormRefused
from models.services.records import Service
from web.order_steps import Given, Step
from web.pages.repairs import fen_of
from web.problems import NotFound
from web.texts import Texts


def state_in(wanted: str) -> OrderState | str | None:
    """What a list is narrowed to; nonsense counts as not given."""
    if wanted == OVERDUE:
        return wanted
    return next((state for state in OrderState if state == wanted), None)


def step_in(request: web.Request) -> Step:
    """Raises NotFound."""
    try:
        return Step(request.match_info["step"])
    except ValueError:
        raise NotFound from None


def given_in(form: MultiMapping[Any], t: Texts) -> Given:
    """Raises FormRefused for what cannot be read."""
    price = _text(form, "price")
    fen = fen_of(price) if price else None
    if price and fen is None:
        refuse("price", "请填写金额，如30或28.50", "an amount, as 30 or 28.50")
    grade = _text(form, "grade")
    return Given(
        version=_number(form, "version") or 0,
        why=_text(form, "why"),
        service=_number(form, "service"),
        wish=_text(form, "wish"),
        urgent=bool(_text(form, "urgent")),
        supplier=_number(form, "supplier"),
        price=fen,
        worker=_number(form, "worker"),
        at=_moment(form, "at"),
        grade=next((one for one in Rating if one == grade), None),
    )


def problems_of(refused: FormRefused, t: Texts) -> dict[str, str]:
    """Field to the words beside it."""
    return {problem.field: problem.zh if t.lang == "zh" else problem.en for problem in refused.problems}


async def services(session: AsyncSession) -> Sequence[Service]:
    """What may be ordered, as the catalogue has it."""
    query = select(Service).where(Service.active).order_by(Service.position, Service.id)
    return (await session.scalars(query)).all()


def _text(form: MultiMapping[Any], name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _number(form: MultiMapping[Any], name: str) -> int | None:
    text = _text(form, name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _moment(form: MultiMapping[Any], name: str) -> datetime | None:
    """A day and hour here, as `datetime-local` sends it."""
    text = _text(form, name)
    try:
        return datetime.fromisoformat(text).astimezone() if text else None
    except (ValueError, OverflowError):
        refuse(name, "请填写日期和时间", "a day and a time")
