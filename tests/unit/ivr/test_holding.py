"""A telephone's own HOLD key: the elder hears words and music, never the silence of somebody who is not listening."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.events import CallRequested, EmergencyRequested, MergeRequested
from ivr.vocabulary import AlarmKind, CaseState, Place, Prompt, Role
from tests.unit.ivr.exchange import MUSIC
from tests.unit.ivr.world import POLICY, World


@pytest.fixture
def on_hold(talking: World) -> World:
    """The only agent holds; the elder has been heard."""
    talking.press_hold_key("a-1")
    return talking


def test_the_elder_is_told_to_wait_and_hears_music_until_the_agent_is_back(on_hold: World) -> None:
    assert on_hold.hears("elder") is Prompt.HOLD
    on_hold.hear_out("elder")
    assert on_hold.hears("elder") == MUSIC
    on_hold.wait(POLICY.comfort_every + 0.1)
    assert on_hold.hears("elder") is Prompt.HOLD
    on_hold.press_hold_key("a-1")
    assert on_hold.hears("elder") == {"a-1"}
    assert on_hold.leg("a-1").held_at is None


def test_since_when_is_on_record(on_hold: World) -> None:
    held_at = on_hold.leg("a-1").held_at
    assert held_at is not None
    assert on_hold.now - held_at < timedelta(seconds=1)
    assert on_hold.leg("elder").place is Place.NOWHERE


def test_an_elder_with_somebody_else_stays_with_them(rescue: World) -> None:
    rescue.ask(MergeRequested, leg="120-1")
    rescue.press_hold_key("b-1")
    assert "120-1" in rescue.hears("elder")
    assert rescue.lines["elder"].sound is None


def test_the_last_of_several_who_holds_leaves_the_elder_with_music(rescue: World) -> None:
    rescue.ask(MergeRequested, leg="120-1")
    rescue.press_hold_key("b-1")
    rescue.press_hold_key("120-1")
    assert rescue.hears("elder") is Prompt.HOLD
    rescue.press_hold_key("120-1")
    assert "120-1" in rescue.hears("elder")


def test_what_the_elder_does_with_their_own_telephone_is_no_pause_of_ours(talking: World) -> None:
    talking.press_hold_key("elder")
    assert talking.hears("elder") == {"a-1"}
    assert talking.leg("elder").held_at is None


def test_nobody_asks_a_silent_elder_whom_nobody_would_hear(silent: World) -> None:
    silent.press_hold_key("a-1")
    silent.wait(4 * POLICY.silence)
    assert silent.case.state is CaseState.TALKING
    assert silent.announced == []
    silent.press_hold_key("a-1")
    silent.wait(POLICY.silence + 0.1)
    assert silent.announced == [Prompt.CAN_YOU_HEAR_ME]


def test_an_elder_who_hangs_up_on_hold_is_rung_back_with_the_same_agent(on_hold: World) -> None:
    on_hold.hang_up("elder")
    assert on_hold.alarms == [AlarmKind.ELDER_HUNG_UP]
    assert on_hold.case.state is CaseState.CALLING_BACK
    on_hold.wait(POLICY.call_back_pause + 0.1)
    on_hold.answer("elder-2")
    assert on_hold.hears("elder-2") is Prompt.HOLD  # the agent holds still
    on_hold.press_hold_key("a-1")
    assert on_hold.hears("elder-2") == {"a-1"}


def test_another_agent_takes_over_from_one_who_holds(on_hold: World) -> None:
    on_hold.take_over(Role.A, "805")
    on_hold.answer("a-2")
    assert on_hold.hears("elder") == {"a-2"}


def test_an_emergency_goes_on_while_the_agent_holds(on_hold: World) -> None:
    on_hold.ask(EmergencyRequested)
    on_hold.ask(CallRequested, target="120")
    on_hold.answer("b-1")
    assert on_hold.hears("elder") == {"b-1"}


def test_an_agent_who_hangs_up_on_hold_has_ended_the_talk(on_hold: World) -> None:
    on_hold.hang_up("a-1")
    assert on_hold.hears("elder") is Prompt.GOODBYE
