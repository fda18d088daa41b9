"""The clauses of the requirements, from `clauses.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("clauses.toml")


@dataclass(frozen=True, slots=True)
class Clause:
    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Chapter:
    id: str
    zh: str
    en: str
    clauses: tuple[Clause, ...]


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every chapter with its clauses, in the order of the requirements."""
    return tuple(
        Chapter(name, told["zh"], told["en"], tuple(Clause(id_, **words) for id_, words in told["clauses"].items()))
        for name, told in tomllib.loads(FILE.read_text("utf-8")).items()
    )


@cache
def known() -> frozenset[str]:
    return frozenset(clause.id for chapter in chapters() for clause in chapter.clauses)
