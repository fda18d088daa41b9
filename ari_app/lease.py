"""The lease: which of a node's controllers handles its calls. One holds it and shows that it lives, the others watch.

`judge` is the rule, by itself; `Lease` beats, and stops whoever has lost the lease from commanding anything. A database
that is away takes the lease from nobody: whoever would take it needs the database too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from ari_app.ari import AriError
from models import leases
from models.database import Database, DatabaseUnavailable
from models.leases import NOBODY, Candidate, Standing

log = structlog.get_logger(__name__)
PULSE = 0.2  # seconds between two looks at the clock that show whether we were frozen
TOO_SLOW = 1.0  # seconds for one beat: in a database that is so busy nobody's silence means anything
DOUBT_ENDS = 10.0  # seconds after which one who was frozen goes on though the database does not say whose the lease is


class LeaseLost(AriError):
    """Another controller has taken over: nothing more may be commanded, nor written down."""


class Ownership(Protocol):
    """What the rest of the controller asks: may we still? `Lease` answers it, and `Unshared` where there is none."""

    @property
    def lost(self) -> bool: ...
    async def interlock(self) -> None: ...
    async def fence(self, session: AsyncSession) -> None: ...


class Unshared:
    """The only controller there is: nobody can take over."""

    lost = False

    async def interlock(self) -> None:
        return

    async def fence(self, session: AsyncSession) -> None:
        return


class Verdict(StrEnum):
    HOLD = "hold"
    TAKE = "take"
    WAIT = "wait"
    LOST = "lost"
    GIVE_UP = "give_up"


class _Seen(NamedTuple):
    """A beat's number; since when we see it, and since when the one before it, by our own clock."""

    number: int
    since: float
    before: float = -inf


@dataclass(slots=True)
class Sightings:
    """Since when each of the others has shown no new beat, by our own clock. `runs_out`: seconds after which it counts
    as dead."""

    runs_out: float
    _beats: dict[str, _Seen] = field(default_factory=dict)

    def look(self, standing: Standing, now: float) -> None:
        seen = {}
        for other in standing.others:
            last = self._beats.get(other.place)
            if last is None:
                seen[other.place] = _Seen(other.beat, now)
            else:
                seen[other.place] = last if last.number == other.beat else _Seen(other.beat, now, before=last.since)
        self._beats = seen

    def forget(self) -> None:
        """We could not look: silence in that time was nobody's fault."""
        self._beats.clear()

    def lives(self, controller: str, now: float) -> bool:
        seen = self._beats.get(controller)
        return seen is not None and now - seen.since < self.runs_out

    def beat_after(self, controller: str, moment: float) -> bool:
        """Whether it has surely beaten since then: we have seen two new numbers. The first may be older than the moment
        and only seen late."""
        seen = self._beats.get(controller)
        return seen is not None and seen.before > moment


def judge(
    me: Candidate, standing: Standing, sightings: Sightings, *, held: bool, deaf_for: float, patience: float, now: float
) -> Verdict:
    """What the picture means for us. `held`: the lease was ours until now; `deaf_for`: seconds without a link to
    Asterisk; `patience`: seconds after which somebody who has a link is the better one."""
    a_better_one = any(other.linked and sightings.lives(other.place, now) for other in standing.others)
    if standing.holder == me.place:
        return Verdict.GIVE_UP if a_better_one and deaf_for > patience else Verdict.HOLD
    if held:
        return Verdict.LOST
    if sightings.lives(standing.holder, now):
        return Verdict.WAIT
    return Verdict.TAKE if me.linked or not a_better_one else Verdict.WAIT


