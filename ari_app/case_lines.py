"""The second task of a case: it carries out, in order, what the first has decided about lines, so that deciding never
waits for Asterisk; and it makes good what was lost while the link was away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ari_app.ari.errors import AriError, RequestRejected
from ari_app.house import House
from ari_app.switchboard import LineGone, NoRoute
from ivr.case import Case
from ivr.commands import Alarm, Dial, LineCommand
from ivr.vocabulary import AlarmKind, LegKind

log = structlog.get_logger(__name__)


class CaseLines:
    """`case` tells the case as it is now. `failed` is told of a command that could not be carried out, why, and by
    which entry it was ordered; `alarm` of what somebody must know."""

    def __init__(
        self,
        house: House,
        case: Callable[[], Case],
        *,
        failed: Callable[[LineCommand, str, int], None],
        alarm: Callable[[Alarm], None],
    ) -> None:
        self._house = house
        self._case = case
        self._failed = failed
        self._alarm = alarm
        self._orders: asyncio.Queue[tuple[int, LineCommand] | None] = asyncio.Queue()  # None: mend
        self._unsure = False  # a command may have been lost on its way to Asterisk

    @property
    def waiting(self) -> int:
        """How many commands wait to be carried out."""
        return self._orders.qsize()

    def order(self, seq: int, command: LineCommand) -> None:
        """After what was ordered before; `seq` is the entry that it belongs to."""
        self._orders.put_nowait((seq, command))

    def doubt(self) -> None:
        """Not all that was decided may have been done."""
        self._unsure = True

    def mend(self) -> None:
        """The link to Asterisk stands again: what was lost on the way is made good, after what was ordered before."""
        if self._unsure:
            self._unsure = False
            self._orders.put_nowait(None)

    async def carry_out_all(self) -> None:
        """For ever."""
        structlog.contextvars.bind_contextvars(case=self._case().id)
        while True:
            order = await self._orders.get()
            try:
                await (self._mend() if order is None else self._carry_out(*order))
            except Exception as unforeseen:
                # The outermost guard: a mistake of ours in one command must not silence all that follow.
                log.exception("a command could not be carried out", command=type(order and order[1]).__name__)
                if order is not None:
                    self._failed(order[1], type(unforeseen).__name__, order[0])

    async def _mend(self) -> None:
        try:
            await self._house.mend(self._case())
        except AriError as problem:
            self._unsure = True
            log.warning("what was lost could not be made good; after the next resync", reason=str(problem))

    async def _carry_out(self, seq: int, command: LineCommand) -> None:
        # Dialling a service is irrevocable: on the record first. A life weighs more than the record, so the wait ends.
        irrevocable = isinstance(command, Dial) and command.kind is LegKind.SERVICE
        if irrevocable and not await self._house.durable(self._case().id, seq):
            self._alarm(Alarm(AlarmKind.COMMAND_FAILED, "journal"))
        try:
            await self._house.carry_out(self._case(), command)
        except LineGone:
            log.info("the line was gone already", command=type(command).__name__)
            self._make_sure(getattr(command, "leg", ""))
        except (AriError, NoRoute) as problem:
            self._unsure = self._unsure or not isinstance(problem, RequestRejected | NoRoute)
            log.warning("command failed", command=type(command).__name__, reason=str(problem))
            self._failed(command, str(problem), seq)

    def _make_sure(self, leg: str) -> None:
        """A line that is gone while its leg lives: its end is on its way to us, or came before the case had the leg."""
        there = self._case().leg(leg)
        if there is not None and there.alive:
            self._house.line_missing(self._case().id, leg)
