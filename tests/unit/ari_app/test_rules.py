"""A policy that changes while calls go on: what is decided from then on, and that every case still replays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from ari_app import bootstrap, rules
from ari_app.recovery import open_cases
from ari_app.spill import Spill
from home.settings import Settings
from ivr.case import Case
from ivr.commands import Dial
from ivr.decide import decide
from ivr.events import Event, SpeechHeard
from ivr.policy import Policy
from ivr.serial import from_json
from ivr.vocabulary import LegKind
from models.database import Database
from models.house_policy import Fixed, set_duty_phones, set_value
from models.seats import add_seat
from tests.unit.ari_app.real_parts import KEYS
from tests.unit.ari_app.test_bootstrap import until
from tests.unit.ari_app.test_recovery import STORY, lived, record

FREE = Fixed({})


async def put(database: Database, name: str, value: float | None, version: int = 0) -> None:
    async with database.write() as session:
        await set_value(session, name, value, version=version, by="user:1", fixed=FREE)


async def reload(settings: Settings) -> None:
    head = {"Authorization": f"Bearer {KEYS.control_token}"}
    async with aiohttp.ClientSession(headers=head) as http:
        address = f"http://127.0.0.1:{settings.control_port}/reload"
        async with http.post(address, json={}, raise_for_status=True):
            pass


async def test_a_change_is_in_force_at_once_and_the_case_replays(settings: Settings, database: Database) -> None:
    async with bootstrap.running(settings, KEYS) as controller:
        controller.call_came_in("channel", ("sos", "96890", "02100000007", "r.wav"))
        await until(controller, lambda: any(run.entries for run in controller.runs.values()))
        (run,) = controller.runs.values()
        await put(database, "seat_ring", 33)
        async with database.write() as session:
            await set_duty_phones(session, ["12000000008"], version=0, by="user:1", fixed=FREE, area_code="021")
        await reload(settings)
        assert controller.policy == Policy.of({"seat_ring": 33}, duty_phones=["12000000008"])
        run.post(SpeechHeard(at=controller.now(), leg="elder"))
        await until(controller, lambda: any(entry.policy for entry in run.entries))
        had = run.case, list(run.entries)
    assert [entry.policy for entry in had[1] if entry.policy is not None] == [
        {},
        {"seat_ring": 33, "duty_phones": ["12000000008"]},
    ]
    async with bootstrap.running(settings, KEYS) as controller:
        assert controller.policy.seat_ring == 33  # read at the start
        assert controller.runs[had[0].id].entries[: len(had[1])] == had[1]


async def test_each_decision_is_repeated_by_the_policy_of_its_time(database: Database) -> None:
    """Seats ring for longer from the middle of the case on; what is in force at the restart is something else again."""
    turned = 6
    case, entries = Case(id="one"), []
    for number, lived_through in enumerate(lived(STORY)[1], 1):
        policy = Policy() if number < turned else Policy.of({"seat_ring": 33})
        case, commands = decide(case, from_json(Event, lived_through.data), policy)
        noted = policy.unlike_default() if number in (1, turned) else None
        entries.append(replace(lived_through, case=case, commands=commands, policy=noted))
    rings = [c.ring for e in entries for c in e.commands if isinstance(c, Dial) and c.kind is LegKind.SEAT]
    assert rings == [10, 33]
    await record(database, entries)
    assert await open_cases(database, Policy.of({"seat_ring": 60})) == [(case, entries)]


async def test_the_settings_count_alone_when_the_two_do_not_go_together(settings: Settings, database: Database) -> None:
    await put(database, "office_from", 15)
    async with database.write() as session:
        await set_duty_phones(session, ["12000000008"], version=0, by="user:1", fixed=FREE, area_code="021")
    fixed = settings.model_copy(update={"policy": {"office_to": 12.0}})
    async with bootstrap.running(fixed, KEYS) as controller:
        assert controller.policy == Policy.of({"office_to": 12.0}, duty_phones=["12000000008"])


async def test_a_controller_that_was_not_told_looks_for_itself(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LOOK_EVERY", 0.05)
    async with bootstrap.running(settings, KEYS) as controller:
        await put(database, "seat_ring", 33)
        async with database.write() as session:
            await add_seat(session, "801")
        await until(controller, lambda: "801" in controller.desk.seats)
        assert controller.policy.seat_ring == 33


def test_the_spill_keeps_the_policy(tmp_path: Path) -> None:
    entry = replace(lived(STORY)[1][0], policy={"seat_ring": 33, "duty_phones": ["12000000008"]})
    spill = Spill(tmp_path / "waiting.jsonl")
    spill.put([entry])
    assert spill.read().entries == (entry,)
