"""What a drill prints on the terminal: the timeline as it happens, then the steps and whether each of them happened."""

from __future__ import annotations

from datetime import datetime

import click

from drill.report import StoryReport
from drill.telling import Words, line


class Timeline:
    """Prints each step as it happens, with the time since the key was pressed."""

    def __init__(self) -> None:
        self._start: datetime | None = None

    def tell(self, words: Words, at: datetime) -> None:
        self._start = self._start or at
        click.echo(line(words, at, self._start))


def show(report: StoryReport) -> None:
    """The report, with one line that sums it up."""
    say(("", ""), (f"核对 {report.case}", f"checking {report.case}"))
    click.echo(str(report))
    if report.passed:
        say(("", ""), (f"✓ 全部 {len(report.steps)} 步", f"all {len(report.steps)} steps happened"))
    else:
        say(("", ""), (f"✗ 缺少 {len(report.missing)} 步", f"{len(report.missing)} steps are missing"))


def say(*lines: Words) -> None:
    for zh, en in lines:
        click.echo(f"{zh}  {en}".strip())
