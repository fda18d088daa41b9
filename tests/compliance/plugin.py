"""A pytest plugin: refuses marks of clauses that do not exist, and writes down what became of every marked test.

Each run adds lines to `build/clauses.jsonl`, so that the unit tests and the others may run apart, one after the other;
the last line about a test counts. With pytest-xdist the tests run in workers: what they know travels in the reports.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.compliance.clauses import FILE, known

OUTCOMES = Path("build", "clauses.jsonl")  # below the root of the run
_MARKED = "proves clauses"
_ID = pytest.StashKey[str]()


def clauses_of(node: pytest.Item) -> list[str]:
    """The clauses that this test proves, each once, in order."""
    return sorted({str(clause) for mark in node.iter_markers("clause") for clause in mark.args})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if problem := _unknown(metafunc.definition):
        raise pytest.Collector.CollectError(problem)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.stash[_ID] = item.nodeid  # workers add the name of a group to it later


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if problem := _unknown(item):  # the mark of one parameter is not there yet when tests are collected
        pytest.fail(problem, pytrace=False)
    if clauses_of(item):
        item.user_properties.append((_MARKED, item.stash[_ID]))


def _unknown(node: pytest.Item) -> str:
    """What to say of marks that name no clause; empty when all are known."""
    unknown = sorted(set(clauses_of(node)) - known())
    return f"{node.nodeid}: no such clause: {', '.join(unknown)}; see {FILE.name}" if unknown else ""


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(config.rootpath / OUTCOMES), "clauses-recorder")


class _Recorder:
    """Lives in the process that hears of every test: not in the workers."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._told: dict[str, dict[str, object]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Comes for set-up, call and tear-down; a test has passed when none of them has failed."""
        test = next((str(value) for name, value in report.user_properties if name == _MARKED), None)
        if test is None:
            return
        before = self._told.get(test)
        first_bad = not report.passed and (before is None or before["outcome"] == "passed")
        if report.when == "call" or first_bad:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            self._told[test] = {"test": test, "outcome": report.outcome, "at": at}

    def pytest_sessionfinish(self) -> None:
        if self._told:
            self._file.parent.mkdir(exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(line) + "\n" for line in self._told.values()))
