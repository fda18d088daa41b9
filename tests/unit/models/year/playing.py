"""A year, from the first admission to the last look."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from ivr.policy import Policy
from models.database import Database
from models.elders import ElderStatus
from models.register import change_elder, form_of

from . import admitting, asking, calling, complaining, ordering, reviewing, settling, wishing
from .checks import ALL
from .clock import Clock, moment
from .district import free_days, register_elder, settle
from .inline import one_thread
from .life import AREA, LEADER, Life
from .log import Log, What
from .recount import Recount

YEAR = 2027
ADMITTED = date(2026, 7, 1)
OLD_FILES = date(2026, 12, 1)  # from this day on elders are registered
CONFIRMED = date(2027, 7, 3)  # two days after the first year is over
DIES = 8  # every such elder does, in the course of the year
RECLASSED = 3  # every such elder gets another class
HOME_LIMIT = 4_000  # fen: less than two visits in a month


async def play(db: Database, *, elders: int, firms: int, seed: int = 1, looks: int = 12) -> Recount:
    """Play it, and look at the figures so many times and at the end; raises AssertionError where house and recount
    differ."""
    chance, clock = random.Random(seed), Clock(moment(ADMITTED, 9))
    sample = 1 + elders // 100
    policy = Policy(visit_sample=sample, home_limit=HOME_LIMIT)
    log = Log(sample=sample, home_limit=HOME_LIMIT, free=free_days(YEAR))
    life = Life(db, clock, chance, policy, log, random.Random(f"{seed}/calls"))
    recount = Recount(life.log)
    with clock.held(), one_thread():
        await settle(life, firms=firms)
        _plan(life, elders)
        await life.until(moment(OLD_FILES, 23))
        days = [date(YEAR, 1, 1) + timedelta(days=number) for number in range(365)]
        looked = set(days[15 :: len(days) // looks])
        for day in days:
            clock.now = max(clock.now, moment(day, 8))
            await asking.sample(life, day)
            await settling.look(life, day)
            await reviewing.look(life, day)
            if day in looked:
                await life.until(moment(day, chance.uniform(9, 19)))
                await look(life, recount)
            await life.until(moment(day, 23.9))
        await look(life, recount)
    return recount


async def look(life: Life, recount: Recount) -> None:
    """Every figure, now."""
    recount.read()
    async with life.db.read() as session:
        for check in ALL:
            await check(session, life, recount)


def _plan(life: Life, elders: int) -> None:
    """What begins by itself: a tenth of the elders come in the course of the year, some die."""
    first = moment(date(YEAR, 1, 1), 9)
    for number in range(elders):
        came = moment(OLD_FILES, 9) if number % 10 else first + timedelta(days=life.chance.randrange(300))
        life.at(came, partial(_arrive, life, dies=number % DIES == 1, reclassed=number % RECLASSED == 2))
    for firm in life.log.firms:
        life.at(moment(CONFIRMED, 9), partial(admitting.confirm, life, firm))
    life.at(first - timedelta(hours=9), partial(calling.one_day, life))
    life.at(first, partial(admitting.look_at_suspended, life, set()))
    life.at(first, partial(wishing.one_day, life, random.Random("wishes")))
    life.at(first + timedelta(days=10), partial(complaining.about_no_order, life))


async def _arrive(life: Life, *, dies: bool, reclassed: bool) -> None:
    elder = await register_elder(life)
    begins = max(life.now, moment(date(YEAR, 1, 1), 9)) + timedelta(days=life.chance.randrange(30))
    life.at(begins, partial(ordering.wishes, life, elder))
    if dies:
        life.at(begins + timedelta(days=life.chance.randrange(60, 270)), partial(_die, life, elder))
    if reclassed:
        life.at(begins + timedelta(days=life.chance.randrange(20, 300)), partial(_reclass, life, elder))


async def _reclass(life: Life, elder: int) -> None:
    if elder not in life.dead:
        form, _ = await form_of(life.session, elder)
        its_class = form.service_class % 3 + 1
        await _change(life, elder, service_class=its_class)
        life.say(What.CLASSED, elder=elder, service_class=its_class)


async def _die(life: Life, elder: int) -> None:
    """Told weeks later, as likely as not; and then on a day that was wrong."""
    late = life.happens(0.6)
    since = life.today - timedelta(days=life.chance.randint(35, 80) if late else 0)
    await _change(life, elder, status=ElderStatus.DIED, status_since=since)
    life.dead.add(elder)
    life.say(What.DIED, elder=elder, when=moment(since, 12))
    await ordering.give_up(life, elder)
    if late:
        life.after(life.between(60_000, 90_000), partial(_died_on, life, elder, life.today))


async def _died_on(life: Life, elder: int, day: date) -> None:
    await _change(life, elder, status_since=day)
    life.say(What.DIED_ON, elder=elder, when=moment(day, 12))


async def _change(life: Life, elder: int, **fields: object) -> None:
    form, version = await form_of(life.session, elder)
    await change_elder(
        life.session,
        elder,
        replace(form, **fields),
        version=version,
        by=LEADER,
        area_code=AREA,  # type: ignore[arg-type]
    )
