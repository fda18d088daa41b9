"""The elder never hears nothing (promise 2): a long wait in every place where one waits, and what happens when sounds
cannot be played. `World.settle` checks the ear after every step."""

from __future__ import annotations

from ivr.commands import Alarm, Play, StartMusic
from ivr.vocabulary import AlarmKind, Prompt
from tests.unit.ivr.exchange import MUSIC, PROMPT_SECONDS
from tests.unit.ivr.world import POLICY, World

SOUNDS = (Play, StartMusic)


def heard(commands: tuple[object, ...]) -> list[object]:
    return [
        command.prompt if isinstance(command, Play) else MUSIC
        for command in commands
        if isinstance(command, SOUNDS) and command.leg == "elder"
    ]


def test_while_no_seat_is_free_word_and_music_take_turns() -> None:
    world = World(seats=[])
    commands = world.call() + world.wait(2 * (PROMPT_SECONDS + POLICY.comfort_every) + 1)
    assert heard(commands) == [Prompt.WELCOME, MUSIC, Prompt.COMFORT, MUSIC, Prompt.COMFORT]


def test_while_seats_ring_one_after_the_other_word_and_music_take_turns(ringing: World) -> None:
    commands = ringing.wait(40)
    assert heard(commands) == [MUSIC, Prompt.COMFORT, MUSIC, Prompt.COMFORT, MUSIC]


def test_while_a_lost_agent_is_replaced_word_and_music_take_turns(talking: World) -> None:
    talking.seats.clear()
    commands = talking.hang_up("a-1", 38) + talking.wait(30)
    assert heard(commands) == [Prompt.HOLD, MUSIC, Prompt.COMFORT, MUSIC]


def test_while_b_is_replaced_word_and_music_take_turns(rescue: World) -> None:
    rescue.seats.clear()
    commands = rescue.hang_up("b-1") + rescue.wait(30)
    assert heard(commands) == [Prompt.HOLD, MUSIC, Prompt.COMFORT, MUSIC]


def test_a_prompt_that_is_missing_is_followed_by_music_at_once() -> None:
    world = World(seats=[], refuse_next={Play})
    assert heard(world.call()) == [Prompt.WELCOME, MUSIC]
    assert world.alarms == [AlarmKind.COMMAND_FAILED]


def test_a_prompt_that_breaks_off_is_followed_by_music_and_an_alarm() -> None:
    world = World(seats=[])
    world.call()
    world.prompt_ends("elder", "playback failed")
    commands = world.settle()
    assert Alarm(AlarmKind.COMMAND_FAILED, "welcome: playback failed") in commands
    assert world.hears("elder") == MUSIC


def test_music_that_is_missing_is_followed_by_the_next_word_within_three_seconds() -> None:
    world = World(seats=[])
    world.call()
    world.refuse_next.add(StartMusic)
    world.hear_out("elder")
    assert heard(world.wait(3)) == [Prompt.COMFORT]


def test_a_goodbye_that_cannot_be_played_is_not_waited_for(talking: World) -> None:
    talking.refuse_next.add(Play)
    talking.hang_up("a-1")
    assert talking.live == set()
