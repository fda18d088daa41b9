"""Logs tell what happened and never to whom: not in any line, whatever is asked, sent or goes wrong."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from models.elder_forms import ContactForm, ElderForm
from models.register import create_elder
from tests.web import stories
from tests.web.conftest import House, bearer, csrf_in, csrf_of, log_in
from web import logs
from web.keys import DATABASE, MIRROR

# Marked data: whatever of this is in a line has come from a person.
NAME, PHONE, CARD, HEALTH = "记号·老人", "13900008888", "310101194103050022", "记号病史"
PASSWORD, USERNAME, ADDRESS = "Marked-secret-5", "marked.user", "203.0.113.77"
MARKS = (NAME, "记号", PHONE, PHONE[3:], CARD, HEALTH, PASSWORD, USERNAME, ADDRESS, "agent801", quote("记号"), "幸福")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    out = io.StringIO()
    logs.set_up(out)
    yield out
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = []


def _told(lines: io.StringIO) -> list[str]:
    """Lines that hold a mark, however it is written."""
    found = []
    for line in lines.getvalue().splitlines():
        plain = json.dumps(json.loads(line), ensure_ascii=False)
        found += [plain for mark in MARKS if mark in line or mark in plain]
    return found


async def _furnish(house: House) -> None:
    form = ElderForm(name=NAME, home_phone=PHONE, health=HEALTH, contacts=(ContactForm(NAME, phones=(PHONE,)),))
    async with house.db.write() as session:
        await create_elder(session, form, by="test", area_code="021")
    await house.control.case(stories.case_json(stories.ringing()))
    await house.until(lambda: "c1" in house.app[MIRROR].cases, "the case")


PAGES = (
    "/board",
    "/desk",
    "/cases/c1",
    "/elders/1",
    "/elders/1/edit",
    f"/elders?search={NAME}",
    f"/elders?search={PHONE}",
    f"/elders?cursor={PHONE}&community={NAME}",
    f"/cases?from={NAME}",
    f"/cases?cursor={PHONE}",
    f"/elders/{PHONE}",
    f"/cases/{PHONE}",
    f"/nothing/{NAME}",
    f"/login?next=/elders?search={PHONE}",
    f"/api/v1/elders?search={PHONE}",
    f"/api/v1/elders?nonsense={NAME}",
    f"/api/v1/cases/{PHONE}",
    f"/api/v1/recordings/{PHONE}",
    f"/api/v1/audit?origin={NAME}",
    f"/static/{NAME}.js",
)


async def test_no_page_and_no_search_leaves_a_trace(sqlite_house: House, lines: io.StringIO) -> None:
    await _furnish(sqlite_house)
    await log_in(sqlite_house.client)
    for path in PAGES:
        await sqlite_house.client.get(path, headers={"X-Forwarded-For": ADDRESS, "Referer": f"http://x/{PHONE}"})
    events = [json.loads(line) for line in lines.getvalue().splitlines()]
    routes = {event["route"] for event in events if event["event"] == "request"}
    assert routes >= {"/board", "/desk", "/cases/{id}", "/elders", "/elders/{id}", "/api/v1/elders", "-"}
    assert _told(lines) == []


async def test_no_input_leaves_a_trace(sqlite_house: House, lines: io.StringIO) -> None:
    await _furnish(sqlite_house)
    headers = {**await bearer(sqlite_house.client), "X-Forwarded-For": ADDRESS}
    bad = {"name": NAME, "home_phone": PHONE + "x", "id_card": CARD, "health": HEALTH, "service_class": 9}
    posts: list[tuple[str, object]] = [
        ("elders", bad),
        ("elders", {**bad, "service_class": 1}),
        ("elders", {NAME: PHONE}),
        ("elders/1/contacts", {"name": NAME, "phones": [PHONE + PHONE]}),
        ("cases/c1/actions", {"action": "call", "target": f"number:{PHONE}"}),
        ("cases/c1/actions", {"action": NAME}),
        (f"cases/{PHONE}/actions", {"action": "emergency"}),
        ("alarms", {"device": PHONE, "kind": NAME, "at": "2026-11-22T08:00:00+08:00", "words": HEALTH}),
        ("alarms", {"device": PHONE, "at": NAME}),
        ("reveals", {"record": "elder:1", "reason": f"{NAME} {PHONE}"}),
        ("reveals", {"record": PHONE, "reason": NAME}),
        ("terminal-tests", {"device": PHONE}),
        ("login", {"username": USERNAME, "password": PASSWORD}),
        ("login", {"username": PASSWORD, "password": [PHONE]}),
    ]
    for path, body in posts:
        await sqlite_house.client.post(f"/api/v1/{path}", json=body, headers=headers)
    for data in (f"{{{NAME}".encode(), b"\xff\xfe", NAME.encode("gb18030")):
        typed = {**headers, "Content-Type": "application/json"}
        await sqlite_house.client.post("/api/v1/elders", data=data, headers=typed)
    assert _told(lines) == []
    assert sum(json.loads(line)["event"] == "request" for line in lines.getvalue().splitlines()) > len(posts)


async def test_no_form_leaves_a_trace(sqlite_house: House, lines: io.StringIO) -> None:
    await _furnish(sqlite_house)
    page = await (await sqlite_house.client.get("/login")).text()
    form = {"username": USERNAME, "password": PASSWORD, "csrf_token": csrf_in(page), "next": f"/{PHONE}"}
    assert (await sqlite_house.client.post("/login", data=form)).status == 401
    await log_in(sqlite_house.client)
    token = (await csrf_of(sqlite_house.client))["X-CSRF-Token"]
    for fields in ({"name": NAME, "home_phone": PHONE}, {"name": NAME, "born": NAME}, {"contacts-0-name": NAME}):
        await sqlite_house.client.post("/elders/new", data={"csrf_token": token, **fields})
    await sqlite_house.client.post("/elders/1/edit", data={"csrf_token": token, "name": NAME, "version": PHONE})
    assert _told(lines) == []


async def test_no_failure_of_ours_leaves_a_trace(
    sqlite_house: House, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong inside is told by its kind and place: its text may quote what somebody typed."""
    await _furnish(sqlite_house)
    headers = await bearer(sqlite_house.client)
    database = sqlite_house.app[DATABASE]
    for failure in (ValueError(f"{NAME} {PHONE}"), IntegrityError(f"INSERT {NAME}", {"phone": PHONE}, OSError(CARD))):

        def broken(failure: Exception = failure) -> None:
            raise failure

        with monkeypatch.context() as patched:
            patched.setattr(type(database), "read", lambda _, broken=broken: broken())
            answer = await sqlite_house.client.get("/api/v1/orders", headers=headers)
            assert (answer.status, NAME in await answer.text()) == (500, False)
    logging.getLogger("another.library").error("a failure of %s", NAME, exc_info=ValueError(f"{NAME} {PHONE}"))
    assert "request_failed" in lines.getvalue()
    assert "ValueError" in lines.getvalue()
    assert _told(lines) == []
