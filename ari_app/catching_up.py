"""Catching up: what happened while we did not hear, found out by asking Asterisk and told as ordinary events.

After a drop of the link, and after a start: lines that ended, prompts that were heard out, lines of a former boot. What
any of it means for the elder is decided elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Protocol

import structlog

from ari_app.ari import AriError, Client, NotFound, Resynced
from ari_app.ari.generated.models import Channel
from ari_app.background import Background
from ari_app.lines import Lines, Sound
from ari_app.resync import UNDER_WAY, adoptable, differences, strangers, under_way
from ari_app.runner import CaseRun
from ivr import ids
from ivr.events import Event, PromptFinished

log = structlog.get_logger(__name__)
NO_ALARMS = frozenset({"terminal-test", "from-seats"})  # contexts of the dialplan whose calls are no alarms
PHONE_AGAIN = 10.0  # seconds until a seat's phone that could not be reached is asked for again


class House(Protocol):
    """What catching up needs of the controller."""

    runs: dict[str, CaseRun]

    @property
    def side_calls_live(self) -> frozenset[str]: ...
    def now(self) -> datetime: ...
    def post(self, case: str, event: Event) -> None: ...
    def seat_registered(self, extension: str, *, is_registered: bool) -> None: ...


class CatchingUp:
    def __init__(self, client: Client, lines: Lines, background: Background, house: House, *, app: str) -> None:
        self._ari = client
        self._lines = lines
        self._background = background
        self._house = house
        self._app = app

    def resynced(self, picture: Resynced) -> None:
        """The link stands again: compare, tell the difference, take over what a former boot left."""
        house, lines, at = self._house, self._lines, self._house.now()
        for endpoint in picture.endpoints:
            if endpoint.technology == "PJSIP":
                house.seat_registered(endpoint.resource, is_registered=endpoint.state == "online")
        young = tuple(under_way(house.runs.values(), lines, picture.channels, at))
        for case, event in differences(house.runs.values(), lines, picture.channels, at):
            house.post(case, event)
        for channel_id in young:
            self._spawn(self._look_again(channel_id), f"look-again-{channel_id}")
        for channel_id, sound in tuple(lines.sounds.items()):
            self._spawn(self._heard_out(channel_id, sound), f"heard-out-{sound.playback}")
        for channel in adoptable(house.runs, lines, picture):
            self._spawn(self._adopt(channel), f"adopt-{channel.id}")
        for channel in strangers(house.runs, lines, picture.channels, ours=house.side_calls_live):
            self._spawn(self._clear_away(channel), f"clear-{channel.id}")

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        self._background.spawn(work, name)

    async def watch(self, channel: str) -> None:
        """Without a subscription Asterisk does not tell how a call from outside ended."""
        try:
            await self._ari.subscribe(f"channel:{channel}")
        except AriError as problem:
            log.info("a call could not be watched", reason=str(problem))
            await self.ended_unseen(channel)

    async def ended_unseen(self, channel: str) -> None:
        """Has this channel's end escaped us? Then its leg has ended."""
        try:
            await self._ari.channels.get(channelId=channel)
        except NotFound:
            house = self._house
            for event in differences(house.runs.values(), self._lines, (), house.now(), only=channel):
                house.post(*event)
        except AriError as problem:
            log.info("a line could not be looked at; the next resync will", reason=str(problem))

    async def _look_again(self, channel: str) -> None:
        """A leg that was dialled just before the gap may have ended in it."""
        await asyncio.sleep(UNDER_WAY.total_seconds())
        await self.ended_unseen(channel)

    async def _heard_out(self, channel: str, sound: Sound) -> None:
        """A prompt may have come to its end while we did not hear; what follows it must follow all the same."""
        try:
            await self._ari.playbacks.get(playbackId=sound.playback)
        except NotFound:
            address = self._lines.address(channel)
            prompt = self._lines.heard_out(channel, sound.playback)
            if address is not None and prompt is not None:
                at = self._house.now()
                self._house.post(address.case, PromptFinished(at=at, actor="system", leg=address.leg, prompt=prompt))
        except AriError as problem:
            log.info("a prompt could not be looked at; the next resync will", reason=str(problem))

    async def _adopt(self, channel: Channel) -> None:
        """A line of one of our cases that a former boot owned: taken over without a gap. A caller who was not answered
        yet is answered now; an outgoing line that still rings would be answered into nowhere, so it is given up."""
        try:
            await self._ari.subscribe(f"channel:{channel.id}")
            if channel.state != "Up":
                if channel.id not in self._lines.inbound:
                    await self._ari.channels.hangup(channelId=channel.id)
                    return
                await self._ari.channels.answer(channelId=channel.id)
            elif channel.id not in self._lines.music:
                # Music of which nothing is on record: it would drown whoever comes to speak with them.
                await self._ari.channels.stopMoh(channelId=channel.id)
            await self._ari.channels.move(channelId=channel.id, app=self._app, appArgs="takeover")
        except AriError as problem:
            log.warning("a line could not be taken over", reason=str(problem))
            await self.ended_unseen(channel.id)

    async def _clear_away(self, channel: Channel) -> None:
        """A channel that a former controller left: our legs and calls that are no alarms are hung up, a caller goes
        back to the start."""
        if ids.parse(channel.id) is None and channel.dialplan.context not in NO_ALARMS:
            await self.send_back(channel.id)
            return
        try:
            await self._ari.channels.hangup(channelId=channel.id)
        except AriError as problem:
            log.info("an old channel could not be hung up", reason=str(problem))

    async def send_back(self, channel: str) -> None:
        """Back into the dialplan, which offers the call again and rings the seats itself when nobody takes it."""
        try:
            await self._ari.channels.continueInDialplan(channelId=channel, context="sos-again", extension="s")
        except AriError as problem:
            log.error("a call could not be sent back to the dialplan", reason=str(problem))

    def ask_again(self, extension: str) -> None:
        """A seat's phone could not be reached: it counts as offline, unless Asterisk says a little later that it is
        registered (then no event would tell, since nothing changed)."""
        self._spawn(self._ask_again(extension), f"ask-again-{extension}")

    async def _ask_again(self, extension: str) -> None:
        await asyncio.sleep(PHONE_AGAIN)
        try:
            endpoint = await self._ari.endpoints.get(tech="PJSIP", resource=extension)
        except AriError as problem:
            log.info("a seat's phone could not be asked for", seat=extension, reason=str(problem))
            return
        if endpoint.state == "online":
            self._house.seat_registered(extension, is_registered=True)
