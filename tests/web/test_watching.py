"""`/ready` and `/metrics` as machines outside read them, and that what is written about the figures is true."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from ari_app import control
from ari_app.figures import now_families
from home.secrets import Secrets
from home.settings import CHECKOUT
from ivr.vocabulary import Aid, CaseKind, CaseState, MessageKind
from models.cases import CaseRow
from models.messages import MessageRow, MessageStatus
from models.orders.messages import OrderText, send
from models.orders.work_orders import WorkOrder
from tests.unit.ari_app.platform import platform
from tests.web.conftest import House, bearer
from web import condition, watching
from web.keys import DATABASE, LOOKING
from web.ladder_log import SERVED_BELOW, LadderLog
from web.texts import load_texts

BLANK: dict[str, Any] = {"caller": "", "dialled": "", "channel": "", "abandoned": False, "again_of": "", "note": ""}
NAME = re.compile(r"\byjt_\w+")
LABELS = re.compile(r"\b(yjt_\w+)\{([^}]*)\}")


@pytest.fixture(autouse=True)
def _looks_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants to wait until an answer is old."""
    monkeypatch.setattr(condition, "GOOD_FOR", 0.0)
    monkeypatch.setattr(watching, "GOOD_FOR", 0.0)


async def asked(house: House, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = await house.client.get("/ready", **more)
    return answer.status, await answer.json()


async def figures(house: House) -> dict[str, float]:
    """Every sample by its name and labels, as it is written."""
    text = await (await house.client.get("/metrics")).text()
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


# --- ready ------------------------------------------------------------------------------------------------------------


async def test_ready_says_who_serves_and_that_nothing_is_wrong(house: House) -> None:
    assert await asked(house) == (200, {"ready": True, "rung": "controller", "degraded": [], "reasons": []})


async def test_ready_tells_the_controllers_problems_in_words_and_details_only_to_those_inside(
    sqlite_house: House,
) -> None:
    house = sqlite_house
    house.control.degraded = ["trunk: does not answer", "something_new: and why"]
    status, told = await asked(house)
    assert (status, told["ready"]) == (200, True)
    assert told["degraded"] == ["trunk: no outside line", "something_new: something_new"]
    assert told["reasons"][0] == {
        "code": "trunk",
        "zh": "外线中继不可用",
        "en": "no outside line",
        "advice_zh": "检查到运营商网关的网络和 YJT_TRUNK_CONTACT",
        "advice_en": "look at the network to the carrier's gateway and at YJT_TRUNK_CONTACT",
        "detail": "",
    }
    _, inside = await asked(house, headers=await bearer(house.client, "keeper"))
    assert [reason["detail"] for reason in inside["reasons"]] == ["does not answer", "and why"]


async def test_without_a_controller_nothing_serves_unless_asterisk_does(sqlite_house: House) -> None:
    house = sqlite_house
    await house.control.stop()
    status, told = await asked(house)
    assert (status, told["ready"], told["rung"]) == (503, False, "nothing")
    assert [reason["code"] for reason in told["reasons"]] == ["controller", "asterisk"]
    async with an_asterisk(house):
        status, told = await asked(house)
        assert (status, told["rung"]) == (503, "dialplan")
        assert [reason["code"] for reason in told["reasons"]] == ["controller"]
    await house.control.start()
    assert (await asked(house))[0] == 200


async def test_a_controller_that_only_stands_by_is_told_as_such(sqlite_house: House) -> None:
    house = sqlite_house
    await house.control.stop()
    app = control.make_stand_by_app(token=house.control.token)
    async with control.listening(app, house.control.port):
        status, told = await asked(house)
        assert (status, [reason["code"] for reason in told["reasons"]]) == (503, ["stand_by", "asterisk"])
        assert (await figures(house))['yjt_controller_up{which="controller"}'] == 1


async def test_a_controller_without_its_link_is_not_ready(sqlite_house: House) -> None:
    house = sqlite_house
    house.control.ready, house.control.degraded = False, ["asterisk: the link ended"]
    status, told = await asked(house)
    assert (status, told["rung"], len(told["reasons"])) == (503, "nothing", 1)
    async with an_asterisk(house):
        assert (await asked(house))[1]["rung"] == "dialplan"


async def test_a_database_that_cannot_be_read_is_told_and_calls_are_handled(sqlite_house: House) -> None:
    house = sqlite_house
    house.control.degraded = ["database: the server is down; 4 entries wait"]
    file = Path(str(house.db.url.database))
    await house.db.close()
    await house.app[DATABASE].close()
    _take_away(file)
    status, told = await asked(house)
    assert (status, [reason["code"] for reason in told["reasons"]]) == (200, ["database"])
    assert (await figures(house))["yjt_web_database_up"] == 0
    _bring_back(file)
    house.control.degraded = []
    assert (await asked(house))[1]["degraded"] == []
    assert (await figures(house))["yjt_web_database_up"] == 1


def _take_away(file: Path) -> None:
    """What stands in its place is no database."""
    file.rename(file.with_suffix(".away"))
    file.mkdir()


def _bring_back(file: Path) -> None:
    file.rmdir()
    file.with_suffix(".away").rename(file)


async def test_whoever_asks_often_hears_the_same(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_house.app[LOOKING]._fresh, "_seconds", 60.0)
    assert (await asked(sqlite_house))[0] == 200
    await sqlite_house.control.stop()
    assert (await asked(sqlite_house))[0] == 200


@asynccontextmanager
async def an_asterisk(house: House) -> AsyncIterator[None]:
    """Something that answers a ping at the platform's ARI port, to who knows the password."""
    keys = Secrets.load_or_create(house.settings.home)
    login = aiohttp.encode_basic_auth(keys.ari_user, keys.ari_password)

    async def ping(request: web.Request) -> web.Response:
        return web.json_response({}, status=200 if request.headers.get("Authorization") == login else 401)

    app = web.Application()
    app.router.add_get("/ari/asterisk/ping", ping)
    async with TestServer(app) as server:
        looking = house.app[LOOKING]
        before, looking._asterisk = looking._asterisk, str(server.make_url("/ari/asterisk/ping"))
        yield
        looking._asterisk = before


# --- figures ----------------------------------------------------------------------------------------------------------


async def test_figures_have_the_controllers_beside_the_webs(sqlite_house: House) -> None:
    house = sqlite_house
    house.control.figures = "# TYPE yjt_ari_link_up gauge\nyjt_ari_link_up 1.0\n"
    house.control.degraded = ["trunk: does not answer"]
    told = await figures(house)
    assert (told["yjt_ari_link_up"], told["yjt_controller_figures"], told["yjt_ready"]) == (1, 1, 1)
    assert (told['yjt_degraded{code="trunk"}'], told['yjt_degraded{code="database"}']) == (1, 0)
    assert (told['yjt_rung{rung="controller"}'], told['yjt_rung{rung="nothing"}']) == (1, 0)
    await house.control.stop()
    told = await figures(house)
    assert "yjt_ari_link_up" not in told
    assert (told["yjt_controller_figures"], told["yjt_ready"], told['yjt_rung{rung="nothing"}']) == (0, 0, 1)


async def test_messages_that_wait_are_counted(house: House) -> None:
    assert (await figures(house))["yjt_outbox_waiting_messages"] == 0
    now = condition.datetime.now(condition.UTC)
    async with house.db.write() as session:
        session.add(CaseRow(id="c-1", last_seq=1, kind=CaseKind.SOS, state=CaseState.CLOSED, opened_at=now, **BLANK))
        await session.flush()
        for number, status in enumerate((MessageStatus.WAITING, MessageStatus.SENT)):
            session.add(
                MessageRow(
                    case_id="c-1", contact=number, kind=MessageKind.HELP_NEEDED, name="", number="", parameters={},
                    status=status, tries=0, asked_at=now, due_at=now, sent_at=None, reference="", problem="",
                )
            )  # fmt: skip
    told = await figures(house)
    assert told["yjt_outbox_waiting_messages"] == 1
    assert 0 <= told["yjt_outbox_oldest_seconds"] < 60
    async with house.db.write() as session:
        order = WorkOrder(aid=Aid.CLEANING, wish="", drafted_at=now, drafted_by="test")
        session.add(order)
        await session.flush()
        for number in ("12000090001", ""):  # who has none is told nothing, and nothing waits
            send(session, order, OrderText.ORDER_OFFERED, name="", number=number, now=now - timedelta(minutes=10))
    of_all = await figures(house)
    assert of_all["yjt_outbox_waiting_messages"] == 2
    assert 600 <= of_all["yjt_outbox_oldest_seconds"] < 660


def test_calls_that_the_dialplan_served_are_counted_in_its_log(tmp_path: Path) -> None:
    file = tmp_path / "sos.log"
    file.write_text(f"old: 1.1 {SERVED_BELOW}\n")
    ladder = LadderLog(file)
    assert ladder.count() == 0
    with file.open("a") as log:
        log.write(f"a: 1.2 arrived\na: 1.2 {SERVED_BELOW}\nb: 1.3 {SERVED_BELOW[:9]}")
    assert ladder.count() == 1
    with file.open("a") as log:
        log.write(f"{SERVED_BELOW[9:]}\n")
    assert ladder.count() == 2
    file.rename(tmp_path / "sos.log.0")
    assert ladder.count() == 2
    file.write_text(f"c: 1.4 {SERVED_BELOW}\n")
    assert ladder.count() == 3


def test_the_dialplan_writes_what_is_counted() -> None:
    assert f",${{UNIQUEID}} {SERVED_BELOW})" in (CHECKOUT / "dialplan" / "extensions.conf").read_text("utf-8")


# --- what is written about them ---------------------------------------------------------------------------------------


@pytest.fixture
async def families(sqlite_house: House, tmp_path: Path) -> dict[str, Metric]:
    """Every figure there is, by its name; each with at least one sample."""
    await sqlite_house.client.get("/health")
    async with platform(tmp_path / "controller") as made:
        c = made.controller
        await made.sos()
        now = now_families(c.runs.values(), c.desk, c.journal, c.policy, link_up=True, at=c.now())
        sqlite_house.control.figures = (await c.figures.text(now)).decode()
    text = await (await sqlite_house.client.get("/metrics")).text()
    found = {family.name: family for family in text_string_to_metric_families(text)}
    return {name: family for name, family in found.items() if family.samples and not name.endswith("_created")}


def _labels(family: Metric) -> list[str]:
    return sorted({label for sample in family.samples for label in sample.labels} - {"le"})


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in _labels(family))
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


