"""The page: every clause, the tests that prove it, tier by tier, and what became of them in the run. Never by hand.

A clause is proven when at least one of its tests has passed and none has failed. What was not run proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.compliance.clauses import Chapter

# How near to the real thing: telephones, browser, database and web, procedure alone.
TIERS: Mapping[str, tuple[str, str]] = {
    "telephony": ("真实通话", "real calls"),
    "browser": ("浏览器", "browser"),
    "web": ("网页与记录", "web and records"),
    "unit": ("规程", "procedure"),
}
_SIGNS = {"passed": "✓", "failed": "✗", "skipped": "跳过 skipped", "": "未运行 not run"}


@dataclass(frozen=True, slots=True)
class Proof:
    """A test with the clauses that it carries; `outcome` is empty when it was not run."""

    test: str
    clauses: tuple[str, ...]
    outcome: str = ""
    at: datetime | None = None

    @property
    def tier(self) -> str:
        return Path(self.test.partition("::")[0]).parts[1]

    @property
    def name(self) -> str:
        """File and function, without the parameters."""
        file, _, function = self.test.partition("::")
        return f"{Path(file).name} · {function.partition('[')[0]}"


def with_outcomes(marked: Mapping[str, Iterable[str]], lines: Iterable[str]) -> list[Proof]:
    """The tests that there are now, with the last thing that the run says of each."""
    told = {entry["test"]: entry for entry in map(json.loads, lines)}
    proofs = []
    for test, clauses in marked.items():
        entry = told.get(test)
        known = (entry["outcome"], datetime.fromisoformat(entry["at"])) if entry else ("", None)
        proofs.append(Proof(test, tuple(clauses), *known))
    return proofs


def state_of(proofs: Iterable[Proof]) -> str:
    """Of the tests of one clause, or of one test with many parameters: the worst that must be told."""
    outcomes = [proof.outcome for proof in proofs]
    return next((outcome for outcome in ("failed", "passed", "skipped") if outcome in outcomes), "")


def page(chapters: Iterable[Chapter], proofs: list[Proof]) -> str:
    """The whole page, Markdown."""
    chapters = list(chapters)
    parts = [_head(proofs), _summary(chapters, proofs), *(_chapter(chapter, proofs) for chapter in chapters)]
    return "\n\n".join(parts) + "\n"


def _head(proofs: list[Proof]) -> str:
    times = [proof.at for proof in proofs if proof.at]
    span = f"{min(times):%Y-%m-%d %H:%M} – {max(times):%H:%M} UTC" if times else "尚未运行 / no run yet"
    return (
        "# 条款与证明 / Clauses and proofs\n\n"
        '本页由 `make compliance` 从测试运行生成，请勿手改。测试用 `@pytest.mark.clause("S4.2")` 注明所证明的条款。\n'
        "This page is made by `make compliance` from a run of the tests; never edit it. A test names the clause that\n"
        'it proves with `@pytest.mark.clause("S4.2")`.\n\n'
        f"运行时间 / run: {span}"
    )


def _summary(chapters: list[Chapter], proofs: list[Proof]) -> str:
    heads = ["", "条款 clauses", "已证明 proven", *(" ".join(words) for words in TIERS.values()), "失败 failed"]
    rows = [heads]
    for chapter in chapters:
        of = [[proof for proof in proofs if clause.id in proof.clauses] for clause in chapter.clauses]
        states = [state_of(found) for found in of]
        tiers = [sum(_passes(found, tier) for found in of) for tier in TIERS]
        counts = [len(of), states.count("passed"), *tiers, states.count("failed")]
        rows.append([f"{chapter.id} {chapter.zh} / {chapter.en}", *map(str, counts)])
    return f"## 概况 / Summary\n\n{_markdown(rows)}"


def _passes(found: list[Proof], tier: str) -> bool:
    return state_of(proof for proof in found if proof.tier == tier) == "passed"


def _chapter(chapter: Chapter, proofs: list[Proof]) -> str:
    rows = [["", "条款 / Clause", "证明 / Proven by"]]
    for clause in chapter.clauses:
        found = [proof for proof in proofs if clause.id in proof.clauses]
        rows.append([_state(found), f"**{clause.id}** {clause.zh}<br>{clause.en}", "<br>".join(_tests(found))])
    return f"## {chapter.id} {chapter.zh} / {chapter.en}\n\n{_markdown(rows)}"


def _state(found: list[Proof]) -> str:
    return _SIGNS[state_of(found)] if found else "未证明 not proven yet"


def _tests(found: list[Proof]) -> Iterator[str]:
    """One line for each test, however many parameters it has; the most real tier first."""
    for tier, words in TIERS.items():
        by_name: dict[str, list[Proof]] = {}
        for proof in found:
            if proof.tier == tier:
                by_name.setdefault(proof.name, []).append(proof)
        for name, same in sorted(by_name.items()):
            times = f" ×{len(same)}" if len(same) > 1 else ""
            yield f"{_SIGNS[state_of(same)]} {words[0]} {tier}: {name}{times}"


def _markdown(rows: list[list[str]]) -> str:
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])
