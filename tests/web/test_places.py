"""Rights by place: a made-up tree with somebody in each of its places. Each account sees exactly its own part of it, on
every list, in every single record, on the board and in the live stream."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final

import pytest
import pytest_asyncio
from sqlalchemy import select

from home.asterisk_platform import DIALPLAN
from home.plan_recordings import keep_recording
from ivr.vocabulary import Aid
from models.base import utc_now
from models.care.calls import CareCall
from models.care.planning import CareKind
from models.care.plans import PlanForm, create_plan
from models.care.wishes import CareWishes
from models.complaints import Complaint
from models.device_reports import DeviceReportRow
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import Terminal
from models.exception_reports import ExceptionReport
from models.follow_ups import FollowUp
from models.journal import write
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.people import User
from models.quality.calibrations import Calibration
from models.quality.reviews import QualityReview
from models.quality.score_sheets import SheetKind, newest
from models.queries.register import file_of
from models.register import create_elder
from models.settlement.records import LineCause, LineKind, SettlementLine, SettlementMonth
from models.web_sessions import ApiToken
from models.wishes import NewWish, WishKind, note_wish
from tests.web import stories
from tests.web.conftest import House, build, plenty
from web.accounts import hash_of
from web.controller import mirror
from web.keys import MIRROR

pytestmark = pytest.mark.clause("S14")
# Place, the place above it, its kind. Somebody lives in each community, one in a street outside any community, and one
# (`nowhere`) has no place, as a caller whom nobody knows.
TREE: Final = {
    "city": ("", OrgKind.CITY),
    "east": ("city", OrgKind.DISTRICT),
    "west": ("city", OrgKind.DISTRICT),
    "elm": ("east", OrgKind.STREET),
    "oak": ("east", OrgKind.STREET),
    "fir": ("west", OrgKind.STREET),
    "elm-1": ("elm", OrgKind.COMMUNITY),
    "elm-2": ("elm", OrgKind.COMMUNITY),
    "oak-1": ("oak", OrgKind.COMMUNITY),
    "fir-1": ("fir", OrgKind.COMMUNITY),
}
MONTH: Final = "2026-10"
HOMES: Final = ("elm-1", "elm-2", "oak-1", "fir-1", "oak", "nowhere")
# What the addresses of single records begin with; all that follows the id is a part of the record.
SINGLE: Final = {
    "elders": "elder", "cases": "case", "recordings": "recording", "duplicates": "elder", "complaints": "complaint",
    "follow-ups": "follow_up", "care": "plan", "care-plans": "plan", "quality-reviews": "review",
    "calibrations": "calibration", "orders": "order", "elder-statements": "elder", "inbound-texts": "text",
    "wishes": "wish",
}  # fmt: skip
_NOT_OF_PEOPLE: Final = frozenset(
    {
        *("users", "seats", "imports", "admin", "places", "policy", "prompts", "seat-records", "working-days"),
        *("complaint-archives", "visit-samples"),
        *("score-sheets", "quality-draws", "my-reviews", "staffing", "emergency-plans", "drill-reports", "reports"),
        *("suppliers", "my-orders", "workers", "badges", "services"),
        "supplier-statements",
    }
)
_NO_PROVISIONAL: Final = frozenset({"/elder-papers"})  # lists of files that somebody is to complete


@dataclass(frozen=True, slots=True)
class Home:
    """Who lives in a place, and all that is on record of them."""

    place: str
    elder: int
    name: str
    follow_up: int
    order: int
    report: int
    complaint: int
    plan: int
    review: int
    calibration: int
    text: int
    wish: int

    @property
    def case(self) -> str:
        return f"old-{self.place}"

    @property
    def open_case(self) -> str:
        return f"now-{self.place}"

    @property
    def ids(self) -> dict[str, str]:
        papers = {"complaint": str(self.complaint), "follow_up": str(self.follow_up), "plan": str(self.plan)}
        papers |= {"review": str(self.review), "calibration": str(self.calibration), "order": str(self.order)}
        papers |= {"text": str(self.text), "wish": str(self.wish)}
        return {"elder": str(self.elder), "case": self.case, "recording": f"{self.case}-1", **papers}

    def is_in(self, text: str) -> bool:
        return self.name in text or self.open_case in text or self.case in text


@dataclass(frozen=True, slots=True)
class Land:
    house: House
    units: dict[str, int]
    homes: dict[str, Home]

    def split(self, *places: str) -> tuple[list[Home], list[Home]]:
        """Who lives in these places or below them, and who does not."""
        inside = {place for place in HOMES if _way(place) & set(places)}
        homes = self.homes.values()
        return [home for home in homes if home.place in inside], [home for home in homes if home.place not in inside]

    async def enter(self, role: str, place: str | None, *, seat: str | None = None) -> dict[str, str]:
        """The header of somebody of this duty and place."""
        token, later = token_urlsafe(16), utc_now() + timedelta(hours=1)
        unit = self.units[place] if place else None
        async with self.house.db.write() as session:
            user = User(username=token.lower(), password_hash="-", name=role, roles=[role], org_unit_id=unit, seat=seat)
            session.add(user)
            await session.flush()
            session.add(ApiToken(user_id=user.id, name="test", key_hash=hash_of(token), expires_at=later))
        return {"Authorization": f"Bearer {token}"}

    async def ask(self, path: str, headers: dict[str, str], method: str = "GET", **more: Any) -> tuple[int, str]:
        answer = await self.house.client.request(method, path, headers=headers, allow_redirects=False, **more)
        body = await answer.read()
        return answer.status, body.decode() if "json" in answer.content_type or "text" in answer.content_type else ""


def _way(place: str) -> set[str]:
    """The place and all above it."""
    return {place} | _way(TREE[place][0]) if place in TREE else set()


@pytest_asyncio.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async for built in build(database_url, tmp_path, limits=plenty()):
        yield built


@pytest.fixture
async def land(house: House) -> Land:
    units: dict[str, int] = {}
    homes: dict[str, Home] = {}
    async with house.db.write() as session:
        session.add(SettlementMonth(month=MONTH, call_fee=2_000, call_paid=50, home_limit=0))
        for place, (above, kind) in TREE.items():
            units[place] = (await get_or_create(session, kind, place, parent=units.get(above))).id
    for number, place in enumerate(HOMES, 1):
        homes[place] = await _settle(house, place, units.get(place), number)
    await house.until(lambda: len(house.app[MIRROR].cases) == len(HOMES), "the open cases")
    return Land(house, units, homes)


async def _settle(house: House, place: str, unit: int | None, number: int) -> Home:
    """One of everything: a file with contact and terminal, a closed case with recording and papers, an open case."""
    name, line, now = f"演示·{place}·人", f"0211000{number:04}", utc_now()
    form = ElderForm(
        name=name,
        org_unit_id=unit,
        provisional=unit is None,
        contacts=(ContactForm("演示·女", phones=(f"1200000{number:04}",)),),
        terminals=(TerminalForm(line, "演示一键通", f"SN-{number}"),),
    )
    async with house.db.write() as session:
        elder = (await create_elder(session, form, by="test", area_code="021")).id
        file = await file_of(session, elder)
    closed = stories.closed(stories.talking(stories.ringing(f"old-{place}", file=file)))
    papers = {"case_id": closed.id, "elder_id": elder, "drafted_at": now, "drafted_by": "user:1"}
    async with house.db.write() as session:
        await write(session, stories.entries(closed))
        follow_up = FollowUp(case_id=closed.id, elder_id=elder, kind="emergency", due_at=now)
        report = ExceptionReport(case_id=closed.id, waiting_since=now, opened_at=now)
        order, complaint = WorkOrder(**papers, aid=Aid.MEALS, wish="午饭"), Complaint(**papers, about="", words="太慢")
        wishes = CareWishes(elder_id=elder, consent_on=now.date(), consent_by="演示")
        agent = await session.scalar(select(User.id).where(User.username == "agent801"))
        heard = {"case_id": closed.id, "recording_id": f"{closed.id}-1", "agent_id": agent, "month": "2026-11"}
        review = QualityReview(**heard, emergency=True)
        sheet = await newest(session, SheetKind.EMERGENCY)
        calibration = Calibration(**heard, emergency=True, sheet_id=sheet.id, opened_by="user:1")
        sent = {"device": line, "at": now, "said": "note", "by": "test", "message": place, "handed_at": now}
        text = DeviceReportRow(**sent, words="好的", elder_id=elder)
        session.add_all([follow_up, report, order, complaint, wishes, review, calibration, text])
        daily = PlanForm(CareKind.REGULAR, "每日问候", now.date(), ("09:00",), elder_id=elder)
        plan = await create_plan(session, daily, by="test")
        plan.recording = keep_recording(
            house.settings, plan.id, (DIALPLAN / "prompts" / "zh" / "hold.wav").read_bytes()
        )
        call = {"plan_id": plan.id, "elder_id": elder, "day": now.date(), "slot": 0, "kind": plan.kind}
        session.add(CareCall(**call, due_at=now, latest_at=now))
        paid = {"service_class": 3, "percent": 0, "government": 0, "own": 2_000, "made_by": "test"}
        about = {"month": MONTH, "subject": f"call:{elder}:{MONTH}", "of_month": MONTH, "kind": LineKind.CALL}
        session.add(SettlementLine(**about, cause=LineCause.MONTH, elder_id=elder, org_unit_id=unit, **paid))
        wish = await note_wish(session, NewWish(WishKind.REFUSAL, elder, "不要", closed.id), by="user:1")
        ids = (follow_up.id, order.id, report.id, complaint.id, plan.id, review.id, calibration.id, text.id, wish.id)
        home = Home(place, elder, name, *ids)
    tape = house.settings.home / "recordings" / closed.tapes[0].file
    tape.parent.mkdir(parents=True, exist_ok=True)
    tape.write_bytes(b"RIFF" + bytes(200))
    ringing = replace(stories.ringing(home.open_case, file=file), tapes=())
    async with house.db.write() as session:
        await write(session, stories.entries(ringing))
    await house.control.case(stories.case_json(ringing))
    return home


def _routes(house: House) -> list[str]:
    found = {
        route.resource.canonical for route in house.app.router.routes() if route.resource and route.method == "GET"
    }
    return sorted(found - {"/static"})


async def _looked_around(land: Land, headers: dict[str, str], seen: list[Home], hidden: list[Home]) -> set[str]:
    """Ask every list and every single record that this account may ask for: it tells of all who are seen and of nobody
    else, and who is hidden is not there. The lists that told of somebody."""
    lists = set()
    for route in _routes(land.house):
        kind = route.removeprefix("/api/v1").removeprefix("/fragments").split("/")[1]
        if "{" not in route:
            status, text = await land.ask(route, headers)
            if status == 200:
                assert [home.place for home in hidden if home.is_in(text)] == [], route
                told = [home.place for home in seen if home.is_in(text)]
                whole = [home.place for home in seen if home.place != "nowhere" or route not in _NO_PROVISIONAL]
                assert told in ([], whole), route
                lists |= {route} if told else set()
        elif kind not in _NOT_OF_PEOPLE and "/import/" not in route:
            assert kind in SINGLE, f"{route}: tell in SINGLE what its id is"
            for home in (*seen, *hidden):
                status, text = await land.ask(_single(route, home), headers)
                if status == 403:
                    break  # the duty may not ask, whoever it is about (test_rights.py)
                part = route.count("{") > 1 and status in (400, 404) and home in seen  # which they have none of
                assert (status == 200) == (home in seen) or part, (route, home.place, status)
                told = [other for other in land.homes.values() if other != home and other.name in text]
                assert told == [] or (kind == "duplicates" and told[0] in seen), route  # two files side by side
    return lists


def _single(route: str, home: Home) -> str:
    kind = route.removeprefix("/api/v1").removeprefix("/fragments").split("/")[1]
    return re.sub(r"{\w+}", "1", route.replace("{id}", home.ids[SINGLE[kind]]))


@pytest.mark.clause("H3")
async def test_each_official_sees_exactly_their_part_of_the_tree(land: Land) -> None:
    for place in ("city", "west", "elm", "elm-1"):
        seen, hidden = land.split(place)
        lists = await _looked_around(land, await land.enter("official", place), seen, hidden)
        wanted = {"/board", "/cases", "/elders", "/orders", "/complaints", "/terminals"}
        wanted |= {"/elder-statements", "/settlement-lines"}
        assert lists >= {*wanted, *(f"/api/v1{path}" for path in wanted - {"/board"})}, place


async def test_who_has_no_place_sees_all_or_nothing_as_the_duty_is(land: Land) -> None:
    everybody = list(land.homes.values())
    lists = await _looked_around(land, await land.enter("lead", None), everybody, [])
    assert lists >= {"/follow-ups", "/exception-reports", "/api/v1/follow-ups", "/api/v1/exception-reports"}
    for role in ("official", "station", "supplier", "system_admin", "security_admin", "gateway"):
        assert await _looked_around(land, await land.enter(role, None), [], everybody) == set(), role


async def test_the_centres_duties_may_have_a_place_too(land: Land) -> None:
    seen, hidden = land.split("oak")
    assert [home.place for home in seen] == ["oak-1", "oak"]
    lists = await _looked_around(land, await land.enter("lead", "oak"), seen, hidden)
    assert lists >= {"/follow-ups", "/exception-reports", "/api/v1/follow-ups", "/api/v1/exception-reports"}
    assert await _looked_around(land, await land.enter("station", "elm-2"), *land.split("elm-2")) >= {"/elders"}


async def test_what_is_out_of_sight_cannot_be_changed_or_revealed(land: Land) -> None:
    lead, home = await land.enter("lead", "elm"), land.homes["fir-1"]
    done, why = {"version": 1}, {"version": 1, "cause": "drill", "explanation": "演示"}
    asked: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", "/api/v1/reveals", {"record": f"elder:{home.elder}", "reason": "演示"}),
        ("POST", "/api/v1/reveals", {"record": f"case:{home.case}", "reason": "演示"}),
        ("POST", "/api/v1/reveals", {"record": f"case:{home.open_case}", "reason": "演示"}),
        ("PATCH", f"/api/v1/elders/{home.elder}", {"version": 1, "notes": "x"}),
        ("DELETE", f"/api/v1/elders/{home.elder}?version=1", None),
        ("POST", f"/api/v1/elders/{home.elder}/contacts", {"name": "演示·甲", "phones": []}),
        ("PATCH", f"/api/v1/follow-ups/{home.follow_up}", done),
        ("PATCH", f"/api/v1/exception-reports/{home.report}", why),
        ("PUT", f"/api/v1/follow-ups/{home.follow_up}/agent", {"version": 1, "agent": None}),
        ("POST", f"/api/v1/follow-ups/{home.follow_up}/tries", {"version": 1, "result": "busy"}),
        ("PATCH", f"/api/v1/complaints/{home.complaint}", {"version": 1}),
        ("POST", f"/api/v1/complaints/{home.complaint}/steps", {"version": 1, "step": "contacted"}),
        ("POST", "/api/v1/complaints", {"words": "太慢", "elder": home.elder}),
        ("POST", "/api/v1/reveals", {"record": f"complaint:{home.complaint}", "reason": "演示"}),
        ("POST", "/api/v1/reveals", {"record": f"text:{home.text}", "reason": "演示"}),
        ("PATCH", f"/api/v1/inbound-texts/{home.text}", {"seen": True}),
        ("POST", "/api/v1/wishes", {"kind": "refusal", "elder": home.elder, "words": "不要"}),
        ("POST", f"/api/v1/wishes/{home.wish}/strike", {"why": "演示"}),
        ("POST", "/api/v1/reveals", {"record": f"wish:{home.wish}", "reason": "演示"}),
        ("DELETE", f"/api/v1/care-plans/{home.plan}/recording", None),
        ("POST", "/api/v1/terminal-tests", {"device": "SN-4"}),
        ("POST", "/api/v1/follow-ups", {"elder": home.elder, "due_at": (utc_now() + timedelta(days=1)).isoformat()}),
        ("DELETE", f"/api/v1/follow-ups/{home.follow_up}?version=1", None),
        ("DELETE", f"/api/v1/complaints/{home.complaint}", None),
        ("PATCH", f"/api/v1/orders/{home.order}", {"version": 1, "urgent": True}),
        ("DELETE", f"/api/v1/orders/{home.order}?version=1", None),
        ("DELETE", f"/api/v1/care-plans/{home.plan}?version=1", None),
        ("POST", f"/api/v1/cases/{home.open_case}/actions", {"action": "arrived"}),
        ("GET", f"/elders/{home.elder}/edit", None),
        ("PATCH", f"/api/v1/care-plans/{home.plan}", {"version": 1, "halted": True}),
        ("PUT", f"/api/v1/elders/{home.elder}/care", {"version": 1}),
        ("POST", f"/api/v1/quality-reviews/{home.review}/marks", {"at": 0, "note": "演示"}),
        ("POST", f"/quality-reviews/{home.review}/calibrate", None),
        ("POST", f"/calibrations/{home.calibration}/join", None),
    ]
    for method, path, body in asked:
        status, text = await land.ask(path, lead, method, json=body)
        assert status == 404, (method, path, text)
    near = land.homes["elm-1"]
    assert (await land.ask(f"/api/v1/follow-ups/{near.follow_up}", lead, "PATCH", json=done))[0] == 200
    assert (await land.ask(f"/api/v1/exception-reports/{near.report}", lead, "PATCH", json=why))[0] == 200
    assert (await land.ask("/api/v1/terminal-tests", lead, "POST", json={"device": "SN-1"}))[0] == 201
    elder = {"name": "演示·新", "org_unit_id": land.units["elm-2"]}
    assert (await land.ask("/api/v1/elders", lead, "POST", json=elder))[0] == 201
    for unit in (land.units["fir-1"], None):
        status, text = await land.ask("/api/v1/elders", lead, "POST", json={**elder, "org_unit_id": unit})
        assert (status, list(json.loads(text)["error"]["fields"])) == (422, ["org_unit_id"])
    async with land.house.db.read() as session:
        lines = {one.elder_id: one.line for one in await session.scalars(select(Terminal))}
    for other, file in ((near, f"{near.elder}号档案"), (home, "其他地区的档案")):
        same = {**elder, "terminals": [{"line": lines[other.elder]}]}
        status, text = await land.ask("/api/v1/elders", lead, "POST", json=same)
        assert (status, file in json.loads(text)["error"]["fields"]["terminals.0.line"]) == (422, True), text
    greeting = {"kind": "regular", "title": "问候", "starts_on": "2027-01-01", "times": ["09:00"]}
    for whom, field in (({"elder_id": home.elder}, "elder_id"), ({"org_unit_id": land.units["fir-1"]}, "org_unit_id")):
        status, text = await land.ask("/api/v1/care-plans", lead, "POST", json={**greeting, **whom})
        assert (status, list(json.loads(text)["error"]["fields"])) == (422, [field])
    assert (await land.ask("/api/v1/care-plans", lead, "POST", json={**greeting, "elder_id": near.elder}))[0] == 201
    moved = {"version": 1, "org_unit_id": land.units["fir-1"]}
    assert (await land.ask(f"/api/v1/elders/{near.elder}", lead, "PATCH", json=moved))[0] == 422


async def test_an_emergency_on_ones_own_seat_is_never_hidden(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seat 802 belongs to a community; its agent is rung for somebody who lives at the other end of town."""
    house, far = land.house, land.homes["fir-1"]
    agent = await land.enter("agent", "elm-1", seat="802")
    async with house.db.read() as session:
        file = await file_of(session, far.elder)
    pages = ("/desk", f"/cases/{far.open_case}", f"/elders/{far.elder}", f"/api/v1/elders/{far.elder}")
    path = f"/api/v1/cases/{far.open_case}"
    assert [(await land.ask(page, agent))[0] for page in (*pages, path)] == [200, 404, 404, 404, 404]
    ringing = stories.ringing(far.open_case, file=file, seat="802")
    async with house.client.ws_connect("/api/v1/live", headers=agent) as socket, asyncio.timeout(10):
        assert [case["id"] for case in (await socket.receive_json())["data"]["cases"]] == ["now-elm-1"]
        await house.control.case(stories.case_json(ringing))
        assert (await socket.receive_json())["data"]["id"] == far.open_case
        await house.control.say("screen", {"case": far.open_case, "extension": "802"})
        assert (await socket.receive_json())["kind"] == "screen"
        for page in pages:
            status, text = await land.ask(page, agent)
            assert status == 200, page
            assert far.name in text, page
        for page in ("/board", "/cases", "/api/v1/cases", "/api/v1/cases?state=open"):
            assert far.open_case in (await land.ask(page, agent))[1], page
        form = (await land.ask(f"/elders/{far.elder}/edit", agent))[1]
        assert re.findall("/ ([a-z]+-[0-9])<", form) == [
            "elm-1",
            "fir-1",
        ]  # one's own places, and where this elder lives
        status, text = await land.ask(f"/api/v1/elders/{far.elder}", agent, "PATCH", json={"version": 1, "notes": "x"})
        assert status == 200, text
        status, _ = await land.ask(f"{path}/actions", agent, "POST", json={"action": "emergency"})
        assert status == 200
        await house.control.close_case(stories.case_json(stories.closed(stories.talking(ringing))))
        told = [await socket.receive_json() for _ in range(2)]
    assert [message["kind"] for message in told] == ["case", "closed"]  # so that the desk lets go of it
    assert (await land.ask(path, agent))[0] == 200  # the file is brought up to date now (S1.7) ...
    monkeypatch.setattr(mirror, "STILL_IN_HAND", timedelta(0))
    assert [(await land.ask(page, agent))[0] for page in (path, *pages[1:])] == [404] * 4  # ... but not for ever


