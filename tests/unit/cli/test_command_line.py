"""The command line: what is asked for is done, what is wrong is one clear line and status 1, never a traceback."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli import examine_home
from cli.frame import run
from home import locks
from home.settings import Settings


class Shell:
    """Runs command lines on one home and keeps what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        status = run(list(arguments))
        self.out, self.err = self._capsys.readouterr()
        return status

    def json(self, *arguments: str) -> list[dict[str, object]]:
        assert self(*arguments, "--json") == 0, self.err
        found: list[dict[str, object]] = json.loads(self.out)
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YJT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def shell(upgraded_home: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_a_wrong_setting_is_one_line_and_status_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YJT_WEB_PORT", "eighty")
    assert shell("seat", "list") == 1
    assert shell.out == ""
    assert shell.err.startswith("✗ YJT_WEB_PORT")
    assert len(shell.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("nonsense",), ("seat", "nonsense"), ("user", "add", "x", "--role", "king")])
def test_what_nobody_knows_is_refused_with_usage(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell(*arguments) == 2
    assert "Usage" in shell.err


@pytest.mark.parametrize(
    "noun", ["up", "doctor", "db", "user", "seat", "org", "import", "export", "asterisk", "recordings"]
)
def test_every_noun_explains_itself(shell: Shell, noun: str) -> None:
    assert shell(noun, "--help") == 0
    assert "Usage" in shell.out


def test_seats_are_added_once_and_listed_without_passwords(shell: Shell) -> None:
    assert shell("seat", "add", "801", "--name", "一号") == 0
    password = shell.out.split()[3]
    assert shell("seat", "add", "801") == 1
    assert "801" in shell.err
    assert [seat["extension"] for seat in shell.json("seat", "list")] == ["801"]
    assert password not in shell.out
    assert shell.json("seat", "list", "--passwords")[0]["sip_password"] == password


def test_users_get_a_generated_password(shell: Shell) -> None:
    assert shell("user", "add", "anna", "--role", "lead", "--role", "agent") == 0
    first = shell.out.split()[-1]
    assert shell("user", "passwd", "anna") == 0
    assert shell.out.split()[-1] != first
    assert shell.json("user", "list")[0]["roles"] == ["lead", "agent"]
    assert shell("user", "passwd", "nobody") == 1


def test_places_form_a_tree(shell: Shell) -> None:
    assert shell("org", "add", "district", "演示区") == 0
    assert shell("org", "add", "street", "演示街道", "--parent", "1") == 0
    assert shell("org", "add", "city", "演示市", "--parent", "2") == 1
    assert shell("org", "add", "street", "别处", "--parent", "99") == 1
    assert [(unit["name"], unit["parent"]) for unit in shell.json("org", "list")] == [("演示区", None), ("演示街道", 1)]


def test_an_official_belongs_to_a_place(shell: Shell) -> None:
    assert shell("org", "add", "district", "演示区") == 0
    assert shell("user", "add", "anna", "--role", "official") == 1
    assert shell("user", "add", "anna", "--role", "official", "--org", "9") == 1
    assert shell("user", "add", "anna", "--role", "official", "--org", "1") == 0
    assert shell("user", "place", "anna") == 1
    assert shell("user", "roles", "anna", "--role", "lead") == 0
    assert [(user["roles"], user["org"]) for user in shell.json("user", "list")] == [(["lead"], 1)]
    assert shell("user", "place", "anna") == 0
    assert shell.json("user", "list")[0]["org"] is None


def test_a_community_has_a_seat_and_a_manager_with_a_mobile(shell: Shell) -> None:
    assert shell("org", "add", "street", "演示街道") == 0
    assert shell("org", "add", "community", "演示社区", "--parent", "1") == 0
    assert shell("org", "phone", "2", "120 0000 0077") == 0
    assert [unit["phone"] for unit in shell.json("org", "list")] == ["", "12000000077"]
    for unit, number in (("1", "12000000077"), ("9", "12000000077"), ("2", "12o"), ("2", "120")):
        assert shell("org", "phone", unit, number) == 1
        assert " / " in shell.err
    assert shell("org", "phone", "2", "") == 0
    assert shell.json("org", "list")[1]["phone"] == ""
    assert shell("seat", "add", "821", "--org", "2") == 0
    assert shell("seat", "add", "822", "--org", "9") == 1
    assert [(seat["extension"], seat["org"]) for seat in shell.json("seat", "list")] == [("821", 2)]


def test_a_register_goes_out_and_comes_in(shell: Shell, tmp_path: Path) -> None:
    sheet = tmp_path / "register.csv"
    assert shell("export", "elders", str(sheet), "--template") == 0
    assert "姓名" in sheet.read_text("utf-8-sig").splitlines()[0]
    sheet.write_text("姓名,住宅电话\n演示·李一,10000002\n,10000003\n", "utf-8")
    assert shell("import", "elders", str(sheet)) == 1
    assert "第 3 行" in shell.out
    sheet.write_text("姓名,住宅电话\n演示·李一,10000002\n", "utf-8")
    assert shell("import", "elders", str(sheet), "--dry-run") == 0, shell.out + shell.err
    assert shell("export", "elders", str(tmp_path / "none.csv")) == 0
    assert "演示·李一" not in (tmp_path / "none.csv").read_text("utf-8-sig")
    assert shell("import", "elders", str(sheet)) == 0
    sheet.write_text("老人,住宅电话\n演示·李二,10000004\n,10000005\n", "utf-8")
    assert shell("import", "elders", str(sheet), "--mapping", "没有=姓名") == 1
    assert shell("import", "elders", str(sheet), "--mapping", "老人=姓名", "--good-rows") == 1
    assert "新增 1" in shell.out
    assert shell("export", "elders", str(tmp_path / "one.csv")) == 0
    assert "演示·李二" in (tmp_path / "one.csv").read_text("utf-8-sig")
    assert "演示·李一" in (tmp_path / "one.csv").read_text("utf-8-sig")


def test_a_whole_import_is_undone(shell: Shell, home: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "register.csv"
    sheet.write_text("姓名,住宅电话\n演示·李一,10000002\n演示·王二,10000003\n演示·赵三,10000004\n", "utf-8")
    assert shell("import", "elders", str(sheet)) == 0
    (written,) = shell.json("import", "list")
    assert (written["state"], written["created"]) == ("done", 3)
    number = str(written["number"])
    with closing(sqlite3.connect(home / "yijiantong.db")) as database, database:
        database.execute("UPDATE elders SET version = 2 WHERE name = '演示·王二'")
    assert shell("import", "undo", "99", "--yes") == 1
    assert "99" in shell.err
    assert shell("import", "undo", number) == 2, "nobody is there to say yes"
    assert shell("import", "undo", number, "--yes") == 1
    assert "第 3 行" in shell.out
    assert "导入后又有修改" in shell.out
    assert "撤销 2 份档案" in shell.out
    assert shell("export", "elders", str(tmp_path / "left.csv")) == 0
    left = (tmp_path / "left.csv").read_text("utf-8-sig")
    assert [name for name in ("李一", "王二", "赵三") if name in left] == ["王二"]
    assert shell("import", "undo", number, "--yes") == 1
    assert "undone" in shell.err
    (undone,) = shell.json("import", "list")
    assert (undone["state"], undone["kept"]) == ("undone", 1)


def test_a_backup_brings_the_old_state_back(shell: Shell, home: Path, tmp_path: Path) -> None:
    shell("seat", "add", "801")
    copy = tmp_path / "copy.db"
    assert shell("db", "backup", str(copy)) == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    shell("seat", "add", "802")
    assert shell("db", "restore", "--yes", str(copy)) == 0
    assert [seat["extension"] for seat in shell.json("seat", "list")] == ["801"]
    (kept,) = home.glob("yijiantong.db.before-*")
    with closing(sqlite3.connect(kept)) as before:
        assert before.execute("select count(*) from seats").fetchone() == (2,)


def test_a_script_must_say_that_data_may_be_replaced(shell: Shell, home: Path, tmp_path: Path) -> None:
    shell("db", "upgrade")
    copy = tmp_path / "copy.db"
    shell("db", "backup", str(copy))
    shell("seat", "add", "801")
    assert shell("db", "restore", str(copy)) == 2
    assert "--yes" in shell.err
    assert [seat["extension"] for seat in shell.json("seat", "list")] == ["801"]
    (home / "yijiantong.db").unlink()
    assert shell("db", "restore", str(copy)) == 0, shell.err
    assert shell.json("seat", "list") == []


def test_a_backup_never_overwrites(shell: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    assert shell("db", "backup", str(copy)) == 1
    assert copy.read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"PGDMP and more", b"SQLite format 3\x00 and then nonsense" * 50])
def test_what_is_no_backup_changes_nothing(shell: Shell, tmp_path: Path, content: bytes) -> None:
    shell("seat", "add", "801")
    (tmp_path / "copy.db").write_bytes(content)
    assert shell("db", "restore", "--yes", str(tmp_path / "copy.db")) == 1
    assert shell.err.startswith("✗")
    assert [seat["extension"] for seat in shell.json("seat", "list")] == ["801"]


def test_a_running_platform_is_not_restored_over(shell: Shell, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shell("db", "backup", str(copy))
    with locks.only_one(home):
        assert shell("db", "restore", "--yes", str(copy)) == 1
        assert shell("up") == 1
    assert "pid" in shell.err


def test_doctor_tells_what_is_missing(shell: Shell, home: Path) -> None:
    shell("doctor", "--json")  # its status depends on the machine: ports in use, Asterisk not fetched yet
    findings = {finding["subject"]: finding["state"] for finding in json.loads(shell.out)}
    assert findings["seats"] == findings["trunk"] == findings["line out"] == findings["platform"] == "note"
    assert findings["database"] == "ok"
    home.chmod(0o755)
    assert shell("doctor") == 1
    assert f"chmod 700 {home}" in shell.out


def test_doctor_asks_for_our_name_where_messages_go_out(tmp_path: Path) -> None:
    def found(**given: Any) -> list[str]:
        return [one.state for one in examine_home.links(Settings(home=tmp_path, **given))]

    http = {"sms_gateway": "http", "sms_url": "https://sms.example/send"}
    assert (found(), found(**http), found(**http, public_url="https://centre.example")) == ([], ["note"], ["ok"])
    for wrong in ("centre.example", "https://centre.example/page", "ftp://centre.example"):
        with pytest.raises(ValidationError, match="public_url"):
            Settings(home=tmp_path, public_url=wrong)


def ban(home: Path, network: str, *, until: str) -> None:
    with closing(sqlite3.connect(home / "yijiantong.db")) as database:
        values = (network, "2026-11-25 12:00:00", until, 30, 1, "")
        database.execute("INSERT INTO sip_bans VALUES (?, ?, ?, ?, ?, ?)", values)
        database.commit()


def test_bans_are_listed_and_lifted(shell: Shell, home: Path) -> None:
    assert shell("sip", "bans") == 0
    assert shell.out == "没有被封的地址\n"
    ban(home, "203.0.113.5/32", until="2999-01-01 00:00:00.000000")
    ban(home, "198.51.100.1/32", until="2026-11-25 12:10:00.000000")
    assert [one["network"] for one in shell.json("sip", "bans")] == ["203.0.113.5/32"]
    assert len(shell.json("sip", "bans", "--all")) == 2
    assert shell("sip", "bans") == 0
    assert "203.0.113.5/32" in shell.out
    assert shell("sip", "bans", "lift", "203.0.113.5") == 0
    assert shell("sip", "bans", "lift", "203.0.113.5") == 1
    assert "is not banned" in shell.err
    assert shell.json("sip", "bans") == []
    (lifted, _) = sorted(shell.json("sip", "bans", "--all"), key=lambda one: str(one["network"]), reverse=True)
    assert lifted["lifted_by"] == "cli"
    assert shell("sip", "bans", "lift", "nonsense") == 2
    assert "nonsense" in shell.err


def test_the_doctor_tells_how_many_are_banned(shell: Shell, home: Path) -> None:
    ban(home, "203.0.113.5/32", until="2999-01-01 00:00:00.000000")
    shell("doctor", "--json")
    (found,) = [one for one in json.loads(shell.out) if one["subject"] == "sip bans"]
    assert found["state"] == "note"
    assert found["en"].startswith("1 addresses are banned")


def test_the_audit_log_is_verified(shell: Shell, home: Path) -> None:
    assert shell("db", "upgrade") == 0
    assert shell("user", "add", "demo") == 0
    assert shell("user", "roles", "demo", "--role", "reviewer") == 0
    assert shell("user", "unlock", "demo") == 0
    assert shell("audit", "verify") == 0
    assert "✓" in shell.out
    assert shell("audit", "verify", "--json") == 0
    told = json.loads(shell.out)
    assert (told["whole"], told["entries"], told["broken"]) == (True, 3, None)
    with closing(sqlite3.connect(home / "yijiantong.db")) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = 'cli:nobody' WHERE id = 2")
        connection.commit()
    assert shell("audit", "verify", "--json") == 1
    assert json.loads(shell.out)["broken"] == 2
    assert shell("user", "unlock", "ghost") == 1
    assert " / " in shell.err


def test_recordings_are_listed_checked_and_pruned(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("recordings", "check") == 0
    assert "全部录音与记录一致" in shell.out
    stray = home / "recordings/2020/01/05/stray.wav"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"RIFF")
    (found,) = shell.json("recordings", "check")
    assert (found["trouble"], found["path"]) == ("stray", "2020/01/05/stray.wav")
    old = home / "recordings/2020/01/05/old.wav"
    old.write_bytes(b"RIFF")
    with closing(sqlite3.connect(home / "yijiantong.db")) as records, records:
        records.execute(
            "INSERT INTO cases (id, last_seq, kind, state, caller, dialled, channel, opened_at, closed_at, abandoned,"
            " again, again_of, note) VALUES ('c', 1, 'ordinary', 'closed', '', '', '', '2020-01-05', '2020-01-05', 0,"
            " 0, '', '')"
        )
        records.execute(
            "INSERT INTO recordings (id, case_id, last_seq, path, place, people, started_at, seconds, problem, sha256)"
            " VALUES ('c-1', 'c', 1, '2020/01/05/old.wav', '', '[]', '2020-01-05', 1.0, '', 'another')"
        )
    monkeypatch.setenv("YJT_RECORDINGS", "elsewhere")
    assert shell("recordings", "prune") == 1
    assert "不在这台机器上" in shell.err
    monkeypatch.delenv("YJT_RECORDINGS")
    assert shell("recordings", "check", "--json") == 1
    assert [one["trouble"] for one in json.loads(shell.out)] == ["changed", "stray"]
    (kept,) = shell.json("recordings", "list", "--case", "c")
    assert (kept["id"], kept["kept_as"], kept["held"]) == ("c-1", "ordinary", False)
    assert [one["id"] for one in shell.json("recordings", "prune", "--dry-run")] == ["c-1"]
    assert old.exists()
    monkeypatch.setenv("YJT_LANG", "en")
    assert shell("recordings", "prune") == 0
    assert "1 recordings removed" in shell.out
    assert not old.exists()
    assert stray.exists()
    assert shell.json("recordings", "list") == []
