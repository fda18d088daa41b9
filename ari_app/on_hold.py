"""Whether seats hold their lines, asked of Asterisk after a gap: while we did not hear, somebody may have pressed
HOLD, and an elder would listen to nothing, or taken the call back, and an elder would listen to music for ever. Whoever
held from the desk (`handsets.py`) does so until the desk takes the call back: a variable of the channel says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

import structlog

from ari_app.ari import AriError, Client, NotFound
from ari_app.lines import Lines
from ari_app.runner import CaseRun
from ivr.case import Leg
from ivr.events import Event, LegHeld, LegUnheld
from ivr.ids import Address
from ivr.vocabulary import LegKind

log = structlog.get_logger(__name__)
VARIABLE: Final = "CHANNEL(rtp,hold)"  # 1 or 0, of the side that is not ours
AT_DESK: Final = "YJT_ON_HOLD"


def seats_on_line(runs: Iterable[CaseRun]) -> list[Address]:
    """The lines of seats that talk, or hold."""
    return [Address(run.case.id, leg.id) for run in runs for leg in run.case.live(LegKind.SEAT) if leg.up]


async def is_set(client: Client, channel: str, variable: str) -> bool:
    """Not when it was never set, or the line has ended. Raises AriError."""
    try:
        return (await client.channels.getChannelVar(channelId=channel, variable=variable)).value not in {"", "0"}
    except NotFound:
        return False


async def ask(
    client: Client,
    lines: Lines,
    runs: Mapping[str, CaseRun],
    address: Address,
    *,
    post: Callable[[str, Event], None],
    now: Callable[[], datetime],
) -> None:
    """Tell the case when it has it otherwise. The end of a line is told by its own event."""
    try:
        channel = lines.channel(address)
        answer = await client.channels.getChannelVar(channelId=channel, variable=VARIABLE)
        holds = answer.value == "1" or await is_set(client, channel, AT_DESK)
    except AriError as problem:
        log.info("whether a telephone holds its line is not known", reason=str(problem))
        return
    leg = _leg(runs, address)
    if leg is not None and leg.up and holds != (leg.held_at is not None):
        event = LegHeld if holds else LegUnheld
        post(address.case, event(at=now(), actor="system", leg=address.leg))


def _leg(runs: Mapping[str, CaseRun], address: Address) -> Leg | None:
    run = runs.get(address.case)
    return None if run is None else run.case.leg(address.leg)
