"""Worlds at the point where a story begins."""

from __future__ import annotations

import pytest

from ivr.events import CallRequested, EmergencyRequested, SilentRequested, TransferRequested
from ivr.vocabulary import Skill
from tests.unit.ivr.world import World


@pytest.fixture
def ringing() -> World:
    """The call was answered and the first seat rings."""
    world = World()
    world.call()
    return world


@pytest.fixture
def talking(ringing: World) -> World:
    """Agent A and the elder speak."""
    ringing.answer("a-1")
    ringing.say("elder")
    return ringing


@pytest.fixture
def silent(ringing: World) -> World:
    """Agent A is with an elder of whom nothing has been heard."""
    ringing.answer("a-1")
    return ringing


@pytest.fixture
def unanswered(silent: World) -> World:
    """Nobody has answered two call-backs: A and B are on the case; the contacts and the elder are rung."""
    silent.ask(SilentRequested)
    silent.wait(2 * (silent.policy.call_back_pause + silent.policy.call_back_ring) + 1)
    silent.answer("b-1")
    silent.wait(silent.policy.redial_pause)
    return silent


@pytest.fixture
def consulting(talking: World) -> World:
    """Agent A and a doctor speak alone; the elder waits."""
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    talking.answer("x-1")
    return talking


@pytest.fixture
def emergency(talking: World) -> World:
    """A and the elder speak; B's phone rings."""
    talking.ask(EmergencyRequested)
    return talking


@pytest.fixture
def rescue(emergency: World) -> World:
    """B is with the elder; A speaks with 120; both contacts' phones ring."""
    emergency.answer("b-1")
    emergency.ask(CallRequested, target="120")
    emergency.answer("120-1")
    return emergency
