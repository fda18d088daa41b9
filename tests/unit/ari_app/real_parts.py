"""What the controller is put together with in these tests: a fake Asterisk with real sockets, and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from home.ports import free_ports
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database
from tests.unit.ari.fake_asterisk import PASSWORD, USER, FakeAsterisk

WITHIN = 10.0
KEYS = Secrets(ari_user=USER, ari_password=PASSWORD)


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
def settings(asterisk: FakeAsterisk, sqlite_url: str, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    control, standby = free_ports(2)
    return Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_DATABASE_URL": sqlite_url,
            "YJT_ARI_PORT": asterisk.url.rsplit(":", 1)[1],
            "YJT_CONTROL_PORT": str(control),
            "YJT_STANDBY_PORT": str(standby),
        }
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The controller's, opened once more."""
    opened = Database(settings.database_url)
    yield opened
    await opened.close()


async def ready(settings: Settings) -> None:
    """Until the control API says that calls can be handled."""
    url = f"http://127.0.0.1:{settings.control_port}/ready"
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url, headers={"Authorization": f"Bearer {KEYS.control_token}"}) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)
