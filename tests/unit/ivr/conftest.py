"""Worlds at the point where a story begins."""

from __future__ import annotations

import pytest

from ivr.events import CallRequested, EmergencyRequested
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
    return ringing


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
