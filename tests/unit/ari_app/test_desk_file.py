"""What the ladder knows of the desk: the seats that are ready, as soon as that changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ari_app.desk import Seat
from ari_app.desk_file import DeskFile
from dialplan.agi import desk
from ivr.policy import Policy

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
READY = Seat("801", "", "", frozenset(), AT, AT, willing=True, registered=True)


async def test_the_file_follows_the_desk(tmp_path: Path) -> None:
    file = tmp_path / "desk.json"
    seats = [READY, replace(READY, extension="802", willing=False)]
    kept = DeskFile(file, lambda: Policy.of({"contact_ring": 20}), lambda: seats)
    keeping = asyncio.create_task(kept.keep())
    try:
        await until(file, {"801"})
        assert desk.read(file).contact_ring == 20
        assert file.stat().st_mode & 0o777 == 0o600
        seats[1].willing = True
        kept.changed()
        await until(file, {"801", "802"})
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def until(file: Path, ready: set[str]) -> None:
    async with asyncio.timeout(10):
        while desk.read(file).ready != ready:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
