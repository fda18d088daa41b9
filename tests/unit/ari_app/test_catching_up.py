"""After a gap: what Asterisk says against what we believed, told as ordinary events; and what a former boot left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.ari.generated.models import Channel
from ari_app.catching_up import NO_ALARMS
from ari_app.desk import SeatState
from ari_app.resync import LOST
from ari_app.taking_over import take_over
from ivr import ids
from ivr.case import Case
from ivr.events import TransferRequested
from ivr.vocabulary import CaseState, Place, Prompt, Result, Role, Skill
from models.journal_entry import JournalEntry
from tests.unit.ari_app.fakes import channel, event, picture, playback_frame, refused
from tests.unit.ari_app.platform import APP, CALLER, Platform, platform, whole_recordings
from tests.unit.ari_app.virtual_time import passes, settled

__all__ = ["whole_recordings"]
VIRTUAL_TIME = True
pytestmark = pytest.mark.usefixtures("whole_recordings")


async def resync(p: Platform, *channels: Channel, ours: tuple[str, ...] | None = None, **more: object) -> None:
    """The link stands again, and this is what lives in Asterisk."""
    p.ari.asked.clear()
    p.ari.living = {c.id for c in channels}
    await p.hears(picture(*channels, ours=ours, **more))  # type: ignore[arg-type]


async def talking(p: Platform) -> Case:
    p.seats("801")
    await p.sos()
    await p.answers("a-1")
    await p.elder_speaks()
    assert (p.case.state, p.case.heard) == (CaseState.TALKING, True)
    return p.case


# --- what we believed against what is ---------------------------------------------------------------------------------


async def test_nothing_has_happened(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        before = p.events
        await resync(p, channel(CALLER), channel(p.channel("a-1")))
        await passes(60)
        assert p.events == before
        assert p.ari.asked == []
        assert p.controller.link_problem == ""


async def test_a_caller_who_hung_up_meanwhile(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        await resync(p)
        assert (p.case.state, p.case.abandoned) == (CaseState.CALLING_BACK, True)
        assert p.case.leg("elder").cause == LOST  # type: ignore[union-attr]
        assert not p.controller.lines.inbound


async def test_an_agent_who_pressed_hold_meanwhile_and_one_who_came_back(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        seat = p.channel("a-1")
        for holds, place in (("1", Place.NOWHERE), ("1", Place.NOWHERE), ("0", Place.ELDER)):
            p.ari.variables[seat, "CHANNEL(rtp,hold)"] = holds
            before = p.events.count("leg_held") + p.events.count("leg_unheld")
            known = (p.case.leg("a-1").held_at is not None) == (holds == "1")  # type: ignore[union-attr]
            await resync(p, channel(CALLER), channel(seat))
            await settled()
            assert p.case.elder is not None
            assert p.case.elder.place is place
            told = p.events.count("leg_held") + p.events.count("leg_unheld") - before
            assert told == (0 if known else 1)


async def test_an_agent_who_was_lost_meanwhile_is_replaced(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await talking(p)
        p.seats("802")
        await resync(p, channel(CALLER))
        assert p.case.state is CaseState.RINGING_SEATS
        assert p.asked("originate")[0][1]["endpoint"] == "PJSIP/802"


async def test_an_agent_who_answered_meanwhile(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        await resync(p, channel(CALLER), channel(p.channel("a-1")))
        assert p.case.state is CaseState.TALKING


async def test_a_leg_that_was_just_dialled_may_be_on_its_way(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        await resync(p, channel(CALLER))
        p.ari.living.add(p.channel("a-1"))
        await passes(4)
        assert p.case.leg("a-1").alive  # type: ignore[union-attr]


async def test_a_leg_that_was_just_dialled_and_never_came_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        await resync(p, channel(CALLER))
        assert p.case.leg("a-1").alive  # type: ignore[union-attr]
        later = p.controller.now().replace(year=2100)
        monkeypatch.setattr(p.controller, "now", lambda: later)  # the wall clock does not jump with the loop's
        await passes(4)
        leg = p.case.leg("a-1")
        assert leg is not None
        assert (leg.cause, leg.result) == (LOST, Result.UNREACHABLE)
        assert p.asked("get channel") == [("get channel", {"channel": p.channel("a-1")})]


async def test_a_look_that_fails_is_left_to_the_next_resync(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        p.ari.refusals["get channel"] = refused(500)
        await resync(p, channel(CALLER))
        await passes(4)
        assert p.case.leg("a-1").alive  # type: ignore[union-attr]


async def test_phones_of_seats_are_as_asterisk_says(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.seats("801", "802")
        await resync(p, endpoints=[("801", "offline"), ("802", "online"), ("trunk", "online")])
        states = {seat.extension: seat.state for seat in p.controller.desk.seats.values()}
        assert states == {"801": SeatState.OFFLINE, "802": SeatState.READY}


# --- what the elder hears (promise 2) ---------------------------------------------------------------------------------


async def test_a_prompt_that_ended_unheard_is_followed_by_music(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        assert p.controller.lines.sounds[CALLER].prompt is Prompt.WELCOME
        await resync(p, channel(CALLER))
        assert p.asked("startMoh") == [("startMoh", {"channel": CALLER})]
        assert p.events[-1] == "prompt_finished"


async def test_a_prompt_that_still_plays_is_left_alone(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        p.ari.sounding.add(p.controller.lines.sounds[CALLER].playback)
        await resync(p, channel(CALLER))
        assert not p.asked("startMoh")


async def test_a_prompt_that_went_on_to_its_music_unheard_is_over(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        sound = p.controller.lines.sounds[CALLER]
        sound.music = "sound:x"
        p.ari.sounding.add(sound.playback)
        await resync(p, channel(CALLER))
        assert p.events[-1] == "prompt_finished"
        assert [name for name, _ in p.ari.asked if name in {"stop", "startMoh"}] == ["stop", "startMoh"]


async def test_a_prompt_that_was_replaced_while_we_asked_is_not_finished(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        p.ari.watched["get playback"] = p.controller.lines.sounds.clear
        await resync(p, channel(CALLER))
        assert not p.asked("startMoh")


# --- what nobody knows ------------------------------------------------------------------------------------------------


async def test_a_caller_whom_a_former_controller_left_goes_back_to_the_start(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await resync(p, channel("old-1", "Up"), channel("old-2", "Ring", app="StasisBroadcast"))
        assert p.ari.asked == [
            ("continue", {"channel": "old-1", "context": "sos-again"}),
            ("continue", {"channel": "old-2", "context": "sos-again"}),
        ]


@pytest.mark.clause("S8")
@pytest.mark.parametrize("context", sorted(NO_ALARMS))
async def test_a_test_call_is_never_made_an_alarm(tmp_path: Path, context: str) -> None:
    async with platform(tmp_path) as p:
        await resync(p, channel("old", context=context))
        assert p.ari.asked == [("hangup", {"channel": "old"})]


@pytest.mark.clause("S8")
async def test_a_test_call_that_is_being_served_is_left_alone(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.call("test", "02100000007", channel="side")
        await resync(p, channel("side", context="terminal-test"))
        assert p.ari.asked == []


async def test_a_leg_of_a_case_that_is_over_is_hung_up(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await resync(p, channel("yjt.20260101-000000-0000.a-1"))
        assert p.ari.asked == [("hangup", {"channel": "yjt.20260101-000000-0000.a-1"})]


async def test_calls_that_are_no_business_of_ours_are_left_alone(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        await resync(p, channel("echo", app="Echo"), channel("fresh", "Ring", creationtime=now))
        assert p.ari.asked == []


async def test_what_cannot_be_cleared_away_is_no_harm(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        p.ari.refusals |= {"continue": refused(409), "hangup": refused(404)}
        await resync(p, channel("old"), channel("yjt.20260101-000000-0000.a-1"))
        assert sorted(p.ari.names) == ["continue", "hangup"]


# --- a former boot's cases --------------------------------------------------------------------------------------------


async def former_boot(tmp_path: Path, *, up_to: str) -> tuple[Case, list[JournalEntry]]:
    """What its journal says of a call that came so far."""
    async with platform(tmp_path) as p:
        if up_to != "ringing, nobody there":
            p.seats("801")
        if up_to == "offered":
            await p.call("sos", "96890", "02100000007", "r.wav")
        else:
            await p.sos()
        if up_to == "talking":
            await p.answers("a-1")
        return p.case, list(p.run.entries)


async def test_people_who_talk_are_taken_over_and_notice_nothing(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="talking")
    async with platform(tmp_path) as p:
        p.seats("801")
        take_over(p.controller, [(case, entries)])
        assert p.controller.desk.seat("801").state is SeatState.TALKING
        p.ari.standing = {ids.bridge_id(case.id, Place.ELDER): {CALLER, p.channel("a-1")}}
        await resync(p, channel(CALLER), channel(p.channel("a-1")), ours=())
        asked = [(name, one.get("channel")) for name, one in p.ari.asked if name != "subscribe"]
        for line in (
            CALLER,
            p.channel("a-1"),
        ):  # with music of which nothing is on record they would not hear the other
            assert [name for name, channel in asked if channel == line] == ["stopMoh", "move"]
        assert p.asked("move")[0][1]["app"] == APP
        assert p.case == case
        await p.elder_speaks()
        await p.ends(p.channel("a-1"))
        assert p.case.state is CaseState.WRAPPING_UP


async def test_a_caller_who_was_not_answered_yet_is_answered(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="offered")
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        await resync(p, channel(CALLER, "Ring"), ours=())
        assert [name for name, one in p.ari.asked if one.get("channel") == CALLER and name != "move"] == ["answer"] * 2
        assert p.asked("create") == [("create", {"bridge": ids.bridge_id(case.id, Place.ELDER)})]


async def test_who_was_not_brought_together_before_the_former_boot_ended_is_now(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="talking")
    bridge = ids.bridge_id(case.id, Place.ELDER)
    async with platform(tmp_path) as p:
        p.seats("801")
        take_over(p.controller, [(case, entries)])
        p.ari.standing = {bridge: {CALLER}}
        await resync(p, channel(CALLER), channel(p.channel("a-1")), ours=())
        assert p.asked("add") == [("add", {"bridge": bridge, "channel": p.channel("a-1")})]


async def test_a_phone_that_still_rings_is_given_up(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="ringing")
    async with platform(tmp_path) as p:
        p.seats("801")
        take_over(p.controller, [(case, entries)])
        await resync(p, channel(CALLER), channel(p.channel("a-1"), "Ringing"), ours=())
        assert ("hangup", {"channel": p.channel("a-1")}) in p.ari.asked
        await p.ends(p.channel("a-1"), cause=26)
        assert p.case.searching == {Role.A}


async def test_a_line_that_was_let_go_and_never_hung_up_is_hung_up(tmp_path: Path) -> None:
    """The former boot died between deciding that the elder's line ends, after the goodbye, and doing it."""
    async with platform(tmp_path) as p:
        p.seats("801")
        await p.sos()
        await p.answers("a-1")
        await p.elder_speaks()
        await p.ends(p.channel("a-1"))
        await passes(p.controller.policy.goodbye)
        assert p.case.state is CaseState.WRAPPING_UP
        case, entries = p.case, list(p.run.entries)
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        await resync(p, channel(CALLER), ours=())
        assert ("hangup", {"channel": CALLER}) in p.ari.asked
        await passes(2 * p.controller.policy.comfort_retry)
        assert not p.asked("play")


