"""Every seat is busy (K1): a voicemail on the duty phone is no answer, the son keeps the elder company, the alarms
come, and the first agent who breaks off the wrap-up takes the call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from drill import behaviour
from drill.people import Elder, people_talk
from drill.scripts.story import Desk, Story, alarmed, legs_to, now
from models.views import CaseView

ON_DUTY = "12000000901"
SON = "12000000001"  # of the first elder of the demo district
OTHERS = ("10000002", "10000003")  # elders of the demo district whose calls keep the seats busy


class AllBusyStory(Story):
    """Two other elders have both agents; then somebody presses the key."""

    settings: ClassVar = {
        "YJT_DUTY_PHONES": ON_DUTY,
        "YJT_POLICY__OVERFLOW_SEATS": "6",
        "YJT_POLICY__OVERFLOW_DUTY": "8",
        "YJT_POLICY__OVERFLOW_CONTACTS": "12",
        "YJT_POLICY__OVERFLOW_REPORT": "30",
        "YJT_POLICY__CONTACT_KEY": "15",
        "YJT_POLICY__WRAP_UP": "300",
    }
    hears = ("welcome", "son", "agent_a")

    async def play(self) -> None:
        busy = [await self._keeps_busy(number) for number in OTHERS]
        await self.press_key()
        await self.see(("查到档案", "the file is found"), lambda view: view.elder is not None)
        # No seat has the case yet, so no screen shows the contacts' numbers: the town knows its people.
        self.town.relative(SON, behaviour.accepts("son"), name="son")
        self.town.relative(ON_DUTY, behaviour.voicemail())
        waits = ("无人接听，全部坐席都可接", "nobody answers: any seat will do")
        await self.see(waits, alarmed("waiting"))
        machine = ("值班电话是语音信箱，不算接听", "a voicemail on the duty phone is no answer")
        await self.see(machine, lambda view: any(leg.result == "voicemail" for leg in legs_to(view, ON_DUTY)))
        company = ("家属按 1，先陪老人说话", "a contact presses 1 and keeps the elder company")
        await self.see(company, _has_company)
        await self.see(("30 秒，生成异常报告", "30 s: an exception report is opened"), _warned(3))
        await self._an_agent_breaks_off(*busy[0][1:])
        for other, _, case in busy:
            await self._files(other, case)

    async def _keeps_busy(self, number: str) -> tuple[Elder, Desk, str]:
        """Another elder calls, and the first free agent talks with them."""
        began, called = time.monotonic(), now()
        other = self.town.elder(number, voice="elder_answers", name=f"elder {number}")
        self.awaits(("另一位老人接通坐席", "another elder has an agent"))
        await other.press_key()
        view = await self.desks[0].console.new_case(caller_ends=number, after=called)
        desk, _ = await self._first_screen("A", self.desks, began)
        await desk.answers("agent_b")
        await self.desks[0].console.case(
            view.id, lambda seen: seen.state == "talking", what=self._awaited[1], within=self.patience
        )
        self.report.expect(self._awaited, True, at=now())
        return other, desk, view.id

    async def _an_agent_breaks_off(self, desk: Desk, case: str) -> None:
        """Their talk is over, and they end the wrap-up at once."""
        since = time.monotonic()
        self.awaits(("坐席结束上一通，放弃话后处理", "an agent ends the talk and breaks off the wrap-up"))
        await desk.console.act(case, "close", outcome="consultation", note="演示 / a drill")
        await desk.seat.line.ended(within=self.patience)
        await desk.console.ready()
        self.report.expect(self._awaited, True, at=now())
        a = await self.seat_rings("A", after=since)
        await a.answers("agent_a")
        joined = ("A 与老人、家属通话", "A talks with the elder and the son")
        await self.see(joined, lambda view: view.state == "talking")
        await people_talk(6)
        await self.close(a, "helped_at_home")

    async def _files(self, other: Elder, case: str) -> None:
        view = self.desks[0].console.cases[case]
        if view.state != "closed" and view.outcome is None:
            await self.desks[0].console.act(case, "close", outcome="consultation", note="演示 / a drill")
        await other.line.ended(within=self.patience)


def _has_company(view: CaseView) -> bool:
    return any(leg.kind == "contact" and leg.place == "elder" for leg in view.legs)


def _warned(times: int) -> Callable[[CaseView], bool]:
    return lambda view: sum(alarm.kind == "waiting" for alarm in view.alarms) >= times
