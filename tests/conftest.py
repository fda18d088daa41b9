"""Hygiene for every test: no task, no child process and no thread outlives it. No other fixture lives here.

Also what a whole run needs to be quick (the garbage collector leaves out what was loaded for it) and to be repeated.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

# What helpers assert is told with its values, as what tests assert.
pytest.register_assert_rewrite("tests.unit", "tests.web", "tests.telephony", "tests.browser")

pytest_plugins = ["tests.compliance.plugin", "tests.databases"]

# Tests know what day it is from the beginning, and would not know that it is the next one. So none runs over midnight:
# in the last hour before it, all of them, and whatever they start, live where it is earlier or later.
for _zone in ("Etc/GMT+6", "Etc/GMT-6"):
    if time.localtime().tm_hour == 23:
        os.environ["TZ"] = _zone
        time.tzset()

# What a test's environment says about a platform must not leak into it from the developer's shell.
for _name in [name for name in os.environ if name.startswith("YJT_") and name != "YJT_PARTS_DIR"]:
    del os.environ[_name]

# The suite says of a change whether it is good, so it tries the same examples each time. To look for what nobody has
# thought of: `make test ARGS=--hypothesis-profile=chance`. No example has a time limit: on a busy machine the first one
# of a process is slow, and says nothing of the code.
settings.register_profile("chance", derandomize=False, deadline=None)
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

_DEADLINE = 3.0
_CHILDREN_END = 10.0  # seconds: one that gives way to everybody takes a while on a busy machine
_POLL = 0.02
_SLOW_UNTIL = 0.6  # of the whole order


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers take tests in this order: the files of all folders mixed, the slow tests spread over the first part, so
    that none of them is what everybody waits for at the end. A file stays together: what is made once for it must not
    be made again and again. So do slow tests that share a house: between two of others it would be taken down."""
    if not hasattr(config, "workerinput"):
        return
    slow = [item for item in items if item.get_closest_marker("slow") and not _shares_a_house(item)]
    spread = set(slow)
    others = [item for item in items if item not in spread]
    folders = [item.path.relative_to(config.rootpath).parts[:2] for item in others]
    all_of, seen = Counter(folders), Counter[tuple[str, ...]]()
    begins: dict[Path, float] = {}
    for item, folder in zip(others, folders, strict=True):
        begins.setdefault(item.path, seen[folder] / all_of[folder])
        seen[folder] += 1
    turns = {item: begins[item.path] for item in others}
    turns |= {item: _SLOW_UNTIL * number / len(slow) for number, item in enumerate(slow)}
    items.sort(key=lambda item: turns[item])


def _shares_a_house(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("asyncio")
    return marker is not None and marker.kwargs.get("loop_scope") == "module"


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: looking through them for garbage again and again was a quarter of all work.
    What a test itself leaves is found as ever."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest_asyncio.fixture(autouse=True)
async def no_task_is_left(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fails a test whose tasks still run when it is over. Session fixtures may have tasks of their own."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_DEADLINE)  # those that were cancelled may still have to notice
    names = sorted(f"{task.get_name()}: {task.get_coro()}" for task in left if not task.done())
    assert not names, "tasks outlive the test:\n" + "\n".join(names)


@pytest.fixture(autouse=True)
def no_child_process_is_left() -> Iterator[None]:
    """Fails a test whose child processes live on, or have died without being waited for."""
    before = _children()
    yield
    left = _children() - before
    wake = threading.Event()
    for _ in range(int(_CHILDREN_END / _POLL)):
        if not left:
            return
        wake.wait(_POLL)
        left = _children() - before
    told = [f"{pid}: {_command(pid)}" for pid in sorted(left)]
    assert not left, "child processes outlive the test:\n" + "\n".join(told)


def _children() -> set[int]:
    found: set[int] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            found |= {int(pid) for pid in path.read_text().split()}
        except OSError:  # that thread has just ended
            continue
    return found


def _command(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return "?"