async def test_a_line_that_ends_while_it_is_taken_over(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="talking")
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        p.ari.refusals["move"] = refused(404)
        p.ari.watched["move"] = lambda: p.ari.living.discard(CALLER)
        await resync(p, channel(CALLER), channel(p.channel("a-1")), ours=())
        assert p.case.state is CaseState.CALLING_BACK


@pytest.mark.parametrize("lost", ["elder", "both"])
async def test_lines_that_ended_while_nobody_was_there(tmp_path: Path, lost: str) -> None:
    case, entries = await former_boot(tmp_path, up_to="talking")
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        await resync(p, *([] if lost == "both" else [channel(p.channel("a-1"))]), ours=())
        assert p.case.state is CaseState.CALLING_BACK


async def test_an_elder_who_waits_hears_something_soon(tmp_path: Path) -> None:
    """The prompt that was playing has ended, and nobody was there to follow it with music."""
    case, entries = await former_boot(tmp_path, up_to="ringing, nobody there")
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        await resync(p, channel(CALLER), ours=())
        await passes(p.controller.policy.comfort_retry)
        assert [asked["media"] for _, asked in p.asked("play")] == ["comfort calm"]


async def test_music_of_a_former_boot_ends_when_somebody_comes(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="ringing, nobody there")
    async with platform(tmp_path) as p:  # the former boot went on to music
        take_over(p.controller, [(case, entries)])
        await resync(p, channel(CALLER), ours=())
        await passes(3)
        playback = p.asked("play")[0][1]["playback"]
        await p.hears(event("PlaybackFinished", playback=playback_frame(playback, f"channel:{CALLER}")))
        case, entries = p.case, list(p.run.entries)
        assert p.asked("startMoh")
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        await resync(p, channel(CALLER), ours=())
        p.seats("801")
        await settled()
        await p.answers("a-1")
        assert p.asked("stopMoh") == [("stopMoh", {"channel": CALLER})]


