"""After a gap: the difference between what we believe lives and what Asterisk says lives, as ordinary events."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import datetime, timedelta

from ari_app.ari import Resynced
from ari_app.ari.generated.models import Channel
from ari_app.lines import Lines
from ari_app.runner import CaseRun
from ivr import ids
from ivr.case import Leg
from ivr.events import Event, LegAnswered, LegEnded
from ivr.vocabulary import LegState

LOST = 38  # Q.850 "network out of order": the phone broke away, nobody hung up
UNDER_WAY = timedelta(seconds=3)  # a leg younger than this may not have reached Asterisk yet


def differences(
    runs: Iterable[CaseRun], lines: Lines, channels: Iterable[Channel], at: datetime, *, only: str | None = None
) -> Iterator[tuple[str, Event]]:
    """What must have happened while we did not hear: (case, event) pairs. `only`: look at this channel alone."""
    alive = {channel.id: channel for channel in channels}
    for run in tuple(runs):
        for leg in run.case.live():
            address = ids.Address(run.case.id, leg.id)
            channel_id = lines.channel(address)
            if address in lines.held or (only is not None and channel_id != only):
                continue
            channel = alive.get(channel_id)
            if channel is None and not _may_be_under_way(leg, at):
                lines.gone(channel_id)
                yield run.case.id, LegEnded(at=at, actor="system", leg=leg.id, cause=LOST)
            elif channel is not None and channel.state == "Up" and not leg.up:
                yield run.case.id, LegAnswered(at=at, actor="system", leg=leg.id)


def under_way(runs: Iterable[CaseRun], lines: Lines, channels: Iterable[Channel], at: datetime) -> Iterator[str]:
    """Channels that `differences` passes over because they may not have reached Asterisk yet: look again later."""
    alive = {channel.id for channel in channels}
    for run in tuple(runs):
        for leg in run.case.live():
            channel_id = lines.channel(ids.Address(run.case.id, leg.id))
            if channel_id not in alive and _may_be_under_way(leg, at):
                yield channel_id


def _may_be_under_way(leg: Leg, at: datetime) -> bool:
    return (
        leg.id != ids.ELDER
        and leg.state is LegState.DIALLING
        and leg.dialled_at is not None
        and at - leg.dialled_at < UNDER_WAY
    )


def adoptable(runs: Container[str], lines: Lines, picture: Resynced) -> Iterator[Channel]:
    """Lines of our cases that do not belong to our application: a former boot's."""
    ours = frozenset(picture.application.channel_ids)
    for channel in picture.channels:
        address = lines.address(channel.id)
        if address is not None and address.case in runs and channel.id not in ours:
            yield channel


def strangers(
    runs: Container[str], lines: Lines, channels: Iterable[Channel], *, ours: Container[str]
) -> Iterator[Channel]:
    """Channels in a Stasis application that neither a live case nor we (`ours`) know: left by a controller that is
    gone. One that is only being offered is among them too; it cannot be taken from where it is, so no harm is done."""
    for channel in channels:
        address = lines.address(channel.id)
        if channel.id in ours or (address is not None and address.case in runs):
            continue
        in_stasis = channel.dialplan.app_name in {"Stasis", "StasisBroadcast"}
        if in_stasis and (address is not None or not _fresh(channel)):
            yield channel


def _fresh(channel: Channel) -> bool:
    """It is only now being offered to us."""
    return (datetime.now(channel.creationtime.tzinfo) - channel.creationtime) < UNDER_WAY
