"""What does not work, besides link and journal: looked at every few seconds, because nobody tells us of it.

Each problem is `code: detail`; the codes have their words in `web/texts.toml`, section `degraded`. Never on the call
path: Asterisk is asked over HTTP. The disk is for `tape_watch.py`.
"""

from __future__ import annotations

import asyncio

import structlog

from ari_app.ari import AriError, Client
from ari_app.desk import Desk, SeatState
from home.settings import Settings

log = structlog.get_logger(__name__)
LOOK_EVERY = 5.0  # seconds
ASK_WITHIN = 2.0  # seconds
_WORKING = frozenset({SeatState.READY, SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP})


class Watch:
    """`run` makes it live; `problems` is what was found last, and what the desk knows now."""

    def __init__(self, client: Client, desk: Desk, *, settings: Settings) -> None:
        self._ari = client
        self._desk = desk
        self._trunk = settings.trunk_contact
        self._no_service = bool(settings.trunk_contact or settings.trunk_match) and settings.emergency_route == "none"
        self._found: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """What does not work now. Without a link nobody knows of telephones."""
        found = list(self._found)
        if self._no_service:
            found.append("emergency_route: YJT_EMERGENCY_ROUTE=none")
        return found + (self._seats() if self._ari.connected else [])

    def _seats(self) -> list[str]:
        seats = tuple(seat for seat in self._desk.seats.values() if not seat.disabled)
        if not seats:
            return ["no_seat: 0"]
        if not any(seat.registered for seat in seats):
            return [f"seats_offline: 0/{len(seats)}"]
        if not any(seat.state in _WORKING for seat in seats):
            return [f"seats_not_ready: 0/{len(seats)}"]
        return []

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                self._found = await self._ask_for_the_trunk()
            except Exception:
                # The outermost guard: who watches must not fail with what is watched.
                log.exception("the watch could not look")
            await asyncio.sleep(LOOK_EVERY)

    async def _ask_for_the_trunk(self) -> tuple[str, ...]:
        """Asterisk asks the carrier's gateway every half minute whether it is there (`qualify_frequency`)."""
        if not self._trunk or not self._ari.connected:
            return ()
        try:
            endpoint = await self._ari.over_http(ASK_WITHIN).endpoints.get(tech="PJSIP", resource="trunk")
        except AriError as problem:
            return (f"trunk: {type(problem).__name__}",)
        return ("trunk: offline",) if endpoint.state == "offline" else ()
