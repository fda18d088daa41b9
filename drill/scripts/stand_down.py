"""A false alarm in the middle of a rescue: helpers are let go, one agent stays with the elder, the case is closed."""

from __future__ import annotations

from drill import behaviour
from drill.people import people_talk
from drill.scripts.story import Story, accepted_contact, alarmed, legs_to, place_of


class StandDownStory(Story):
    """120 and the son are on the line when the elder turns out to be well."""

    hears = ("welcome", "agent_a", "agent_b")

    async def play(self) -> None:
        await self.press_key()
        a = await self.a_answers()
        await people_talk(3)
        await self.act(("启动应急", "emergency"), a, "emergency")
        b = await self.seat_rings("B", but=[a])
        await b.answers("agent_b")
        await self.see(("B 陪老人", "B is with the elder"), lambda view: place_of(view, b) == "elder")
        self.settle_relatives(a, [[behaviour.accepts("son")]])
        self.town.service("120")
        await self.act(("呼叫 120", "120 is called"), a, "call", target="120")
        await self.see(
            ("120 接听，家属答应前来", "120 answers, a contact accepts"),
            lambda view: accepted_contact(view) is not None and any(leg.answered_at for leg in legs_to(view, "120")),
        )
        await people_talk(3)
        await self.act(("解除警情", "the alarm is over"), a, "stand_down")
        await self.see(("通知撤回 120", "120 has to be called off"), alarmed("call_off_service"))
        await self.see(
            ("求助方都已挂断，A 与老人通话", "helpers are let go, A talks with the elder"),
            lambda view: (
                view.state == "talking"
                and place_of(view, a) == "elder"
                and all(leg.state == "ended" for leg in view.legs if leg.kind in {"service", "contact"})
            ),
        )
        await people_talk(4)
        await self.close(a, "false_alarm")
