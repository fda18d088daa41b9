"""Where processes write their log lines: a stream that loses what it cannot write.

A disk that is full must not end the task that wanted to say so: calls go on without a log.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO, cast


def forgiving(stream: TextIO) -> TextIO:
    """For loggers: as this stream, but it never raises OSError."""
    return cast(TextIO, _Forgiving(stream))


class _Forgiving:
    """As much of a text stream as loggers need."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()
