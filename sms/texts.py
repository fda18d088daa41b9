"""What messages say, from `texts.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("texts.toml")


@cache
def texts() -> dict[str, dict[str, str]]:
    """Template and language -> words with {blanks}."""
    return tomllib.loads(_FILE.read_text("utf-8"))


def text_of(template: str, parameters: Mapping[str, str], lang: str) -> str:
    return texts()[template][lang].format(**parameters)
