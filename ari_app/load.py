"""What waits where in the controller at this moment, in numbers: for whoever watches, and for drills that ask whether
all of it is gone afterwards. What bounds each of them stands in docs/architecture.md."""

from __future__ import annotations

import asyncio

from ari_app.controller import Controller
from ivr.serial import Json


def load_of(controller: Controller) -> dict[str, Json]:
    """Counts, all 0 but for `tasks` and `consoles` when nothing is going on."""
    backlogs = [run.backlog for run in controller.runs.values()]
    return {
        "tasks": len(asyncio.all_tasks()),
        "background": controller.background.count,
        "cases": len(backlogs),
        "events": sum(events for events, _ in backlogs),
        "orders": sum(orders for _, orders in backlogs),
        "care_calls": controller.care.count if controller.care is not None else 0,
        "in_the_row": len(controller.desk.row),
        "lines_held": controller.outgoing.waiting,
        "lines_ringing": controller.outgoing.ringing,
        "pictures_due": controller.board.due,
        "consoles": controller.bus.listeners,
        "journal": controller.journal.lag,
    }
