"""How many people it takes to answer calls in time: Erlang C. The formula is erlanglib's; how many is asked here.

The library sets the precision of decimal numbers of whoever imports it to a thousand places, and computes by it. It is
imported, and called, with a context of its own: a thousand places are of no use to us and fifty times slower.
"""

from __future__ import annotations

import math
from decimal import Context, localcontext
from functools import lru_cache
from typing import Final

with localcontext():
    import erlanglib

MOST: Final = 1_000  # people: no centre is larger
_CONTEXT: Final = Context(prec=40)


@lru_cache(maxsize=8192)
def in_time(people: int, calls: float, handling: float, *, within: float, over: float) -> float:
    """The share of calls that are answered within so many seconds, from 0 to 1. `calls` come in `over` seconds and take
    `handling` seconds each; 0 when fewer people work than there is work."""
    load = calls * handling / over
    if load <= 0:
        return 1.0 if people > 0 else 0.0
    if people <= load:
        return 0.0
    with localcontext(_CONTEXT):
        waits = erlanglib.erlang_c(people, load)
        return max(0.0, min(1.0, float(erlanglib.service_level(people, load, waits, within, handling))))


def people_for(calls: float, handling: float, *, share: float, within: float, over: float, least: int) -> int:
    """The fewest people, `least` at least, who answer `share` of the calls within so many seconds."""
    people = max(least, math.floor(calls * handling / over) + 1) if calls * handling > 0 else least
    while people < MOST and in_time(people, calls, handling, within=within, over=over) < share:
        people += 1
    return people


def on_the_roster(people: int, shrinkage: float) -> int:
    """How many have to be planned so that so many are at work, when a share of the time is lost to breaks, training and
    illness."""
    return 0 if people <= 0 else int(erlanglib.required_agents(people, 100 * shrinkage))


def at_work(planned: int, shrinkage: float) -> int:
    """The other way round: of so many planned, how many are at work; never more than is sure."""
    return math.floor(planned * (1 - shrinkage) + 1e-9)
