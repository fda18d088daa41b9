"""A failure as it may stand in a log: its kind and its place, never its text, which may quote what a person typed."""

import traceback
from typing import Any


def where_it_failed(error: BaseException) -> dict[str, Any]:
    """Type and place of an exception without its text, which may quote what a user typed."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "trace": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
