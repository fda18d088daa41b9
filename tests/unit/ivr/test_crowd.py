"""Many wait for few seats: what an elder in a long row hears, and when one who has hung up is rung back."""

from __future__ import annotations

import pytest

from ivr.commands import Command, Dial, Play
from ivr.events import Queued
from ivr.policy import Policy
from ivr.vocabulary import CaseState, LegKind, Prompt
from tests.unit.ivr.exchange import MUSIC
from tests.unit.ivr.world import POLICY, World

CROWD = int(POLICY.crowd)


def waiting(ahead: int, policy: Policy = POLICY) -> World:
    """An elder has called, no seat is free, and so many stand before them."""
    world = World(seats=[], policy=policy)
    world.call()
    world.tell(Queued(at=world.now, actor="system", ahead=ahead))
    return world


def prompts(commands: tuple[Command, ...]) -> list[Prompt]:
    return [command.prompt for command in commands if isinstance(command, Play)]


def rung_back(commands: tuple[Command, ...]) -> int:
    return sum(isinstance(command, Dial) and command.kind is LegKind.ELDER for command in commands)


@pytest.mark.clause("K2")
def test_in_a_long_row_the_elder_hears_that_their_place_is_kept() -> None:
    world = waiting(CROWD - 1)
    assert prompts(world.hear_out("elder")) == [Prompt.PLACE_KEPT]
    world.hear_out("elder")
    assert world.hears("elder") == MUSIC
    assert prompts(world.wait(POLICY.comfort_every + 1)) == [Prompt.PLACE_KEPT]


def test_in_a_short_row_the_words_are_as_ever() -> None:
    world = waiting(CROWD - 2)
    world.hear_out("elder")
    assert world.hears("elder") == MUSIC
    assert prompts(world.wait(POLICY.comfort_every + 1)) == [Prompt.COMFORT]


def test_whose_turn_it_is_hears_no_more_of_the_row() -> None:
    world = waiting(CROWD, Policy.of({"comfort_every": 5}))
    world.hear_out("elder")
    world.seats = ["801"]
    world.give_seats()
    world.settle()
    world.hear_out("elder")
    assert prompts(world.wait(6)) == [Prompt.COMFORT]


def test_a_place_in_the_row_is_forgotten_once_an_agent_is_there() -> None:
    world = waiting(CROWD)
    world.seats = ["801"]
    world.give_seats()
    world.settle()
    world.answer("a-1")
    assert (world.case.state, world.case.ahead) == (CaseState.TALKING, None)


@pytest.mark.clause("S4.2")
def test_in_a_crowd_who_hung_up_is_rung_back_once_an_agent_is_there() -> None:
    world = waiting(CROWD)
    world.hang_up("elder")
    assert rung_back(world.wait(POLICY.call_back_pause + 30)) == 0
    world.seats = ["801"]
    world.give_seats()
    assert rung_back(world.settle()) == 0
    assert rung_back(world.answer("a-1")) == 1
    world.answer("elder-2")
    assert (world.case.state, world.hears("elder-2")) == (CaseState.TALKING, {"a-1"})


def test_a_call_back_that_waited_for_an_agent_is_made_also_when_the_row_is_short_by_then() -> None:
    """Else the agent has nobody on the line, puts down, and the elder is rung when minutes are over."""
    world = waiting(CROWD)
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause + 1)
    world.tell(Queued(at=world.now, actor="system", ahead=0))
    world.seats = ["801"]
    world.give_seats()
    world.settle()
    assert rung_back(world.answer("a-1")) == 1


def test_in_a_crowd_both_call_backs_are_made_with_the_agent() -> None:
    world = waiting(CROWD)
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause + 1)
    world.seats = ["801"]
    world.give_seats()
    world.settle()
    world.answer("a-1")
    commands = world.wait(POLICY.call_back_ring + POLICY.call_back_pause + 1)
    assert (rung_back(commands), world.case.state) == (1, CaseState.CALLING_BACK)


def test_a_call_back_does_not_wait_for_an_agent_for_ever() -> None:
    """Who does not pick up needs somebody to go there, whether an agent is free or not."""
    world = waiting(CROWD, Policy.of({"crowd_call_back": 60}))
    world.hang_up("elder")
    assert rung_back(world.wait(55)) == 0
    assert rung_back(world.wait(10)) == 1
    world.answer("elder-2")
    assert world.hears("elder-2") is Prompt.CALLBACK_HELLO


def test_in_a_short_row_a_call_back_waits_for_nobody() -> None:
    world = waiting(CROWD - 2)
    world.hang_up("elder")
    assert rung_back(world.wait(POLICY.call_back_pause + 1)) == 1


def test_a_duty_phone_counts_as_the_agent_of_a_call_back() -> None:
    policy = Policy.of({}, duty_phones=["13000000009"])
    world = waiting(CROWD, policy)
    world.hang_up("elder")
    world.wait(policy.overflow_duty + 1)
    world.answer("duty-1")
    assert rung_back(world.press("duty-1", "1")) == 1


@pytest.mark.parametrize("ahead", [0, CROWD, 10_000])
def test_nobody_who_looks_for_no_agent_stands_in_the_row(ahead: int) -> None:
    world = World()
    world.call()
    world.answer("a-1")
    assert not world.tell(Queued(at=world.now, actor="system", ahead=ahead))
    assert world.case.ahead is None
