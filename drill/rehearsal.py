"""A rehearsal: the town beside a platform that runs already, with agents at their screens. Opened, played, closed.

Used by the demo and by `yijiantong drill`. It starts and stops the town only, never the platform.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from drill.console import console
from drill.scripts import SCRIPTS
from drill.scripts.story import Desk, Story, Tell
from drill.town import Town
from home.asterisk import SeatLine
from home.settings import Settings
from models.database import Database
from models.seats import list_seats


@dataclass(frozen=True, slots=True)
class AgentLogIn:
    """A user whose account has a seat."""

    username: str
    password: str


@dataclass(slots=True)
class Rehearsal:
    """The town is up, the agents are logged in and their telephones are registered."""

    town: Town
    desks: list[Desk]

    def story(self, script: str, line: str, tell: Tell) -> Story:
        """The story of this name, with the elder who has this line."""
        return SCRIPTS[script].story(self.town, self.desks, line, tell)


@asynccontextmanager
async def rehearsal(platform: Settings, town: Town, *, agents: Sequence[AgentLogIn]) -> AsyncIterator[Rehearsal]:
    """Agents at their screens, beside a town that has their telephones. Raises Refused, NotSeen, ClientError."""
    url = web_address(platform)
    async with AsyncExitStack() as stack:
        consoles = [
            await stack.enter_async_context(console(url, username=agent.username, password=agent.password))
            for agent in agents
        ]
        await town.seats_registered()
        yield Rehearsal(town, [Desk(desk, town.seat(desk.seat)) for desk in consoles])


def web_address(platform: Settings) -> str:
    """Where the platform's web is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(platform.web_host, platform.web_host)
    return f"http://[{host}]:{platform.web_port}" if ":" in host else f"http://{host}:{platform.web_port}"


async def telephones(platform: Settings, extensions: Sequence[str] | None = None) -> list[SeatLine]:
    """The seats' telephones with their passwords, from the platform's records; all, or those of these extensions."""
    db = Database(platform.database_url)
    try:
        async with db.read() as session:
            seats = await list_seats(session)
    finally:
        await db.close()
    wanted = (seat for seat in seats if extensions is None or seat.extension in extensions)
    return [SeatLine(seat.extension, seat.sip_password, seat.name) for seat in wanted]
