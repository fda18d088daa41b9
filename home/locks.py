"""One platform in one home: the lock that a running `up` holds. It vanishes with its process, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "up.lock"


class HomeInUse(Exception):
    """Another platform already runs in this home; the text gives its process."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the lock of `home`. Raises HomeInUse when another process has it."""
    path = home / FILE
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip() or "?"
            raise HomeInUse(
                f"{home} 中已有平台在运行，进程 {pid}；先停止它，或换 YJT_HOME / "
                f"a platform already runs in {home}, pid {pid}; stop it first, or choose another YJT_HOME"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def running_in(home: Path, lock: str = FILE) -> int | None:
    """The pid of the platform (or of whoever holds this other lock) that runs in `home`, or None."""
    try:
        with (home / lock).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else None
    except FileNotFoundError:
        pass
    return None
