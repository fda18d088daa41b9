"""The town's own Asterisk and the one ARI link to it: every call of the town passes here, as a Line.

Must never have another way out than the platform, nor listen anywhere but on loopback.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ari_app.ari import AriError, Client, Disconnected, RequestRejected, events
from drill.chronicle import Chronicle
from drill.line import Line
from drill.settings import TownSettings, refuse_live_trunks
from home.asterisk import AsteriskProcess, SeatLine, render
from home.ports import check
from home.programs import Program
from home.settings import CHECKOUT, Settings

_APP = "town"
# The cause that Asterisk gives to a hang-up which came through ARI; what follows tells more.
_ASKED_BY_US = 32
_UNHEARD = (events.ChannelVarset, events.ChannelDialplan, events.Dial)
_OWN = Path(__file__).parent / "asterisk-conf"
_SHARED = CHECKOUT / "asterisk-conf"

Called = Callable[[str, Line], None]


class Exchange:
    """`called` is told of each call that arrives: the number dialled, and the line."""

    def __init__(self, *, process: AsteriskProcess, client: Client, chronicle: Chronicle, called: Called) -> None:
        self.process = process
        self.client = client
        self.chronicle = chronicle
        self._called = called
        self._lines: dict[str, Line] = {}
        self._count = 0

    @property
    def ears(self) -> Path:
        """Where the lines of this town keep what they heard."""
        return self.process.directory / "ears"

    @property
    def lines(self) -> list[Line]:
        """The calls that are not over."""
        return [line for line in self._lines.values() if line.over is None]

    async def dial(
        self,
        number: str,
        *,
        person: str,
        endpoint: str,
        caller: str = "",
        variables: dict[str, str] | None = None,
        timeout: int = 60,
    ) -> Line:
        """Call the platform. Returns when the call is on its way; `Line.picked_up` waits for the answer."""
        line = self._new_line(person, number)
        try:
            await self.client.channels.originateWithId(
                channelId=line.id,
                endpoint=f"PJSIP/{number}@{endpoint}",
                context="line",
                extension="s",
                priority=1,
                callerId=caller or None,
                timeout=timeout,
                variables={**(variables or {}), "TOWN_EAR": str(line.ear)},
            )
        except AriError:  # nobody would ever hear of a call that is made all the same, later
            line.ends(None)
            with suppress(AriError):
                await self.client.channels.hangup(channelId=line.id)
            raise
        try:
            await self.client.subscribe(f"channel:{line.id}")
        except RequestRejected:  # it was refused so quickly that nothing is left to hear of
            line.ends(None)
        return line

    async def run(self) -> None:
        """Reads the link until it ends. Nothing is awaited here that waits for a person."""
        async for event in self.client.events():
            match event:
                case events.StasisStart(args=("called", number, *caller), channel=channel):
                    await self._arrives(number, "".join(caller), channel.id)
                case events.StasisStart(args=("line",), channel=channel, timestamp=at):
                    if line := self._lines.get(channel.id):
                        line.stands(at)
                        await line.begin_silence()
                case events.ChannelHangupRequest(channel=channel, cause=cause):
                    if (line := self._lines.get(channel.id)) and cause and cause != _ASKED_BY_US:
                        line.cause = line.cause or cause
                case events.ChannelDestroyed(channel=channel, cause=cause, timestamp=at):
                    if line := self._lines.get(channel.id):
                        line.ends(line.cause or cause, at)
                case Disconnected(final=True, reason=reason):
                    raise RuntimeError(f"the link to the town's Asterisk ended: {reason}")
                case _:
                    pass  # the rest is of no use to anybody in the town

    async def hang_up_all(self) -> None:
        """End every call, also those that arrive meanwhile, and wait until none is left."""
        while lines := self.lines:
            for line in lines:
                await line.hang_up()
            for line in lines:
                await line.ended(within=5)

    async def _arrives(self, number: str, caller: str, channel: str) -> None:
        line = self._new_line("", caller, channel=channel)
        try:
            await self.client.subscribe(f"channel:{channel}")
        except RequestRejected:
            line.ends(None)  # gone again, and nobody will tell
            return
        self._called(number, line)

    def _new_line(self, person: str, number: str, *, channel: str = "") -> Line:
        self._count += 1
        line = Line(
            self,
            channel=channel or f"town-{self._count}-{secrets.token_hex(3)}",
            person=person,
            number=number,
            ear=self.ears / f"{self._count:04d}.wav",
        )
        self._lines[line.id] = line
        return line


@asynccontextmanager
async def exchange(
    *, platform: Settings, town: TownSettings, seats: Sequence[SeatLine], program: Program, called: Called
) -> AsyncIterator[Exchange]:
    """A running Asterisk for the town in HOME/town, and its link; stopped at the end.

    Raises LiveTrunk, PortInUse, AsteriskError.
    """
    refuse_live_trunks(platform, town)
    check(town.wanted())
    process = AsteriskProcess(program, platform.home / "town")
    process.prepare()
    password = secrets.token_urlsafe(24)
    _render(process, platform=platform, town=town, seats=seats, password=password)
    client = Client(f"http://127.0.0.1:{town.ari_port}", username=_APP, password=password, app=_APP, unwanted=_UNHEARD)
    async with process.run(), client:
        await client.ready()
        made = Exchange(process=process, client=client, chronicle=Chronicle(), called=called)
        shutil.rmtree(made.ears, ignore_errors=True)
        made.ears.mkdir(mode=0o700)
        reader = asyncio.create_task(made.run(), name="town-exchange")
        try:
            yield made
            if reader.done():
                await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


def _render(
    process: AsteriskProcess, *, platform: Settings, town: TownSettings, seats: Sequence[SeatLine], password: str
) -> None:
    shared = {path.name: path for path in _SHARED.glob("*.conf")}
    own = {path.name: path for path in _OWN.glob("*.conf")}
    host = "127.0.0.1" if platform.sip_host in ("0.0.0.0", "::") else platform.sip_host
    context: dict[str, object] = {
        **process.context(),
        "system_name": "town",
        "app": _APP,
        "lang": "zh",
        "music": CHECKOUT / "dialplan" / "music" / "default",
        "outbound_registration": True,
        "rtp_first": town.rtp_ports.first,
        "rtp_last": town.rtp_ports.last,
        "ari_port": town.ari_port,
        "ari_user": _APP,
        "ari_password": password,
        "carrier_host": town.carrier_host,
        "seats_host": town.seats_host,
        "sip_port": town.sip_port,
        "platform": f"{host}:{platform.sip_port}",
        "platform_host": host,
        "seats": seats,
    }
    render([*{**shared, **own}.values()], process.etc, context)
