"""A long press, then nothing: the caller hangs up before anybody has answered. Every such call is called back."""

from __future__ import annotations

from drill.behaviour import Answers
from drill.people import people_talk
from drill.scripts.story import Story, alarmed, elder_leg, now


class AbandonedStory(Story):
    """The elder puts down during the welcome, and answers the call-back."""

    hears = ("welcome", "agent_a")

    async def play(self) -> None:
        await self.press_key(silent=True)
        await self.elder.listens(4)
        self.elder.when_called = Answers(voice="elder_answers", ring=4)
        self.tell(("老人挂断", "the elder hangs up"), now())
        await self.elder.hang_up()
        await self.see(("未接通就挂断，列为回拨", "abandoned: to be called back"), alarmed("abandoned"))
        a = await self.seat_rings("A")
        await a.answers("agent_a")
        await self.see(
            ("回拨，老人接听，与坐席通话", "the call-back is answered, the elder talks with A"),
            lambda view: view.state == "talking" and elder_leg(view).id != "elder",
        )
        await people_talk(6)
        await self.close(a, "false_alarm")
