"""A sensor raises the alarm: the elder's telephone rings at once, while an agent is found; both speak. A second report
of the same device is the same case."""

from __future__ import annotations

from drill.behaviour import Answers
from drill.people import people_talk
from drill.scripts.story import Story, alarmed

SERIAL = "DEMO-00001"  # the terminal of the demo district's first elder


class SensorStory(Story):
    """The smoke detector in the kitchen; the elder is well, the pan is not."""

    hears = ("agent_a",)

    async def play(self) -> None:
        self.elder.when_called = Answers(voice="elder_answers", ring=6)
        await self.device_reports(SERIAL, "smoke")
        await self.see(("提示考虑拨打 119", "119 is suggested"), alarmed("offer_fire"))
        await self.see(
            ("老人电话振铃", "the elder's telephone rings"),
            lambda view: any(leg.kind == "elder" and leg.state in {"ringing", "answered"} for leg in view.legs),
        )
        a = await self.seat_rings("A")
        await a.answers("agent_a")
        await self.see(("老人与坐席通话", "the elder talks with the agent"), lambda view: view.state == "talking")
        await self.desks[0].console.report(SERIAL, "smoke")
        await self.see(("再次报警，同一事件", "a second report: the same case"), lambda view: view.again == 1)
        await people_talk(6)
        await self.close(a, "false_alarm")
