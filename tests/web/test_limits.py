"""How fast, how much and how slowly somebody may send; whose address counts; that alarms and emergencies go through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from models.base import utc_now
from tests.web.conftest import PASSWORD, House, bearer, build, csrf_in
from web import limits
from web.keys import SETTINGS
from web.throttle import Limits, Throttle

HTTPS = {"X-Forwarded-Proto": "https"}


@dataclass
class Clock:
    now: float = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def strict(sqlite_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    """A house that lets everybody ask three times and then once a minute, by the test's clock."""
    narrow = Limits(*(Throttle(burst=3, per_minute=1, clock=lambda: clock.now) for _ in range(3)))
    async for built in build(sqlite_url, tmp_path, limits=narrow):
        yield built


async def _statuses(house: House, path: str, headers: dict[str, str], times: int = 5) -> list[int]:
    return [(await house.client.get(path, headers=headers)).status for _ in range(times)]


async def test_each_account_has_its_own_measure(strict: House) -> None:
    one, other = await bearer(strict.client), await bearer(strict.client, "agent802")
    assert await _statuses(strict, "/api/v1/elders", one) == [200, 200, 200, 429, 429]
    answer = await strict.client.get("/elders", headers=one)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert await _statuses(strict, "/api/v1/elders", other, 3) == [200, 200, 200]


async def test_strangers_are_slowed_down_by_address(strict: House) -> None:
    first, second = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    assert await _statuses(strict, "/api/v1/elders", first) == [401, 401, 401, 429, 429]
    assert await _statuses(strict, "/api/v1/elders", second, 3) == [401, 401, 401]
    assert await _statuses(strict, "/health", first) == [200] * 5


async def test_what_serves_an_emergency_is_never_held_up(strict: House) -> None:
    agent = await bearer(strict.client)
    assert 429 in await _statuses(strict, "/api/v1/elders", agent)
    for path in ("/desk", "/fragments/desk", "/board", "/fragments/board"):
        assert await _statuses(strict, path, agent) == [200] * 5, path
    for _ in range(5):
        answer = await strict.client.post("/api/v1/cases/c1/actions", json={"action": "emergency"}, headers=agent)
        assert answer.status == 404  # it was looked for


@pytest.mark.clause("K7")
async def test_alarms_that_come_too_fast_are_told_when_to_come_again_and_none_is_lost(
    strict: House, clock: Clock
) -> None:
    """A gateway that does as it is told hands all of them in."""
    gateway, at = await bearer(strict.client), utc_now()
    waiting = [
        {"device": f"S{number}", "kind": "fall", "at": (at + timedelta(seconds=number)).isoformat()}
        for number in range(6)
    ]
    refused = 0
    while waiting:
        answer = await strict.client.post("/api/v1/alarms", json=waiting[0], headers=gateway)
        if answer.status == 429:
            clock.now += int(answer.headers["Retry-After"])
            refused += 1
            continue
        assert answer.status == 201
        waiting.pop(0)
    assert refused == 3
    handed = [(await strict.control.next_asked()).body["report"]["device"] for _ in range(6)]
    assert handed == [f"S{number}" for number in range(6)]


async def test_a_district_may_raise_a_thousand_alarms_at_once(sqlite_house: House) -> None:
    """The limits that stand: a power cut is no attack."""
    alarms = Limits().alarms
    assert [alarms.take("gateway") for _ in range(1_000)] == [0] * 1_000


async def test_who_sends_drop_by_drop_is_cut_off(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLOWEST_BODY", 0.1)
    headers = await bearer(sqlite_house.client)
    url = sqlite_house.client.make_url("/api/v1/elders")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"}}")
    writer.close()
    await writer.wait_closed()
    assert b" 408 " in answer.splitlines()[0]
    assert '"code": "too_slow"' in answer.decode()


async def test_what_is_too_large_is_refused(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    answer = await sqlite_house.client.post("/api/v1/elders", json={"name": "x" * 300_000}, headers=headers)
    assert (answer.status, (await answer.json())["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded; charset=nonsense"])
async def test_a_form_that_is_none_is_refused(sqlite_house: House, kind: str) -> None:
    answer = await sqlite_house.client.post("/login", data=b"username=\xff", headers={"Content-Type": kind})
    assert answer.status == 400


async def _origin(house: House, forwarded: str) -> str:
    """The address that the audit log has of a log-in that came with this header."""
    body = {"username": "lead", "password": PASSWORD}
    answer = await house.client.post("/api/v1/login", json=body, headers={"X-Forwarded-For": forwarded})
    assert answer.status == 200
    async with house.db.read() as session:
        rows = await (await session.connection()).exec_driver_sql("SELECT origin FROM audit ORDER BY id DESC LIMIT 1")
        return str(rows.scalar_one())


async def test_only_our_proxies_say_where_somebody_comes_from(sqlite_house: House) -> None:
    assert await _origin(sqlite_house, "192.0.2.1") == "192.0.2.1"
    assert await _origin(sqlite_house, "10.9.9.9, 192.0.2.1") == "192.0.2.1"  # what the client has written itself
    assert await _origin(sqlite_house, "192.0.2.1, 127.0.0.1") == "192.0.2.1"  # two proxies of ours
    assert await _origin(sqlite_house, "nonsense") == "127.0.0.1"
    sqlite_house.app[SETTINGS].trusted_proxies.clear()
    assert await _origin(sqlite_house, "192.0.2.1") == "127.0.0.1"


async def test_headers_are_those_that_owasp_asks_for(sqlite_house: House) -> None:
    for path in ("/login", "/api/v1/openapi.json", "/static/css/app.css", "/nothing"):
        answer = await sqlite_house.client.get(path, headers=HTTPS)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Server"] == "yijiantong"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
    plain = await sqlite_house.client.get("/login")
    assert "Strict-Transport-Security" not in plain.headers


async def test_every_cookie_is_strict_behind_tls(sqlite_house: House) -> None:
    page = await sqlite_house.client.get("/login", headers=HTTPS)
    form = {"username": "lead", "password": PASSWORD, "csrf_token": csrf_in(await page.text())}
    logged_in = await sqlite_house.client.post("/login", data=form, headers=HTTPS, allow_redirects=False)
    for cookie in (*page.cookies.values(), *logged_in.cookies.values()):
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax"), cookie.key
