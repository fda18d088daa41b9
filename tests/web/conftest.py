"""Fixtures: the web process's application on a real database and a fake controller, and clients of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from home.secrets import Secrets
from home.settings import Settings
from models import passwords
from models.database import Database
from models.people import User
from models.seats import add_seat
from tests.web.fake_control import FakeControl, fake_control
from web.app import make_app
from web.keys import LIMITS, MIRROR
from web.throttle import Limits, Throttle

PASSWORD = "Test-pass-2026"
# argon2 is slow on purpose, and every test logs in: the least work that it can do. The real parameters are tested where
# passwords are (`records/test_people.py`), and by every process that a test starts.
QUICK: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH: Final = QUICK.hash(PASSWORD)
Client = TestClient[web.Request, web.Application]


@dataclass
class House:
    """Everything that a test of the web may want to touch."""

    app: web.Application
    control: FakeControl
    client: Client
    db: Database
    settings: Settings

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait for something that a message brings about."""
        await until(condition, what)


async def until(condition: Callable[[], bool], what: str = "") -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the mirror has no event for each of its changes
            await asyncio.sleep(0.005)


async def settle(database: Database) -> None:
    """Two seats and the people of the tests."""
    async with database.write() as session:
        for extension in ("801", "802"):
            await add_seat(session, extension, name=f"坐席{extension}")
    people: list[dict[str, Any]] = [
        {"username": "agent801", "name": "演示坐席甲", "roles": ["agent"], "seat": "801"},
        {"username": "agent802", "name": "演示坐席乙", "roles": ["agent"], "seat": "802"},
        {"username": "lead", "name": "演示班长", "roles": ["lead"]},
        {"username": "keeper", "name": "演示维护员", "roles": ["maintenance"]},
        {"username": "reader", "name": "演示质检员", "roles": ["reviewer"]},
        {"username": "wall", "name": "演示大屏", "roles": ["wallboard"]},
    ]
    async with database.write() as session:
        session.add_all(User(password_hash=HASH, **person) for person in people)


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Inside, hashes of this process are made and checked with the least work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        patch.setattr(passwords, "NOBODY", QUICK.hash("nobody's"))
        yield


@pytest.fixture
def cheap_passwords() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest_asyncio.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async for built in build(database_url, tmp_path):
        yield built


@pytest_asyncio.fixture
async def sqlite_house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The same on SQLite only, for what no database has a part in."""
    async for built in build(sqlite_url, tmp_path):
        yield built


async def build(url: str, home: Path, *, limits: Limits | None = None, **more: str) -> AsyncIterator[House]:
    database = Database(url)
    await settle(database)
    secrets = Secrets.load_or_create(home / "home")
    async with fake_control(secrets.control_token) as control:
        env = {"YJT_HOME": str(home / "home"), "YJT_DATABASE_URL": url, "YJT_CONTROL_PORT": str(control.port), **more}
        settings = Settings.load(env)
        app = make_app(settings, secrets)
        if limits is not None:
            app[LIMITS] = limits
        async with TestClient(TestServer(app), cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            await until(lambda: app[MIRROR].reachable, "the controller")
            with quick_passwords():
                yield House(app, control, client, database, settings)
    await database.close()


def plenty() -> Limits:
    """For tests that ask every route in a row: nobody is told to ask more slowly."""
    return Limits(*(Throttle(burst=10_000, per_minute=10_000) for _ in range(3)))


async def log_in(client: Client, username: str = "agent801") -> None:
    """By the form, as a browser does."""
    page = await (await client.get("/login")).text()
    form = {"username": username, "password": PASSWORD, "csrf_token": csrf_in(page)}
    answer = await client.post("/login", data=form, allow_redirects=False)
    assert answer.status == 303, await answer.text()


def csrf_in(page: str) -> str:
    found = re.search(r'name="csrf" content="([0-9a-f]{64})"', page)
    assert found, page[:500]
    return found[1]


async def csrf_of(client: Client) -> dict[str, str]:
    """The header that a page's script sends."""
    return {"X-CSRF-Token": csrf_in(await (await client.get("/board")).text())}


async def csrf_field(client: Client) -> dict[str, str]:
    """The field that a form of ours has."""
    return {"csrf_token": (await csrf_of(client))["X-CSRF-Token"]}


async def bearer(client: Client, username: str = "agent801") -> dict[str, str]:
    """The header of a program that logged in by JSON; its cookies are forgotten."""
    answer = await client.post("/api/v1/login", json={"username": username, "password": PASSWORD})
    token = (await answer.json())["token"]
    client.session.cookie_jar.clear()
    return {"Authorization": f"Bearer {token}"}
