"""Keeps the register's snapshot fresh, for the ladder and for times when the database is away.

The controller only asks whether anything has changed. `python -m ari_app.snapshot` writes, in a process of its own that
gives way to everybody else: reading two hundred thousand files would keep a processor from the calls for a minute.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path

import structlog

from home import children
from home.asterisk_platform import snapshot_file
from home.settings import Settings
from models.database import Database, DatabaseUnavailable
from models.snapshot import refresh, stamp, stamp_of

log = structlog.get_logger(__name__)
FIRST_LOOK = 5.0  # seconds after our start: open cases come first
LOOK_EVERY = 30.0  # seconds: so old is the snapshot at most while the register changes
REST = 10.0  # times as long as the last writing took, until the next
GIVES_WAY = 19  # nice
GRACE = 2.0  # seconds for the writer to end when we do


async def keep_fresh(settings: Settings, database: Database) -> None:
    """For ever. What fails is tried again the next time: until then the old snapshot stands."""
    await asyncio.sleep(FIRST_LOOK)
    while True:
        began = time.monotonic()
        try:
            if await _is_out_of_date(settings, database):
                await _write_elsewhere(settings)
        except DatabaseUnavailable as away:
            log.info("the register's snapshot cannot be compared", reason=str(away))
        except Exception:
            # The outermost guard: an old snapshot is better than a controller that ends for want of a new one.
            log.exception("the register's snapshot cannot be written")
        await asyncio.sleep(max(LOOK_EVERY, REST * (time.monotonic() - began)))


async def _is_out_of_date(settings: Settings, database: Database) -> bool:
    async with database.read() as session:
        now = await stamp(session, settings.area_code)
    return await asyncio.to_thread(stamp_of, snapshot_file(settings)) != now


async def _write_elsewhere(settings: Settings) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
    argv = [sys.executable, "-m", "ari_app.snapshot"]
    process = await children.spawn(argv, env={**inherited, **settings.environment()})
    try:
        if status := await process.wait():
            log.warning("the register's snapshot was not written", status=status)
    finally:
        if process.returncode is None:
            await children.end(process, grace=GRACE)


async def write(settings: Settings) -> int:
    """How many elders' files were written. Raises DatabaseUnavailable, OSError, sqlite3.Error."""
    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            return await refresh(session, snapshot_file(settings), area_code=settings.area_code)
    finally:
        await database.close()


def main() -> int:
    with suppress(OSError):
        os.nice(GIVES_WAY)
    settings = Settings.load()
    began = time.monotonic()
    try:
        written = asyncio.run(write(settings))
    except (DatabaseUnavailable, OSError, sqlite3.Error) as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    file: Path = snapshot_file(settings)
    print(f"{file.name}: {written} files in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
