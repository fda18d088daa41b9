"""The carrier's side of a storm: elders who call, wait, hang up and are rung back; relatives who are not at home.

What counts is what arrives at the telephone: when it is answered, when anything is heard, when an agent's voice is.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from drill import sip
from drill.sip_load import TELLING, Call, Callers
from drill.storm.sound import Ear

_RINGS = 1.0  # seconds until an elder picks up a call-back


@dataclass(slots=True)
class Caller:
    """Times on the clock of `time.perf_counter`; None for what has not happened. `ear` is that of the present call."""

    number: str
    patience: float | None
    call: Call | None = None
    invite: sip.Message | None = None  # of the call-back that they took
    ear: Ear | None = None
    agent_on: bool = False  # an agent has taken the call: their voice is to be heard
    sound_at: float | None = None
    left_at: float | None = None
    rung_back_at: float | None = None
    person_at: float | None = None

    @property
    def sent(self) -> float | None:
        return self.call.sent if self.call else None

    @property
    def picked_up(self) -> float | None:
        return self.call.picked_up if self.call else None

    @property
    def refused(self) -> bool:
        return self.call is not None and self.call.refused > 0

    @property
    def on_the_line(self) -> bool:
        first = self.call is not None and self.call.picked_up is not None and not self.call.over
        return first or self.invite is not None


@dataclass(slots=True)
class Rung:
    """How often telephones of the town rang because the platform rang them."""

    now: int = 0
    most: int = 0
    of: dict[str, int] = field(default_factory=dict)
    most_of_one: int = 0

    def begins(self, number: str) -> None:
        self.now += 1
        self.of[number] = self.of.get(number, 0) + 1
        self.most, self.most_of_one = max(self.most, self.now), max(self.most_of_one, self.of[number])

    def ends(self, number: str) -> None:
        self.now -= 1
        self.of[number] -= 1


class Crowd(Callers):
    """`dialled`: the number of the platform."""

    def __init__(self, platform: tuple[str, int], *, dialled: str) -> None:
        super().__init__(platform)
        self.callers: dict[str, Caller] = {}
        self.rung = Rung()
        self.over = False  # from now on every line is busy
        self._dialled = dialled
        self._ringing: dict[str, sip.Message] = {}
        self._answered: dict[str, Caller] = {}

    def caller(self, number: str) -> Caller | None:
        """Whoever has this number, in whatever form it is shown."""
        return self.callers.get(number[-TELLING:])

    async def press_key(self, number: str, patience: float | None) -> None:
        """One elder calls, and waits until somebody hangs up."""
        caller = self.callers[number[-TELLING:]] = Caller(number, patience)
        call = caller.call = Call(self._dialled, number, f"storm-{number}")
        self._hears(caller)
        assert caller.ear is not None
        await self.invite(call, caller.ear.port)

    def loses_patience(self, caller: Caller) -> None:
        """Nobody has come for too long: the elder puts down."""
        caller.left_at = time.perf_counter()
        self.leave(caller)

    def leave(self, caller: Caller) -> None:
        """The elder puts down, whichever call it is."""
        if caller.call is not None:
            self.hang_up(caller.call)
        if caller.invite is not None:
            self._end_call_back(caller)
        self._deaf(caller)

    def listen_for_voice(self, number: str) -> None:
        """A seat has answered for this caller: their ear waits for the agent."""
        caller = self.caller(number)
        if caller is not None:
            caller.agent_on = True
            if caller.ear is not None:
                self._listen(caller, caller.ear)

    def has_heard(self, number: str) -> bool:
        """Whether this caller has heard an agent's voice."""
        caller = self.caller(number)
        return caller is not None and caller.person_at is not None

    def close(self) -> None:
        for caller in self.callers.values():
            self._deaf(caller)
        self.transport.close()

    # --- the ear ------------------------------------------------------------------------------------------------

    def _hears(self, caller: Caller) -> Ear:
        self._deaf(caller)
        caller.ear = Ear(self.host)
        self._listen(caller, caller.ear)
        return caller.ear

    def _listen(self, caller: Caller, ear: Ear) -> None:
        if caller.agent_on and caller.person_at is None:
            ear.listen_for_voice(lambda at: _note_person(caller, at))
        elif caller.sound_at is None:
            ear.listen_for_sound(lambda at: _note_sound(caller, at))

    def _deaf(self, caller: Caller) -> None:
        if caller.ear is not None:
            caller.ear.close()
            caller.ear = None

    # --- calls that come from the platform ----------------------------------------------------------------------

    def heard(self, message: sip.Message, addr: tuple[str, int], now: float) -> None:
        match message.method:
            case "INVITE":
                self._rings(message, addr)
            case "CANCEL":
                self.transport.sendto(sip.respond(message, "200 OK", tag="town"), addr)
                if invite := self._ringing.pop(message["call-id"], None):
                    self.rung.ends(invite.dialled)
                    self.transport.sendto(sip.respond(invite, "487 Request Terminated", tag="town"), addr)
            case "ACK":
                pass
            case "BYE":
                if caller := self._answered.pop(message["call-id"], None):
                    caller.invite = None
                    self._deaf(caller)
                super().heard(message, addr, now)
                if call := self.calls.get(message["call-id"]):
                    self._over(call)
            case _:
                super().heard(message, addr, now)

    def _over(self, call: Call) -> None:
        caller = self.caller(call.caller)
        if caller is not None and caller.call is call:
            self._deaf(caller)

    def _rings(self, message: sip.Message, addr: tuple[str, int]) -> None:
        if message["call-id"] in self._ringing or message["call-id"] in self._answered:
            return  # said again
        self.transport.sendto(sip.respond(message, "100 Trying"), addr)
        caller = self.caller(message.dialled)
        if self.over or (caller is not None and caller.on_the_line):
            self.transport.sendto(sip.respond(message, "486 Busy Here", tag="town"), addr)
            return
        self._ringing[message["call-id"]] = message
        self.rung.begins(message.dialled)
        self.transport.sendto(sip.respond(message, "180 Ringing", tag="town", extra=self._contact()), addr)
        if caller is not None:
            caller.rung_back_at = caller.rung_back_at or time.perf_counter()
            asyncio.get_running_loop().call_later(_RINGS, self._pick_up, caller, message, addr)

    def _pick_up(self, caller: Caller, invite: sip.Message, addr: tuple[str, int]) -> None:
        if self._ringing.pop(invite["call-id"], None) is None or self.transport.is_closing():
            return
        self.rung.ends(invite.dialled)
        caller.invite = self._answered_with(caller, invite, addr)

    def _answered_with(self, caller: Caller, invite: sip.Message, addr: tuple[str, int]) -> sip.Message:
        body = sip.sdp(self.host, self._hears(caller).port)
        extra = [*self._contact(), ("Content-Type", "application/sdp")]
        self._answered[invite["call-id"]] = caller
        self.transport.sendto(sip.respond(invite, "200 OK", tag="town", extra=extra, body=body), addr)
        return invite

    def _end_call_back(self, caller: Caller) -> None:
        assert caller.invite is not None
        invite, caller.invite = caller.invite, None
        self._answered.pop(invite["call-id"], None)
        self.put_down(invite, tag="town")

    def _contact(self) -> list[tuple[str, str]]:
        return [("Contact", f"<sip:{self.address}>")]


def _note_sound(caller: Caller, at: float) -> None:
    caller.sound_at = caller.sound_at or at


def _note_person(caller: Caller, at: float) -> None:
    caller.person_at = caller.person_at or at
