"""Every fault of the drill, on a platform of its own: nobody is lost, and everything works again by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drill.faults.catalogue import FAULTS
from drill.faults.run import try_faults
from drill.faults.table import as_json
from drill.faults.trial import Row

SILENCE_OF_OURS = 3.0  # seconds: promise 2
ROWS = Path("build") / "faults.jsonl"  # `make reliability` makes the page of it


def keep(row: Row) -> None:
    ROWS.parent.mkdir(exist_ok=True)
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(as_json(row), ensure_ascii=False) + "\n")


@pytest.mark.slow
@pytest.mark.clause("S12")
@pytest.mark.parametrize("name", FAULTS)
async def test_nobody_is_lost(name: str, tmp_path: Path) -> None:
    rows = await try_faults(tmp_path / "home", [name], keep)
    assert rows is not None
    (row,) = rows
    assert row.problems == ()
    assert row.lost == 0
    assert row.gap < SILENCE_OF_OURS
