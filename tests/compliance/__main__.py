"""`python -m tests.compliance [--write FILE]`: the page from the last runs; collects the tests, and runs none."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import click
import pytest

from tests.compliance.clauses import chapters
from tests.compliance.page import page, with_outcomes
from tests.compliance.plugin import OUTCOMES, clauses_of


class _Collector:
    """Every test that carries a clause, by its id."""

    def __init__(self) -> None:
        self.marked: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.marked = {item.nodeid: clauses for item in items if (clauses := clauses_of(item))}


@click.command()
@click.option("--write", "target", type=click.Path(dir_okay=False, path_type=Path), help="write to this file")
def compliance(target: Path | None) -> None:
    """条款与证明 / clauses and proofs, from the outcomes in build/clauses.jsonl."""
    collector, said = _Collector(), io.StringIO()
    with contextlib.redirect_stdout(said):
        status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests"], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise click.ClickException(f"the tests cannot be collected:\n{said.getvalue()[-2000:]}")
    lines = OUTCOMES.read_text("utf-8").splitlines() if OUTCOMES.exists() else []
    text = page(chapters(), with_outcomes(collector.marked, lines))
    if target is None:
        click.echo(text, nl=False)
    else:
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(compliance())
