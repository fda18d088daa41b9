"""Putting on record who looks at what, where nothing else is written; and what both page and API ask of that record."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.database import DatabaseUnavailable
from models.queries.lookups import Asked, Look, LookView, Tally, by_day, by_elder, by_person
from models.views import CaseView
from web.guard import account_of
from web.keys import DATABASE, MIRROR, REVEALS
from web.logs import log
from web.pages.listing import midnight
from web.personal import sees_case, sees_elder
from web.places import scope_of
from web.rights import Right, may

WITHIN: Final = 2.0  # seconds: a case must be shown while nothing can be written
DAYS: Final = 30
MOST_DAYS: Final = 90  # in the summary by day: each is a term of the query


async def note_file(request: web.Request, elder: int) -> None:
    """This file, or a part of it, was opened."""
    shown = "all" if sees_elder(request, elder) else "masked"
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, Look.FILE.value, f"elder:{elder}", shown=shown)


async def note_case(request: web.Request, view: CaseView) -> None:
    """This case was opened: once in ten minutes, for pages ask again and again; never for the agent whose seat has it,
    who is on its timeline."""
    account, record, noted = account_of(request), f"case:{view.id}", request.app[REVEALS]
    shown = "all" if sees_case(request, view) else "masked"
    opened = f"{record} {shown}"
    if noted.covers(account, opened) or (account.seat and request.app[MIRROR].has_case(account.seat, view.id)):
        return
    elder = view.elder.id if view.elder else None
    try:
        async with asyncio.timeout(WITHIN), request.app[DATABASE].write() as session:
            audit(session, account.actor, Look.CASE.value, record, elder=elder, shown=shown)
    except (DatabaseUnavailable, TimeoutError):
        log.error("audit_missing", action=Look.CASE.value, record=record, actor=account.actor)
    noted.add(account, opened)


def shown_look(request: web.Request, look: LookView) -> LookView:
    """Who sees no elders, as the auditor, is told the number of the file."""
    return look if may(account_of(request), Right.SEE_ELDERS) else replace(look, elder_name="")


async def summary(
    request: web.Request, session: AsyncSession, by: str, asked: Asked, *, since: date, until: date | None
) -> list[Tally]:
    """How many looks by `person`, `elder` or `day` from this day on; the names as in `shown_look`, days the latest
    first."""
    scope, asked = scope_of(request), replace(asked, since=midnight(since))
    match by:
        case "person":
            return await by_person(session, asked, scope=scope)
        case "elder":
            found = await by_elder(session, asked, scope=scope)
            return found if may(account_of(request), Right.SEE_ELDERS) else [replace(one, name="") for one in found]
        case _:
            last = until or _today()
            days = [last - timedelta(days=back) for back in range(min((last - since).days + 1, MOST_DAYS))][::-1]
            begins = [midnight(day) for day in [*days, days[-1] + timedelta(days=1)]] if days else []
            counted = await by_day(session, asked, scope=scope, days=[begin for begin in begins if begin])
            return [replace(one, key=day.isoformat()) for day, one in zip(days, counted, strict=True)][::-1]


def first_day(since: date | None, until: date | None) -> date:
    """Where a summary begins when nothing else is asked for: 30 days before its end."""
    return since or (until or _today()) - timedelta(days=DAYS - 1)


def _today() -> date:
    return datetime.now().astimezone().date()
