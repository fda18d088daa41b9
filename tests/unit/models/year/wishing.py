"""What elders want that is not offered, and what they refuse (X9); now and then it was noted wrongly. By a chance of
its own: what else happens in the year does not depend on it."""

from __future__ import annotations

from functools import partial
from random import Random

from models.wishes import NewWish, WishKind, note_wish, strike_out

from .life import DESK, Life
from .log import What


async def one_day(life: Life, chance: Random) -> None:
    """Every few days."""
    life.after(chance.uniform(3_000, 12_000), partial(one_day, life, chance))
    if not life.log.elders:
        return
    kind, elder = chance.choice(list(WishKind)), chance.choice(sorted(life.log.elders))
    refused = chance.choice([None, *sorted(life.log.services)]) if kind is WishKind.REFUSAL else None
    wish = await note_wish(life.session, NewWish(kind, elder, "演示", service=refused), by=DESK)
    life.say(What.WISHED, wish=wish.id, elder=elder, words=str(kind))
    if chance.random() < 0.2:
        life.after(chance.uniform(10, 20_000), partial(_strike, life, wish.id))


async def _strike(life: Life, wish: int) -> None:
    await strike_out(life.session, wish, "演示", by=DESK)
    life.say(What.STRUCK_OUT, wish=wish)
