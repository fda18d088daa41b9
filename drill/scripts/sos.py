"""The whole of an emergency: A and B, 120 and the contacts at once, one of them brought to the elder, help arrives."""

from __future__ import annotations

import asyncio

from drill import behaviour
from drill.evidence import prove_recording, prove_timeline
from drill.people import people_talk
from drill.scripts.story import Desk, Story, accepted_contact, legs_to, place_of
from models.views import CaseView


class SosStory(Story):
    """One SOS call from the key to the closed case. Of the relatives one comes, one is a machine and then declines, one
    is busy, and nobody else is there."""

    hears = ("welcome", "agent_a", "agent_b", "son")
    _a: Desk
    _b: Desk

    async def play(self) -> None:
        self._a = self._b = self.desks[0]
        await self.press_key()
        self._a = await self.a_answers()
        await people_talk(5)
        await self._b_takes_the_elder()
        await self._rescue_is_called()
        await self._help_arrives()

    async def _b_takes_the_elder(self) -> None:
        await self.act(("启动应急", "emergency"), self._a, "emergency")
        self._b = await self.seat_rings("B", but=[self._a])
        await self._b.answers("agent_b", after=1)
        await self.see(
            ("B 陪老人，A 去救援", "B is with the elder, A with the rescue"),
            lambda view: place_of(view, self._b) == "elder" and place_of(view, self._a) == "rescue",
        )

    async def _rescue_is_called(self) -> None:
        comes, machine_then_declines = [behaviour.accepts("son")], [behaviour.voicemail(), behaviour.declines()]
        self.settle_relatives(self._a, [comes, machine_then_declines, [behaviour.Refuses("busy")]])
        self.town.service("120")
        await self.act(("呼叫 120", "120 is called"), self._a, "call", target="120")
        answered = ("120 接听", "120 answers")
        await self.see(answered, lambda view: any(leg.answered_at for leg in legs_to(view, "120")))
        accepts = ("有联系人按 1 前来", "a contact accepts with 1")
        helper = accepted_contact(await self.see(accepts, lambda view: accepted_contact(view) is not None))
        await people_talk(2)
        if helper is not None:
            await self.act(
                ("联系人接入老人通话", "the contact is brought to the elder"), self._a, "merge", leg=helper.id
            )
            await people_talk(5)
        await self.see(("联系人都有结果", "every contact has a result"), _all_decided)

    async def _help_arrives(self) -> None:
        await self.act(("救援到达", "help has arrived"), self._a, "arrived")
        await people_talk(2)
        await self.close(self._a, "rescued")

    async def prove(self) -> None:
        console = self.desks[0].console
        view = await console.read_case(self.case)
        sound = await console.recording(view.recordings[0].url) if view.recordings else b""
        prove_timeline(self.report, view, a=self._a.seat.extension, b=self._b.seat.extension)
        await super().prove()
        heard = {voice: self.heard[voice] for voice in ("agent_a", "agent_b", "son")}
        await asyncio.to_thread(prove_recording, self.report, sound, elder=self.elder, heard=heard)


def _all_decided(view: CaseView) -> bool:
    """Each contact who was rung has a result on the last phone that was tried."""
    legs = [leg for leg in view.legs if leg.kind == "contact"]
    return bool(legs) and all(leg.result is not None for leg in legs)
