"""A year of a small district: whatever the house shows is what comes out when it is counted again from the log."""

from __future__ import annotations

import pytest

from models.database import Database

from .log import What
from .playing import play

ELDERS, FIRMS, SEED = 20, 8, 2
RARE = {What.ACCEPT_REFUSED}  # a firm that is suspended between being asked and saying yes


@pytest.mark.clause("T1", "T3", "T5", "H4", "H6", "H7", "H8", "H9", "H10", "S3.3", "S3.4", "S11")
async def test_every_figure_of_a_year_agrees_with_the_log_of_what_was_done(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    recount = await play(db, elders=ELDERS, firms=FIRMS, seed=SEED)
    await db.close()
    done = {entry.what for entry in recount.log.entries}
    assert set(What) - done <= RARE  # it has all happened
    assert len(recount.firms.stopped) >= 3
    assert {one.level for one in recount.complaints.of.values()} == {1, 2, 3}
