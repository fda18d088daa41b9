"""The contacts of an elder who answers no care call are asked, one after the other, whether they look in: who presses 1
does. A voicemail presses nothing (S14: it hears no name either)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from ari_app.ari import AriError
from ari_app.switchboard import LineGone, NoRoute
from ivr import cascade, ids
from ivr.case import ElderFile
from ivr.commands import Dial, Hangup, LineCommand, Play
from ivr.events import Event, KeyPressed, LegAnswered, LegEnded, PromptFinished
from ivr.policy import Policy
from ivr.vocabulary import DIGITS, LegKind, Prompt

LINE_ENDS: Final = 5.0  # seconds in which a line that we hang up is told to have ended
COMES, CANNOT, AGAIN = "1", "2", "9"


class House(Protocol):
    @property
    def policy(self) -> Policy: ...
    async def order(self, name: str, command: LineCommand) -> None: ...


@dataclass(slots=True)
class AskingContacts:
    """`name`: whose lines these are (`addresses.py`); `number`: the elder's, told to who looks in; `leg`:
    whom we ask now."""

    house: House
    name: str
    file: ElderFile
    number: str
    leg: str = ""
    _events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    _declined: set[int] = field(default_factory=set)

    def told(self, event: LegAnswered | LegEnded | KeyPressed | PromptFinished) -> None:
        if event.leg == self.leg:
            self._events.put_nowait(event)

    async def run(self) -> bool:
        """Whether somebody looks in."""
        for contact, phone, leg in self._phones():
            self.leg, self._events = leg, asyncio.Queue()
            answer = await self._ask(phone)
            if answer == COMES:
                return True
            if answer == CANNOT:
                self._declined.add(contact)
        return False

    def _phones(self) -> Iterator[tuple[int, str, str]]:
        """Each phone of each contact, the closest people first; whoever has said no is not asked again."""
        for contact in cascade.in_order(self.file.contacts):
            for index, phone in enumerate(cascade.phones_of(contact)):
                if contact.id not in self._declined:
                    yield contact.id, phone, ids.contact_leg(contact.id, index + 1)

    async def _ask(self, phone: str) -> str:
        """The key that settles it; empty when there was none."""
        policy = self.house.policy
        try:
            await self.house.order(self.name, Dial(self.leg, LegKind.CONTACT, phone, policy.contact_ring))
            try:
                async with asyncio.timeout(policy.contact_ring + LINE_ENDS):
                    if not await self._is_answered():
                        return ""
                async with asyncio.timeout(policy.contact_key):
                    return await self._key()
            finally:
                await self._hang_up()
        except (TimeoutError, AriError, LineGone, NoRoute):
            return ""

    async def _is_answered(self) -> bool:
        while True:
            match await self._events.get():
                case LegAnswered():
                    return True
                case LegEnded():
                    return False
                case _:
                    pass

    async def _key(self) -> str:
        """Asked again whenever the question was heard out."""
        await self._play(Prompt.CARE_CONTACT)
        while True:
            match await self._events.get():
                case KeyPressed(key="1"):
                    number = tuple(DIGITS[int(digit)] for digit in self.number if digit.isdecimal())
                    await self._play(Prompt.CARE_LOOK_IN, *number)
                    with suppress(TimeoutError):
                        await self._heard_out()
                    return COMES
                case KeyPressed(key="2"):
                    return CANNOT
                case KeyPressed(key="9") | PromptFinished(problem=""):
                    await self._play(Prompt.CARE_CONTACT)
                case LegEnded():
                    return ""
                case _:
                    pass

    async def _heard_out(self) -> None:
        """The number may be wanted again; whoever hangs up knows it."""
        while not isinstance(event := await self._events.get(), LegEnded):
            if isinstance(event, PromptFinished):
                return

    async def _play(self, prompt: Prompt, *more: Prompt) -> None:
        await self.house.order(self.name, Play(self.leg, prompt, more))

    async def _hang_up(self) -> None:
        with suppress(AriError, LineGone):
            await self.house.order(self.name, Hangup(self.leg))
