"""The watch at the SIP door: hears Asterisk's security events, keeps count (`strangers.py`), has addresses banned, and
keeps bans over restarts. One task with one mailbox; no call ever waits for it, and calls go on without it.

How Asterisk is told is `sip_access_list.py`'s. Each ban is a line in HOME/log/sip-bans.log too, for fail2ban and
nftables (docs/security.md).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from ari_app.ami import AmiLink, SecurityEvent
from ari_app.ari import AriError, Client
from ari_app.ban_records import append, ban_of, line_of, row_of
from ari_app.sip_access_list import AccessList
from ari_app.strangers import Ban, BanLimits, Network, Spared, Strangers, Trusted
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database, DatabaseUnavailable
from models.sip_bans import SipBan, all_bans, all_trusted, keep_ban, keep_trusted

log = structlog.get_logger(__name__)
BAN_LOG = "log/sip-bans.log"
TURN = 1.0  # seconds: bans end, and what failed is tried again, this much late at most
RETRY = 5.0  # seconds after which what the database or Asterisk did not take is tried again
MOST_WAITING = 10_000  # events; of a flood beyond that nothing new is to be learnt
TRUST_KEPT_EVERY = timedelta(hours=1)  # a seat proves its password every few minutes: not each time is written down
SPARED_TOLD = timedelta(minutes=10)  # for which /ready tells of an address that was not banned
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Lift:
    """Somebody wants a ban to end; `done` is told whether there was one."""

    network: Network
    by: str
    done: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class MakeLink(Protocol):
    """An `AmiLink` with everything but its listeners."""

    def __call__(self, *, linked: Callable[[], None], heard: Callable[[SecurityEvent], None]) -> AmiLink: ...


class SipWatch:
    """`problems` says in plain words what does not work now; `counted` how many events there were since the start, by
    service and Asterisk's name for them (`PJSIP.ChallengeSent`)."""

    def __init__(
        self,
        client: Client,
        database: Database,
        *,
        ami: MakeLink,
        strangers: Strangers,
        ban_log: Path,
        now: Callable[[], datetime],
        banned: Callable[[], None] = lambda: None,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._list, self._database = AccessList(client), database
        self._ami = ami(linked=self._linked, heard=self._heard)
        self._strangers = strangers
        self._ban_log = ban_log
        self._now = now
        self._banned = banned
        self._mailbox: asyncio.Queue[SecurityEvent | Lift | None] = asyncio.Queue(MOST_WAITING)
        self._loaded = False
        self._told: list[Network] | None = None  # what Asterisk's list holds; None: to be told anew
        self._unkept: dict[Network, SipBan] = {}
        self._trust_kept: dict[Network, datetime] = {}
        self._trust_new: dict[Network, datetime] = {}
        self._unwritten: list[str] = []
        self._again: dict[str, float] = {}  # what failed -> the loop's time at which to try again
        self._problem: dict[str, str] = {}
        self._spared: tuple[Spared, datetime] | None = None

    @property
    def problems(self) -> list[str]:
        found = [f"sip: strangers are not counted, AMI: {self._ami.problem}"] if self._ami.problem else []
        found += self._problem.values()
        if self._spared is not None and self._now() - self._spared[1] < SPARED_TOLD:
            found.append(
                f"sip: {self._spared[0].network} fails often but is not banned: trunk, seat or named as spared"
            )
        return found

    @property
    def linked(self) -> bool:
        """Whether Asterisk's security events are heard now."""
        return self._ami.linked

    def banned(self) -> list[Ban]:
        return self._strangers.banned(self._now())

    async def lift(self, network: Network, by: str) -> bool:
        """Ends a ban; whether there was one."""
        wish = Lift(network, by)
        await self._mailbox.put(wish)
        return await wish.done

    async def run(self) -> None:
        """For ever."""
        listening = asyncio.create_task(self._ami.run(), name="ami")
        try:
            while not listening.done():
                try:
                    await self._turn()
                except Exception:
                    # The outermost guard: whatever is wrong here must neither end the watch nor touch a call.
                    log.exception("the watch at the SIP door has stumbled")
                    await asyncio.sleep(RETRY)
            listening.result()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    # --- what is heard ------------------------------------------------------------------------------------------

    def _linked(self) -> None:
        """AMI has let us in: it may be another Asterisk, which knows of no ban."""
        self._told = None
        self._wake()

    def _heard(self, event: SecurityEvent) -> None:
        self.counted[f"{event.service}.{event.kind}"] += 1
        with suppress(asyncio.QueueFull):
            self._mailbox.put_nowait(event)

    def _wake(self) -> None:
        with suppress(asyncio.QueueFull):
            self._mailbox.put_nowait(None)

    async def _turn(self) -> None:
        """Everything that has come in, then what follows from it."""
        await self._load()
        lifts: list[tuple[Lift, bool]] = []
        for item in await self._next():
            match item:
                case SecurityEvent():
                    self._judge(item, self._now())
                case Lift():
                    lifts.append((item, self._lifted(item)))
                case None:
                    pass
        self._strangers.tidy(self._now())
        await self._tell_asterisk()
        await self._keep()
        for wish, existed in lifts:
            if not wish.done.done():
                wish.done.set_result(existed)

    async def _next(self) -> list[SecurityEvent | Lift | None]:
        found: list[SecurityEvent | Lift | None] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(TURN):
                found.append(await self._mailbox.get())
        while not self._mailbox.empty() and len(found) < MOST_WAITING:
            found.append(self._mailbox.get_nowait())
        return found

    def _judge(self, event: SecurityEvent, at: datetime) -> None:
        match self._strangers.heard(event, at):
            case Ban() as ban:
                told = {"seconds": ban.seconds, "failures": ban.failures, "times": ban.times}
                log.warning("a SIP address is banned", network=str(ban.network), **told)
                self._unkept[ban.network] = row_of(ban)
                self._unwritten.append(line_of(ban))
                self._banned()
            case Spared() as spared:
                log.warning("a SIP address fails often, and is never banned", network=str(spared.network))
                self._spared = (spared, at)
            case Trusted(network):
                kept = self._trust_kept.get(network)
                if kept is None or at - kept > TRUST_KEPT_EVERY:
                    self._trust_new[network] = at
            case None:
                pass

    def _lifted(self, wish: Lift) -> bool:
        ended = self._strangers.lift(wish.network, self._now())
        if ended is None:
            return False
        log.warning("the ban of a SIP address is lifted", network=str(wish.network), by=wish.by)
        self._unkept[wish.network] = row_of(ended, lifted_by=wish.by)
        return True

    # --- what Asterisk is told ----------------------------------------------------------------------------------

    async def _tell_asterisk(self) -> None:
        """The whole list, when it has changed."""
        wanted = [ban.network for ban in self._strangers.banned(self._now())]
        if wanted == self._told or not self._may_try("asterisk"):
            return
        try:
            await self._list.becomes(wanted)
        except AriError as problem:
            self._failed("asterisk", "not in force", problem)
            return
        self._told = wanted
        self._problem.pop("asterisk", None)

    # --- what is kept -------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        """What a former boot had on record, once. Until then new bans are spoken all the same."""
        if self._loaded or not self._may_try("database"):
            return
        try:
            async with self._database.read() as session:
                bans = [ban_of(row) for row in await all_bans(session)]
                trusted = {ip_network(row.network): row.seen_at for row in await all_trusted(session)}
        except DatabaseUnavailable as away:
            self._failed("database", "not on record", away)
            return
        self._strangers.remember(bans, trusted)
        self._trust_kept = dict(trusted)
        self._loaded = True

    async def _keep(self) -> None:
        lines, self._unwritten = self._unwritten, []
        if lines:
            await asyncio.to_thread(append, self._ban_log, lines)
        if not (self._unkept or self._trust_new) or not self._may_try("database"):
            return
        try:
            async with self._database.write() as session:
                for row in self._unkept.values():
                    await keep_ban(session, row)
                for network, seen in self._trust_new.items():
                    await keep_trusted(session, str(network), seen)
        except DatabaseUnavailable as away:
            self._failed("database", "not on record", away)
            return
        self._trust_kept.update(self._trust_new)
        self._unkept, self._trust_new = {}, {}
        self._problem.pop("database", None)

    def _may_try(self, what: str) -> bool:
        return asyncio.get_running_loop().time() >= self._again.get(what, 0.0)

    def _failed(self, what: str, so: str, problem: Exception) -> None:
        self._again[what] = asyncio.get_running_loop().time() + RETRY
        if what not in self._problem:
            log.warning("SIP bans", what=what, so=so, reason=str(problem))
        self._problem[what] = f"sip: bans are {so} ({type(problem).__name__})"


def spared_networks(settings: Settings) -> list[Network]:
    """Never banned: this machine, the trunk, and whom the operator names."""
    words = [*settings.trunk_match, *settings.sip_never_ban, settings.sip_host]
    if settings.trunk_contact:
        words.append(urlsplit(f"//{settings.trunk_contact.split(':', 1)[1]}").hostname or "")
    found = list(_LOOPBACK)
    for word in words:
        with suppress(ValueError):  # a trunk that is reached by a name
            network = ip_network(word, strict=False)
            if not network.network_address.is_unspecified:
                found.append(network)
    return found


def watch_of(
    settings: Settings,
    keys: Secrets,
    client: Client,
    database: Database,
    *,
    now: Callable[[], datetime],
    banned: Callable[[], None],
) -> SipWatch:
    """The watch of one platform, not running yet; `banned` is called for each new ban."""
    limits = BanLimits(
        failures=settings.sip_ban_failures,
        window=timedelta(seconds=settings.sip_ban_window),
        first=timedelta(seconds=settings.sip_ban_first),
    )
    return SipWatch(
        client,
        database,
        ami=partial(AmiLink, settings.ami_port, user=keys.ami_user, password=keys.ami_password),
        strangers=Strangers(limits, spared_networks(settings)),
        ban_log=settings.home / BAN_LOG,
        now=now,
        banned=banned,
    )
