"""A year of a small district: whatever the house shows is what comes out when it is counted again from the log."""

from __future__ import annotations

import pytest

from ivr.vocabulary import FollowUpKind
from models.database import Database
from models.reports.definitions import FIGURES

from .log import What
from .playing import play

ELDERS, FIRMS, SEED = 20, 8, 2
# In this small year: nobody moves, all are put on file without a word of it, and asked about visits only.
NEVER = {
    *(f"aid_{aid}" for aid in ("emergency", "leisure", "learning")),
    *(f"elders_{what}" for what in ("new", "moved", "away", "back")),
    *(f"follow_up_{kind}" for kind in FollowUpKind if kind not in (FollowUpKind.LIFE_SERVICE, FollowUpKind.VISIT)),
    "ended_stopped", "ended_unknown",
}  # fmt: skip
RARE = {What.ACCEPT_REFUSED}  # a firm that is suspended between being asked and saying yes


@pytest.mark.clause("T1", "T3", "T5", "T6", "H4", "H6", "H7", "H8", "H9", "H10", "K5", "S3.3", "S3.4", "S6", "S11")
@pytest.mark.clause("X6", "X9", "X11", "Y2", "Y4")
async def test_every_figure_of_a_year_agrees_with_the_log_of_what_was_done(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    recount = await play(db, elders=ELDERS, firms=FIRMS, seed=SEED)
    await db.close()
    done = {entry.what for entry in recount.log.entries}
    assert set(What) - done <= RARE  # it has all happened
    assert len(recount.firms.stopped) >= 3
    assert {one.level for one in recount.complaints.of.values()} == {1, 2, 3}
    money = recount.money
    later = [line for month, lines in money.statements.items() for line in lines if line.of != month]
    assert {line.visits for line in later if line.order} == {-1, 0}  # void, and what that has moved
    assert {line.own + line.government > 0 for line in later if not line.order} == {False, True}  # gone, and back
    assert len(money.locked) == 11
    assert FIGURES.keys() - recount.shown == NEVER