class Lease:
    """`linked` says whether we hear Asterisk; `beat_every`, `runs_out` and `patience` are seconds. `blocked` is called
    when the database has taken none of our beats for so long that the active one would count as dead."""

    def __init__(
        self,
        database: Database,
        me: Candidate,
        *,
        linked: Callable[[], bool],
        beat_every: float,
        runs_out: float,
        patience: float,
        blocked: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self.me = me
        self.linked = linked
        self._beat_every = beat_every
        self._patience = patience
        self._blocked = blocked
        self._shown_at = 0.0  # when the database took a beat of ours last
        self._clock = clock or asyncio.get_running_loop().time
        self.sightings = Sightings(runs_out)
        self.standing = Standing(NOBODY)
        self._runs_out = runs_out
        self._heard = self._clock()  # when we last had a link
        self._pulse = self._clock()
        self._certain = asyncio.Event()
        self._certain.set()
        self.lost = False
        self.taken_from = NOBODY  # who held it, and was missed
        self._news = asyncio.Condition()

    async def still_ours(self) -> bool:
        """Whether this place has held the lease before, and nobody has taken it over since: then there is nothing to
        wait for, nor to write. Raises DatabaseUnavailable."""
        async with self._database.read() as session:
            return await leases.holder(session, self.me.node) == self.me.place

    async def until_ours(self) -> None:
        """Beat until the lease is ours. Never gives up: a database that is away comes back."""
        self._shown_at = self._clock()
        while await self._beat(held=False) not in {Verdict.TAKE, Verdict.HOLD}:
            if self._blocked is not None and self._clock() - self._shown_at > self._runs_out:
                await self._blocked()
            await asyncio.sleep(self._beat_every)

    async def keep(self) -> None:
        """Beat until the lease is lost, and nothing can be commanded or written any more; or until it is better given
        up: then it is ours until `leave`, so that what we know can still be written."""
        self._pulse = self._clock()
        log.info("this controller is active", place=self.me.place)
        watching = asyncio.create_task(self._watch_the_clock(), name="lease-pulse")
        try:
            while True:
                await asyncio.sleep(self._beat_every)
                verdict = await self._beat(held=True)
                if verdict in {Verdict.LOST, Verdict.GIVE_UP}:
                    break
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        self.lost = verdict is Verdict.LOST
        self._certain.set()
        log.warning("this controller is active no longer", place=self.me.place, why=verdict.value)

    async def leave(self) -> None:
        """We stop: the others need not wait."""
        try:
            async with asyncio.timeout(TOO_SLOW), self._database.write() as session:
                await leases.leave(session, self.me)
        except (DatabaseUnavailable, TimeoutError):
            log.info("the lease runs out by itself: the database is away")

    def working_as(self, app: str) -> None:
        """From the next beat on the others know where a call is to be handed to; empty: nowhere."""
        self.me = replace(self.me, app=app)

    async def next_beat(self) -> Standing:
        """Wait for a new look at the others."""
        async with self._news:
            await self._news.wait()
        return self.standing

    def well_since(self, moment: float) -> str:
        """The application of the active controller, when it has shown that it lives since then; else empty."""
        holder = next((one for one in self.standing.others if one.place == self.standing.holder), None)
        return holder.app if holder is not None and self.sightings.beat_after(holder.place, moment) else ""

    async def interlock(self) -> None:
        """Before each command to Asterisk. Raises LeaseLost; waits while it is not certain whose the lease is."""
        if self._clock() - self._pulse >= self._frozen_after:
            self._doubt()
        if not self._certain.is_set():
            await self._certain.wait()
        if self.lost:
            raise LeaseLost("another controller has taken over")

    async def fence(self, session: AsyncSession) -> None:
        """In each transaction that writes what we decided. Raises LeaseLost."""
        self.lost = self.lost or await leases.holder(session, self.me.node, keep=True) != self.me.place
        if self.lost:
            raise LeaseLost("another controller has taken over")

    # --- beats --------------------------------------------------------------------------------------------------

    async def _beat(self, *, held: bool) -> Verdict:
        began = self._clock()
        linked = self.linked()
        self._heard = began if linked else self._heard
        self.me = replace(self.me, beat=self.me.beat + 1, linked=linked)
        try:
            async with self._database.write() as session:
                standing = await leases.beat(session, self.me)
                verdict = self._judged(standing, began, held=held)
                if verdict is Verdict.TAKE:
                    await leases.take(session, self.me)
                    self.taken_from = standing.holder
        except DatabaseUnavailable:
            self.sightings.forget()
            return Verdict.HOLD if held else Verdict.WAIT
        self._shown_at = self._clock()
        async with self._news:
            self.standing = replace(standing, holder=self.me.place) if verdict is Verdict.TAKE else standing
            self._news.notify_all()
        return verdict

    def _judged(self, standing: Standing, began: float, *, held: bool) -> Verdict:
        now = self._clock()
        if now - began > TOO_SLOW:
            self.sightings.forget()
        self.sightings.look(standing, now)
        self._heard = now if self.linked() else self._heard  # a beat that waited for the database is no deafness
        deaf_for = now - self._heard
        return judge(self.me, standing, self.sightings, held=held, deaf_for=deaf_for, patience=self._patience, now=now)

    # --- whoever was frozen may have lost it meanwhile ------------------------------------------------------------

    @property
    def _frozen_after(self) -> float:
        return max(self._runs_out - 2 * self._beat_every, 2 * PULSE)

    async def _watch_the_clock(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            if self._clock() - self._pulse >= self._frozen_after:
                self._doubt()
                await self._find_out()
            self._pulse = self._clock()

    def _doubt(self) -> None:
        if self._certain.is_set():
            log.warning(
                "this controller was frozen: whose is the lease?", seconds=round(self._clock() - self._pulse, 1)
            )
            self._certain.clear()

    async def _find_out(self) -> None:
        try:
            async with asyncio.timeout(DOUBT_ENDS):
                while True:
                    try:
                        async with self._database.read() as session:
                            whose = await leases.holder(session, self.me.node)
                        break
                    except DatabaseUnavailable:
                        await asyncio.sleep(self._beat_every)
        except TimeoutError:
            log.error("the database does not say whose the lease is: this controller goes on")
        else:
            self.lost = self.lost or whose != self.me.place
        self._heard = self._clock()  # that we heard nothing meanwhile says nothing about the link
        self._certain.set()