async def test_the_page_lists_every_figure(families: dict[str, Metric]) -> None:
    page = (CHECKOUT / "docs" / "watching.md").read_text("utf-8")
    written = re.findall(r"^\| `yjt_.*$", page, re.MULTILINE)
    assert written == [_row(family) for _, family in sorted(families.items())]


async def test_no_figure_has_many_series_or_names_a_person(families: dict[str, Metric]) -> None:
    allowed = {"which", "kind", "state", "outcome", "reason", "result", "rung", "code", "route", "method", "status"}
    assert {label for family in families.values() for label in _labels(family)} <= allowed


def _queries() -> Iterator[tuple[str, str]]:
    board = json.loads((CHECKOUT / "docs" / "grafana" / "yijiantong.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"]
    rules = yaml.safe_load((CHECKOUT / "docs" / "prometheus" / "yijiantong.rules.yml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield f"rule {rule['alert']}", rule["expr"]


async def test_board_and_rules_ask_for_figures_that_exist(families: dict[str, Metric]) -> None:
    samples = {sample.name: sample.labels for family in families.values() for sample in family.samples}
    queries = list(_queries())
    assert len(queries) > 40
    for place, query in queries:
        names = NAME.findall(query)
        assert names, place
        assert [name for name in names if name not in samples] == [], place
        for name, chosen in LABELS.findall(query):
            assert set(re.findall(r"(\w+)=", chosen)) <= samples[name].keys(), place


async def test_board_and_rules_ask_for_values_that_exist(families: dict[str, Metric]) -> None:
    values: dict[tuple[str, str], set[str]] = {}
    for family in families.values():
        for sample in family.samples:
            for label, value in sample.labels.items():
                values.setdefault((sample.name, label), set()).add(value)
    for place, query in _queries():
        for name, chosen in LABELS.findall(query):
            for label, text in re.findall(r'(\w+)=~?"([^"]*)"', chosen):
                assert set(text.split("|")) <= values[name, label], place


def test_every_fault_has_words_and_advice() -> None:
    for texts in load_texts().values():
        assert texts.section("degraded").keys() == texts.section("remedy").keys()


def test_every_fault_that_the_controller_tells_has_words() -> None:
    sources = "".join((CHECKOUT / "ari_app" / f"{name}.py").read_text("utf-8") for name in ("watch", "journal"))
    codes = set(re.findall(r'f?"([a-z_]+): ', sources))
    assert {"trunk", "spill", "set_aside", "journal", "database"} <= codes
    assert codes <= load_texts()["en"].section("degraded").keys()
