"""The table of programs, and how one is found: the operator's, the machine's, the fetched one, in this order."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from home import parts, programs
from home.parts import PARTS, Fetched, installed
from home.programs import ProgramMissing, find
from home.settings import Settings


def program_at(path: Path, text: str = "Asterisk 22.10.1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)
    return path


def unpacked(parts_dir: Path, name: str, version: str, *, recipe: str = "") -> Path:
    """A part as a fetch leaves it, without its libraries."""
    part = PARTS[name]
    folder = parts_dir / f"{name}-{version}"
    for pattern in part.programs.values():
        program_at(folder / "root" / pattern.replace("*", "15"))
    told = {"name": name, "version": version, "recipe": recipe or parts._recipe(part)}
    (folder / parts.STAMP).write_text(json.dumps(told))
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"YJT_HOME": str(tmp_path / "home"), "YJT_PARTS_DIR": str(tmp_path / "parts")})


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has none of the programs."""
    monkeypatch.setattr(programs, "_of_machine", lambda part, name, settings: None)


@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_every_part_of_the_table_can_be_found_in_its_tree(part: parts.Part, tmp_path: Path) -> None:
    folder = unpacked(tmp_path, part.name, "1.0")
    present = installed(part, tmp_path)
    assert present == Fetched(part, folder / "root", "1.0")


def test_a_half_unpacked_part_does_not_count(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, "postgresql", "15.1")
    (folder / "root/usr/lib/postgresql/15/bin/initdb").unlink()
    assert installed(PARTS["postgresql"], tmp_path) is None


def test_a_part_of_another_recipe_or_with_a_broken_stamp_does_not_count(tmp_path: Path) -> None:
    unpacked(tmp_path, "sox", "1.0", recipe="another")
    broken = unpacked(tmp_path, "baresip", "1.0")
    (broken / parts.STAMP).write_text("{")
    assert installed(PARTS["sox"], tmp_path) is None
    assert installed(PARTS["baresip"], tmp_path) is None


@pytest.mark.usefixtures("bare_machine")
def test_what_is_missing_is_told_with_the_command_that_gets_it(settings: Settings) -> None:
    with pytest.raises(ProgramMissing, match="yijiantong asterisk fetch"):
        find("asterisk", settings)
    with pytest.raises(ProgramMissing, match="asterisk fetch --for-tests"):
        find("chromium", settings)


@pytest.mark.usefixtures("bare_machine")
def test_a_fetched_unstable_program_runs_through_its_own_loader(settings: Settings) -> None:
    root = unpacked(settings.parts_dir, "asterisk", "22.10.1") / "root"
    loader = program_at(root / "usr/lib64/ld-linux-x86-64.so.2")
    modules = root / "usr/lib/x86_64-linux-gnu/asterisk/modules"
    modules.mkdir(parents=True)
    found = find("asterisk", settings)
    assert found.argv("-V") == [
        str(loader), "--library-path", str(root / "usr/lib/x86_64-linux-gnu"), str(root / "usr/sbin/asterisk"), "-V"
    ]  # fmt: skip
    assert found.folders["modules"] == modules
    assert found.env == {}


@pytest.mark.usefixtures("bare_machine")
def test_a_fetched_program_of_the_release_brings_its_libraries_by_environment(settings: Settings) -> None:
    root = unpacked(settings.parts_dir, "baresip", "1.0") / "root"
    (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    found = find("baresip", settings)
    assert found.argv_prefix == (str(root / "usr/bin/baresip"),)
    assert found.env == {"LD_LIBRARY_PATH": str(root / "usr/lib/x86_64-linux-gnu")}


def test_the_operators_asterisk_comes_first(tmp_path: Path) -> None:
    own = program_at(tmp_path / "opt/ast/sbin/asterisk", "Asterisk 22.11.0")
    modules = tmp_path / "opt/ast/lib/asterisk/modules"
    modules.mkdir(parents=True)
    env = {"YJT_ASTERISK": str(own), "YJT_PARTS_DIR": str(tmp_path / "parts")}
    unpacked(tmp_path / "parts", "asterisk", "22.10.1")
    with pytest.raises(ProgramMissing, match="YJT_ASTERISK"):
        find("asterisk", Settings.load(env))
    (modules / programs.BROADCAST).touch()
    found = find("asterisk", Settings.load(env))
    assert (found.argv_prefix, found.version) == ((str(own),), "22.11.0")
    assert found.folders["modules"] == modules


def test_a_fetch_leaves_folders_that_a_lent_user_may_enter(tmp_path: Path) -> None:
    with parts._lock(tmp_path / ".lock", lambda text: None), pytest.raises(parts.AptError):
        parts._unpack(PARTS["sox"], [], tmp_path, lambda text: None)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"], "nothing half-made stays behind"
    assert stat.S_IMODE((tmp_path / ".lock").stat().st_mode) & 0o111 == 0
