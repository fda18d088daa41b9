"""The JSON API: its shapes, its errors, its description, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select

from ivr.commands import DraftComplaint, DraftOrder
from ivr.vocabulary import Aid
from models.audit import AuditEntry
from models.exception_reports import ExceptionReport
from models.journal import (
    JournalEntry,
    write,
)
from models.org import OrgKind, add_unit
from tests.web import stories
from tests.web.conftest import House, bearer
from web.api import ROOT, operations
from web.keys import MIRROR

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
ELDER: dict[str, Any] = {
    "name": "演示·赵三",
    "sex": "male",
    "born": "1940-02-03",
    "home_phone": "1000 0003",
    "compound": "安康小区",
    "room": "301",
    "contacts": [{"name": "演示·赵小三", "kind": "child", "phones": ["12000000031", "+86 120 0000 0032"]}],
    "terminals": [{"line": "021-10000003", "model": "T1"}],
}


async def _call(
    house: House, method: str, path: str, body: Any = None, *, headers: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    answer = await house.client.request(method, f"/api/v1{path}", json=body, headers=headers)
    return answer.status, await answer.json()


async def test_open_cases_come_live_and_closed_ones_from_the_records(house: House) -> None:
    headers = await bearer(house.client)
    await house.control.case(stories.case_json(stories.ringing("live1")))
    await house.until(lambda: "live1" in house.app[MIRROR].cases)
    async with house.db.write() as session:
        await write(session, stories.entries(stories.closed(stories.talking(stories.ringing("old1", file=None)))))
    status, opened = await _call(house, "GET", "/cases?state=open", headers=headers)
    assert (status, [case["id"] for case in opened["items"]], opened["next"]) == (200, ["live1"], None)
    assert opened["items"][0]["actions"]
    _, closed = await _call(house, "GET", "/cases?state=closed", headers=headers)
    assert [case["id"] for case in closed["items"]] == ["old1"]
    _, one = await _call(house, "GET", "/cases/old1", headers=headers)
    assert {
        "id",
        "kind",
        "state",
        "caller",
        "elder",
        "opened_at",
        "answered_at",
        "closed_at",
        "outcome",
        "legs",
    } <= set(one)
    assert one["opened_at"].endswith("+00:00")
    assert [entry["seq"] for entry in one["timeline"]] == [1, 2, 3, 4]


async def test_drafts_are_listed_the_latest_first(house: House) -> None:
    headers = await bearer(house.client)
    case = stories.talking(stories.ringing("c1", file=None))
    commands = (DraftOrder(Aid.MEALS, "午饭"), DraftOrder(Aid.BATHING, "洗澡"), DraftComplaint("", "太慢"))
    drafts = [JournalEntry(case, seq, AT, "x", "seat:801", None, {}, (one,)) for seq, one in enumerate(commands, 1)]
    async with house.db.write() as session:
        await write(session, drafts)
    status, first = await _call(house, "GET", "/orders?state=draft&limit=1", headers=headers)
    assert (status, [order["aid"] for order in first["items"]]) == (200, ["bathing"])
    order = first["items"][0]
    assert (order["case"], order["wish"], order["state"], order["drafted_by"]) == ("c1", "洗澡", "draft", "seat:801")
    assert order["drafted_at"] == "2026-11-22T08:30:00.000+00:00"
    _, rest = await _call(house, "GET", f"/orders?cursor={first['next']}", headers=headers)
    assert ([order["aid"] for order in rest["items"]], rest["next"]) == (["meals"], None)
    _, complaints = await _call(house, "GET", "/complaints", headers=headers)
    assert [(one["about"], one["words"]) for one in complaints["items"]] == [("", "太慢")]
    assert (await _call(house, "GET", "/orders?state=lost", headers=headers))[0] == 422
    assert (await _call(house, "GET", "/complaints?elder=7", headers=headers))[1]["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "consult"}, "skill"),
        ({"action": "classify", "topic": "weather"}, "topic"),
        ({"action": "draft_order", "aid": "meals", "wish": " "}, "wish"),
        ({"action": "draft_complaint", "about": "x" * 201, "words": "太慢"}, "about"),
    ],
)
async def test_papers_that_lack_something_are_refused_by_field(
    sqlite_house: House, body: dict[str, str], field: str
) -> None:
    headers = await bearer(sqlite_house.client)
    status, answer = await _call(sqlite_house, "POST", "/cases/c1/actions", body, headers=headers)
    assert (status, list(answer["error"]["fields"])) == (422, [field])


@pytest.mark.clause("K1")
async def test_exception_reports_are_listed_and_explained_by_those_who_may(house: House) -> None:
    case = stories.closed(stories.talking(stories.ringing("c8", file=None)))
    async with house.db.write() as session:
        await write(session, stories.entries(case), area_code="021")
        session.add(ExceptionReport(case_id="c8", waiting_since=case.opened_at, opened_at=case.opened_at))
    assert (await _call(house, "GET", "/exception-reports", headers=await bearer(house.client)))[0] == 403
    lead = await bearer(house.client, "lead")
    status, found = await _call(house, "GET", "/exception-reports?state=open", headers=lead)
    assert (status, [(one["case"], one["cause"]) for one in found["items"]]) == (200, [("c8", None)])
    assert found["items"][0]["answered_after"] > 0
    change = {"version": 1, "cause": "all_busy", "explanation": "演示"}
    assert (await _call(house, "PATCH", "/exception-reports/1", change, headers=lead))[0] == 200
    assert (await _call(house, "PATCH", "/exception-reports/1", change, headers=lead))[0] == 409
    unknown = {**change, "version": 2, "cause": "bad luck"}
    assert (await _call(house, "PATCH", "/exception-reports/1", unknown, headers=lead))[0] == 422
    assert (await _call(house, "PATCH", "/exception-reports/9", change, headers=lead))[0] == 404
    assert (await _call(house, "GET", "/exception-reports?state=open", headers=lead))[1]["items"] == []


async def test_pages_of_a_list_follow_each_other(house: House) -> None:
    headers = await bearer(house.client)
    async with house.db.write() as session:
        for number in range(5):
            await write(session, stories.entries(stories.closed(stories.ringing(f"p{number}", file=None))))
    seen: list[str] = []
    path = "/cases?state=closed&limit=2"
    cursor = ""
    while True:
        _, page = await _call(house, "GET", path + (f"&cursor={cursor}" if cursor else ""), headers=headers)
        seen += [case["id"] for case in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == [f"p{number}" for number in range(5)]


async def test_an_action_goes_to_the_controller_with_its_actor(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    await sqlite_house.control.case(stories.case_json(stories.talking(stories.ringing())))
    body = {"action": "call", "target": "number:120 0000 0001"}
    status, answer = await _call(sqlite_house, "POST", "/cases/c1/actions", body, headers=headers)
    assert (status, answer["case"]["id"]) == (200, "c1")
    asked = await sqlite_house.control.next_asked()
    assert asked.path == "/cases/c1/actions"
    assert asked.body == {"action": "call", "target": "number:12000000001", "actor": "user:1"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": "dance"}, "action"),
        ({"action": "call"}, "target"),
        ({"action": "call", "target": "number:abc"}, "target"),
        ({"action": "merge"}, "leg"),
        ({"action": "split"}, "leg"),
        ({"action": "take_over"}, "role"),
        ({"action": "take_over", "role": "A", "mode": "off"}, "mode"),
        ({"action": "take_over", "role": "C"}, "role"),
        ({"action": "take_over", "role": "A", "extension": "sip:801"}, "extension"),
        ({"action": "close"}, "outcome"),
        ({"action": "close", "outcome": "fine"}, "outcome"),
        ({"action": "emergency", "colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_action_is_told_field_by_field(sqlite_house: House, body: dict[str, Any], field: str) -> None:
    headers = await bearer(sqlite_house.client)
    status, answer = await _call(sqlite_house, "POST", "/cases/c1/actions", body, headers=headers)
    assert status == 422
    assert set(answer["error"]) == {"code", "message", "fields"}
    assert field in answer["error"]["fields"]
    assert sqlite_house.control.asked.empty()


async def test_a_refusal_keeps_its_code_and_gets_our_words(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    await sqlite_house.control.case(stories.case_json(stories.ringing()))
    sqlite_house.control.refuse = (409, "not_in_this_state")
    status, answer = await _call(sqlite_house, "POST", "/cases/c1/actions", {"action": "arrived"}, headers=headers)
    assert (status, answer["error"]["code"]) == (409, "not_in_this_state")
    assert answer["error"]["message"] == "事件当前状态不能这样操作"
    status, _ = await _call(sqlite_house, "POST", "/cases/nothing/actions", {"action": "arrived"}, headers=headers)
    assert status == 404


async def test_without_a_controller_actions_say_so(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    await sqlite_house.control.stop()
    status, answer = await _call(sqlite_house, "POST", "/cases/c1/actions", {"action": "emergency"}, headers=headers)
    assert (status, answer["error"]["code"]) == (503, "controller_unreachable")


async def test_one_takes_over_on_ones_own_seat(sqlite_house: House) -> None:
    headers, lead = await bearer(sqlite_house.client), await bearer(sqlite_house.client, "lead")
    await sqlite_house.control.case(stories.case_json(stories.talking(stories.ringing())))
    body = {"action": "take_over", "role": "A"}
    path = "/cases/c1/actions"
    assert (await _call(sqlite_house, "POST", path, body, headers=headers))[0] == 200
    assert (await sqlite_house.control.next_asked()).body == {**body, "extension": "801", "actor": "user:1"}
    others = {**body, "extension": "802"}
    assert (await _call(sqlite_house, "POST", path, others, headers=headers))[0] == 403
    assert (await _call(sqlite_house, "POST", path, others, headers=lead))[0] == 200
    status, answer = await _call(sqlite_house, "POST", path, body, headers=lead)
    assert (status, set(answer["error"]["fields"])) == (422, {"extension"})
    assert "分机" in answer["error"]["fields"]["extension"]


async def test_only_the_own_telephone_can_be_worked(sqlite_house: House) -> None:
    headers, lead = await bearer(sqlite_house.client), await bearer(sqlite_house.client, "lead")
    path, body = "/seats/801/phone", {"action": "mute"}
    assert (await _call(sqlite_house, "POST", path, body, headers=lead))[0] == 403
    assert (await _call(sqlite_house, "POST", path, {"action": "shake"}, headers=headers))[0] == 422
    assert (await _call(sqlite_house, "POST", path, body, headers=headers))[0] == 200
    asked = await sqlite_house.control.next_asked()
    assert (asked.path, asked.body) == (path, {**body, "actor": "user:1"})


async def test_only_the_own_seat_can_be_set(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    body = {"state": "paused", "reason": "meal"}
    assert (await _call(sqlite_house, "POST", "/seats/802/state", body, headers=headers))[0] == 403
    assert (await _call(sqlite_house, "POST", "/seats/801/state", body, headers=headers))[0] == 200
    assert (await sqlite_house.control.next_asked()).body == {**body, "actor": "user:1", "by": ""}
    shown = {"extension": "802"}
    assert (await _call(sqlite_house, "POST", "/cases/c1/shown", shown, headers=headers))[0] == 403
    lead = await bearer(sqlite_house.client, "lead")
    assert (await _call(sqlite_house, "POST", "/seats/802/state", body, headers=lead))[0] == 200
    assert (await sqlite_house.control.next_asked()).body == {**body, "actor": "user:3", "by": "演示班长"}
    async with sqlite_house.db.read() as session:
        (entry,) = (await session.scalars(select(AuditEntry).where(AuditEntry.record == "seat:802"))).all()
    assert (entry.actor, entry.action) == ("user:3", "seat.paused")


async def test_only_supervisors_supervise(sqlite_house: House) -> None:
    headers, lead = await bearer(sqlite_house.client), await bearer(sqlite_house.client, "lead")
    await sqlite_house.control.case(stories.case_json(stories.talking(stories.ringing())))
    body = {"action": "supervise", "mode": "listen", "extension": "801"}
    path = "/cases/c1/actions"
    assert (await _call(sqlite_house, "POST", path, body, headers=headers))[0] == 403
    assert (await _call(sqlite_house, "POST", path, {"action": "supervise_end"}, headers=headers))[0] == 403
    assert (await _call(sqlite_house, "POST", path, body, headers=lead))[0] == 200
    assert (await sqlite_house.control.next_asked()).body == {**body, "actor": "user:3"}
    assert (await _call(sqlite_house, "POST", path, {"action": "supervise_end"}, headers=lead))[0] == 200


async def _reveal(house: House, elder: int, headers: dict[str, str]) -> None:
    body = {"record": f"elder:{elder}", "reason": "核对档案"}
    assert (await _call(house, "POST", "/reveals", body, headers=headers))[0] == 201


async def test_an_elder_from_cradle_to_grave(house: House) -> None:
    headers = await bearer(house.client)
    status, made = await _call(house, "POST", "/elders", ELDER, headers=headers)
    assert status == 201, made
    assert made["home_phone"] == "02110000003"
    assert made["contacts"][0]["phones"] == ["12000000031", "12000000032"]
    path = f"/elders/{made['id']}"
    _, masked = await _call(house, "GET", path, headers=headers)
    assert (masked["home_phone"], masked["name"], masked["room"]) == ("021****0003", made["name"], "***")
    back = {"version": made["version"], "health": "***"}
    assert (await _call(house, "PATCH", path, back, headers=headers))[0] == 422  # what is masked cannot come back
    await _reveal(house, made["id"], headers)
    assert (await _call(house, "GET", path, headers=headers))[1] == made
    status, changed = await _call(
        house, "PATCH", path, {"version": made["version"], "landmark": "食堂对面"}, headers=headers
    )
    assert (status, changed["landmark"], changed["room"]) == (200, "食堂对面", "301")
    stale = {"version": made["version"], "landmark": "别处"}
    status, conflict = await _call(house, "PATCH", path, stale, headers=headers)
    assert (status, conflict["error"]["code"]) == (409, "version")
    assert conflict["error"]["fields"] == {"version": str(changed["version"])}
    for search in ("赵三", "zhaosan", "yszs", "0000003"):
        _, found = await _call(house, "GET", f"/elders?search={search}", headers=headers)
        assert [elder["id"] for elder in found["items"]] == [made["id"]], search
    assert (await _call(house, "DELETE", f"{path}?version={changed['version']}", headers=headers))[0] == 200
    assert (await _call(house, "GET", path, headers=headers))[0] == 404


async def test_contacts_and_terminals_below_an_elder(house: House) -> None:
    headers = await bearer(house.client)
    _, made = await _call(house, "POST", "/elders", ELDER, headers=headers)
    contacts, terminals = f"/elders/{made['id']}/contacts", f"/elders/{made['id']}/terminals"
    await _reveal(house, made["id"], headers)
    body = {"name": "演示·邻居", "kind": "neighbour", "phones": ["12000000033"]}
    status, second = await _call(house, "POST", contacts, body, headers=headers)
    assert (status, second["name"]) == (201, "演示·邻居")
    _, first_now = await _call(house, "PATCH", f"{contacts}/{second['id']}", {"position": 0}, headers=headers)
    assert first_now["id"] == second["id"]
    _, listed = await _call(house, "GET", contacts, headers=headers)
    assert [contact["id"] for contact in listed["items"]] == [second["id"], made["contacts"][0]["id"]]
    assert (await _call(house, "DELETE", f"{contacts}/{second['id']}", headers=headers))[0] == 200
    assert (await _call(house, "GET", f"{contacts}/{second['id']}", headers=headers))[0] == 404
    status, bad = await _call(house, "POST", contacts, {"name": "甲", "phones": ["abc"]}, headers=headers)
    assert (status, list(bad["error"]["fields"])) == (422, ["contacts.1.phones.0"])
    status, line = await _call(house, "POST", terminals, {"line": "10000004"}, headers=headers)
    assert (status, line["line"]) == (201, "02110000004")
    _, moved = await _call(house, "PATCH", f"{terminals}/{line['id']}", {"model": "T2"}, headers=headers)
    assert (moved["id"], moved["model"]) == (line["id"], "T2")
    assert (await _call(house, "DELETE", f"{terminals}/{line['id']}", headers=headers))[0] == 200
    _, listed = await _call(house, "GET", terminals, headers=headers)
    assert [terminal["line"] for terminal in listed["items"]] == ["02110000003"]


async def test_a_wrong_form_names_the_field_in_the_users_language(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    wrong = {**ELDER, "id_card": "123", "home_phone": "12"}
    _, zh = await _call(sqlite_house, "POST", "/elders", wrong, headers=headers)
    english = {**headers, "Cookie": "yjt_lang=en"}
    status, en = await _call(sqlite_house, "POST", "/elders", wrong, headers=english)
    assert status == 422
    assert set(zh["error"]["fields"]) == set(en["error"]["fields"]) == {"id_card", "home_phone"}
    assert "身份证号" in zh["error"]["fields"]["id_card"]
    assert "ID number" in en["error"]["fields"]["id_card"]


async def test_elders_are_found_by_community(house: House) -> None:
    headers = await bearer(house.client)
    async with house.db.write() as session:
        street = await add_unit(session, OrgKind.STREET, "演示街道", parent=None)
        community = await add_unit(session, OrgKind.COMMUNITY, "幸福社区", parent=street.id)
        other = await add_unit(session, OrgKind.COMMUNITY, "安乐社区", parent=street.id)
        ids = street.id, community.id, other.id
    await _call(house, "POST", "/elders", {**ELDER, "org_unit_id": ids[1]}, headers=headers)
    counts = [(await _call(house, "GET", f"/elders?community={unit}", headers=headers))[1]["total"] for unit in ids]
    assert counts == [1, 1, 0]


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", "[" * 5_000])
async def test_what_is_no_json_object_is_refused(sqlite_house: House, body: str) -> None:
    headers = {**(await bearer(sqlite_house.client)), "Content-Type": "application/json"}
    answer = await sqlite_house.client.post("/api/v1/elders", data=body, headers=headers)
    assert answer.status == 422
    assert (await answer.json())["error"]["code"] == "json"


async def test_errors_have_one_shape(sqlite_house: House) -> None:
    headers = await bearer(sqlite_house.client)
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/elders/0x1", 404),
        ("GET", "/elders/99999999999999", 404),
        ("PUT", "/elders", 405),
        ("GET", "/cases?from=yesterday", 422),
        ("GET", "/cases?cursor=nonsense", 422),
        ("GET", "/cases?limit=100000", 422),
    ):
        found, answer = await _call(sqlite_house, method, path, headers=headers)
        assert found == status, path
        assert set(answer["error"]) == {"code", "message", "fields"}
    found, answer = await _call(sqlite_house, "GET", "/cases", headers={})
    assert (found, answer["error"]["code"]) == (401, "unauthorized")


async def test_the_description_covers_every_route(sqlite_house: House) -> None:
    document = await (await sqlite_house.client.get("/api/v1/openapi.json")).json()
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    routes = {
        (route.resource.canonical, route.method.lower())
        for route in sqlite_house.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(ROOT) and route.method != "HEAD"
    }
    assert routes - described == {(f"{ROOT}/openapi.json", "get"), (f"{ROOT}/docs", "get")}
    references = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert references <= set(document["components"]["schemas"])


def test_answers_are_what_the_description_says() -> None:
    view = stories.case_json(stories.emergency(stories.talking(stories.ringing())))
    results = {operation.path: operation.result for operation in operations() if operation.method == "GET"}
    TypeAdapter(results["/cases/{id}"]).validate_python(view)


async def test_health_ready_and_figures(sqlite_house: House) -> None:
    client = sqlite_house.client
    assert (await client.get("/health")).status == 200
    ready = await client.get("/ready")
    assert (ready.status, (await ready.json())["ready"]) == (200, True)
    figures = await (await client.get("/api/v1/metrics")).text()
    assert "yjt_web_controller_reachable 1.0" in figures
    assert 'route="/health"' in figures
