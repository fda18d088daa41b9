"""What the web process does by itself, again and again. A round that fails costs no other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from home.failures import where_it_failed
from models.database import DatabaseUnavailable
from web.logs import log

Round = Callable[[], Awaitable[object]]
AWAY: Final[tuple[type[Exception], ...]] = (DatabaseUnavailable,)


async def again_and_again(
    work: Round, *, every: float, failure: str, first: float | None = None, away: tuple[type[Exception], ...] = AWAY
) -> None:
    """For ever: a round each `every` seconds, the first one after `first` where that is sooner. `failure`: what the log
    says of a round that failed. `away`: what the pages tell already and the next round may find gone."""
    await asyncio.sleep(every if first is None else first)
    while True:
        await one_round(work, failure=failure, away=away)
        await asyncio.sleep(every)


async def one_round(work: Round, *, failure: str, away: tuple[type[Exception], ...] = AWAY) -> None:
    try:
        await work()
    except away:
        return  # the next round finds the same
    except Exception as error:  # noqa: BLE001 - the round's outermost guard
        log.error(failure, **where_it_failed(error))
