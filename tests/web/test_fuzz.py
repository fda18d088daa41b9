"""Whatever is sent to the API, it answers in the shapes that openapi.json promises and never with a failure of ours.

Schemathesis makes the requests from our own description: fitting ones and others, to records that are there and to
none. Bounded, so that it takes about half a minute; `FUZZ_EXAMPLES=500` for a long run by hand.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from models.base import utc_now
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.people import User
from models.register import create_elder
from models.web_sessions import ApiToken
from tests.web import stories
from tests.web.conftest import House, build
from web import api
from web.accounts import hash_of
from web.api.openapi import describe
from web.keys import MIRROR
from web.throttle import Limits, Throttle

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Records that are there, by the name of the part of the path.
THERE = {"/elders": {"id": "1", "part": "1"}, "/cases": {"id": "c1"}, "/seats": {"extension": "801"}}

# The phone's socket leads to a telephone exchange, and here is none: 503 is its promise (test_phone.py has one).
schema = schemathesis.openapi.from_dict(describe(api.ROOT, api.operations())).exclude(path_regex="/phone/socket$")


@dataclass
class _Server:
    """The application with a fake controller, in a thread of its own: schemathesis asks without asyncio."""

    folder: Path
    url: str = ""
    _up: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _stop: asyncio.Event | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fuzzed")
        self._thread.start()
        assert self._up.wait(60), "the application did not start"

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(60)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        plenty = [Throttle(burst=1_000_000, per_minute=1_000_000) for _ in range(3)]
        async for house in build(f"sqlite:///{self.folder / 'records.db'}", self.folder, limits=Limits(*plenty)):
            await _furnish(house)
            self.url = str(house.client.make_url(""))
            self._up.set()
            await self._stop.wait()


async def _furnish(house: House) -> None:
    """An administrator with tokens, an elder, an open case, seats."""
    form = ElderForm(
        name="演示·李一",
        contacts=(ContactForm("演示·女", phones=("12000000001",)),),
        terminals=(TerminalForm("02110000001"),),
    )
    async with house.db.write() as session:
        user = User(username="fuzz", password_hash="-", name="fuzz", roles=["admin"], seat="801")
        session.add(user)
        await session.flush()
        later = utc_now() + timedelta(hours=1)
        for token in ("staying", "leaving"):
            session.add(ApiToken(user_id=user.id, name="fuzz", key_hash=hash_of(token), expires_at=later))
        await create_elder(session, form, by="test", area_code="021")
    await house.control.case(stories.case_json(stories.ringing()))
    await house.until(lambda: "c1" in house.app[MIRROR].cases, "the case")


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all that is asked, and no cookie of an answer in the next request."""
    with requests.Session() as session:
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield session


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copy(migrated_sqlite, folder / "records.db")
    running = _Server(folder)
    running.start()
    yield running.url
    running.stop()


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_every_operation_answers_as_it_promises(case: Any, server: str, session: requests.Session) -> None:
    token = "leaving" if case.path.endswith("/logout") else "staying"
    headers = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=server, session=session, headers=headers, checks=CHECKS)
    there = next((parts for start, parts in THERE.items() if case.path.startswith(f"{api.ROOT}{start}/{{")), None)
    if there is not None:
        case.path_parameters = {**case.path_parameters, **there}
        case.call_and_validate(base_url=server, session=session, headers=headers, checks=CHECKS)
