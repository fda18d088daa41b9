"""A home as the command `db upgrade` makes it: made once, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.frame import run


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("upgraded") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YJT_HOME", str(made))
        assert run(["db", "upgrade"]) == 0
    return made


@pytest.fixture
def upgraded_home(upgraded: Path, home: Path) -> Path:
    """The home of the test's module, with a database in it."""
    return Path(shutil.copytree(upgraded, home))
