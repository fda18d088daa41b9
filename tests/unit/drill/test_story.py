"""A story says which of its steps did not happen, and goes no further."""

from __future__ import annotations

from typing import cast

from drill.chronicle import NotSeen
from drill.console import Refused
from drill.people import Elder
from drill.scripts import SCRIPTS
from drill.scripts.story import Story
from drill.town import Town


class EmptyTown:
    """A town in which nobody does anything."""

    def __init__(self) -> None:
        self.hung_up = False

    def elder(self, number: str) -> Elder:
        return Elder(cast("Town", self), number, voice="", name="elder")

    async def hang_up_all(self) -> None:
        self.hung_up = True


class Broken(Story):
    problem: Exception = NotSeen("802: rang not within 5 s")

    async def play(self) -> None:
        self.report.expect(("接通", "answered"), True)
        self.awaits(("B 坐席振铃", "seat B rings"))
        raise self.problem


async def play(story: type[Broken]) -> tuple[Broken, EmptyTown]:
    town = EmptyTown()
    made = story(cast("Town", town), [], "02110000001", lambda words, at: None)
    await made.run()
    return made, town


async def test_the_step_that_did_not_happen_is_told_with_its_reason() -> None:
    story, town = await play(Broken)
    assert not story.report.passed
    assert [(step.words[1], step.detail) for step in story.report.missing] == [
        ("seat B rings", "802: rang not within 5 s")
    ]
    assert town.hung_up


async def test_a_button_that_the_platform_refuses_is_a_step_that_did_not_happen() -> None:
    class Refusing(Broken):
        problem = Refused("POST /cases/c/actions", 409, "not_in_this_state", "not now")

    story, _ = await play(Refusing)
    assert "not_in_this_state" in story.report.missing[0].detail


def test_every_story_wants_something_to_be_heard() -> None:
    assert [name for name, script in SCRIPTS.items() if not script.story.hears] == []
