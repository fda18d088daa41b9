"""`python -m drill.faults.page ROWS PAGE`: the page of a run's rows (JSON lines), for docs/reliability.md."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from drill.faults.catalogue import FAULTS
from drill.faults.table import markdown
from drill.faults.trial import Row

_HEAD = """# 可靠性 / Reliability

本页由 `make reliability` 从测试运行生成，请勿手改。每一行是一次真实的故障：真实的 Asterisk、SIP 和语音。
故障发生时，一位老人在通话，一位在等待，一位正打进来；三位最后都必须与坐席通上话，否则算丢失。

This page is made by `make reliability` from a run of the tests; never edit it. Each row is a real fault, with real
Asterisk, SIP and sound: as it strikes, one elder talks, one waits, one calls just then. All three must have talked
with an agent in the end, or they count as lost. `yijiantong drill faults` plays the same for anyone.

- **接起 / picked up**：从按键到接通，故障刚发生时打进来的那位 / from the key to the pick-up of the one who called
  just then.
- **最长静音 / longest gap**：没有中断的通话里，任何人听到的最长静音 / the longest silence that anybody heard on a
  call that was not cut.
- **拨回 / rung back**：Asterisk 本身停止时通话必断；到两位老人重新接通为止 / with Asterisk itself the calls end:
  until both elders were on the line again.
- **复原 / whole again**：从故障发生到一切正常，两个控制器都在岗；含故障持续的时间 / from the stroke until everything
  works and both controllers are there, the time that the cause lasts included.
"""


def page(rows: list[Row], at: datetime) -> str:
    """The rows in the order of the catalogue."""
    order = list(FAULTS)
    table = markdown(sorted(rows, key=lambda row: order.index(row.fault)))
    return f"{_HEAD}\n运行时间 / run: {at:%Y-%m-%d %H:%M} UTC\n\n{table}"


def read(file: Path) -> list[Row]:
    """The last row of each fault."""
    rows = {}
    for line in file.read_text("utf-8").splitlines():
        values = json.loads(line)
        values.pop("passed")
        row = Row(**{**values, "problems": tuple(values["problems"])})
        rows[row.fault] = row
    return list(rows.values())


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(page(read(source), datetime.fromtimestamp(source.stat().st_mtime, UTC)), "utf-8")
