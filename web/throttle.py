"""How often somebody may try: a token bucket for each key, in memory. For log-ins; never for alarms."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
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
