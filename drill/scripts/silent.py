"""Nobody speaks on the line: the elder is asked twice, then rung back; the same case goes on with the same agent."""

from __future__ import annotations

from typing import ClassVar

from drill.behaviour import Answers
from drill.people import people_talk
from drill.scripts.story import Story, alarmed, elder_leg


class SilentStory(Story):
    """The elder lies on the floor, out of reach of the telephone; back at it, they answer the call-back."""

    settings: ClassVar = {
        "YJT_POLICY__SILENCE": "5",
        "YJT_POLICY__SILENCE_DECIDES": "10",
        "YJT_POLICY__CALL_BACK_PAUSE": "2",
    }
    hears = ("welcome", "agent_a", "can_you_hear_me", "can_you_hear_me_again")

    async def play(self) -> None:
        await self.press_key(silent=True)
        a = await self.a_answers()
        self.elder.when_called = Answers(voice="elder_answers", ring=3)
        await self.see(("没有声音，视为紧急", "silence is an emergency"), alarmed("silent"), within=3 * self.patience)
        await self.see(
            ("回拨，老人接听", "the call-back is answered"),
            lambda view: elder_leg(view).id != "elder" and elder_leg(view).answered_at is not None,
        )
        await self.see(
            ("同一事件、同一坐席继续通话", "the same case goes on with the same agent"),
            lambda view: view.state == "talking" and elder_leg(view).place == "elder",
        )
        await self.elder.sees("speaks", detail="elder_answers")
        await people_talk(6)
        await self.close(a, "helped_at_home")
