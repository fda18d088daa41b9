"""The small file in which a controller leaves what changes quickly: ready seats, and the times of its policy."""

from __future__ import annotations

import json
from pathlib import Path

from dialplan.agi.plan import Desk
from ivr.policy import Policy


def text_of(ready: frozenset[str], policy: Policy) -> str:
    """The file's text."""
    body = {
        "ready": sorted(ready),
        "seat_ring": policy.overflow_seats,
        "duty_ring": policy.duty_ring,
        "contact_ring": policy.contact_ring,
    }
    return json.dumps(body) + "\n"


def read(file: Path) -> Desk:
    """The desk as it was last known; when nothing is known of it, every seat counts."""
    try:
        body = json.loads(file.read_text("utf-8"))
        times = {name: float(body[name]) for name in ("seat_ring", "duty_ring", "contact_ring")}
        return Desk(frozenset(map(str, body["ready"])), **times)
    except (OSError, ValueError, KeyError, TypeError):
        return Desk()
