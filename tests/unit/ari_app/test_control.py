"""The control API over a real loopback: the token, errors in the contract's form, actions, the live stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from prometheus_client.parser import text_string_to_metric_families

from ari_app import control
from ari_app.bus import LISTENER_QUEUE
from ari_app.lease import LeaseLost
from ivr.case import ElderFile
from ivr.events import CallerIdentified
from ivr.vocabulary import CaseState, Role, SeatRelease
from models.database import DatabaseUnavailable
from tests.unit.ari_app.platform import NUMBER, Platform, platform, whole_recordings

__all__ = ["whole_recordings"]
pytestmark = pytest.mark.usefixtures("whole_recordings")
TOKEN = "a-token-of-the-tests"
ACTOR = {"actor": "seat:801"}
WITHIN = 5.0


@dataclass
class Api:
    """The API of one platform, and a client that knows the token."""

    platform: Platform
    http: aiohttp.ClientSession
    chosen: list[str] = field(default_factory=list)
    lost: bool = False  # another controller has taken over
    reloads: list[Exception | None] = field(default_factory=list)

    async def interlock(self) -> None:
        if self.lost:
            raise LeaseLost("another controller has taken over")

    async def reload(self) -> None:
        problem = self.reloads.pop()
        if problem is not None:
            raise problem

    async def asks(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with self.http.request(method, path, **more) as answer:
            assert answer.content_type == "application/json"
            return answer.status, await answer.json()

    async def acts(self, **action: object) -> tuple[int, Any]:
        return await self.asks("POST", f"/cases/{self.platform.case.id}/actions", json={**ACTOR, **action})

    @asynccontextmanager
    async def live(self, query: str = "") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.http.ws_connect(f"/live{query}") as socket:
            yield socket


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with platform(tmp_path) as made:
        made.seats("801", "802")
        api = Api(made, aiohttp.ClientSession())
        app = control.make_app(
            made.controller,
            token=TOKEN,
            interlock=api.interlock,
            reload=api.reload,
            seat_chose=api.chosen.append,
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await api.http.close()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {TOKEN}"}) as api.http:
            yield api
        await runner.cleanup()


async def talking(api: Api) -> None:
    await api.platform.sos()
    await api.platform.answers("a-1")


def error_of(body: Any) -> str:
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "fields"}
    return str(body["error"]["code"])


# --- the door ---------------------------------------------------------------------------------------------------------

PATHS = [
    ("GET", "/state"),
    ("GET", "/live"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("POST", "/reload"),
    ("POST", "/cases/x/actions"),
    ("POST", "/cases/x/shown"),
    ("POST", "/seats/801/state"),
    ("GET", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_nothing_without_the_token(api: Api, method: str, path: str) -> None:
    for wrong in ("", TOKEN, f"Bearer {TOKEN}x", "Bearer ", "Basic abc", "Bearer \udcff\udcfe", "Bearer 令牌"):
        status, body = await api.asks(method, path, headers={"Authorization": wrong})
        assert (status, error_of(body)) == (401, "unauthorized")


async def test_one_who_was_replaced_accepts_and_tells_nothing(api: Api) -> None:
    await talking(api)
    api.lost = True
    status, body = await api.acts(action="close", outcome="other", note="")
    assert (status, error_of(body)) == (503, "stand_by")
    status, body = await api.asks("POST", "/seats/802/state", json={"state": "paused", "reason": "rest", **ACTOR})
    assert (status, error_of(body)) == (503, "stand_by")
    assert api.platform.case.state is CaseState.TALKING
    assert error_of((await api.asks("GET", "/seats"))[1]) == "stand_by"
    assert (await api.asks("GET", "/health"))[0] == 200


async def test_health_is_for_everybody(api: Api) -> None:
    assert await api.asks("GET", "/health", headers={"Authorization": "no"}) == (200, {"ok": True})


async def test_ready_only_with_a_link(api: Api) -> None:
    status, body = await api.asks("GET", "/ready")
    assert (status, body["ready"]) == (503, False)
    assert body["degraded"] == ["asterisk: not connected to Asterisk yet"]
    api.platform.controller.link_problem = ""
    assert await api.asks("GET", "/ready") == (200, {"ready": True, "degraded": []})
    api.platform.controller.watched = (lambda: ["disk: 7 MB left"],)
    assert await api.asks("GET", "/ready") == (200, {"ready": True, "degraded": ["disk: 7 MB left"]})


async def test_figures_are_what_prometheus_reads_and_name_nobody(api: Api) -> None:
    await talking(api)
    async with api.http.get("/metrics") as answer:
        text = await answer.text()
    assert (answer.status, answer.content_type) == (200, "text/plain")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {"yjt_answer_seconds", "yjt_cases", "yjt_controller_process_resident_memory_bytes"} <= families.keys()
    assert NUMBER not in text
    assert api.platform.case.id not in text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/cases/x/actions", 405, "method_not_allowed"),
        ("DELETE", "/state", 405, "method_not_allowed"),
        ("POST", "/cases/nobody/actions", 404, "unknown_case"),
        ("POST", "/cases/%00%f0%9f%99%82/shown", 404, "unknown_case"),
        ("POST", "/seats/899/state", 404, "unknown_seat"),
        ("POST", f"/seats/{'9' * 5000}/state", 404, "unknown_seat"),
        ("GET", "/live", 400, "bad_request"),
    ],
)
async def test_what_is_not_there(api: Api, method: str, path: str, status: int, code: str) -> None:
    got, body = await api.asks(method, path)
    assert (got, error_of(body)) == (status, code)


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"", "application/json", 400, "not_json"),
        (b"{", "application/json", 400, "not_json"),
        (b"\xff\xfe", "application/json", 400, "not_json"),
        (b"{}", "application/json; charset=nonsense", 400, "not_json"),
        (b"[" * 50_000, "application/json", 400, "not_json"),
        (b'{"note": ' + b"1" * 6000 + b"}", "application/json", 400, "not_json"),
        (b"[]", "application/json", 400, "not_an_object"),
        (b'"text"', "application/json", 400, "not_an_object"),
        (b"null", "application/json", 400, "not_an_object"),
        (b'{"note": "' + b"x" * control.LARGEST_BODY + b'"}', "application/json", 413, "request_entity_too_large"),
        (b"{}", "application/json", 422, "invalid"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_bodies_that_cannot_be_used(api: Api, data: bytes, content_type: str, status: int, code: str) -> None:
    await api.platform.sos()
    path = f"/cases/{api.platform.case.id}/actions"
    got, body = await api.asks("POST", path, data=data, headers={"Content-Type": content_type})
    assert (got, error_of(body)) == (status, code)


async def test_a_mistake_of_ours_tells_nothing_about_itself(api: Api) -> None:
    api.reloads.append(KeyError("a secret"))
    status, body = await api.asks("POST", "/reload")
    assert (status, error_of(body)) == (500, "internal")
    assert "secret" not in str(body)


# --- what agents ask for ----------------------------------------------------------------------------------------------


async def test_an_action_is_done_and_answered_with_the_case(api: Api) -> None:
    await talking(api)
    status, body = await api.acts(action="emergency")
    assert (status, body["case"]["state"]) == (200, "emergency")
    assert "call" in body["case"]["actions"]
    asked = next(entry for entry in api.platform.run.entries if entry.event == "emergency_requested")
    assert asked.actor == "seat:801"


async def test_an_action_that_does_not_fit_is_refused(api: Api) -> None:
    await api.platform.sos()
    status, body = await api.acts(action="emergency")
    assert (status, error_of(body)) == (409, "not_in_this_state")
    assert api.platform.case.state is CaseState.RINGING_SEATS


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ({"action": "dance"}, {"action"}),
        ({"action": "call"}, {"target"}),
        ({"action": "merge", "leg": ""}, {"leg"}),
        ({"action": "close", "outcome": "fine"}, {"outcome"}),
        ({"action": "emergency", "actor": "nobody"}, {"actor"}),
    ],
)
async def test_an_action_that_cannot_be_read(api: Api, action: dict[str, Any], fields: set[str]) -> None:
    await talking(api)
    status, body = await api.acts(**action)
    assert (status, error_of(body)) == (422, "invalid")
    assert set(body["error"]["fields"]) == fields


@pytest.mark.parametrize("leg", ["nobody", "🙂", "\ud800", "'; --", "\x00"])
async def test_a_leg_that_is_not_there(api: Api, leg: str) -> None:
    await talking(api)
    status, body = await api.acts(action="hangup", leg=leg)
    assert (status, error_of(body)) == (409, "unknown_leg")


async def test_a_seat_that_is_named_is_kept_until_the_case_has_decided(api: Api) -> None:
    await talking(api)
    desk = api.platform.controller.desk
    assert (await api.acts(action="take_over", role="B", extension="802"))[1]["error"]["code"] == "not_in_this_state"
    assert desk.seat("802").state == "ready"
    status, body = await api.acts(action="take_over", role="A", extension="802")
    assert status == 200
    rung = next(leg for leg in body["case"]["legs"] if leg["id"] == "a-2")
    assert (rung["number"], rung["name"], rung["role"]) == ("802", "seat 802", None)
    assert (desk.seat("802").case, desk.seat("802").role) == (api.platform.case.id, "A")
    assert error_of((await api.acts(action="take_over", role="A", extension="802"))[1]) == "seat_in_case"
    assert desk.seat("802").case == api.platform.case.id


async def test_a_seat_that_is_named_and_cannot_come(api: Api) -> None:
    await talking(api)
    desk = api.platform.controller.desk
    desk.keep("another", "802", Role.A)
    assert error_of((await api.acts(action="take_over", role="A", extension="802"))[1]) == "seat_not_free"
    desk.release("another", "802", SeatRelease.NOT_NEEDED)
    desk.registered("802", is_registered=False)
    assert error_of((await api.acts(action="take_over", role="A", extension="802"))[1]) == "seat_offline"
    assert await api.acts(action="take_over", role="A", extension="899") == (
        404,
        {"error": {"code": "unknown_seat", "message": "there is no such seat", "fields": {}}},
    )


async def test_a_case_that_ends_while_it_is_asked_for_something(api: Api) -> None:
    await talking(api)
    await api.platform.run.stop()
    status, body = await api.acts(action="emergency")
    assert (status, error_of(body)) == (409, "case_closed")


async def test_a_screen_that_shows_the_case(api: Api) -> None:
    await api.platform.sos()
    path = f"/cases/{api.platform.case.id}/shown"
    assert await api.asks("POST", path, json={**ACTOR, "extension": "801"}) == (200, {})
    await api.acts(action="emergency")  # decided after it
    shown = next(entry for entry in api.platform.run.entries if entry.event == "file_shown")
    assert (shown.actor, shown.data["extension"]) == ("seat:801", "801")
    for wrong, status in (({"extension": "899"}, 404), ({}, 404), ({"extension": "801", "actor": "me"}, 422)):
        assert (await api.asks("POST", path, json={**ACTOR, **wrong}))[0] == status


async def test_seats_are_set_ready_and_paused_and_it_is_kept(api: Api) -> None:
    status, seat = await api.asks("POST", "/seats/801/state", json={**ACTOR, "state": "paused", "reason": "午饭" * 99})
    assert (status, seat["state"], seat["reason"]) == (200, "paused", ("午饭" * 99)[:60])
    assert (await api.asks("POST", "/seats/801/state", json={**ACTOR, "state": "ready"}))[1]["state"] == "ready"
    for wrong in ({"state": "talking"}, {}, {"state": "ready", "actor": ""}, {"state": ["ready"]}):
        status, body = await api.asks("POST", "/seats/801/state", json={**ACTOR, **wrong})
        assert (status, error_of(body)) == (422, "invalid")
    assert api.chosen == ["801", "801"]


async def test_an_agents_own_call_opens_a_case_and_bad_input_opens_none(api: Api) -> None:
    call = {**ACTOR, "extension": "801", "number": "13000000099", "name": "演示·女儿", "file": None}
    for wrong, field_ in (({"number": "120"}, "number"), ({"number": "x"}, "number"), ({"file": {"id": 1}}, "file")):
        status, body = await api.asks("POST", "/calls", json={**call, **wrong})
        assert (status, set(body["error"]["fields"])) == (422, {field_})
    assert (await api.asks("POST", "/calls", json={**call, "extension": "899"}))[0] == 404
    assert not api.platform.controller.runs
    status, body = await api.asks("POST", "/calls", json=call)
    assert (status, body["case"]["kind"], body["case"]["state"]) == (200, "outbound", "calling_out")
    status, body = await api.asks("POST", "/calls", json=call)
    assert (status, error_of(body)) == (409, "seat_not_free")
    status, body = await api.asks("POST", "/seats/801/state", json={**ACTOR, "state": "wrap_up"})
    assert (status, error_of(body)) == (409, "no_wrap_up")


async def test_seats_are_read_again(api: Api) -> None:
    api.reloads.append(None)
    assert await api.asks("POST", "/reload") == (200, {})
    api.reloads.append(DatabaseUnavailable("the server is down"))
    status, body = await api.asks("POST", "/reload")
    assert (status, error_of(body)) == (503, "database_unavailable")


# --- what consoles see ------------------------------------------------------------------------------------------------


async def next_of(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message: dict[str, Any] = await socket.receive_json(timeout=WITHIN)
    return message


async def test_the_picture_and_what_follows(api: Api) -> None:
    await talking(api)
    async with api.live() as live:
        picture = await next_of(live)
        assert picture["kind"] == "state"
        assert picture["data"]["cases"][0]["id"] == api.platform.case.id
        assert [seat["extension"] for seat in picture["data"]["seats"]] == ["801", "802"]
        assert (await api.asks("GET", "/state"))[1]["cases"] == picture["data"]["cases"]
        api.platform.controller.desk.pause("802", "")
        following = [await next_of(live)]
        while following[-1]["kind"] != "seat":
            following.append(await next_of(live))
        assert [m["seq"] for m in following] == [picture["seq"] + n for n in range(1, len(following) + 1)]
        assert following[-1]["data"]["state"] == "paused"


async def test_who_comes_back_misses_nothing(api: Api) -> None:
    bus = api.platform.controller.bus
    before = bus.seq
    for n in range(5):
        bus.publish("case", n)
    async with api.live(f"?after={before + 2}") as live:
        assert [(await next_of(live))["data"] for _ in range(3)] == [2, 3, 4]


@pytest.mark.parametrize("after", ["", "x", "-1", "²", "١", "1e3", "9" * 30, "9" * 6000, "%00"])
async def test_a_number_that_is_none_gives_the_picture(api: Api, after: str) -> None:
    async with api.live(f"?after={after}") as live:
        assert (await next_of(live))["kind"] == "state"


async def test_who_is_too_slow_is_told_to_come_back(api: Api) -> None:
    bus = api.platform.controller.bus
    async with api.live() as live:
        seen = (await next_of(live))["seq"]
        for n in range(LISTENER_QUEUE + 1):  # all at once: nobody could have read them
            bus.publish("case", n)
        last = await live.receive(timeout=WITHIN)
        assert (last.type, last.data) == (WSMsgType.CLOSE, 1013)
    async with api.live(f"?after={seen}") as live:
        assert [(await next_of(live))["data"] for _ in range(LISTENER_QUEUE + 1)] == list(range(LISTENER_QUEUE + 1))


@pytest.mark.parametrize("text", ["\ud800", "\x00\x07\u2028", "🙂" * 5000, "\"'<script>"])
async def test_no_text_breaks_the_stream(api: Api, text: str) -> None:
    bus = api.platform.controller.bus
    async with api.live() as live:
        await next_of(live)
        bus.publish("case", text)
        bus.publish("case", "after it")
        assert [(await next_of(live))["data"] for _ in range(2)] == [text, "after it"]


async def test_who_leaves_is_forgotten(api: Api) -> None:
    bus = api.platform.controller.bus
    async with api.live() as live:
        await next_of(live)
        assert len(bus._listeners) == 1
    async with asyncio.timeout(WITHIN):
        while bus._listeners:
            await api.asks("GET", "/health")


async def test_hostile_names_reach_the_screen_whole(api: Api) -> None:
    await api.platform.sos()
    name = "'\"<script>🙂" + "x" * 10_000 + "\x07"
    controller = api.platform.controller
    file = ElderFile(id=1, name=name)
    api.platform.run.post(CallerIdentified(at=controller.now(), actor="system", file=file))
    await api.acts(action="emergency")  # decided after it
    async with asyncio.timeout(WITHIN):
        while (case := (await api.asks("GET", "/state"))[1]["cases"][0])["file"] is None:
            pass  # a picture from before, which a message follows
    assert case["file"]["name"] == name
