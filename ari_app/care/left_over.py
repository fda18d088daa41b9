"""Care calls that another controller had begun when it died or gave way: nobody is cut off, none is lost, none is made
twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from ari_app.ari import AriError, Client
from ari_app.ari.generated.models import Channel
from ari_app.care.addresses import ELDER, call_of, is_care
from ari_app.care.records import CareRecords
from ari_app.care.run import CareRun
from ari_app.lines import Lines
from ari_app.switchboard import stop_sounds
from ivr.events import LegEnded
from ivr.vocabulary import OUT_OF_ORDER
from models.care.calls import LeftCall
from models.queries.care_messages import CareMessage

log = structlog.get_logger(__name__)


class LeftOver:
    """`go_on(name, call, message)`: the call whose line has this name is ours from now on; `later(latest)`: when a call
    is tried again."""

    def __init__(
        self,
        client: Client,
        lines: Lines,
        records: CareRecords,
        *,
        app: str,
        now: Callable[[], datetime],
        later: Callable[[datetime], datetime],
        go_on: Callable[[str, LeftCall, CareMessage], CareRun],
    ) -> None:
        self._ari = client
        self._lines = lines
        self._records = records
        self._app = app
        self._now = now
        self._later = later
        self._go_on = go_on
        self._found: dict[str, Channel] = {}

    def found(self, channels: Iterable[Channel]) -> None:
        """What lives in Asterisk when we start; a line that a case has taken over is the case's."""
        for channel in channels:
            address = self._lines.address(channel.id)
            if address is not None and is_care(address.case):
                self._found[channel.id] = channel

    @property
    def channels(self) -> frozenset[str]:
        """Of which it is not settled yet what becomes of them."""
        return frozenset(self._found)

    async def take_over(self) -> None:
        """Raises DatabaseUnavailable, LeaseLost: to be asked again."""
        for call in await self._records.left():
            await self._take(call)
        for channel in tuple(self._found):
            await self.hang_up(channel)
        self._found = {}

    async def _take(self, call: LeftCall) -> None:
        """An elder who is on the line hears it all again, from here; whose telephone has only rung is tried again as if
        they had not answered. What was perhaps heard is not said twice, unless somebody must know how they are."""
        line, message = self._line_of(call), await self._records.message(call.id)
        if message is not None and line is not None and line.state == "Up":
            await self._adopt(call, line, message)
        elif message is not None and call.dialled and (line is not None or message.must_answer):
            await self._records.try_again(call, self._later(message.latest))
        else:
            await self._records.take_from(call, self._now())

    def _line_of(self, call: LeftCall) -> Channel | None:
        for channel in self._found.values():
            address = self._lines.address(channel.id)
            if address is not None and address.leg == ELDER and call_of(address.case) == call.id:
                return channel
        return None

    async def _adopt(self, call: LeftCall, line: Channel, message: CareMessage) -> None:
        address = self._lines.address(line.id)
        if address is None or not await self._records.go_on_with(call):
            return
        run = self._go_on(address.case, call, message)
        del self._found[line.id]
        self._lines.may_sound.add(line.id)
        try:
            await self._ari.subscribe(f"channel:{line.id}")
            await stop_sounds(self._ari, self._lines, line.id)
            await self._ari.channels.move(channelId=line.id, app=self._app, appArgs="takeover")
        except AriError as problem:
            log.warning("the line of a care call could not be taken over", reason=str(problem))
            await self.hang_up(line.id)
            run.told(LegEnded(at=self._now(), actor="system", leg=ELDER, cause=OUT_OF_ORDER))

    async def hang_up(self, channel: str) -> None:
        try:
            await self._ari.channels.hangup(channelId=channel)
        except AriError as problem:
            log.info("a line of a care call could not be hung up", reason=str(problem))
