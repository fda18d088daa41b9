"""The watch at the SIP door, with an Asterisk and a link to AMI that do what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, cast

import pytest

from ari_app import sip_watch
from ari_app.ami import AmiLink, SecurityEvent, SecurityKind
from ari_app.ari import Client
from ari_app.ari.errors import NotConnected, NotFound, ServerError
from ari_app.sip_watch import SipWatch, spared_networks
from ari_app.strangers import BanLimits, Strangers
from home.settings import Settings
from models.base import utc_now
from models.database import Database, parse_url
from models.sip_bans import SipBan, all_bans, all_trusted, keep_ban

LIMITS = BanLimits(failures=3)
OFFICE = "198.51.100.7"


class Lists:
    """The access lists of an Asterisk: it answers 500 to what it has made, as the real one does."""

    def __init__(self) -> None:
        self.made: dict[str, list[str]] = {}
        self.away = False
        self.refuses = False

    @property
    def denied(self) -> set[str]:
        return {address for lines in self.made.values() for line in lines for address in line.split(",")}

    async def updateObject(self, *, id: str, fields: list[dict[str, str]], **_: str) -> None:  # noqa: A002
        self._reachable()
        if not self.refuses:
            self.made[id] = [field["value"] for field in fields]
        raise ServerError(500, "Internal Server Error", method="PUT", uri="x")

    async def getObject(self, *, id: str, **_: str) -> None:  # noqa: A002
        raise self._said(id, "GET")

    async def deleteObject(self, *, id: str, **_: str) -> None:  # noqa: A002
        self._reachable()
        if self.made.pop(id, None) is None:
            raise NotFound(404, "Not Found", method="DELETE", uri="x")

    def _said(self, name: str, method: str) -> Exception:
        if name in self.made:
            return ServerError(500, "Internal Server Error", method=method, uri="x")
        return NotFound(404, "Not Found", method=method, uri="x")

    def _reachable(self) -> None:
        if self.away:
            raise NotConnected("no link")


class Link:
    """Instead of AMI's: a test calls its listeners."""

    problem = ""
    linked = True

    def __init__(self, *, linked: Callable[[], None], heard: Callable[[SecurityEvent], None]) -> None:
        self.let_in, self.heard = linked, heard

    async def run(self) -> None:
        await asyncio.Event().wait()


class Scene:
    def __init__(self, database: Database, folder: Path) -> None:
        self.lists = Lists()
        self.links: list[Link] = []
        client: Any = type("Ari", (), {"asterisk": self.lists})()

        def link(**listeners: Any) -> AmiLink:
            self.links.append(Link(**listeners))
            return cast(AmiLink, self.links[0])

        self.log = folder / "sip-bans.log"
        self.watch = SipWatch(
            cast(Client, client),
            database,
            ami=link,
            strangers=Strangers(LIMITS),
            ban_log=self.log,
            now=utc_now,
        )

    def knocks(self, address: str, kind: SecurityKind = SecurityKind.FAILED_PROOF, *, times: int = 3) -> None:
        for _ in range(times):
            self.links[0].heard(SecurityEvent(kind, "PJSIP", "", ip_address(address)))

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not happened():  # noqa: ASYNC110 - another task's work has no event
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_watch, "TURN", 0.02)
    monkeypatch.setattr(sip_watch, "RETRY", 0.05)


