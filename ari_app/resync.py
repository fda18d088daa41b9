"""After a gap: the difference between what we believe lives and what Asterisk says lives, as ordinary events; and what
lives there that nobody wants any more, or is not where it belongs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ari_app.ari import Resynced
from ari_app.ari.generated.models import Bridge, Channel
from ari_app.lines import Lines
from ari_app.runner import CaseRun
from ivr import ids
from ivr.case import Case, Leg
from ivr.commands import Answer, Join, Leave, LineCommand, MakeBridge, StopSound
from ivr.events import Event, LegAnswered, LegEnded
from ivr.vocabulary import OUT_OF_ORDER, CaseState, LegState, Place

LOST = OUT_OF_ORDER  # the phone broke away, or was put down while nobody heard
UNDER_WAY = timedelta(seconds=3)  # a leg younger than this may not have reached Asterisk yet


def broken(runs: Iterable[CaseRun], lines: Lines, picture: Resynced) -> list[CaseRun]:
    """The cases whose lines died with the Asterisk before this one, and which have not been told: older than it, and
    nothing of them lives in it."""
    if picture.started is None:
        return []
    alive = {channel.id for channel in picture.channels}
    return [run for run in runs if _older(run.case, picture.started) and not alive.intersection(_channels(run, lines))]


def _older(case: Case, started: datetime) -> bool:
    known = case.exchange_since or case.opened_at
    return case.state is not CaseState.CLOSED and known is not None and known < started


def _channels(run: CaseRun, lines: Lines) -> Iterator[str]:
    return (lines.channel(ids.Address(run.case.id, leg.id)) for leg in run.case.live())


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
    """Of those that we dial: a call that came in was there before we knew of it."""
    return (
        not leg.channel
        and leg.state is LegState.DIALLING
        and leg.dialled_at is not None
        and at - leg.dialled_at < UNDER_WAY
    )


def adoptable(runs: Container[str], lines: Lines, picture: Resynced) -> Mapping[str, Sequence[Channel]]:
    """Lines of our cases that do not belong to our application, a former boot's, by their case."""
    ours, found = frozenset(picture.application.channel_ids), defaultdict[str, list[Channel]](list)
    for channel in picture.channels:
        address = lines.address(channel.id)
        if address is not None and address.case in runs and channel.id not in ours:
            found[address.case].append(channel)
    return found


def strangers(
    runs: Container[str], lines: Lines, channels: Iterable[Channel], *, ours: Container[str]
) -> Iterator[Channel]:
    """Channels in a Stasis application that neither a live case nor we (`ours`) know: left by a controller that is
    gone. One that is only being offered is among them too; it cannot be taken from where it is, so no harm is done."""
    for channel in _unknown(runs, lines, channels, ours=ours):
        if lines.address(channel.id) is not None or not _fresh(channel):
            yield channel


def newcomers(
    runs: Container[str], lines: Lines, channels: Iterable[Channel], *, ours: Container[str]
) -> Iterator[Channel]:
    """Callers who are only now being offered, or were just handed to us: that may have been told to a link that was
    dead already, so they have to be looked at again."""
    for channel in _unknown(runs, lines, channels, ours=ours):
        if lines.address(channel.id) is None and _fresh(channel):
            yield channel


def _unknown(
    runs: Container[str], lines: Lines, channels: Iterable[Channel], *, ours: Container[str]
) -> Iterator[Channel]:
    for channel in channels:
        address = lines.address(channel.id)
        known = channel.id in ours or (address is not None and address.case in runs)
        if not known and channel.dialplan.app_name in {"Stasis", "StasisBroadcast"}:
            yield channel


def unwanted(runs: Mapping[str, CaseRun], lines: Lines, channels: Iterable[Channel]) -> Iterator[str]:
    """Channels that we have given up, and that do not know it: the request to hang up was lost, perhaps with the
    controller that had decided it, or a leg whose dialling was said to have failed rings all the same."""
    for channel in channels:
        address = lines.address(channel.id)
        run = runs.get(address.case) if address is not None else None
        leg = run.case.leg(address.leg) if run is not None and address is not None else None
        if channel.id in lines.hanging_up or (leg is not None and (leg.hung_up or not leg.alive)):
            yield channel.id


def empty_bridges(runs: Mapping[str, CaseRun], bridges: Iterable[Bridge]) -> Iterator[str]:
    """Bridges of ours that no case has any more, and nobody is in: the request to remove them was lost."""
    for bridge in bridges:
        address = ids.parse(bridge.id)
        if address is None or bridge.channels:
            continue
        run = runs.get(address.case)
        if run is None or all(ids.bridge_id(address.case, place) != bridge.id for place in run.case.bridges):
            yield bridge.id


def out_of_place(case: Case, lines: Lines, there: Mapping[Place, Container[str] | None]) -> Iterator[LineCommand]:
    """What makes Asterisk agree with the case after requests were lost. `there`: the channels in each of the case's
    bridges, None where there is no such bridge. All of it may be done twice."""
    yield from (MakeBridge(place) for place, channels in there.items() if channels is None)
    for leg in case.live():
        channel = lines.channel(ids.Address(case.id, leg.id))
        if not leg.up:
            if leg.channel:
                yield Answer(leg.id)
            continue
        inside = [place for place, channels in there.items() if channel in (channels or ())]
        if leg.place is not Place.NOWHERE and leg.place not in inside:
            yield from (StopSound(leg.id), Join(leg.id, leg.place))
        elif leg.place is Place.NOWHERE:
            yield from (Leave(leg.id, place) for place in inside)


def _fresh(channel: Channel) -> bool:
    """It is only now being offered to us."""
    return (datetime.now(channel.creationtime.tzinfo) - channel.creationtime) < UNDER_WAY
