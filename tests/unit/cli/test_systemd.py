"""The unit for production: what systemd itself says of it where there is one, and the rules that it is to keep."""

from __future__ import annotations

import configparser
import getpass
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.systemd import UnitError, unit
from home.settings import CHECKOUT


@pytest.fixture
def text(tmp_path: Path) -> str:
    return unit(home=tmp_path / "home", user=getpass.getuser())


def parsed(text: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=True)
    found.optionxform = str  # type: ignore[method-assign,assignment]
    found.read_string(text)
    return found


def test_everything_in_braces_is_filled_in(text: str) -> None:
    assert "{" not in text
    assert "}" not in text


def test_it_never_gives_up_and_notices_what_hangs(text: str) -> None:
    found = parsed(text)
    assert found["Unit"]["StartLimitIntervalSec"] == "0"
    service = found["Service"]
    assert (service["Restart"], service["Type"], service["KillMode"]) == ("always", "notify", "mixed")
    assert float(service["RestartSec"]) <= 1
    assert 10 <= float(service["WatchdogSec"]) <= 30


def test_it_runs_this_platform_in_this_home_and_writes_nowhere_else(text: str, tmp_path: Path) -> None:
    service = parsed(text)["Service"]
    assert service["ExecStart"] == f"{sys.executable} -m cli up"
    assert service["WorkingDirectory"] == str(CHECKOUT)
    assert service["Environment"] == f"YJT_HOME={tmp_path / 'home'}"
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", str(tmp_path / "home"))
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""


def test_a_spare_machine_stands_by(tmp_path: Path) -> None:
    service = parsed(unit(home=tmp_path, user="yijiantong", stand_by=True))["Service"]
    assert service["ExecStart"] == f"{sys.executable} -m cli up --stand-by"


@pytest.mark.parametrize("name", ["with space", "100%", "a'b", 'a"b', "$HOME", "a\nExecStart=/bin/sh"])
def test_a_path_that_systemd_would_read_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnitError, match="systemd"):
        unit(home=tmp_path / name, user="yijiantong")


@pytest.mark.parametrize("user", ["", "root\nExecStart=/bin/sh", "a b", "-x"])
def test_what_is_no_users_name_is_refused(tmp_path: Path, user: str) -> None:
    with pytest.raises(UnitError):
        unit(home=tmp_path, user=user)


def test_systemd_finds_nothing_wrong_with_it(text: str, tmp_path: Path) -> None:
    """Where there is no systemd, the rules above are all there is to go by."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        assert set(parsed(text).sections()) == {"Unit", "Service", "Install"}
        return
    file = tmp_path / "yijiantong.service"
    file.write_text(text, "utf-8")
    checked = subprocess.run([analyze, "verify", str(file)], check=False, capture_output=True, text=True, timeout=60)
    ours = [line for line in checked.stderr.splitlines() if "yijiantong" in line]
    assert ours == []
