"""The elder wants a doctor's advice: the agent asks one alone, all three speak together, the doctor keeps the elder."""

from __future__ import annotations

from drill.people import Seat, people_talk
from drill.scripts.story import Desk, Story, legs_to, place_of
from models.views import CaseView


class ConsultStory(Story):
    """A doctor whose seat has a telephone and no screen: what an agent's screen cannot do, the keys do."""

    hears = ("welcome", "agent_a", "hold", "doctor")

    async def play(self) -> None:
        await self.press_key()
        a = await self.a_answers()
        doctor = await self._a_doctor_is_ready(a)
        await self.act(("登记事由", "what it is about is marked"), a, "classify", topic="medical")
        await self.act(("请医生", "a doctor is asked"), a, "consult", skill="doctor")
        await self._they_speak_alone(doctor)
        await self.act(("三方通话", "all three together"), a, "three_way")
        await self.see(
            ("老人与坐席、医生通话", "the elder talks with both"),
            lambda view: place_of(view, a) == "elder" and _place(view, doctor) == "elder",
        )
        await people_talk(6)
        await self.act(("移交医生", "handed over to the doctor"), a, "hand_over")
        await self.see(
            ("坐席离开，医生与老人通话", "the agent has left, the doctor has the elder"),
            lambda view: place_of(view, a) == "" and _place(view, doctor) == "elder",
        )
        await people_talk(4)
        await self.close(a, "consultation")

    async def _a_doctor_is_ready(self, a: Desk) -> Seat:
        self.awaits(("医生坐席就绪", "a doctor's seat is ready"))
        doctor = self.town.seat(await a.console.seat_with("doctor"), voice="doctor")
        confirmed = await doctor.dial("*41")
        await confirmed.ended(within=self.patience)
        return doctor

    async def _they_speak_alone(self, doctor: Seat) -> None:
        self.awaits(("医生接听", "the doctor answers"))
        await doctor.answer(within=self.patience)
        await self.see(
            ("坐席与医生单独通话，老人听音乐", "agent and doctor speak alone, the elder hears music"),
            lambda view: view.state == "consulting" and _place(view, doctor) == "intercom",
        )
        await people_talk(8)


def _place(view: CaseView, doctor: Seat) -> str:
    legs = [leg for leg in legs_to(view, doctor.extension) if leg.state == "answered"]
    return legs[-1].place if legs else ""
