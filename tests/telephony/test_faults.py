"""Every fault of the drill, on a platform of its own: nobody is lost, and everything works again by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drill.faults.catalogue import FAULTS
from drill.faults.run import try_faults
from drill.faults.table import as_json
from drill.faults.trial import Row
from home.settings_written import TOWN_PREFIX
from tests.databases import empty_database

SILENCE_OF_OURS = 3.0  # seconds: promise 2
ROWS = Path("build") / "faults.jsonl"  # `make reliability` makes the page of it


def keep(row: Row) -> None:
    ROWS.parent.mkdir(exist_ok=True)
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(as_json(row), ensure_ascii=False) + "\n")


def on_one_platform() -> list[list[str]]:
    """Four platforms suffer in turn from what the catalogue has: to start one for each fault is half of the time."""
    names = list(FAULTS)
    return [names[first::4] for first in range(4)]


@pytest.mark.slow
@pytest.mark.clause("S12")
@pytest.mark.parametrize("names", on_one_platform(), ids=" ".join)
async def test_nobody_is_lost(names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{TOWN_PREFIX}DATABASE_URL", empty_database())
    rows = await try_faults(tmp_path / "home", names, keep)
    assert rows is not None
    assert [row.fault for row in rows] == names
    assert {row.fault: row.problems for row in rows if row.problems} == {}
    assert {row.fault: row.lost for row in rows if row.lost} == {}
    assert {row.fault: row.gap for row in rows if row.gap >= SILENCE_OF_OURS} == {}
