"""`yijiantong doctor`: what it says of a home, of a platform that answers and of one that does not, and what to do."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ari_app.spill import SET_ASIDE, SPILL
from cli import examine_running
from cli.findings import Finding
from home.ports import free_ports
from home.secrets import FILE, Secrets
from home.settings import Settings
from tests.unit.cli.test_command_line import Shell


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YJT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def shell(upgraded_home: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def doctor(shell: Shell, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Status, and what was found by its subject; the last word on each counts."""
    status = shell("doctor", "--json", *arguments)
    return status, {finding["subject"]: finding for finding in json.loads(shell.out)}


def secrets_with(home: Path, line: str) -> None:
    Secrets.load_or_create(home)
    with (home / FILE).open("a") as file:
        file.write(f"{line}\n")


# --- a home without a running platform --------------------------------------------------------------------------------


def test_wrong_settings_are_findings_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YJT_WEB_PORT", "eighty")
    monkeypatch.setenv("YJT_LANG", "fr")
    status = shell("doctor", "--json")
    found = json.loads(shell.out)
    assert status == 1
    assert [(finding["subject"], finding["state"]) for finding in found] == [("settings", "wrong")] * 2
    assert [finding["zh"].partition("=")[0] for finding in found] == ["YJT_WEB_PORT", "YJT_LANG"]


