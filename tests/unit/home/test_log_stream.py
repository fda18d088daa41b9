"""A log that cannot be written stops nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from home.log_stream import forgiving


@pytest.mark.parametrize(
    "set_up", ["import ari_app.logs; ari_app.logs.configure()", "import web.logs; web.logs.set_up()"]
)
def test_a_full_disk_does_not_reach_who_logs(set_up: str) -> None:
    said = "log.warning('the database is away'); logging.getLogger('x').error('y'); print('calls go on')"
    script = f"{set_up}; import logging, structlog; log = structlog.get_logger(); {said}"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "calls go on\n"


def test_what_can_be_written_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        structlog.PrintLogger(forgiving(file)).info("line")
        assert (tmp_path / "log").read_text("utf-8") == "line\n"
