"""A wire between a controller and Asterisk's ARI port that a test may cut, or let go dead without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from ari_app import bootstrap
from home.programs import Program
from models.elder_forms import ElderForm

from .house import House, open_house


class Wire:
    """Listens on `port` of loopback and passes everything on to the port `to`, until it is broken.

    `cut`: every connection is reset, and new ones are, until `mend`. `swallow`: nothing passes any more, and neither
    side is told; a connection that was swallowed never comes to life again, as behind a router that has forgotten it.
    """

    def __init__(self, to: int) -> None:
        self.port = 0
        self._to = to
        self._whole, self._refusing = True, False
        self._open: set[asyncio.StreamWriter] = set()
        self._ends: set[asyncio.StreamWriter] = set()  # those over which something still passes
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for end in tuple(self._open):
            end.transport.abort()
        await self._server.wait_closed()

    def cut(self) -> None:
        self._whole, self._refusing = False, True
        self._reset_all()

    def swallow(self) -> None:
        self._whole, self._refusing = False, False
        self._ends.clear()  # what stands now is never told of again

    def mend(self) -> None:
        self._whole = True

    def _reset_all(self) -> None:
        for end in tuple(self._ends):
            end.transport.abort()
        self._ends.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            if self._refusing:
                writer.transport.abort()
            else:
                await self._hold(reader)
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._ends |= {writer, far_writer}
        self._open.add(far_writer)
        try:
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        finally:
            self._ends -= {writer, far_writer}
            self._open.discard(far_writer)
            far_writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if writer in self._ends:
                    writer.write(data)
                    await writer.drain()
        if writer in self._ends:
            writer.close()

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        """Taken, and never answered."""
        with suppress(ConnectionError):
            while await reader.read(65_536):
                pass


@asynccontextmanager
async def wired_house(
    home: Path, program: Program, *, elders: Sequence[ElderForm], seats: Sequence[str], **policy: str
) -> AsyncIterator[tuple[House, Wire]]:
    """A house whose controller reaches Asterisk over a wire; the house's own `ari` does not pass there."""
    environment = {f"YJT_POLICY__{name.upper()}": value for name, value in policy.items()}
    async with (
        open_house(home, program, elders=elders, seats=seats, environment=environment, controller=False) as house,
        Wire(house.settings.ari_port) as wire,
    ):
        over_the_wire = house.settings.model_copy(update={"ari_port": wire.port})
        async with bootstrap.running(over_the_wire, house.secrets) as house.inner, house.following():
            for extension in seats:
                await house.told("seat", extension=extension, registered=True)
            yield house, wire


async def until_link(house: House, *, stands: bool, within: float) -> None:
    """Until the controller has noticed."""
    async with asyncio.timeout(within):
        while house.controller.link.stands is not stands:  # noqa: ASYNC110 - consoles are not told of it
            await asyncio.sleep(0.05)
