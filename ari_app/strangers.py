"""Who knocks at the SIP door without being let in, and when an address has done so too often: pure, no clock, no I/O.

The rule: so many failures in so many seconds, and the address is banned, each time for longer. Never banned are the
addresses that are spared (the trunk's, this machine's, those the operator names), and those where a seat has proven its
password lately: behind one address sits a whole call centre, and neither an agent's mistyped password nor somebody who
forges that address may lock it out. Such an address is reported instead.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from ari_app.ami import SecurityEvent, SecurityKind

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SIP = "PJSIP"
MOST_WATCHED = 20_000  # addresses whose failures are counted; the one that was quiet for longest makes room
MOST_BANNED = 1_000  # Asterisk walks the list for every request: 1000 cost it 0.04 ms; the nearest end makes room
_FAILURES = frozenset(
    {
        # Also the mere question for a password, as long as nobody from there has known one: who only asks is guessing
        # names. `InvalidAccountID` is no failure of its own: a challenge or a failed proof goes with it.
        SecurityKind.CHALLENGED,
        SecurityKind.FAILED_PROOF,
        SecurityKind.WRONG_PASSWORD,
        SecurityKind.OUTSIDE_ACL,
        SecurityKind.BAD_FORMAT,
        SecurityKind.BAD_TRANSPORT,
        SecurityKind.NOT_ALLOWED,
        SecurityKind.AUTH_METHOD,
        SecurityKind.UNEXPECTED_ADDRESS,
    }
)


@dataclass(frozen=True, slots=True)
class BanLimits:
    """A telephone with a wrong password tries once or twice a minute, a scanner a hundred times a second."""

    failures: int = 30
    window: timedelta = timedelta(seconds=60)
    first: timedelta = timedelta(minutes=10)
    longest: timedelta = timedelta(days=7)
    growth: int = 6  # each ban is so many times as long as the one before: 10 min, 1 h, 6 h, 36 h, 7 d
    forgotten: timedelta = timedelta(days=30)  # after the end of a ban, the next is a first one
    trusted: timedelta = timedelta(hours=24)  # after a seat has proven its password there

    def length(self, times: int) -> timedelta:
        """Of the so manieth ban in a row."""
        grown: int = self.growth ** min(times - 1, 10)
        return min(self.longest, self.first * grown)


@dataclass(frozen=True, slots=True)
class Ban:
    """One address (IPv6: the /64 that one customer has) that gets no hearing. `failures` are those that led to it,
    `times` how many bans in a row this is."""

    network: Network
    since: datetime
    until: datetime
    failures: int
    times: int = 1

    @property
    def seconds(self) -> int:
        return round((self.until - self.since).total_seconds())

    def holds(self, at: datetime) -> bool:
        return at < self.until


@dataclass(frozen=True, slots=True)
class Spared:
    """This network has earned a ban that it does not get."""

    network: Network
    failures: int


@dataclass(frozen=True, slots=True)
class Trusted:
    """A seat has proven its password from this network."""

    network: Network


def network_of(address: Address) -> Network:
    """What is counted and banned as one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return IPv4Network(address.ipv4_mapped)
        return IPv6Network((address, 64), strict=False)
    return IPv4Network(address)


class Strangers:
    """`spared` are the networks that are never banned."""

    def __init__(self, limits: BanLimits, spared: Iterable[Network] = ()) -> None:
        self._limits = limits
        self._spared = tuple(spared)
        self._failures: OrderedDict[Network, deque[datetime]] = OrderedDict()
        self._trusted: dict[Network, datetime] = {}
        self._bans: dict[Network, Ban] = {}

    def remember(self, bans: Iterable[Ban], trusted: Mapping[Network, datetime]) -> None:
        """What was on record from a former life."""
        self._bans.update((ban.network, ban) for ban in bans)
        self._trusted.update(trusted)

    def banned(self, at: datetime) -> list[Ban]:
        """Those that hold, the nearest end last; more than Asterisk should walk through are not kept."""
        holding = sorted((ban for ban in self._bans.values() if ban.holds(at)), key=lambda ban: ban.until, reverse=True)
        return holding[:MOST_BANNED]

    def heard(self, event: SecurityEvent, at: datetime) -> Ban | Spared | Trusted | None:
        """What comes of this event: a new ban, one that is not spoken, trust, or nothing."""
        if event.service != SIP:
            return None
        network = network_of(event.address)
        if event.kind is SecurityKind.PROVEN:
            self._trusted[network] = at
            self._failures.pop(network, None)
            return Trusted(network)
        if event.kind in _FAILURES and not (event.kind is SecurityKind.CHALLENGED and self.trusts(network, at)):
            return self._failed(network, at)
        return None

    def trusts(self, network: Network, at: datetime) -> bool:
        """Whether a seat has proven its password there lately."""
        seen = self._trusted.get(network)
        return seen is not None and at - seen < self._limits.trusted

    def lift(self, network: Network, at: datetime) -> Ban | None:
        """Ends the ban and forgets what led to it; the ban as it ends, or None when there is none."""
        ban = self._bans.get(network)
        if ban is None or not ban.holds(at):
            return None
        del self._bans[network]
        self._failures.pop(network, None)
        return replace(ban, until=at)

    def tidy(self, at: datetime) -> None:
        """Forgets what counts no more."""
        limits = self._limits
        self._bans = {n: ban for n, ban in self._bans.items() if at - ban.until < limits.forgotten}
        self._trusted = {n: seen for n, seen in self._trusted.items() if at - seen < limits.trusted}
        for network in [n for n, times in self._failures.items() if at - times[-1] >= limits.window]:
            del self._failures[network]

    def _failed(self, network: Network, at: datetime) -> Ban | Spared | None:
        times = self._failures.setdefault(network, deque(maxlen=self._limits.failures))
        self._failures.move_to_end(network)
        if len(self._failures) > MOST_WATCHED:
            self._failures.popitem(last=False)
        times.append(at)
        if len(times) < self._limits.failures or at - times[0] > self._limits.window:
            return None
        del self._failures[network]
        if self.trusts(network, at) or any(_overlap(network, one) for one in self._spared):
            return Spared(network, len(times))
        before = self._bans.get(network)
        if before is not None and before.holds(at):
            return None  # what was on its way when the ban was spoken
        again = before is not None and at - before.until < self._limits.forgotten
        count = before.times + 1 if before is not None and again else 1
        ban = Ban(network, at, at + self._limits.length(count), len(times), count)
        self._bans[network] = ban
        return ban


def parse_network(text: str) -> Network:
    """An address or a network as an operator writes it, as it is banned. Raises ValueError."""
    network = ip_network(text.strip(), strict=False)
    return network_of(network.network_address) if network.prefixlen == network.max_prefixlen else network


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
