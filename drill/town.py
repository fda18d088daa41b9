"""The simulated town: elders who press the key, seats, relatives and services, on a second Asterisk of its own.

    async with Town.open(platform=settings, town=TownSettings.load(), seats=seats, program=program) as town:
        grandma, seat = town.elder("02110000001"), town.seat("801")
        await grandma.press_key()
        await seat.answer()

Nobody outside this machine can be reached from here, and it refuses to start where that could be otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from drill.behaviour import Behaviour, RingsOn, service
from drill.chronicle import Chronicle, Note, NotSeen
from drill.exchange import Exchange, exchange
from drill.line import Line
from drill.people import Callee, Elder, Person, Seat
from drill.settings import TownSettings
from home.asterisk import SeatLine
from home.programs import Program
from home.settings import Settings

P = TypeVar("P", bound=Person)
SERVICES = {"110": "operator_110", "119": "operator_119", "120": "operator_120"}


class Town:
    """Made by `Town.open`. Whoever is called and is not known here is somebody who is not at home."""

    def __init__(self) -> None:
        self._exchange: Exchange | None = None
        self._people: dict[str, Person] = {}
        self._plans: dict[str, asyncio.Task[None]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, platform: Settings, town: TownSettings, seats: Sequence[SeatLine], program: Program
    ) -> AsyncIterator[Town]:
        """A living town for this platform. `seats` are the telephones that register, with their passwords.

        Raises LiveTrunk, PortInUse, AsteriskError. At the end all calls are hung up and the Asterisk is stopped.
        """
        made = cls()
        async with exchange(
            platform=platform, town=town, seats=seats, program=program, called=made._called
        ) as made._exchange:
            for seat in seats:
                made._people[seat.extension] = Seat(made, seat.extension, voice="")
            try:
                yield made
            finally:
                await made._close()

    # --- who lives here

    def elder(self, number: str, *, voice: str = "elder_help", name: str = "elder") -> Elder:
        """The elder with this line; a call-back to it reaches them."""
        return self._settle(number, Elder(self, number, voice=voice, name=name))

    def seat(self, extension: str, *, voice: str = "agent_a") -> Seat:
        """The telephone of a seat that was given to `open`; `voice` is the agent who sits there."""
        person = self._people.get(extension)
        if not isinstance(person, Seat):
            raise ValueError(f"seat {extension} has no telephone in this town: give it to Town.open")
        person.voice = voice
        return person

    def relative(self, number: str, behaviour: Behaviour, *, name: str = "") -> Callee:
        """Somebody with this number; see `drill.behaviour` for what they do."""
        return self._settle(number, Callee(self, number, behaviour=behaviour, name=name or f"relative {number}"))

    def service(self, number: str, behaviour: Behaviour | None = None) -> Callee:
        """110, 119 or 120: answers and speaks, unless told otherwise."""
        behaviour = behaviour or service(SERVICES[number])
        return self._settle(number, Callee(self, number, behaviour=behaviour, name=number))

    async def seats_registered(self, *, within: float = 15.0) -> None:
        """Until the platform has accepted every seat's telephone. Raises NotSeen naming those that it has not."""
        seats = [person for person in self._people.values() if isinstance(person, Seat)]
        try:
            async with asyncio.timeout(within):
                while missing := [seat.extension for seat in seats if not await seat.registered()]:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise NotSeen(f"not registered within {within:g} s: seats {', '.join(missing)}") from None

    # --- what happened

    @property
    def exchange(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("use `async with Town.open(...)`")
        return self._exchange

    @property
    def chronicle(self) -> Chronicle:
        return self.exchange.chronicle

    async def asterisk(self, command: str) -> str:
        """One command of the command line of the town's Asterisk."""
        return await self.exchange.process.cli(command)

    async def hang_up_all(self) -> None:
        """Everybody puts down."""
        await self.exchange.hang_up_all()

    async def dial(
        self, person: Person, number: str, *, endpoint: str, caller: str, variables: dict[str, str] | None = None
    ) -> Line:
        """Call the platform for somebody; use the methods of the person instead."""
        return await self.exchange.dial(
            number, person=person.name, endpoint=endpoint, caller=caller, variables=variables
        )

    # --- calls that arrive

    def _settle(self, number: str, person: P) -> P:
        self._people[number] = person
        return person

    def _called(self, number: str, line: Line) -> None:
        person = self._people.get(number)
        if person is None:
            person = self.relative(number, RingsOn(), name=f"unknown {number}")
        plan = asyncio.create_task(self._meet(person, line), name=f"town-{person.name}")
        self._plans[line.id] = plan
        plan.add_done_callback(lambda _: self._plans.pop(line.id, None))

    async def _meet(self, person: Person, line: Line) -> None:
        """The person's plan for the call, until the call ends. What goes wrong is written down, never swallowed."""
        plan = asyncio.create_task(person.takes(line).meet(line))
        over = asyncio.create_task(line.ended(within=24 * 3600))
        try:
            await asyncio.wait({plan, over}, return_when=asyncio.FIRST_COMPLETED)
            if plan.done() and (problem := plan.exception()):
                self.chronicle.write(Note(person.name, "failed", repr(problem), line=line.id))
        finally:
            plan.cancel()
            over.cancel()
            await asyncio.gather(plan, over, return_exceptions=True)

    async def _close(self) -> None:
        try:
            await self.hang_up_all()
        finally:
            for plan in list(self._plans.values()):
                plan.cancel()
            await asyncio.gather(*self._plans.values(), return_exceptions=True)
