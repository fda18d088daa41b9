"""Nobody answers the call-backs (S4): A finds somebody to go there, B rings the elder on and on, until they speak."""

from __future__ import annotations

from typing import ClassVar

from drill import behaviour
from drill.people import people_talk
from drill.scripts.story import Desk, Story, alarmed, elder_leg, legs_to, place_of
from models.views import CaseView


class NoResponseStory(Story):
    """No contact can come, so 110 is offered and called; then the elder picks up, and 110 is called off."""

    settings: ClassVar = {
        "YJT_POLICY__CALL_BACK_RING": "15",
        "YJT_POLICY__CALL_BACK_PAUSE": "2",
        "YJT_POLICY__REDIAL_PAUSE": "2",
        "YJT_POLICY__CONTACT_RING": "10",
        "YJT_POLICY__CONTACT_KEY": "15",
    }
    hears = ("welcome", "agent_a", "agent_b")

    async def play(self) -> None:
        await self.press_key(silent=True)
        a = await self.a_answers()
        await people_talk(3)
        await self._nobody_answers(a)
        b = await self.seat_rings("B", but=[a])
        await b.answers("agent_b")
        await self._police_is_called(a)
        await self._the_elder_speaks(b)
        await self.close(a, "helped_at_home")

    async def _nobody_answers(self, a: Desk) -> None:
        machine, declines = behaviour.voicemail(), behaviour.declines()
        self.settle_relatives(a, [[declines], [machine, behaviour.Refuses("rejected")], [behaviour.Refuses("busy")]])
        await self.act(("报告无响应", "the agent reports silence"), a, "silent")
        for number in (1, 2):
            words = (f"第 {number} 次回拨无人接听", f"call-back {number} is not answered")
            await self.see(words, lambda view, number=number: _unanswered(view) >= number)  # type: ignore[misc]
        await self.see(("进入无响应处置", "the no-response mechanism begins"), alarmed("no_response"))

    async def _police_is_called(self, a: Desk) -> None:
        await self.see(("没有人能去，提示拨打 110", "nobody can go there: 110 is offered"), alarmed("offer_police"))
        self.town.service("110")
        await self.act(("呼叫 110", "110 is called"), a, "call", target="110")
        await self.see(("110 接听", "110 answers"), lambda view: any(leg.answered_at for leg in legs_to(view, "110")))

    async def _the_elder_speaks(self, b: Desk) -> None:
        rung_again = ("B 继续拨打老人", "the elder is rung on and on")
        await self.see(rung_again, lambda view: sum(leg.kind == "elder" for leg in view.legs) > 3)
        self.elder.when_called = behaviour.Answers(voice="elder_answers", ring=1)
        await self.see(("老人开口", "the elder speaks"), alarmed("elder_spoke"))
        await self.see(("通知 A 撤回 110", "A is asked to call off 110"), alarmed("call_off_service"))
        await self.see(
            ("B 与老人通话", "B has the elder"),
            lambda view: place_of(view, b) == "elder" and elder_leg(view).place == "elder",
        )
        await people_talk(6)


def _unanswered(view: CaseView) -> int:
    """How many call-backs have rung out."""
    return sum(leg.kind == "elder" and leg.result == "no_answer" for leg in view.legs)