async def test_the_live_stream_keeps_to_the_places(land: Land) -> None:
    house, official = land.house, await land.enter("official", "oak")
    near, far = land.homes["oak-1"], land.homes["fir-1"]
    async with house.client.ws_connect("/api/v1/live", headers=official) as socket, asyncio.timeout(10):
        state = await socket.receive_json()
        assert {case["id"] for case in state["data"]["cases"]} == {"now-oak-1", "now-oak"}
        await house.control.seat(stories.seat_json("801", "talking", case=far.open_case))
        for home in (far, near):
            await house.control.case(house.control.cases[home.open_case])
        seat, case = [await socket.receive_json() for _ in range(2)]
    assert (seat["data"]["extension"], seat["data"]["case"]) == ("801", None)
    assert case["data"]["id"] == near.open_case
    assert far.open_case not in (await land.ask("/api/v1/seats", official))[1]
    await house.control.seat(stories.seat_json("801", "talking", case=near.open_case))
    await house.until(lambda: house.app[MIRROR].seats["801"].case == near.open_case, "the seat")
    assert near.open_case in (await land.ask("/api/v1/seats", official))[1]


async def test_a_lead_sets_the_seats_of_their_own_places_only(land: Land) -> None:
    house, lead, all_places = land.house, await land.enter("lead", "east"), await land.enter("lead", None)
    near, far, body = land.units["elm-1"], land.units["fir-1"], {"state": "paused", "reason": "rest"}
    for extension, place in (("801", near), ("802", far), ("803", None)):
        await house.control.seat(stories.seat_json(extension, place=place))
    await house.until(lambda: "803" in house.app[MIRROR].seats, "the seats")
    for extension, answer in (("801", 200), ("802", 403), ("803", 403), ("899", 403)):
        path = f"/api/v1/seats/{extension}/state"
        assert (await land.ask(path, lead, "POST", json=body))[0] == answer, extension
        assert (await land.ask(path, all_places, "POST", json=body))[0] == 200
        take = {"action": "take_over", "role": "A", "extension": extension}
        path = f"/api/v1/cases/{land.homes['elm-1'].open_case}/actions"
        assert (await land.ask(path, lead, "POST", json=take))[0] == answer, extension
    _, page = await land.ask("/board", lead)
    assert re.findall(r'data-seat="([0-9]+)" data-seat-state="ready"', page) == ["801"]