def test_what_to_do_stands_below_in_the_operators_language(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("doctor")
    assert "没有坐席，没人接听\n               → yijiantong seat add 801" in shell.out
    monkeypatch.setenv("YJT_LANG", "en")
    shell("doctor")
    assert "nobody can answer\n               → yijiantong seat add 801" in shell.out


def test_secrets_that_others_may_read_are_told_and_left_as_they_are(shell: Shell, home: Path) -> None:
    Secrets.load_or_create(home)
    (home / FILE).chmod(0o644)
    status, found = doctor(shell)
    assert (status, found["secrets"]["state"]) == (1, "wrong")
    assert found["secrets"]["do_en"] == f"chmod 600 {home / FILE}"
    assert (home / FILE).stat().st_mode & 0o777 == 0o644


def test_files_of_the_journal_are_explained(shell: Shell, home: Path) -> None:
    (home / SPILL).write_text("{}\n{}\n")
    _, found = doctor(shell)
    assert found["journal"]["state"] == "note"
    assert found["journal"]["en"] == f"2 entries wait in {SPILL} for the database"
    (home / SET_ASIDE).write_text("{}\n")
    status, found = doctor(shell)
    assert (status, found["journal"]["state"]) == (1, "wrong")
    assert SET_ASIDE in found["journal"]["en"]


def test_a_database_of_another_version_is_told_with_the_command(shell: Shell, home: Path) -> None:
    with closing(sqlite3.connect(home / "yijiantong.db")) as db:
        db.execute("UPDATE alembic_version SET version_num = '0000'")
        db.commit()
    status, found = doctor(shell)
    assert (status, found["database"]["state"], found["database"]["do_en"]) == (1, "wrong", "yijiantong db upgrade")
    assert found["database"]["en"].startswith("0000 -> ")


# --- alarms -----------------------------------------------------------------------------------------------------------


def test_addresses_are_shown_masked_and_wrong_ones_by_their_number(shell: Shell, home: Path) -> None:
    secrets_with(home, 'maintenance_urls = "json://user:hidden@127.0.0.1:9/x nonsense"')
    status = shell("doctor")
    assert status == 1
    assert "json://user:****@127.0.0.1:9/x" in shell.out
    assert "第 2 个地址无法识别" in shell.out
    assert "hidden" not in shell.out


def test_without_an_address_a_test_alarm_is_refused(shell: Shell, home: Path) -> None:
    Secrets.load_or_create(home)
    status, found = doctor(shell, "--test-alarm")
    assert (status, found["test-alarm"]["state"], found["alarms"]["state"]) == (1, "wrong", "note")
    assert "maintenance_urls" in found["test-alarm"]["do_en"]


def test_a_test_alarm_arrives_or_it_is_said_that_it_does_not(shell: Shell, home: Path) -> None:
    with _receiver() as port:
        secrets_with(home, f'maintenance_urls = "json://127.0.0.1:{port}/x json://127.0.0.1:1/nobody"')
        status = shell("doctor", "--json", "--test-alarm")
    tests = [finding for finding in json.loads(shell.out) if finding["subject"] == "test-alarm"]
    assert status == 1
    assert [(finding["state"], finding["en"]) for finding in tests] == [
        ("ok", "address 1 took it"),
        ("wrong", "address 2: the address did not take the message"),
    ]


class _Takes(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _receiver() -> Iterator[int]:
    """Something on this machine that takes messages; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Takes) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


# --- a running platform -----------------------------------------------------------------------------------------------


def condition(rung: str = "controller", *codes: str) -> dict[str, Any]:
    return {"ready": rung == "controller", "rung": rung, "reasons": [{"code": code} for code in codes]}


def told(finding: Finding) -> tuple[str, str, str]:
    return finding.subject, finding.state, finding.en


def test_a_platform_that_is_well_is_one_line() -> None:
    assert list(map(told, examine_running.ready(condition(), {"degraded": []}))) == [
        ("calls", "ok", "calls are handled by the controller")
    ]


def test_what_does_not_work_is_told_with_the_controllers_details_and_what_to_do() -> None:
    found = examine_running.ready(
        condition("controller", "trunk", "set_aside"),
        {"degraded": ["trunk: does not answer", "set_aside: see journal-set-aside.jsonl"]},
    )
    _, trunk, set_aside = found
    assert told(trunk) == ("trunk", "note", "no outside line (does not answer)")
    assert "YJT_TRUNK_CONTACT" in trunk.do_zh
    assert (set_aside.state, set_aside.subject) == ("wrong", "set_aside")


def test_a_dead_controller_is_wrong_and_says_who_serves() -> None:
    calls, controller = examine_running.ready(condition("dialplan", "controller"), None)
    assert told(calls) == ("calls", "wrong", "calls only ring all seats, by the dialplan")
    assert (controller.state, controller.do_en[:9]) == ("wrong", "look into")


def test_without_a_web_the_controller_is_heard() -> None:
    found = list(examine_running.ready(None, {"degraded": ["recordings_disk_full: 7 MB left"]}))
    assert [(one.subject, one.state) for one in found] == [("web", "wrong"), ("recordings_disk_full", "wrong")]
    assert [one.subject for one in examine_running.ready(None, None)] == ["web", "controller"]


def test_phones_that_are_away_are_named() -> None:
    seats = [
        {"extension": "801", "registered": True, "state": "ready"},
        {"extension": "802", "registered": False, "state": "offline"},
    ]
    (found,) = examine_running.seats({"seats": seats})
    assert told(found) == ("phones", "note", "1 of 2 phones registered, 1 ready")
    assert found.do_en == "not registered: 802"
    assert list(examine_running.seats({"seats": []})) == []
    assert next(examine_running.seats({"seats": seats[:1]})).state == "ok"


def test_processes_are_told_with_their_age_and_missing_ones_are_wrong(tmp_path: Path) -> None:
    ari, control, second, web = free_ports(4)
    names = {"YJT_ARI_PORT": ari, "YJT_CONTROL_PORT": control, "YJT_STANDBY_PORT": second, "YJT_WEB_PORT": web}
    settings = Settings.load({"YJT_HOME": str(tmp_path), **{name: str(port) for name, port in names.items()}})
    with ThreadingHTTPServer(("127.0.0.1", control), _Takes):
        asterisk, controller, stand_by, pages = examine_running.processes(settings)
    assert (asterisk.state, stand_by.state, pages.state) == ("wrong", "wrong", "wrong")
    assert controller.state == "ok"
    assert controller.en.startswith(f"pid {os.getpid()}, since ")


def test_when_a_process_was_started_is_known() -> None:
    age = datetime.now(UTC) - examine_running.started_at(os.getpid())
    assert timedelta(seconds=-1) < age < timedelta(hours=2)
