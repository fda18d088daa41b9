"""A whole house for one test: a real Asterisk, the controller, records, and the town around it; all on free ports.

A test speaks of people: who presses the key, whose phone rings, who hears what. `House.agent` asks over the same
control API that the web uses.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import (
    AsyncIterator,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
from sqlalchemy import make_url, select

from ari_app import bootstrap, snapshot
from ari_app.ari import Client
from ari_app.controller import Controller
from drill.chronicle import PATIENCE
from drill.own_platform import SOUND_PORTS
from drill.settings import TownSettings
from drill.town import Town
from home.asterisk import AsteriskProcess, SeatLine, platform_asterisk, render_platform
from home.asterisk_platform import DIALPLAN
from home.ports import free_ports, sound_ports
from home.programs import Program
from home.secrets import Secrets
from home.settings import Settings
from ivr.vocabulary import Skill
from models.cases import TimelineRow
from models.database import Database, upgrade
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.follow_ups import FollowUp
from models.queries.cases import list_cases
from models.register import create_elder
from models.scope import EVERYWHERE
from models.seats import add_seat, list_seats
from models.views import CaseView
from tests.databases import new_records

from .replay import every_case_replays

NEVER = 86_400.0  # seconds
FIRST_WORDS = 1.5  # seconds of each prompt
AREA = "021"
ELDER_LINE = "02110000001"
SON, DAUGHTER, NEIGHBOUR, COMMITTEE = "12000000001", "12000000002", "12000000003", "02110000104"
_migrated: list[bytes] = []  # one, once it was made


def grandmother(*contacts: ContactForm, signed: bool = True) -> ElderForm:
    """A plainly fictitious elder with these contacts, or with four of different kinds."""
    return ElderForm(
        name="演示·王奶奶",
        home_phone=ELDER_LINE,
        compound="演示小区",
        building="3",
        entrance="2",
        floor="5",
        room="501",
        landmark="演示菜场对面",
        agreement_signed_on=date(2026, 1, 5) if signed else None,
        terminals=(TerminalForm(line=ELDER_LINE),),
        contacts=contacts
        or (
            ContactForm(name="演示·儿子", phones=(SON,)),
            ContactForm(name="演示·女儿", phones=(DAUGHTER,)),
            ContactForm(name="演示·邻居", phones=(NEIGHBOUR,)),
            ContactForm(name="演示·居委会", phones=(COMMITTEE,)),
        ),
    )


@dataclass(slots=True)
class Agent:
    """Somebody at a seat with a screen, as the web sees them."""

    house: House
    extension: str

    async def asks(self, action: str, case: str = "", **fields: str) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to `POST /cases/{id}/actions`; the only case when none is named."""
        case = case or next(iter(self.house.controller.runs))
        body = {"action": action, "actor": f"seat:{self.extension}", **fields}
        async with self.house.http.post(f"/cases/{case}/actions", json=body) as answer:
            return answer.status, await answer.json()

    async def is_ready(self) -> None:
        """Set ready, from the screen."""
        body = {"state": "ready", "actor": f"seat:{self.extension}"}
        async with self.house.http.post(f"/seats/{self.extension}/state", json=body) as answer:
            assert answer.status == 200, await answer.text()

    async def works_phone(self, action: str) -> tuple[int, str]:
        """Works the telephone of the seat, from the screen; status and error code of the answer."""
        body = {"action": action, "actor": f"seat:{self.extension}"}
        async with self.house.http.post(f"/seats/{self.extension}/phone", json=body) as answer:
            return answer.status, (await answer.json()).get("error", {}).get("code", "")

    async def is_paused(self) -> None:
        """Set paused, from the screen."""
        body = {"state": "paused", "reason": "rest", "actor": f"seat:{self.extension}"}
        async with self.house.http.post(f"/seats/{self.extension}/state", json=body) as answer:
            assert answer.status == 200, await answer.text()


