"""How often somebody may try: a token bucket for each key, in memory. What is limited is told by `limits.py`."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

MOST_KEYS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Throttle:
    """At most `burst` tries at once, refilled at `per_minute` a minute."""

    def __init__(self, *, burst: int, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._rate = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, *, weight: float = 1) -> int:
        """0 when the try is allowed, else the seconds to wait. A lighter try may be made more often."""
        now = self._clock()
        bucket = self._buckets.pop(key, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        self._buckets[key] = bucket
        while len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        if bucket.tokens >= weight:
            bucket.tokens -= weight
            return 0
        return ceil((weight - bucket.tokens) / self._rate)


@dataclass(frozen=True, slots=True)
class Limits:
    """For each account; for each account that hands in alarms (a district's gateway speaks for thousands of devices);
    for each address of which nobody is logged in."""

    requests: Throttle = field(default_factory=lambda: Throttle(burst=300, per_minute=1_200))
    alarms: Throttle = field(default_factory=lambda: Throttle(burst=1_000, per_minute=12_000))
    strangers: Throttle = field(default_factory=lambda: Throttle(burst=200, per_minute=600))
