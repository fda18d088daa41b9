"""What people set while the platform runs, as this controller works by it: the policy with its duty phones, the working
days. Read at the start, when the web says that something has changed, and every minute in case it could not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from home.settings import Settings
from ivr.policy import Policy
from models.database import Database, DatabaseUnavailable
from models.house_policy import Fixed, policy_of, usable_policy
from models.live_settings import current
from models.office_hours import OfficeHours
from models.working_days import days_of

log = structlog.get_logger(__name__)
LOOK_EVERY = 60.0  # seconds


class Rules:
    """`use` is told of every new policy. Until `load` has read the records it is that of the settings alone. `clock`
    tells the time of day for the working hours (H2)."""

    def __init__(
        self, settings: Settings, database: Database, *, use: Callable[[Policy], None], clock: Callable[[], datetime]
    ) -> None:
        """Raises PolicyError: the settings cannot be used."""
        self._clock = clock
        self._warned_of = 0
        self._fixed = Fixed.of(settings)
        self._database = database
        self._use = use
        self._policy = policy_of(self._fixed, {})
        self._office = OfficeHours(self._policy.office_from, self._policy.office_to)

    @property
    def policy(self) -> Policy:
        return self._policy

    def in_hours(self) -> bool:
        """Whether the communities work now (H2)."""
        return self._office.open_at(self._clock())

    async def load(self) -> None:
        """Take over what is on record.

        Raises:
            DatabaseUnavailable: it cannot be read; what was in force stays.
        """
        async with self._database.read() as session:
            rows = await current(session)
        policy, problem = usable_policy(self._fixed, rows)
        if problem:
            log.error("what people have set does not go with the settings, which count alone", reason=problem)
        self._office = OfficeHours(policy.office_from, policy.office_to, days_of(rows))
        self._warn()
        if policy != self._policy:
            log.info("another policy is in force", changed=sorted(policy.unlike_default()))
            self._policy = policy
            self._use(policy)

    def _warn(self) -> None:
        """Once for each year that neither the library knows nor anybody has entered."""
        year = self._clock().year
        if year != self._warned_of and not self._office.knows(year):
            log.warning("exchanged working days of this year are not known: Monday to Friday count", year=year)
        self._warned_of = year

    async def keep(self, also: Callable[[], Awaitable[None]]) -> None:
        """For ever: look again, for a web that could not tell us; `also` at what others keep on record."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.load()
                await also()
            except DatabaseUnavailable as away:
                log.info("the policy cannot be read again", reason=str(away))
            except Exception:
                # The outermost guard: what is in force goes on, and is looked at again.
                log.exception("the policy could not be read again")
