"""What several nouns need of one platform: its database, its seats as Asterisk knows them, its exchange.

Wiring only; the rules are in `models` and `home`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from home import locks
from home.asterisk import AsteriskProcess, platform_asterisk
from home.programs import find
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database
from models.people import UserRole, create_user, generate_password, list_users
from web.exchange import reload, render_exchange

_TIMEOUT = aiohttp.ClientTimeout(total=5.0)


class PlatformSilent(Exception):
    """The platform runs, yet a part of it does not answer; what was written takes effect when it is restarted."""


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The platform's database, closed at the end."""
    settings.prepare_home()
    db = Database(settings.database_url)
    try:
        yield db
    finally:
        await db.close()


def exchange(settings: Settings) -> AsteriskProcess:
    """The platform's Asterisk, whoever has started it."""
    return platform_asterisk(settings, find("asterisk", settings))


async def apply_seats(settings: Settings, db: Database) -> bool:
    """Tell a running platform of changed seats; False when none runs (it will read them when it starts)."""
    if locks.running_in(settings.home) is None:
        return False
    if await render_exchange(settings, db):
        await reload(settings)
    await ask_controller(settings, "/reload", {})
    return True


async def ask_controller(settings: Settings, path: str, body: dict[str, str]) -> dict[str, object]:
    """The answer of the active controller; one that stands by refuses, and will read the records when it takes over.
    Raises PlatformSilent."""
    token = Secrets.load_or_create(settings.home).control_token
    problems = []
    async with aiohttp.ClientSession(timeout=_TIMEOUT, headers={"Authorization": f"Bearer {token}"}) as http:
        for port in settings.control_ports:
            address = f"http://127.0.0.1:{port}{path}"
            try:
                async with http.post(address, json=body, raise_for_status=True) as answer:
                    told: dict[str, object] = await answer.json()
                    return told
            except (aiohttp.ClientError, TimeoutError) as error:
                problems.append(str(error))
    raise PlatformSilent(f"控制器没有应答 / the controller does not answer: {'; '.join(problems)}")


async def first_admin(db: Database) -> str | None:
    """When nobody can log in yet, make the user `admin`; returns the generated password, shown this once only."""
    async with db.read() as session:
        if await list_users(session):
            return None
    password = generate_password()
    await create_user(db, "admin", password, name="管理员", roles=[UserRole.ADMIN])
    return password
