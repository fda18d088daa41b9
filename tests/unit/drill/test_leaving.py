"""What a drill leaves for the page of drill reports (S12)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from drill import command
from drill.faults.catalogue import FAULTS
from drill.faults.trial import Row
from drill.leaving import faults_run, leave, story_run
from drill.report import StoryReport
from home.settings import Settings
from models.readiness.drill_files import FOLDER, DrillFileRefused, found, read

pytestmark = pytest.mark.clause("S12")
BEGAN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def test_a_story_is_read_back_as_it_was_left(tmp_path: Path) -> None:
    report = StoryReport()
    report.expect(("接通", "answered"), happened=True, at=BEGAN, detail="0.4 s")
    report.expect(("救援", "rescue"), happened=False, detail="nobody rang 02110000099")
    leave(tmp_path, story_run("sos", BEGAN, report))
    (name,) = found(tmp_path)
    run, source = read(tmp_path, name)
    assert (run.kind, run.name, run.passed, run.began_at) == ("sos", "sos", False, BEGAN)
    assert [(step.zh, step.good, step.at) for step in run.steps] == [("接通", True, BEGAN), ("救援", False, None)]
    assert "02110000099" not in run.steps[1].value, "a drill beside a platform may ring somebody of its register"
    assert len(source) == 64
    assert (tmp_path / FOLDER / name).stat().st_mode & 0o777 == 0o600


def test_faults_tell_what_became_of_callers_and_what_went_wrong() -> None:
    fault = next(iter(FAULTS))
    good = Row(fault, 1, 1, 1, 0, 1.0, 2.0, 0.0, 3.0)
    bad = Row(fault, 1, 1, 1, 1, 1.0, 2.0, 0.0, 3.0, ("nobody answered",))
    assert faults_run(BEGAN, [good]).passed
    run = faults_run(BEGAN, [good, bad])
    assert not run.passed
    assert [step.good for step in run.steps] == [True, False, False]
    assert run.steps[2].value == "nobody answered"
    assert not faults_run(BEGAN, []).passed


def test_nothing_else_is_taken_for_a_result(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "1.json").write_text('{"kind": "sos", "passed": true}')
    (folder / "2.json").write_bytes(b"[" * (2 << 20))
    for name in found(tmp_path):
        with pytest.raises(DrillFileRefused):
            read(tmp_path, name)
    with pytest.raises(FileNotFoundError):
        read(tmp_path, "../../etc/passwd")


def test_a_full_disk_fails_no_drill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FOLDER).write_text("a file stands in the way")
    leave(tmp_path, faults_run(BEGAN, []))
    assert "could not be kept" in capsys.readouterr().err


@pytest.mark.parametrize("passes", [True, False])
def test_each_drill_leaves_its_result_whether_it_passed_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: bool
) -> None:
    async def story(settings: Settings, script: str) -> StoryReport:
        report = StoryReport()
        report.expect(("接通", "answered"), happened=passes)
        return report

    async def faults(home: Path, names: Sequence[str], told: Callable[[Row], None]) -> list[Row]:
        rows = [Row(name, 1, 1, 1, 0 if passes else 1, 1.0, 2.0, 0.0, 3.0) for name in names]
        for row in rows:
            told(row)
        return rows

    monkeypatch.setenv("YJT_HOME", str(tmp_path))
    monkeypatch.setattr(command, "_by_itself", story)
    monkeypatch.setattr(command, "try_faults", faults)
    for asked in (["sos"], ["faults", next(iter(FAULTS)), "--json"]):
        result = CliRunner().invoke(command.drill, asked)
        assert (result.exit_code == 0) == passes, result.output
    assert json.loads(result.stdout.splitlines()[0])["passed"] == passes, "the notice is no line of the JSON"
    runs = [read(tmp_path, name)[0] for name in found(tmp_path)]
    assert sorted((run.kind, run.passed) for run in runs) == [("faults", passes), ("sos", passes)]
