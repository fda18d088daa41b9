"""What devices hand in: kept once, handed to the controller at once or later, by whoever may do that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ivr.vocabulary import DeviceKind
from models.api_tokens import issue_token
from models.device_reports import DeviceReportRow
from models.elder_forms import ElderForm, TerminalForm
from models.elders import Terminal
from models.people import User
from models.register import create_elder
from models.terminal_tests import TerminalTest
from tests.web.conftest import House, bearer
from tests.web.fake_control import FakeControl

AT = "2026-11-22T08:00:00+08:00"
SMOKE: dict[str, Any] = {"device": "S-1", "kind": "smoke", "at": AT}
HERE = {"latitude": 31.2, "longitude": 121.5, "accuracy": 20, "words": "演示公园"}


async def gateway(house: House) -> dict[str, str]:
    """The header of the sensors' gateway, by a token as the command line makes it."""
    async with house.db.write() as session:
        session.add(User(username="sensors", password_hash="-", name="演示网关", roles=["gateway"]))
    token, _ = await issue_token(house.db, "sensors", name="", life=timedelta(days=1))
    return {"Authorization": f"Bearer {token}"}


async def post(house: House, head: dict[str, str], **alarm: Any) -> tuple[int, dict[str, Any]]:
    answer = await house.client.post("/api/v1/alarms", headers=head, json=alarm)
    return answer.status, await answer.json()


async def rows(house: House) -> list[DeviceReportRow]:
    async with house.db.read() as session:
        return list(await session.scalars(select(DeviceReportRow).order_by(DeviceReportRow.id)))


def reports(control: FakeControl) -> list[dict[str, Any]]:
    asked = [control.asked.get_nowait() for _ in range(control.asked.qsize())]
    return [one.body["report"] for one in asked if one.path == "/reports"]


async def test_an_alarm_is_kept_handed_over_and_taken_once(house: House) -> None:
    head = await gateway(house)
    status, said = await post(house, head, **SMOKE, position=HERE, data={"ppm": 400})
    assert (status, said["handed"], said["case"]) == (201, True, "case-of-S-1")
    status, again = await post(house, head, **SMOKE)
    assert (status, again) == (200, said)
    (told,) = reports(house.control)
    assert (told["device"], told["kind"], told["position"]["latitude"]) == ("S-1", "smoke", 31.2)
    (row,) = await rows(house)
    assert (row.case_id, row.data, row.at) == ("case-of-S-1", {"ppm": 400}, datetime(2026, 11, 22, tzinfo=UTC))


async def test_what_the_controller_cannot_take_now_is_handed_over_later(house: House) -> None:
    head = await gateway(house)
    await house.control.stop()
    status, said = await post(house, head, **SMOKE)
    assert (status, said["handed"], said["case"]) == (202, False, "")
    assert (await post(house, head, **SMOKE))[0] == 202
    assert [row.handed_at for row in await rows(house)] == [None]
    await house.control.start()
    await house.until(lambda: not house.control.asked.empty(), "the report")
    assert [told["device"] for told in reports(house.control)] == ["S-1"]


@pytest.mark.clause("K7")
@pytest.mark.parametrize("said", ["", "  ", "flood", "FALL", "紧急"])
async def test_whatever_a_device_says_it_is_an_alarm(sqlite_house: House, said: str) -> None:
    status, _ = await post(sqlite_house, await gateway(sqlite_house), device="S-1", at=AT, kind=said)
    assert status == 201
    (told,) = reports(sqlite_house.control)
    assert told["kind"] == (DeviceKind.FALL if said == "FALL" else DeviceKind.UNKNOWN)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device": ""}, "device"),
        ({"device": None}, "device"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-11-22T08:00:00"}, "at"),
        ({"position": {"latitude": 91, "longitude": 0}}, "position.latitude"),
        ({"words": "x" * 1001}, "words"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_is_named(sqlite_house: House, change: dict[str, Any], field: str) -> None:
    status, said = await post(sqlite_house, await gateway(sqlite_house), **{**SMOKE, **change})
    assert status == 422
    assert list(said["error"]["fields"]) == [field]


async def test_who_may_hand_alarms_in_and_that_a_gateway_may_do_nothing_else(sqlite_house: House) -> None:
    client = sqlite_house.client
    assert (await post(sqlite_house, {}, **SMOKE))[0] == 401
    assert (await post(sqlite_house, await bearer(client, "reader"), **SMOKE))[0] == 403
    head = await gateway(sqlite_house)
    for path in ("/cases", "/elders", "/seats", "/terminals"):
        assert (await client.get(f"/api/v1{path}", headers=head)).status == 403, path


async def with_terminal(house: House) -> None:
    terminal = TerminalForm(line="02110000001", serial="S-1")
    async with house.db.write() as session:
        await create_elder(session, ElderForm(name="演示·王奶奶", terminals=(terminal,)), by="test", area_code="021")


async def terminal(house: House) -> Terminal:
    async with house.db.read() as session:
        return (await session.scalars(select(Terminal))).one()


@pytest.mark.clause("H14")
@pytest.mark.parametrize("device", ["S-1", "s-1 ", "10000001"])
async def test_a_position_is_written_into_the_file(house: House, device: str) -> None:
    await with_terminal(house)
    head = await gateway(house)
    place = {"device": device, "kind": "location"}
    assert (await post(house, head, **place, at=AT, position=HERE))[0] == 201
    assert (await post(house, head, **place, at="2026-11-22T07:00:00+08:00", position={**HERE, "latitude": 1}))[
        0
    ] == 201
    found = await terminal(house)
    assert (found.position, found.position_at) == (HERE, datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.clause("S8")
async def test_a_terminal_that_says_it_is_tested_raises_no_alarm(house: House) -> None:
    await with_terminal(house)
    status, said = await post(house, await gateway(house), device="S-1", kind="test", at=AT)
    assert (status, said["handed"], said["case"]) == (201, True, "")
    assert reports(house.control) == []
    found = await terminal(house)
    assert found.last_tested_at == datetime(2026, 11, 22, tzinfo=UTC)
    async with house.db.read() as session:
        (test,) = await session.scalars(select(TerminalTest))
    assert (test.terminal_id, test.line, test.by[:5]) == (found.id, "02110000001", "user:")
