"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds: doubles from `first` to `most`, each shortened at random by up to half, so that clients spread.

    A link that held for `steady` seconds was good: the next attempt starts at `first` again. One that ends sooner
    counts as a failure, or a server that accepts and closes would be hammered.
    """

    first: float = 0.05
    most: float = 2.0
    steady: float = 5.0

    def wait(self, failures: int) -> float:
        """The pause after so many failures in a row (0: the first attempt after a good link)."""
        full = min(self.most, self.first * 2.0 ** min(failures, 30))
        return full * random.uniform(0.5, 1.0)