async def test_seats_at_work_are_never_given_to_another_case_of_the_former_boot(tmp_path: Path) -> None:
    waiting, waiting_entries = await former_boot(tmp_path, up_to="ringing, nobody there")
    at_work, entries = await former_boot(tmp_path, up_to="talking")
    async with platform(tmp_path) as p:
        p.seats("801")
        take_over(p.controller, [(waiting, waiting_entries), (at_work, entries)])
        assert p.controller.desk.working_on("801") == at_work.id
        p.seats("802")
        assert p.controller.desk.working_on("802") == waiting.id


async def test_a_search_for_a_professional_goes_on_as_one(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="talking")
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        wish = TransferRequested(at=p.controller.now(), actor="seat:801", skill=Skill.DOCTOR)
        refusal = await p.run.request(wish)
        assert refusal is None
        case, entries = p.case, list(p.run.entries)
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        p.seats("802")
        assert p.controller.desk.working_on("802") is None
        p.seats("901", skill=Skill.DOCTOR)
        assert p.controller.desk.working_on("901") == case.id


async def test_a_look_up_that_was_never_answered_is_asked_again(tmp_path: Path) -> None:
    case, entries = await former_boot(tmp_path, up_to="talking")
    assert case.file is None
    async with platform(tmp_path) as p:
        take_over(p.controller, [(case, entries)])
        await settled()
        assert p.events[-1] == "caller_unknown"


async def test_a_recording_that_was_never_looked_at_is_looked_at(tmp_path: Path) -> None:
    async with platform(tmp_path) as p:
        await p.sos()
        await p.ends(CALLER)
        entries = [entry for entry in p.run.entries if entry.event != "recording_ended"]
        case = entries[-1].case
    for known, looked in ((entries, 1), ([*entries, p.run.entries[-1]], 1)):
        async with platform(tmp_path) as q:
            take_over(q.controller, [(case, list(known))])
            await settled()
            assert q.events.count("recording_ended") == looked
