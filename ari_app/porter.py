"""The porter: what a stand-by does for callers. It takes a call that the active controller does not take in time,
answers, keeps the caller company, and hands the call to whoever is active as soon as that one shows that it lives.

It opens no case and rings nobody: two controllers must never ring the same seats. Who hangs up before anybody is active
has left a record, as on the ladder (`dialplan/agi/record.py`), and is called back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ari_app.ari import AriError, Client, Conflict, NotFound, StreamItem
from ari_app.ari.generated.events import (
    CallBroadcast,
    ChannelDestroyed,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from ari_app.background import Background
from ari_app.lease import Lease
from dialplan.agi import record
from ivr.vocabulary import Prompt

log = structlog.get_logger(__name__)
LET_THE_ACTIVE_ONE = 0.2  # seconds of the dialplan's 0.5 in which the call is the active controller's to take
LOOK_AGAIN = 1.0  # seconds after which a call that was handed over, and is still with us, is handed over again


@dataclass(slots=True)
class Kept:
    """A caller who waits with us: since when, what the dialplan told of the call, what they hear."""

    args: tuple[str, ...]
    since: float
    news: asyncio.Event = field(default_factory=asyncio.Event)
    welcomed: bool = False
    music: bool = False
    gone: bool = False


class Porter:
    """`prompts` is the folder of the prompts in the platform's language, `ladder` that of the ladder's records."""

    def __init__(
        self, client: Client, lease: Lease, background: Background, *, app: str, prompts: Path, ladder: Path
    ) -> None:
        self._ari = client
        self._lease = lease
        self._background = background
        self._app = app
        self._prompts = prompts
        self._ladder = ladder
        self._kept: dict[str, Kept] = {}
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._active_app = ""
        self._clock = asyncio.get_running_loop().time

    @property
    def callers(self) -> int:
        """How many wait with us."""
        return len(self._kept)

    @asynccontextmanager
    async def at_the_door(self) -> AsyncIterator[None]:
        """Inside, calls are taken that nobody else takes."""
        hearing = asyncio.create_task(self._hear(), name="porter")
        try:
            yield
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def hand_all_to(self, app: str) -> None:
        """This very process is active now: all who wait go to its application. Returns when nobody waits any more."""
        self._active_app = app
        for kept in self._kept.values():
            kept.news.set()
        await self._nobody.wait()

    async def _hear(self) -> None:
        async for event in self._ari.events():
            try:
                self._take(event)
            except Exception:
                # The outermost guard: one odd event must not close the door.
                log.exception("an ARI event could not be understood", event_type=type(event).__name__)

    def _take(self, event: StreamItem) -> None:
        match event:
            case CallBroadcast(channel=channel):
                self._background.spawn(self._offered(channel.id), f"porter-claim-{channel.id}")
            case StasisStart(channel=channel, args=args):
                self._tell(channel.id, gone=True)  # whoever had them has sent them back before we have let go of them
                self._nobody.clear()
                self._kept[channel.id] = kept = Kept(args, self._clock())
                self._background.spawn(self._keep_company(channel.id, kept), f"porter-{channel.id}")
                self._background.spawn(asyncio.to_thread(self._write_down, channel.id, args), f"note-{channel.id}")
            case PlaybackFinished(playback=playback):
                self._tell(playback.target_uri.removeprefix("channel:"), welcomed=True)
            case StasisEnd(channel=channel) | ChannelDestroyed(channel=channel):
                self._tell(channel.id, gone=True)
            case _:
                pass

    def _tell(self, channel: str, *, welcomed: bool = False, gone: bool = False) -> None:
        kept = self._kept.get(channel)
        if kept is not None:
            kept.welcomed, kept.gone = kept.welcomed or welcomed, kept.gone or gone
            kept.news.set()

    async def _offered(self, channel: str) -> None:
        if self._active_app:
            return  # ours to take, in the other application
        await asyncio.sleep(LET_THE_ACTIVE_ONE)
        try:
            await self._ari.user_events.claimChannel(channelId=channel, application=self._app)
        except (Conflict, NotFound):
            return  # the active one has it, or the caller is gone
        except AriError as problem:
            log.warning("a call could not be claimed", reason=str(problem))
            return
        log.warning("the active controller did not take a call: the stand-by keeps the caller company")

    async def _keep_company(self, channel: str, kept: Kept) -> None:
        """One caller: answered, welcomed, then music, until they are handed over or hang up."""
        try:
            await self._asked(self._welcome(channel))
            while not kept.gone:
                kept.news.clear()
                if app := self._active_app or self._lease.well_since(kept.since):
                    await self._asked(self._hand_over(channel, kept, app))
                elif kept.welcomed and not kept.music:
                    await self._asked(self._play_music(channel, kept))
                await self._next_news(kept)
        except NotFound:
            pass  # the caller has hung up
        finally:
            if self._kept.get(channel) is kept:
                del self._kept[channel]
            if not self._kept:
                self._nobody.set()

    async def _asked(self, asking: Awaitable[None]) -> None:
        """What Asterisk refuses is tried again at the next news. Raises NotFound: the channel is gone."""
        try:
            await asking
        except NotFound:
            raise
        except AriError as problem:
            log.warning("a caller could not be looked after", reason=str(problem))

    def _write_down(self, channel: str, args: tuple[str, ...]) -> None:
        """Beside the dialplan's record, which lies on the machine of Asterisk: ours may be another one."""
        match args:
            case ("sos", dialled, caller, recording):
                try:
                    file = self._ladder / f"{channel}{record.SUFFIX}"
                    record.add(file, "arrived", channel=channel, caller=caller, dialled=dialled, recording=recording)
                except OSError as problem:
                    log.error("a call that we keep is not on record", reason=type(problem).__name__)
            case _:
                pass

    async def _welcome(self, channel: str) -> None:
        media = [f"sound:{self._prompts / Prompt.WELCOME.value}"]
        await self._ari.channels.answer(channelId=channel)
        await self._ari.channels.play(channelId=channel, playbackId=_sound(channel), media=media)

    async def _play_music(self, channel: str, kept: Kept) -> None:
        await self._ari.channels.startMoh(channelId=channel)
        kept.music = True

    async def _hand_over(self, channel: str, kept: Kept, app: str) -> None:
        """The other application is told the same as if the dialplan had offered the call to it. Sound of ours would
        keep it waiting; when it does not take the call, there is music again."""
        if kept.music:
            await self._ari.channels.stopMoh(channelId=channel)
        elif not kept.welcomed:
            with suppress(NotFound):
                await self._ari.playbacks.stop(playbackId=_sound(channel))
        kept.welcomed, kept.music = True, False
        await self._ari.channels.move(channelId=channel, app=app, appArgs=",".join(kept.args))
        await self._next_news(kept)
        if not kept.gone:
            await self._play_music(channel, kept)

    async def _next_news(self, kept: Kept) -> None:
        """Until something happens to this caller, or the others show themselves, at most for a while."""
        beat = asyncio.ensure_future(self._lease.next_beat())
        news = asyncio.ensure_future(kept.news.wait())
        try:
            await asyncio.wait({beat, news}, timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (beat, news):
                waiting.cancel()
            await asyncio.gather(beat, news, return_exceptions=True)


def _sound(channel: str) -> str:
    return f"porter-{channel}"