@pytest.fixture
async def database(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """In a folder of its own, which can be taken away."""
    made = Database(f"sqlite:///{_moved(sqlite_url, tmp_path / 'records')}")
    yield made
    await made.close()


def _moved(url: str, folder: Path) -> Path:
    folder.mkdir()
    return Path(str(parse_url(url).database)).rename(folder / "watch.db")


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with running(database, tmp_path) as made:
        yield made


@asynccontextmanager
async def running(database: Database, folder: Path) -> AsyncIterator[Scene]:
    made = Scene(database, folder)
    task = asyncio.create_task(made.watch.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def bans_on_record(database: Database) -> list[SipBan]:
    async with database.read() as session:
        return list(await all_bans(session))


async def test_a_ban_is_in_force_on_record_and_a_line_in_the_log(scene: Scene, database: Database) -> None:
    scene.knocks("203.0.113.5")
    await scene.until(lambda: scene.lists.denied == {"203.0.113.5/32"} and scene.log.exists())
    await scene.until(lambda: "sip-ban 203.0.113.5/32 for 600 s after 3 failures" in scene.log.read_text())
    assert scene.watch.counted == {"PJSIP.ChallengeResponseFailed": 3}
    await scene.until(lambda: not scene.watch._unkept)
    assert [row.network for row in await bans_on_record(database)] == ["203.0.113.5/32"]


async def test_many_bans_are_one_list_with_short_lines(scene: Scene) -> None:
    for number in range(50):
        scene.knocks(f"203.0.113.{number}")
    await scene.until(lambda: len(scene.lists.denied) == 50 and len(scene.lists.made) == 1)
    (lines,) = scene.lists.made.values()
    assert max(len(line.split(",")) for line in lines) == 20


async def test_a_lift_is_in_force_when_it_is_answered(scene: Scene, database: Database) -> None:
    scene.knocks("203.0.113.5")
    await scene.until(lambda: bool(scene.lists.denied))
    assert await scene.watch.lift(ip_network("203.0.113.5"), "user:7")
    assert scene.lists.denied == set()
    assert not await scene.watch.lift(ip_network("203.0.113.5"), "user:7")
    assert [row.lifted_by for row in await bans_on_record(database)] == ["user:7"]


async def test_an_asterisk_that_does_not_take_the_list_is_told_again(scene: Scene) -> None:
    for fault in ("away", "refuses"):
        setattr(scene.lists, fault, True)
        scene.links[0].let_in()  # another Asterisk
        scene.knocks("203.0.113.5")
        await scene.until(lambda: any("not in force" in problem for problem in scene.watch.problems))
        setattr(scene.lists, fault, False)
        await scene.until(lambda: scene.lists.denied == {"203.0.113.5/32"} and scene.watch.problems == [])


async def test_another_asterisk_is_told_of_every_ban(scene: Scene) -> None:
    scene.knocks("203.0.113.5")
    await scene.until(lambda: bool(scene.lists.denied))
    scene.lists.made.clear()
    scene.links[0].let_in()
    await scene.until(lambda: scene.lists.denied == {"203.0.113.5/32"})


async def test_what_a_former_life_knew_is_in_force_and_trusted(database: Database, tmp_path: Path) -> None:
    at = utc_now()
    async with database.write() as session:
        for network, hours in (("203.0.113.5/32", 1), ("203.0.113.6/32", -1)):
            until = at + timedelta(hours=hours)
            since = at - timedelta(hours=2)
            await keep_ban(
                session, SipBan(network=network, since=since, until=until, failures=3, times=1, lifted_by="")
            )
    async with running(database, tmp_path) as before:
        await before.until(lambda: before.lists.denied == {"203.0.113.5/32"})
        before.knocks(OFFICE, SecurityKind.PROVEN, times=1)
        await before.until(lambda: bool(before.watch._trust_kept))
    async with running(database, tmp_path) as scene:
        await scene.until(lambda: scene.lists.denied == {"203.0.113.5/32"})
        scene.knocks(OFFICE)
        await scene.until(lambda: any(OFFICE in problem for problem in scene.watch.problems))
        assert scene.lists.denied == {"203.0.113.5/32"}


async def test_a_ban_holds_while_the_database_is_away_and_is_on_record_afterwards(
    scene: Scene, database: Database
) -> None:
    await scene.until(lambda: scene.watch._loaded)
    folder = Path(str(database.url.database)).parent
    folder.rename(folder.with_name("away"))
    scene.knocks("203.0.113.5")
    await scene.until(lambda: any("not on record" in problem for problem in scene.watch.problems))
    assert scene.lists.denied == {"203.0.113.5/32"}
    folder.with_name("away").rename(folder)
    await scene.until(lambda: scene.watch.problems == [])
    assert [row.network for row in await bans_on_record(database)] == ["203.0.113.5/32"]


async def test_trust_is_not_written_each_time(scene: Scene, database: Database) -> None:
    scene.knocks(OFFICE, SecurityKind.PROVEN, times=200)
    await scene.until(lambda: bool(scene.watch._trust_kept))
    scene.knocks(OFFICE, SecurityKind.PROVEN, times=200)
    await scene.until(scene.watch._mailbox.empty)
    assert not scene.watch._trust_new
    async with database.read() as session:
        assert [row.network for row in await all_trusted(session)] == [f"{OFFICE}/32"]


def test_who_is_spared_by_the_settings() -> None:
    settings = Settings.load(
        {
            "YJT_SIP_HOST": "0.0.0.0",
            "YJT_TRUNK_MATCH": "192.0.2.0/28",
            "YJT_TRUNK_CONTACT": "sip:192.0.2.99:5060",
            "YJT_SIP_NEVER_BAN": "203.0.113.0/24",
        }
    )
    found = {str(network) for network in spared_networks(settings)}
    assert found == {"127.0.0.0/8", "::1/128", "192.0.2.0/28", "192.0.2.99/32", "203.0.113.0/24"}
