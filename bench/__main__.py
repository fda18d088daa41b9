"""`python -m bench [NAME ...]`: runs these benchmarks, or all; each writes its own section of bench/results.md anew.

Exit status 1: a target was missed. Nothing is measured here.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from bench import ari_command, capacity, care, growth, pickup, reports, screen, search

_SECTION = re.compile(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
RESULTS = Path(__file__).with_name("results.md")


async def _pickup() -> tuple[str, bool]:
    figures = await pickup.run()
    return pickup.markdown(figures), pickup.met(figures)


async def _screen() -> tuple[str, bool]:
    figures = await screen.run()
    return screen.markdown(figures), screen.met(figures)


async def _ari_command() -> tuple[str, bool]:
    figures = await ari_command.run()
    best = max(figure.ratio for figure in figures if "WebSocket" in figure.contender)
    return ari_command.markdown(figures), best < ari_command.TARGET


async def _capacity() -> tuple[str, bool]:
    figures = await capacity.run()
    return capacity.markdown(figures), capacity.met(figures)


async def _growth() -> tuple[str, bool]:
    figures = await growth.run()
    return growth.markdown(figures), growth.met(figures)


async def _search() -> tuple[str, bool]:
    figures = await search.run()
    return search.markdown(figures), search.met(figures)


async def _reports() -> tuple[str, bool]:
    figures = await reports.run()
    return reports.markdown(figures), reports.met(figures)


async def _care() -> tuple[str, bool]:
    figures = await care.run()
    return care.markdown(figures), care.met(figures)


BENCHMARKS = {
    "pickup": ("Pick-up and the first ring: controller beside a bare dialplan", _pickup),
    "screen": (f"From the ring to the file in the browser, {screen.DESKS} desks open", _screen),
    "capacity": ("Calls a second: controller beside a bare dialplan", _capacity),
    "growth": ("From 10 to 1000 calls up, from 1 000 to 200 000 elders on file", _growth),
    "care": (f"Alarms beside {care.RUNNING} care calls, and care calls an hour", _care),
    "search": ("The register's search box on 200 000 files", _search),
    "reports": (f"A year's report of {reports.CALLS} calls", _reports),
    "ari_command": ("One ARI command: our client beside asyncari", _ari_command),
}


def main(names: list[str]) -> int:
    if unknown := set(names) - BENCHMARKS.keys():
        print(f"没有这项 / no such benchmark: {', '.join(sorted(unknown))}; {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    passed = True
    for name in names or BENCHMARKS:
        title, measure = BENCHMARKS[name]
        print(f"== {title}", file=sys.stderr)
        table, met = asyncio.run(measure())
        print(table)
        written = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
        RESULTS.write_text(page(written, title, table, datetime.now(UTC).date()), encoding="utf-8")
        passed &= met
    return 0 if passed else 1


def page(written: str, title: str, table: str, on: date) -> str:
    """The results so far (`written`, Markdown) with this section anew; sections of benchmarks that are no more go."""
    sections = dict(_SECTION.findall(written)) | {title: f"Measured on {on}.\n\n{table.strip()}\n"}
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = (
        f"# Benchmarks\n\nWritten by `make bench` ({where}). Both ways of each pair ran in turn in one run on one "
        "machine, load generator included: only ratios and differences mean something elsewhere.\n"
    )
    known = (title for title, _ in BENCHMARKS.values() if title in sections)
    return "\n".join([head, *(f"## {title}\n\n{sections[title].strip()}\n" for title in known)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
