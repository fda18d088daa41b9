"""Seats between the records and the desk: loaded at start and on request; what agents chose, and a wrap-up, is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from ari_app.ari import AriError, Client
from ari_app.background import Background
from ari_app.desk import Desk, Seat, SeatSetup
from ari_app.phones import Phones
from ivr.vocabulary import Skill
from models.database import Database, DatabaseUnavailable
from models.org import OrgKind, list_units
from models.people import list_users
from models.seats import SeatState, list_seats, set_seat_state, set_wrap_up

log = structlog.get_logger(__name__)
_CLOCK = timedelta(seconds=1)  # by which a timer may be early


class SeatRecords:
    """`registered(endpoint, is_registered)` hears of their phones."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        client: Client,
        background: Background,
        *,
        registered: Callable[[str, bool], None],
    ) -> None:
        self._database = database
        self._desk = desk
        self._ari = client
        self._background = background
        self._registered = registered
        self._last: tuple[object, ...] = ()
        self._wrap_ups: dict[str, tuple[datetime | None, bool]] = {}  # as they are, or are about to be, on record

    async def load(self, *, if_new: bool = False) -> None:
        """Take over the seats on record, and hear of their phones. `if_new`: only when somebody has changed them.

        Raises:
            DatabaseUnavailable: the records cannot be read; what the desk has stays.
        """
        async with self._database.read() as session:
            seats = await list_seats(session)
            communities = {unit.id for unit in await list_units(session) if unit.kind is OrgKind.COMMUNITY}
            agents = {user.seat: user.name for user in await list_users(session) if user.seat}
        setups = [
            SeatSetup(
                extension=seat.extension,
                name=seat.name,
                agent=agents.get(seat.extension, ""),
                skills=frozenset(Skill(skill) for skill in seat.skills),
                community=seat.org_unit_id if seat.org_unit_id in communities else None,
                willing=seat.state is SeatState.READY,
                reason=seat.reason,
                since=seat.state_since,
                wrap_up_ends=seat.wrap_up_ends,
                prolonged=seat.wrap_up_prolonged,
                active=seat.active,
                place=seat.org_unit_id,
            )
            for seat in seats
        ]
        known = tuple(
            (one.extension, one.name, one.agent, one.skills, one.place, one.community, one.active) for one in setups
        )
        if if_new and known == self._last:
            return
        self._last = known
        for seat in seats:
            self._wrap_ups.setdefault(seat.extension, (seat.wrap_up_ends, seat.wrap_up_prolonged))
        self._desk.load(setups)
        for phone in (phone for seat in seats for phone in Phones.of(seat.extension)):
            self._background.spawn(self._hear_of(phone), f"subscribe-{phone}")

    async def _hear_of(self, phone: str) -> None:
        try:
            await self._ari.subscribe(f"endpoint:PJSIP/{phone}")
            endpoint = await self._ari.endpoints.get(tech="PJSIP", resource=phone)
        except AriError as problem:
            log.info("a seat's phone is not known to Asterisk yet", phone=phone, reason=str(problem))
            return
        self._registered(phone, endpoint.state == "online")

    def chose(self, extension: str) -> None:
        """Keep what the agent chose, over restarts."""
        seat = self._desk.seat(extension)
        state = SeatState.READY if seat.willing else SeatState.PAUSED
        self._background.spawn(self._keep(extension, state, seat.reason), f"keep-{extension}")

    def changed(self, seat: Seat) -> None:
        """Keep its wrap-up, over restarts. One that ends by its clock need not be written: its end has passed."""
        ends, _ = self._wrap_ups.get(seat.extension, (None, False))
        now = (seat.wrap_up_ends, seat.prolonged)
        ended_by_itself = now[0] is None and (ends is None or ends <= datetime.now(UTC) + _CLOCK)
        if now == self._wrap_ups.get(seat.extension) or ended_by_itself:
            return
        self._wrap_ups[seat.extension] = now
        self._background.spawn(self._keep_wrap_up(seat.extension), f"wrap-up-{seat.extension}")

    async def _keep_wrap_up(self, extension: str) -> None:
        try:
            async with self._database.write() as session:
                ends, prolonged = self._wrap_ups[extension]  # as it is now: it may have ended while we waited
                await set_wrap_up(session, extension, ends, prolonged=prolonged)
        except DatabaseUnavailable as away:
            log.warning("a seat's wrap-up is not kept", seat=extension, reason=str(away))

    async def _keep(self, extension: str, state: SeatState, reason: str) -> None:
        try:
            async with self._database.write() as session:
                await set_seat_state(session, extension, state, reason=reason)
        except DatabaseUnavailable as away:
            log.warning("a seat's state is not kept", seat=extension, reason=str(away))
