"""Every fault of the drill: nobody is lost, and everything works again by itself.

Several strike one platform, one after the other, as in `yijiantong drill faults`: to start one costs more than a fault.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drill.faults.catalogue import FAULTS
from drill.faults.run import try_faults
from drill.faults.table import as_json
from drill.faults.trial import Row

SILENCE_OF_OURS = 3.0  # seconds: promise 2
PLATFORMS = 3
GROUPS = [list(FAULTS)[first::PLATFORMS] for first in range(PLATFORMS)]
ROWS = Path("build") / "faults.jsonl"  # `make reliability` makes the page of it


def keep(row: Row) -> None:
    ROWS.parent.mkdir(exist_ok=True)
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(as_json(row), ensure_ascii=False) + "\n")


@pytest.mark.slow
@pytest.mark.clause("S12")
@pytest.mark.parametrize("names", GROUPS, ids=" ".join)
async def test_nobody_is_lost(names: list[str], tmp_path: Path) -> None:
    rows = await try_faults(tmp_path / "home", names, keep)
    assert rows is not None
    assert [row.fault for row in rows] == names
    for row in rows:
        assert row.problems == (), row
        assert row.lost == 0, row
        assert row.gap < SILENCE_OF_OURS, row
