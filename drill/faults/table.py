"""The rows of all faults as a table, for the terminal and for a page. Words only: nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from drill.faults.catalogue import FAULTS
from drill.faults.trial import Row
from drill.telling import Words, columns, pad

HEAD: tuple[Words, ...] = (
    ("故障", "fault"),
    ("通话中", "up"),
    ("等待", "ringing"),
    ("呼入", "arriving"),
    ("丢失", "lost"),
    ("接起 s", "picked up s"),
    ("最长静音 s", "longest gap s"),
    ("拨回 s", "rung back s"),
    ("复原 s", "whole again s"),
)


def cells(row: Row) -> list[str]:
    zh, en = FAULTS[row.fault].words
    counts = [str(number) for number in (row.up, row.ringing, row.arriving, row.lost)]
    back = f"{row.back:.1f}" if row.back else "–"
    return [f"{zh} / {en}", *counts, f"{row.picked_up:.1f}", f"{row.gap:.1f}", back, f"{row.whole:.1f}"]


def terminal(rows: Sequence[Row]) -> Iterator[str]:
    """Aligned, with what went wrong below."""
    body = [[f"{zh} {en}" for zh, en in HEAD], *(cells(row) for row in rows)]
    widths = [max(map(columns, column)) for column in zip(*body, strict=True)]
    for line in body:
        yield "  ".join(pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
    for row in rows:
        for problem in row.problems:
            yield f"✗ {row.fault}: {problem}"


def markdown(rows: Iterable[Row]) -> str:
    head = "| " + " | ".join(f"{zh}<br>{en}" for zh, en in HEAD) + " |"
    lines = ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join([head, "|---" * len(HEAD) + "|", *lines]) + "\n"


def as_json(row: Row) -> dict[str, object]:
    return {**asdict(row), "problems": list(row.problems), "passed": row.passed}
