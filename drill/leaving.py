"""What a drill leaves behind (S12): its result as a file in the home folder that it was started from, for the page of
drill reports. Numbers in it are masked: a drill beside a platform may ring somebody of its register. The drill has
ended by then; that nothing could be written is told, and changes nothing about its result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from drill.faults.catalogue import FAULTS
from drill.faults.trial import Row
from drill.report import StoryReport
from drill.storm.outcome import Outcome
from models.masking import numbers_in
from models.readiness.drill_files import LONGEST, DrillRun, DrillStep, run_of, write


def leave(home: Path, run: DrillRun) -> None:
    """Write it down, and say where."""
    try:
        path = write(home, run)
    except OSError as problem:
        click.echo(f"演练结果未能保存 / the result could not be kept: {problem.strerror}", err=True)
        return
    click.echo(f"演练结果已保存，可在“演练报告”页收录 / kept for the page of drill reports: {path}", err=True)


def story_run(script: str, began_at: datetime, report: StoryReport) -> DrillRun:
    """Of one story, step by step."""
    steps = (_step(step.words, good=step.happened, at=_aware(step.at), value=step.detail) for step in report.steps)
    return run_of("sos", began_at, steps, passed=report.passed, name=script)


def faults_run(began_at: datetime, rows: Sequence[Row]) -> DrillRun:
    """Of every fault what became of the callers, and what went wrong."""
    return run_of(
        "faults",
        began_at,
        _of_faults(rows),
        passed=bool(rows) and all(row.passed for row in rows),
        name=" ".join(row.fault for row in rows),
    )


def storm_run(began_at: datetime, outcome: Outcome) -> DrillRun:
    return run_of("storm", began_at, _of_outcome(outcome), passed=outcome.passed)


def soak_run(began_at: datetime, outcome: Outcome, blows: Mapping[str, int]) -> DrillRun:
    struck = (
        _step((f"制造故障：{FAULTS[name].words[0]}" if name in FAULTS else name, name), value=str(count))
        for name, count in sorted(blows.items())
    )
    return run_of("soak", began_at, [*_of_outcome(outcome), *struck], passed=not outcome.lost)


def now() -> datetime:
    """When a drill begins."""
    return datetime.now(UTC)


def _of_faults(rows: Iterable[Row]) -> Iterator[DrillStep]:
    for row in rows:
        zh, en = FAULTS[row.fault].words
        told = f"丢失 {row.lost} / lost; 接起 {row.picked_up:.1f} s; 静音 {row.gap:.1f} s; 复原 {row.whole:.1f} s"
        yield _step((zh, en), good=row.passed, value=told)
        for problem in row.problems:
            yield _step((f"{zh}：问题", f"{en}: trouble"), good=False, value=problem)


def _of_outcome(outcome: Outcome) -> Iterator[DrillStep]:
    return (_step(row.words, good=row.good, value=row.value) for row in outcome.rows())


def _step(
    words: tuple[str, str], *, good: bool | None = None, at: datetime | None = None, value: str = ""
) -> DrillStep:
    zh, en = (text[:LONGEST] for text in words)
    return DrillStep(zh=zh, en=en, good=good, at=at, value=numbers_in(value)[:LONGEST])


def _aware(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at is not None else None
