"""What personal data was revealed to whom, after they had said why. Who may ask for that is decided in `rights.py`."""

import time
from collections import OrderedDict
from typing import Final

from web.accounts import Account

REVEALED_FOR: Final = 600.0  # seconds: a telephone call and what is written down of it
MOST_REVEALS: Final = 10_000


class Reveals:
    """What was revealed to whom (or heard by whom), and until when. In memory: after a restart people say again why."""

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[int, str], float] = OrderedDict()

    def add(self, account: Account, record: str) -> None:
        self._until[account.id, record] = time.monotonic() + REVEALED_FOR
        self._until.move_to_end((account.id, record))
        while len(self._until) > MOST_REVEALS:
            self._until.popitem(last=False)

    def covers(self, account: Account, record: str) -> bool:
        return self._until.get((account.id, record), 0) > time.monotonic()
