"""One need, one case (H12): the elder presses the key again while an agent talks with them."""

from __future__ import annotations

from drill.people import people_talk
from drill.scripts.story import Story, alarmed, now
from models.views import CaseView


class RepeatStory(Story):
    """The elder's second call comes to the same agent, on both lines; the first line ends, the talk goes on."""

    hears = ("welcome", "agent_a")

    async def play(self) -> None:
        await self.press_key()
        a = await self.a_answers()
        self.tell(("老人又按了一次", "the elder presses the key again"), now())
        first = self.elder.line
        await self.elder.press_key()
        await self.see(("提示再次来电，同一事件", "calls again: the same case"), alarmed("calls_again"))
        await self.see(
            ("第二条线路接入同一通话", "the second line comes to the same agent"),
            lambda view: _is(view, "elder-again-1", place="elder"),
        )
        await people_talk(5)
        await first.hang_up()
        await self.see(
            ("先前线路挂断，通话继续", "the first line ends, the talk goes on"),
            lambda view: view.state == "talking" and _is(view, "elder", state="ended"),
        )
        await people_talk(3)
        await self.close(a, "false_alarm")


def _is(view: CaseView, leg: str, **wanted: str) -> bool:
    """Whether this leg of the case has these values."""
    return any(one.id == leg and all(getattr(one, k) == v for k, v in wanted.items()) for one in view.legs)
