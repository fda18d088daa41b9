"""The page of proven clauses says what a run has shown: no more, and no less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compliance.clauses import Chapter, Clause, chapters, known
from tests.compliance.page import page, with_outcomes

pytest_plugins = ["pytester"]

DOCS = Path(__file__).parents[2] / "docs" / "compliance.md"
CHAPTER = Chapter("S", "标准", "standard", (Clause("S1", "一", "one"), Clause("S2", "二", "two")))


def line(test: str, outcome: str) -> str:
    return json.dumps({"test": test, "outcome": outcome, "at": "2026-11-22T08:00:00+00:00"})


def row(text: str, clause: str) -> str:
    return next(row for row in text.splitlines() if f"**{clause}**" in row)


def test_a_clause_whose_tests_have_passed_is_proven_and_another_is_not() -> None:
    proofs = with_outcomes(
        {"tests/telephony/test_a.py::test_b": ["S1"]}, [line("tests/telephony/test_a.py::test_b", "passed")]
    )
    text = page([CHAPTER], proofs)
    assert row(text, "S1").startswith("| ✓ |")
    assert "telephony: test_a.py · test_b" in row(text, "S1")
    assert "not proven yet" in row(text, "S2")


def test_one_failure_among_many_is_told() -> None:
    tests = ["tests/unit/test_a.py::test_b[1]", "tests/unit/test_a.py::test_b[2]"]
    proofs = with_outcomes({test: ["S1"] for test in tests}, [line(tests[0], "passed"), line(tests[1], "failed")])
    assert row(page([CHAPTER], proofs), "S1").startswith("| ✗ |")
    assert "test_b ×2" in row(page([CHAPTER], proofs), "S1")


def test_the_last_outcome_counts_and_a_test_that_is_gone_does_not() -> None:
    test = "tests/web/test_a.py::test_b"
    lines = [line(test, "failed"), line(test, "passed"), line("tests/web/test_a.py::test_gone", "failed")]
    assert row(page([CHAPTER], with_outcomes({test: ["S1"]}, lines)), "S1").startswith("| ✓ |")


def test_what_was_not_run_proves_nothing() -> None:
    assert "not run" in row(page([CHAPTER], with_outcomes({"tests/web/test_a.py::test_b": ["S1"]}, [])), "S1")


def test_every_clause_has_words_and_its_chapters_letter() -> None:
    for chapter in chapters():
        for clause in chapter.clauses:
            assert clause.id.startswith(chapter.id)
            assert not clause.zh.isascii()
            assert clause.en.isascii()
    assert {"S1.10", "S4.7", "H15", "X11", "T8", "Y5", "K8"} <= known()


def test_the_page_in_docs_has_every_clause() -> None:
    text = DOCS.read_text("utf-8")
    assert [clause for clause in known() if f"**{clause}**" not in text] == []


INI = "[pytest]\nmarkers = clause(id): a clause\nasyncio_default_fixture_loop_scope = function\n"
TESTS = """
import pytest

@pytest.mark.clause("S4.1")
@pytest.mark.clause("S4.2")
@pytest.mark.xdist_group("one at a time")
def test_passes(): pass

@pytest.mark.clause("S4.3")
def test_fails(): assert False

@pytest.fixture
def broken():
    yield
    raise RuntimeError

@pytest.mark.clause("S4.4")
def test_tear_down(broken): pass

def test_other(): pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, whose pytest finds our plugin from wherever it runs, and loads no other without need."""
    monkeypatch.setenv("PYTHONPATH", str(DOCS.parents[1]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_asyncio.plugin,xdist.plugin")
    pytester.makefile(".ini", pytest=INI)
    return pytester


def test_outcomes_are_written_down_by_one_run_after_the_other(project: pytest.Pytester) -> None:
    project.makepyfile(test_one=TESTS)
    project.runpytest_subprocess("-p", "tests.compliance.plugin", "-n", "2", "--dist", "loadgroup")
    project.runpytest_subprocess("-p", "tests.compliance.plugin", "-k", "passes")
    told = [json.loads(text) for text in (project.path / "build" / "clauses.jsonl").read_text().splitlines()]
    outcomes = sorted((entry["test"], entry["outcome"]) for entry in told)
    assert outcomes == [
        ("test_one.py::test_fails", "failed"),
        ("test_one.py::test_passes", "passed"),
        ("test_one.py::test_passes", "passed"),
        ("test_one.py::test_tear_down", "failed"),
    ]


def test_an_unknown_clause_fails_the_collection(project: pytest.Pytester) -> None:
    project.makepyfile('import pytest\n@pytest.mark.clause("S99")\ndef test_it(): pass')
    result = project.runpytest_subprocess("-p", "tests.compliance.plugin", "-n", "1")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*no such clause: S99*"])
    assert result.parseoutcomes()["errors"] >= 1


def test_an_unknown_clause_of_one_parameter_fails_its_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.clause("S99"))])
        def test_it(n): pass
        """
    )
    project.runpytest_subprocess("-p", "tests.compliance.plugin").assert_outcomes(passed=1, errors=1)