@dataclass(slots=True)
class House:
    settings: Settings
    secrets: Secrets
    asterisk: AsteriskProcess
    town: Town
    inner: Controller | None
    database: Database
    http: aiohttp.ClientSession
    second_http: aiohttp.ClientSession
    ari: Client
    messages: list[dict[str, Any]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def controller(self) -> Controller:
        """The controller that runs in this process."""
        assert self.inner is not None
        return self.inner

    def agent(self, extension: str) -> Agent:
        return Agent(self, extension)

    def turn_to_the_second(self) -> None:
        """From now on consoles and agents speak with the controller that stood by until now."""
        self.http = self.second_http
        self.messages.clear()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Inside, `messages` collects what consoles are told."""
        task = asyncio.create_task(self._follow(), name="follow")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @staticmethod
    def _read(message: dict[str, Any]) -> list[dict[str, Any]]:
        """The picture that comes first is read as one message for each seat and case in it."""
        if message["kind"] != "state":
            return [message]
        seats = [{"kind": "seat", "data": seat} for seat in message["data"]["seats"]]
        return [*seats, *({"kind": "case", "data": case} for case in message["data"]["cases"])]

    async def _follow(self) -> None:
        """Collect what consoles are told, from the start, for ever."""
        async with self.http.ws_connect("/live") as live:
            async for message in live:
                async with self._changed:
                    self.messages += self._read(message.json())
                    self._changed.notify_all()

    async def next_message(self) -> dict[str, Any]:
        """The next thing that consoles are told."""
        async with self._changed:
            await self._changed.wait()
        return self.messages[-1]

    async def told(self, kind: str, within: float = PATIENCE, **wanted: object) -> dict[str, Any]:
        """The first message of this kind whose data has these values, now or within so many seconds. `bool` as a
        value stands for anything that is there: `elder=bool`, whenever the register has answered."""

        def fits(given: object, value: object) -> bool:
            return bool(given) if value is bool else given == value

        def found() -> dict[str, Any] | None:
            for message in self.messages:
                data = message["data"]
                if message["kind"] == kind and all(fits(data.get(name), value) for name, value in wanted.items()):
                    return message
            return None

        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: found() is not None)
        message = found()
        assert message is not None
        return message

    async def case(self, within: float = PATIENCE, **wanted: object) -> dict[str, Any]:
        """The case as the consoles saw it when it first was so: `await house.case(state="talking")`."""
        return (await self.told("case", within, **wanted))["data"]  # type: ignore[no-any-return]

    async def leg(self, leg: str, within: float = PATIENCE, **wanted: object) -> dict[str, Any]:
        """A leg as the consoles see it once it has these values: `await house.leg("120-1", state="answered")`."""
        seen: dict[str, Any] = {}

        def found() -> bool:
            for message in self.messages:
                if message["kind"] == "case":
                    for one in message["data"]["legs"]:
                        if one["id"] == leg and all(one[name] == value for name, value in wanted.items()):
                            seen.update(one)
                            return True
            return False

        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(found)
        return seen

    def latest(self, case: str) -> dict[str, Any]:
        """The case as consoles see it now."""
        cases = [message["data"] for message in reversed(self.messages) if message["kind"] == "case"]
        return next(data for data in cases if data["id"] == case)

    async def seat_is(self, extension: str, within: float = PATIENCE, **wanted: object) -> None:
        """Until consoles see this seat so, whatever they saw of it before."""

        def fits() -> bool:
            seats = (message["data"] for message in reversed(self.messages) if message["kind"] == "seat")
            latest = next((data for data in seats if data["extension"] == extension), {})
            return all(latest.get(name) == value for name, value in wanted.items())

        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(fits)

    async def happens(self, event: str, within: float = PATIENCE, case: str = "", **wanted: object) -> dict[str, Any]:
        """The first timeline entry of this event, with these values in it, now or within so many seconds; in any case
        when none is named."""
        seen: dict[str, Any] = {}

        def found() -> bool:
            cases = [message["data"] for message in self.messages if message["kind"] == "case"]
            told = [entry for one in cases if case in ("", one["id"]) for entry in one["timeline"]]
            entries = [entry for entry in told if entry["event"] == event and wanted.items() <= entry["data"].items()]
            seen.update(entries[0] if entries else {})
            return bool(entries)

        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(found)
        return seen

    async def on_record(self, case: str, seq: int, within: float = PATIENCE) -> None:
        """Until the journal has this entry of the case in the database."""
        written = select(TimelineRow.seq).where(TimelineRow.case_id == case, TimelineRow.seq == seq)
        async with asyncio.timeout(within):
            while True:
                async with self.database.read() as session:
                    if await session.scalar(written) is not None:
                        return
                await asyncio.sleep(0.05)

    async def kept(self, closed: dict[str, Any]) -> tuple[CaseView, FollowUp]:
        """What the elder's page shows of a closed case, once it is on record, and the follow-up that was booked."""
        await self.on_record(closed["id"], closed["timeline"][-1]["seq"])
        async with self.database.read() as session:
            page = await list_cases(session, scope=EVERYWHERE, elder=closed["elder"]["id"])
            (follow_up,) = await session.scalars(select(FollowUp).where(FollowUp.case_id == closed["id"]))
        return next(case for case in page.items if case.id == closed["id"]), follow_up

    async def nothing_is_left(self, within: float = 8.0) -> None:
        """No channel and no bridge in Asterisk. Fails with what there still is."""
        async with asyncio.timeout(within):
            while left := [*await self.ari.channels.list(), *await self.ari.bridges.list()]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert not left


@asynccontextmanager
async def open_house(
    home: Path,
    program: Program,
    *,
    elders: Sequence[ElderForm] = (),
    seats: Sequence[str] = ("801", "802"),
    skills: Mapping[str, Skill] | None = None,
    environment: dict[str, str] | None = None,
    controller: bool = True,
    phones: Sequence[str] | None = None,
    clock: Callable[[], datetime] = Controller.now,
    whole_prompts: bool = False,
) -> AsyncIterator[House]:
    """Everything started, phones registered, nobody ready yet; everything stopped at the end. Without `controller` a
    test starts one of its own. `skills`: of the seats that are no agents'. `phones`: the seats whose telephones are in
    the town, when not all are. `clock` tells the controller whether it is within working hours. Prompts are spoken in
    their first words only, unless a test needs the `whole_prompts`. A test that went well ends with every case of it
    replayed."""
    settings, town_settings = _settings(home, environment or {})
    if not whole_prompts:
        speak_briefly(settings.home)
    keys = Secrets.load_or_create(settings.home)
    await _newest_schema(settings.database_url)
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        lines = await _records(database, elders, seats, skills or {})
        render_platform(settings, keys, lines, program=program)
        process = platform_asterisk(settings, program)
        await process.start()
        stack.push_async_callback(process.stop)
        await process.wait_fully_booted()
        # Nobody but the ladder reads the snapshot, and to write it is a process more in every test.
        stack.enter_context(patch.object(snapshot, "FIRST_LOOK", NEVER))
        inner = await stack.enter_async_context(bootstrap.running(settings, keys, clock=clock)) if controller else None
        ari = await stack.enter_async_context(
            Client(f"http://127.0.0.1:{settings.ari_port}", username=keys.ari_user, password=keys.ari_password)
        )
        http, second_http = [
            await stack.enter_async_context(
                aiohttp.ClientSession(
                    f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {keys.control_token}"}
                )
            )
            for port in (settings.control_port, settings.standby_port)
        ]
        in_town = [line for line in lines if phones is None or line.extension in phones]
        town = await stack.enter_async_context(
            Town.open(platform=settings, town=town_settings, seats=in_town, program=program)
        )
        await town.seats_registered()
        house = House(settings, keys, process, town, inner, database, http, second_http, ari)
        if controller:
            await stack.enter_async_context(house.following())
            for line in in_town:
                await house.told("seat", extension=line.extension, registered=True)
        yield house
    await every_case_replays(house)


def speak_briefly(home: Path) -> None:
    """The first words of each prompt, as the operator's own recordings: people wait for the ends of prompts in nearly
    every test, and the ear knows a prompt by its first words."""
    for name, sound in _first_words().items():
        path = home / "prompts" / "zh" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(sound)


@cache
def _first_words() -> dict[str, bytes]:
    found = {}
    for path in sorted((DIALPLAN / "prompts" / "zh").glob("*.wav")):
        brief = io.BytesIO()
        with wave.open(str(path), "rb") as whole, wave.open(brief, "wb") as cut:
            cut.setparams(whole.getparams())
            cut.writeframes(whole.readframes(round(FIRST_WORDS * whole.getframerate())))
        found[path.name] = brief.getvalue()
    return found


def _settings(home: Path, environment: dict[str, str]) -> tuple[Settings, TownSettings]:
    web, sip, ari, ami, control, standby, town_sip, town_ari = free_ports(8)
    town = TownSettings.load(
        {
            "YJT_TOWN_SIP_PORT": str(town_sip),
            "YJT_TOWN_ARI_PORT": str(town_ari),
            "YJT_TOWN_RTP_PORTS": str(sound_ports("town", SOUND_PORTS)),
        }
    )
    settings = Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_WEB_PORT": str(web),
            "YJT_SIP_PORT": str(sip),
            "YJT_ARI_PORT": str(ari),
            "YJT_AMI_PORT": str(ami),
            "YJT_CONTROL_PORT": str(control),
            "YJT_STANDBY_PORT": str(standby),
            "YJT_RTP_PORTS": str(sound_ports("platform", SOUND_PORTS)),
            "YJT_EMERGENCY_ROUTE": "trunk",
            "YJT_PLATFORM_NUMBER": "02110000000",
            "YJT_POLICY__LOOKUP": "4",  # many houses on one machine; a slow register has its own tests
            "YJT_AREA_CODE": AREA,
            **town.platform_environment(),
            **new_records(),
            **environment,
        }
    )
    settings.prepare_home()
    return settings, town


async def _newest_schema(url: str) -> None:
    """On SQLite only the first house of a run goes through all migrations; the others begin with a copy of its file."""
    database = make_url(url)
    file = Path(database.database or "") if database.get_backend_name() == "sqlite" else None
    if file is not None and _migrated and not file.exists():
        file.write_bytes(_migrated[0])
    await upgrade(url)
    if file is not None and not _migrated:
        _migrated.append(file.read_bytes())


async def _records(
    database: Database, elders: Sequence[ElderForm], seats: Sequence[str], skills: Mapping[str, Skill]
) -> list[SeatLine]:
    async with database.write() as session:
        for form in elders:
            await create_elder(session, form, by="test", area_code=AREA)
        for extension in seats:
            await add_seat(session, extension, name=f"seat {extension}", skills=[skills.get(extension, Skill.AGENT)])
    async with database.read() as session:
        return [SeatLine(seat.extension, seat.sip_password, seat.name) for seat in await list_seats(session)]
