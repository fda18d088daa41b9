"""A wire between the controllers and Asterisk's ARI port that can be cut, or go dead without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

from home.ports import free_ports
from home.settings import Settings


def with_a_wire() -> dict[str, str]:
    """The setting of a platform whose controllers reach Asterisk over a wire."""
    (port,) = free_ports(1)
    return {"YJT_ARI_LINK_PORT": str(port)}


def wire_of(platform: Settings) -> Wire:
    """What stands where the settings say."""
    return Wire(platform.ari_port, port=platform.ari_link_port or 0)


class Wire:
    """Listens on `port` of loopback (0: on any that is free) and passes everything on to the port `to`, until it is
    broken.

    `cut`: every connection is reset, and new ones are, until `mend`. `swallow`: nothing passes any more, and neither
    side is told; a connection that was swallowed never comes to life again, as behind a router that has forgotten it.
    """

    def __init__(self, to: int, *, port: int = 0) -> None:
        self.port = port
        self._to = to
        self._whole, self._refusing = True, False
        self._open: set[asyncio.StreamWriter] = set()
        self._ends: set[asyncio.StreamWriter] = set()  # those over which something still passes
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
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
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            return  # Asterisk is away: the controllers learn it as if they had asked it themselves
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
