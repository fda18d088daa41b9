"""Who gets in: log-in by form and JSON, lock-out, rate limit, forged requests, cookies and headers."""

from __future__ import annotations

import aiohttp
import pytest
from yarl import URL

from tests.web.conftest import PASSWORD, House, bearer, csrf_in, csrf_of, log_in
from web.accounts import hash_of
from web.throttle import Throttle


async def _try(house: House, password: str, username: str = "agent801") -> tuple[int, str]:
    page = await (await house.client.get("/login")).text()
    form = {"username": username, "password": password, "csrf_token": csrf_in(page)}
    answer = await house.client.post("/login", data=form)
    return answer.status, await answer.text()


async def test_log_in_and_out(house: House) -> None:
    await log_in(house.client)
    assert (await house.client.get("/", allow_redirects=False)).headers["Location"] == "/desk"
    token = await csrf_of(house.client)
    await house.client.post("/logout", data={"csrf_token": token["X-CSRF-Token"]})
    assert (await house.client.get("/board", allow_redirects=False)).status == 303


async def test_wrong_passwords_lock_the_account_out(house: House) -> None:
    for _ in range(4):
        assert (await _try(house, "wrong"))[0] == 401
    status, page = await _try(house, "wrong")
    assert status == 423
    assert "锁定" in page
    assert (await _try(house, PASSWORD))[0] == 423


async def test_nobody_learns_which_names_exist(sqlite_house: House) -> None:
    known, unknown = await _try(sqlite_house, "wrong"), await _try(sqlite_house, "wrong", "nobody")
    assert known[0] == unknown[0] == 401
    assert "用户名或密码错误" in known[1]
    assert "用户名或密码错误" in unknown[1]


async def test_tries_that_come_too_fast_wait(sqlite_house: House) -> None:
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 60:
        statuses.append((await _try(sqlite_house, "wrong", "nobody"))[0])
    assert statuses[:10] == [401] * 4 + [423] * 6  # a name that nobody has is locked like any other
    assert statuses[-1] == 429
    assert (await _try(sqlite_house, PASSWORD, "lead"))[0] == 200  # others in the same office are not held up


def test_the_throttle_fills_up_again() -> None:
    now = 0.0
    throttle = Throttle(burst=2, per_minute=60, clock=lambda: now)
    assert [throttle.take("x") for _ in range(3)] == [0, 0, 1]
    assert throttle.take("y") == 0
    now = 1.0
    assert throttle.take("x") == 0


async def test_a_form_without_its_token_is_refused(sqlite_house: House) -> None:
    assert (await sqlite_house.client.post("/login", data={"username": "agent801", "password": PASSWORD})).status == 403
    await log_in(sqlite_house.client)
    assert (await sqlite_house.client.post("/logout")).status == 403
    assert (await sqlite_house.client.post("/logout", data={"csrf_token": "0" * 64})).status == 403


async def test_the_api_by_cookie_needs_the_token_too(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    path, body = "/api/v1/seats/801/state", {"state": "ready"}
    refused = await sqlite_house.client.post(path, json=body)
    assert (refused.status, (await refused.json())["error"]["code"]) == (403, "csrf")
    assert (await sqlite_house.client.post(path, json=body, headers=await csrf_of(sqlite_house.client))).status == 200


async def test_another_sites_page_is_refused(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    headers = {**(await csrf_of(sqlite_house.client)), "Origin": "https://evil.example"}
    answer = await sqlite_house.client.post("/api/v1/seats/801/state", json={"state": "ready"}, headers=headers)
    assert answer.status == 403
    with_origin = {"Origin": "https://evil.example"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with sqlite_house.client.ws_connect("/api/v1/live", headers=with_origin):
            pass
    assert refused.value.status == 403


async def test_the_session_key_changes_at_log_in_and_ends_at_log_out(sqlite_house: House) -> None:
    client = sqlite_house.client
    await log_in(client)
    first = _session_cookie(sqlite_house)
    token = await csrf_of(client)
    await client.post("/logout", data={"csrf_token": token["X-CSRF-Token"]})
    client.session.cookie_jar.update_cookies({"yjt_session": first})
    assert (await client.get("/board", allow_redirects=False)).status == 303
    await log_in(client)
    assert _session_cookie(sqlite_house) != first


def _session_cookie(house: House) -> str:
    return house.client.session.cookie_jar.filter_cookies(URL(house.client.make_url("/")))["yjt_session"].value


async def test_the_database_holds_no_key_that_opens_anything(sqlite_house: House) -> None:
    await log_in(sqlite_house.client)
    key = _session_cookie(sqlite_house)
    async with sqlite_house.db.read() as session:
        rows = (await session.connection()).exec_driver_sql("SELECT key_hash, data FROM web_sessions")
        found = [tuple(row) for row in await rows]
    assert [row[0] for row in found] == [hash_of(key)]
    assert key not in str(found)


async def test_cookies_and_headers_are_strict(sqlite_house: House) -> None:
    page = await sqlite_house.client.get("/login")
    form = {"username": "lead", "password": PASSWORD, "csrf_token": csrf_in(await page.text())}
    https = {"X-Forwarded-Proto": "https"}
    answer = await sqlite_house.client.post("/login", data=form, headers=https, allow_redirects=False)
    cookie = answer.cookies["yjt_session"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"


async def test_next_never_leads_away(sqlite_house: House) -> None:
    for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        page = await (await sqlite_house.client.get("/login")).text()
        form = {"username": "lead", "password": PASSWORD, "csrf_token": csrf_in(page), "next": bad}
        answer = await sqlite_house.client.post("/login", data=form, allow_redirects=False)
        assert answer.headers["Location"] == "/", bad
        sqlite_house.client.session.cookie_jar.clear()


async def test_a_bearer_token_works_until_log_out(house: House) -> None:
    headers = await bearer(house.client)
    me = await house.client.get("/api/v1/me", headers=headers)
    assert (await me.json())["username"] == "agent801"
    assert (await house.client.post("/api/v1/logout", headers=headers)).status == 200
    assert (await house.client.get("/api/v1/me", headers=headers)).status == 401


async def test_json_log_in_tells_the_csrf_token_of_its_session(sqlite_house: House) -> None:
    body = {"username": "agent801", "password": PASSWORD}
    answer = await (await sqlite_house.client.post("/api/v1/login", json=body)).json()
    headers = {"X-CSRF-Token": answer["csrf_token"]}
    state = {"state": "paused", "reason": "rest"}
    assert (await sqlite_house.client.post("/api/v1/seats/801/state", json=state, headers=headers)).status == 200


async def test_a_closed_account_is_out(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    async with sqlite_house.db.write() as session:
        await (await session.connection()).exec_driver_sql("UPDATE users SET active = 0 WHERE username = 'agent801'")
    assert (await sqlite_house.client.get("/api/v1/me", headers=headers)).status == 401
