"""By hand: `python -m tests.unit.models.year ELDERS [FIRMS] [SEED]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import process_time

from models import database
from models.database import Database

from .log import What
from .playing import play


async def _by_hand(elders: int, firms: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'year.db'}"
        await database.upgrade(url)
        began, db = process_time(), Database(url)
        recount = await play(db, elders=elders, firms=firms, seed=seed)
        took = process_time() - began
        await db.close()
    counts = Counter(str(entry.what) for entry in recount.log.entries)
    print(f"{elders} elders, {firms} firms, seed {seed}: {took:.0f} s of CPU")
    print(", ".join(f"{what} {number}" for what, number in counts.most_common()))
    levels = sorted({one.level for one in recount.complaints.of.values()})
    print(f"suspended {len(recount.firms.stopped)} times, complaints up to level {levels[-1]}; all figures agree")
    print(f"never: {', '.join(sorted(set(What) - {entry.what for entry in recount.log.entries})) or 'nothing'}")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    asyncio.run(_by_hand(*given, *(300, 12, 1)[len(given) :]))
