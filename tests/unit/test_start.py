"""What a process must not load before it works: each start costs it, also the one after a crash."""

from __future__ import annotations

import subprocess
import sys

WORKS_WITHOUT = ("alembic", "holidays", "numpy", "psycopg", "pypinyin")
_TOLD = f"import sys, ari_app.process, web.app; print([name for name in {WORKS_WITHOUT} if name in sys.modules])"


def test_controller_and_web_start_without_what_only_some_need() -> None:
    told = subprocess.run([sys.executable, "-c", _TOLD], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
