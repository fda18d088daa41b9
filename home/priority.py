"""Who may put themselves before others on the processor."""

from __future__ import annotations

import ctypes
from typing import Final

_PR_CAPBSET_DROP: Final = 24  # linux/prctl.h
_CAP_SYS_NICE: Final = 23  # linux/capability.h


def nobody_first() -> None:
    """From now on no program that this process starts can raise its own priority. A browser that root starts does: its
    threads have real-time priority for sound and come before the telephones beside it, which are cut to pieces.
    Whoever is not root cannot, and needs nothing of this."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)
