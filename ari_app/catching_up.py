"""Catching up: what happened while we did not hear, found out by asking Asterisk and told as ordinary events.

After a drop of the link, and after a start: lines that ended, prompts that were heard out, lines of a former boot. What
any of it means for the elder is decided elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from ari_app import on_hold
from ari_app.ari import AriError, Client, NotFound, Resynced
from ari_app.ari.generated.models import Channel
from ari_app.background import Background
from ari_app.lines import Lines, Sound
from ari_app.resync import (
    UNDER_WAY,
    adoptable,
    broken,
    differences,
    empty_bridges,
    newcomers,
    out_of_place,
    strangers,
    under_way,
    unwanted,
)
from ari_app.runner import CaseRun
from ari_app.switchboard import stop_sounds
from ivr import ids
from ivr.broken import in_turn
from ivr.case import Case
from ivr.commands import LineCommand
from ivr.events import Event, LinesBroke, PromptFinished
from ivr.policy import Policy
from ivr.vocabulary import CaseState, Place

log = structlog.get_logger(__name__)
NO_ALARMS = frozenset({"terminal-test", "from-seats"})  # contexts of the dialplan whose calls are no alarms
PHONE_AGAIN = 10.0  # seconds until a seat's phone that could not be reached is asked for again


class House(Protocol):
    """What catching up needs of the controller."""

    runs: dict[str, CaseRun]

    policy: Policy

    @property
    def side_calls_live(self) -> frozenset[str]: ...
    def now(self) -> datetime: ...
    def post(self, case: str, event: Event) -> None: ...
    def seat_registered(self, endpoint: str, *, is_registered: bool) -> None: ...


class CatchingUp:
    def __init__(self, client: Client, lines: Lines, background: Background, house: House, *, app: str) -> None:
        self._ari = client
        self._lines = lines
        self._background = background
        self._house = house
        self._app = app
        self._started: datetime | None = None  # when the Asterisk was started that we know

    def resynced(self, picture: Resynced) -> None:
        """The link stands again: compare, tell the difference, take over what a former boot left."""
        house, lines, at = self._house, self._lines, self._house.now()
        self._phones(picture)
        dead = broken(house.runs.values(), lines, picture)
        self._rung_again(dead, picture.started or at)
        living = [run for run in house.runs.values() if run not in dead]
        young = tuple(under_way(living, lines, picture.channels, at))
        for case, event in differences(living, lines, picture.channels, at):
            house.post(case, event)
        left = adoptable(house.runs, lines, picture)
        for run in living:
            if run.case.id in left:
                self._spawn(self._take_up(run, left[run.case.id]), f"take-up-{run.case.id}")
            else:
                run.mend()
        self._tidy(picture)
        for channel_id in young:
            self._spawn(self.look_again(channel_id), f"look-again-{channel_id}")
        for address in on_hold.seats_on_line(living):
            asked = on_hold.ask(self._ari, lines, house.runs, address, post=house.post, now=house.now)
            self._spawn(asked, f"on-hold-{lines.channel(address)}")
        for channel_id, sound in tuple(lines.sounds.items()):
            self._spawn(self._heard_out(channel_id, sound), f"heard-out-{sound.playback}")
        for channel in strangers(house.runs, lines, picture.channels, ours=house.side_calls_live):
            self._spawn(self._clear_away(channel), f"clear-{channel.id}")
        for channel in newcomers(house.runs, lines, picture.channels, ours=house.side_calls_live):
            self._spawn(self._meet(channel.id), f"meet-{channel.id}")

    def _phones(self, picture: Resynced) -> None:
        """An Asterisk that was just started knows its phones from before, and has not asked yet whether they are there:
        until it has, they count as they did, so that a seat can be rung at once."""
        newly = picture.started is not None and picture.started != self._started
        self._started = picture.started
        for endpoint in picture.endpoints:
            if endpoint.technology != "PJSIP":
                continue
            online = endpoint.state == "online"
            if newly and not online:
                self.ask_again(endpoint.resource)
            else:
                self._house.seat_registered(endpoint.resource, is_registered=online)

    def _rung_again(self, dead: Sequence[CaseRun], since: datetime) -> None:
        """Their lines died with the Asterisk before: each is told, and when its elder's turn is."""
        house, at = self._house, self._house.now()
        for run in dead:
            for leg in run.case.live():
                self._lines.gone(self._lines.channel(ids.Address(run.case.id, leg.id)))
        for case, wait in in_turn([run.case for run in dead], house.policy, at):
            house.post(case.id, LinesBroke(at=at, actor="system", since=since, wait=wait))
        if dead:
            log.warning("Asterisk was started anew: everybody is rung again", cases=len(dead))

    def _tidy(self, picture: Resynced) -> None:
        """What we have given up, and Asterisk has not heard of it."""
        runs = self._house.runs
        for channel in unwanted(runs, self._lines, picture.channels):
            self._spawn(self._hang_up(channel), f"unwanted-{channel}")
        for bridge in empty_bridges(runs, picture.bridges):
            self._spawn(self._remove(bridge), f"unwanted-{bridge}")

    async def _remove(self, bridge: str) -> None:
        try:
            await self._ari.bridges.destroy(bridgeId=bridge)
        except AriError as problem:
            log.info("an old bridge could not be removed", reason=str(problem))

    async def mend(self, case: Case) -> tuple[LineCommand, ...]:
        """What has to be done again because it was lost on the way to Asterisk.

        Raises AriError when Asterisk cannot be asked.
        """
        there: dict[Place, tuple[str, ...] | None] = {}
        for place in sorted(case.bridges):
            try:
                there[place] = (await self._ari.bridges.get(bridgeId=ids.bridge_id(case.id, place))).channels
            except NotFound:
                there[place] = None
        return tuple(out_of_place(case, self._lines, there))

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

    async def look_again(self, channel: str) -> None:
        """A leg that was dialled just before the gap may have ended in it; another one's end may have been told before
        its case had the leg."""
        await asyncio.sleep(UNDER_WAY.total_seconds())
        await self.ended_unseen(channel)

    async def _heard_out(self, channel: str, sound: Sound) -> None:
        """A prompt may have come to its end while we did not hear; what follows it must follow all the same."""
        try:
            there = await self._ari.playbacks.get(playbackId=sound.playback)
        except NotFound:
            prompt = self._lines.heard_out(channel, sound.playback)
        except AriError as problem:
            log.info("a prompt could not be looked at; the next resync will", reason=str(problem))
            return
        else:
            prompt = self._lines.goes_on(channel, sound.playback, there.media_uri)
        address = self._lines.address(channel)
        if address is not None and prompt is not None:
            at = self._house.now()
            self._house.post(address.case, PromptFinished(at=at, actor="system", leg=address.leg, prompt=prompt))

    async def _take_up(self, run: CaseRun, channels: Sequence[Channel]) -> None:
        """Its lines first: with one on which something still plays Asterisk would do nothing that makes the case good,
        and nothing else for us either until that had come to its end."""
        await asyncio.gather(*(self._adopt(channel) for channel in channels))
        run.mend()

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
            else:
                await self._sound_on_record(channel.id)
            await self._ari.channels.move(channelId=channel.id, app=self._app, appArgs="takeover")
        except AriError as problem:
            log.warning("a line could not be taken over", reason=str(problem))
            await self.ended_unseen(channel.id)

    async def _sound_on_record(self, channel: str) -> None:
        """What is heard there becomes ours: music for an elder who waits, silence for anybody else. A sound of which
        nothing is on record would drown whoever comes to speak with them, and keep the line from being moved."""
        await stop_sounds(self._ari, self._lines, channel)
        if self._waits(channel):
            self._lines.music.add(channel)
            await self._ari.channels.startMoh(channelId=channel)
        else:
            self._lines.music.discard(channel)
            await self._ari.channels.stopMoh(channelId=channel)

    def _waits(self, channel: str) -> bool:
        address = self._lines.address(channel)
        run = self._house.runs.get(address.case) if address is not None else None
        if run is None or address is None or run.case.state is CaseState.WRAPPING_UP or not run.case.elder_alone:
            return False
        leg = run.case.leg(address.leg)
        return leg is not None and run.case.is_elder(leg) and leg.place is Place.NOWHERE

    async def _meet(self, channel: str) -> None:
        """Somebody who was handed to us just when the link broke: nobody would ever tell us of them."""
        await asyncio.sleep(UNDER_WAY.total_seconds())
        try:
            there = await self._ari.channels.get(channelId=channel)
        except AriError:
            return  # gone, or looked at after the next resync
        house = self._house
        for stranger in strangers(house.runs, self._lines, [there], ours=house.side_calls_live):
            await self._clear_away(stranger)

    async def _clear_away(self, channel: Channel) -> None:
        """A channel that a former controller left: our legs and calls that are no alarms are hung up, a caller goes
        back to the start."""
        if ids.parse(channel.id) is None and channel.dialplan.context not in NO_ALARMS:
            await self.send_back(channel.id)
        else:
            await self._hang_up(channel.id)

    async def _hang_up(self, channel: str) -> None:
        try:
            await self._ari.channels.hangup(channelId=channel)
        except AriError as problem:
            log.info("an old channel could not be hung up", reason=str(problem))

    async def send_back(self, channel: str) -> None:
        """Back into the dialplan, which offers the call again and rings the seats itself when nobody takes it."""
        try:
            await self._ari.channels.continueInDialplan(channelId=channel, context="sos-again", extension="s")
        except AriError as problem:
            log.error("a call could not be sent back to the dialplan", reason=str(problem))

    def ask_again(self, extension: str) -> None:
        """Whether a seat's phone is there is not certain: a little later Asterisk knows (and no event would tell, since
        for Asterisk nothing changed)."""
        self._spawn(self._ask_again(extension), f"ask-again-{extension}")

    async def _ask_again(self, extension: str) -> None:
        await asyncio.sleep(PHONE_AGAIN)
        try:
            endpoint = await self._ari.endpoints.get(tech="PJSIP", resource=extension)
        except AriError as problem:
            log.info("a seat's phone could not be asked for", seat=extension, reason=str(problem))
            return
        self._house.seat_registered(extension, is_registered=endpoint.state == "online")
