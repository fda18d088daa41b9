"""Seats between the records and the desk: loaded at start and on request, and what agents chose is kept."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ari_app.ari import AriError, Client
from ari_app.background import Background
from ari_app.desk import Desk, SeatSetup
from ari_app.phones import Phones
from ivr.vocabulary import Skill
from models.database import Database, DatabaseUnavailable
from models.org import OrgKind, list_units
from models.people import list_users
from models.seats import SeatState, list_seats, set_seat_state

log = structlog.get_logger(__name__)


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
            )
            for seat in seats
        ]
        known = tuple((one.extension, one.name, one.agent, one.skills, one.community) for one in setups)
        if if_new and known == self._last:
            return
        self._last = known
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

    async def _keep(self, extension: str, state: SeatState, reason: str) -> None:
        try:
            async with self._database.write() as session:
                await set_seat_state(session, extension, state, reason=reason)
        except DatabaseUnavailable as away:
            log.warning("a seat's state is not kept", seat=extension, reason=str(away))
