"""How many calls the dialplan served by itself: counted in its own log, because no controller heard of them."""

from pathlib import Path
from typing import Final

SERVED_BELOW: Final = "no controller: the dialplan rings whoever can help"  # as dialplan/extensions.conf writes it


class LadderLog:
    """Counts from the moment it is made; reads what was added since the last time. Works on the disk: call it in a
    thread, one at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._inode, self._read = self._now()
        self._count = 0

    def count(self) -> int:
        """Calls since the start, in the file as it is and goes on after it was rotated."""
        inode, size = self._now()
        if inode != self._inode or size < self._read:
            self._inode, self._read = inode, 0
        if size > self._read:
            with self._file.open("rb") as file:
                file.seek(self._read)
                added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._count += whole.decode("utf-8", "replace").count(SERVED_BELOW)
            self._read += len(whole)
        return self._count

    def _now(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_size
