"""All figures for Prometheus in one answer: the web's own, what can be looked at now, and the controller's, which are
fetched from its loopback API. So there is one place to ask, without the control token, and what cannot be had is
missing rather than old.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from models.database import Database, DatabaseUnavailable
from models.outbox import Owed, owed
from web.condition import DATABASE_WITHIN, Condition, Looking, Rung
from web.controller.client import Controller, ControllerUnreachable
from web.fresh import Fresh
from web.ladder_log import LadderLog
from web.metrics import Metrics
from web.texts import Texts

GOOD_FOR: Final = 1.0  # seconds: whoever asks more often gets the same figures
CONTROLLER_WITHIN: Final = 2.0
CONTROLLERS: Final = ("controller", "stand_by")
TICK: Final = 0.25


class Figures:
    """`text` is what `/metrics` answers."""

    def __init__(
        self,
        metrics: Metrics,
        looking: Looking,
        database: Database,
        controller: Controller,
        *,
        ladder: LadderLog,
        words: Texts,
    ) -> None:
        self._metrics = metrics
        self._looking = looking
        self._database = database
        self._controller = controller
        self._ladder = ladder
        self._codes = tuple(words.section("degraded"))
        self._fresh = Fresh(self._make, seconds=GOOD_FOR)

    async def text(self) -> bytes:
        return await self._fresh.get()

    async def _make(self) -> bytes:
        condition, messages, controllers, lives = await asyncio.gather(
            self._looking.now(), self._messages(), self._controllers(), self._controller.lives()
        )
        return await asyncio.to_thread(self._write, condition, messages, controllers, lives)

    def _write(self, condition: Condition, messages: Owed | None, controllers: bytes, lives: tuple[bool, ...]) -> bytes:
        now = tuple(now_families(condition, self._codes, messages, self._ladder.count(), scraped=bool(controllers)))
        now += (_flags("yjt_controller_up", "1 while this controller's process answers", "which", *_named(lives)),)
        return generate_latest(_All(self._metrics, now)) + controllers

    async def _messages(self) -> Owed | None:
        try:
            async with asyncio.timeout(DATABASE_WITHIN), self._database.read() as session:
                return await owed(session)
        except (DatabaseUnavailable, SQLAlchemyError, TimeoutError):  # also one whose tables are not there yet
            return None

    async def _controllers(self) -> bytes:
        """Empty when it cannot be reached in time."""
        try:
            async with asyncio.timeout(CONTROLLER_WITHIN):
                return await self._controller.figures()
        except (ControllerUnreachable, TimeoutError):
            return b""

    async def watch_the_loop(self) -> None:
        """For ever: how late does what is due come to its turn?"""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + TICK
            await asyncio.sleep(TICK)
            self._metrics.late.observe(max(0.0, clock() - due))


class _All(Collector):
    def __init__(self, metrics: Metrics, now: tuple[Metric, ...]) -> None:
        self._metrics = metrics
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._now
        yield from self._metrics.registry.collect()


def now_families(
    condition: Condition, codes: tuple[str, ...], messages: Owed | None, ladder: int, *, scraped: bool
) -> Iterator[Metric]:
    """What is the case at this moment."""
    yield GaugeMetricFamily("yjt_ready", "1 while calls are handled as they should be", condition.ready)
    yield _flags("yjt_rung", "1 for who would serve a call now", "rung", Rung, {condition.rung})
    present = {fault.code for fault in condition.faults}
    # A code without words is one of a newer controller: it is told as well.
    yield _flags(
        "yjt_degraded", "1 for each part that does not work", "code", dict.fromkeys((*codes, *present)), present
    )
    yield GaugeMetricFamily("yjt_web_database_up", "1 while the web can read", not condition.has("database"))
    yield GaugeMetricFamily("yjt_controller_figures", "1 when the controller's figures are in this answer", scraped)
    yield CounterMetricFamily("yjt_ladder_calls", "Calls that the dialplan served without a controller", ladder)
    if messages is not None:
        age = (datetime.now(UTC) - messages.since).total_seconds() if messages.since else 0.0
        yield GaugeMetricFamily("yjt_outbox_waiting_messages", "SMS that wait to be sent", messages.waiting)
        yield GaugeMetricFamily("yjt_outbox_oldest_seconds", "How long the first of them has waited", age)


def _named(lives: tuple[bool, ...]) -> tuple[tuple[str, ...], set[str]]:
    """All controllers, and those that live. A second machine has a stand-by only."""
    names = CONTROLLERS[: len(lives)]
    return names, {name for name, alive in zip(names, lives, strict=True) if alive}


def _flags(name: str, words: str, label: str, values: Iterable[str], present: Collection[str]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value in values:
        family.add_metric([str(value)], value in present)
    return family
