"""Telephones of elders who are rung by care calls, without sound, behind the same carrier as those who call."""

from __future__ import annotations

import asyncio

from drill import sip
from drill.sip_load import Callers


class Homes:
    """Telephones that are rung: they pick up at once, and put down when told to."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._up: dict[str, sip.Message] = {}
        self.listens: float | None = None  # seconds, then they put down by themselves
        self._others = callers.heard
        callers.heard = self._heard  # type: ignore[method-assign] # the carrier's one socket is for both directions

    def _heard(self, message: sip.Message, addr: tuple[str, int], now: float) -> None:
        call = message["call-id"]
        match message.method:
            case "INVITE" if "tag=" not in message["to"]:
                self._pick_up(message, addr)
            case "ACK" if call in self._up:
                pass
            case "BYE" if self._up.pop(call, None):
                self._callers.transport.sendto(sip.respond(message, "200 OK"), addr)
            case _:
                self._others(message, addr, now)

    def _pick_up(self, invite: sip.Message, addr: tuple[str, int]) -> None:
        extra = [("Contact", f"<sip:home@{self._callers.address}>")]
        send = self._callers.transport.sendto
        send(sip.respond(invite, "180 Ringing", tag="home", extra=extra), addr)
        typed = [*extra, ("Content-Type", "application/sdp")]
        send(sip.respond(invite, "200 OK", tag="home", extra=typed, body=sip.sdp(self._callers.host)), addr)
        if invite["call-id"] not in self._up and self.listens is not None:
            asyncio.get_running_loop().call_later(self.listens, self._put_down, invite["call-id"])
        self._up[invite["call-id"]] = invite

    def _put_down(self, call: str) -> None:
        invite = self._up.pop(call, None)
        if invite is not None:
            self._callers.put_down(invite, tag="home")

    def put_all_down(self) -> None:
        for call in tuple(self._up):
            self._put_down(call)
