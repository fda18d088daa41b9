"""What the controller logs of a failure: its kind and place, never its text."""

from __future__ import annotations

import json
import subprocess
import sys

_FAILS = """
import logging, structlog
from ari_app import logs
logs.configure()
try:
    raise ValueError("13900008888")
except ValueError as failure:
    structlog.get_logger().exception("it failed", case="c1")
    structlog.get_logger().error("it failed", exc_info=failure)
    logging.getLogger("ari").exception("it failed")
"""


def test_a_failure_is_told_without_its_text() -> None:
    done = subprocess.run([sys.executable, "-c", _FAILS], capture_output=True, text=True, timeout=60, check=True)
    first, second, third, fourth = done.stderr.splitlines()
    assert "13900008888" not in done.stderr
    for line in (first, second):
        assert json.loads(line)["error"] == "ValueError"
        assert json.loads(line)["trace"] == ["<string>:6 <module>"]
    assert third == "ERROR ari it failed"
    assert fourth.startswith("{'error': 'ValueError', 'trace': [")
