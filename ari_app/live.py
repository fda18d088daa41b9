"""What consoles see of a case and a seat while they live, as JSON (contract: `GET /cases/{id}`, `GET /seats`)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from ari_app.deadlines import deadlines_of
from ari_app.desk import Seat
from ari_app.phones import Phone
from ari_app.runner import CaseRun
from ivr.case import ElderFile
from ivr.decide import actions_now
from ivr.policy import Policy
from ivr.serial import Json, to_json
from models.views import live_json


def case_json(run: CaseRun, at: datetime) -> dict[str, Json]:
    """The contract's case, with what an agent needs now: the file, the legal actions, the roles being searched, and
    when the next contacts are rung, and what else is due when."""
    return {
        **live_json(run.case, run.entries, run.told),
        "file": _file_json(run.case.file),
        "household": [_file_json(file) for file in run.case.household],
        "actions": list(actions_now(run.case, run.house.policy, at)),
        "searching": [role.value for role in sorted(run.case.searching)],
        "next_wave_at": run.case.next_wave_at.isoformat() if run.case.next_wave_at else None,
        "waiting_since": run.case.waiting_since.isoformat() if run.case.waiting_since else None,
        "deadlines": [due.as_json() for due in deadlines_of(run.case, run.due, run.house.policy)],
    }


@lru_cache(maxsize=512)
def _file_json(file: ElderFile | None) -> Json:
    if file is None:
        return None
    body = to_json(file)
    assert isinstance(body, dict)
    return body


def seat_json(seat: Seat, policy: Policy, phone: Phone | None) -> dict[str, Json]:
    """`until`: when the wrap-up ends, or the pause has lasted as long as it may; `more`: the wrap-up can be prolonged;
    `owes`: cases whose outcome it has to file; `phone`: what the agent speaks through, or would be rung on; `muted`:
    the telephone is not heard."""
    until = seat.until(policy)
    return {
        "extension": seat.extension,
        "name": seat.name,
        "agent": seat.agent,
        "skills": [skill.value for skill in sorted(seat.skills)],
        "place": seat.place,
        "registered": seat.registered,
        "phone": phone.value if phone else None,
        "muted": seat.muted,
        "state": seat.state.value,
        "reason": seat.reason,
        "needed": seat.needed,
        "by": seat.by,
        "since": seat.since.isoformat(),
        "until": until.isoformat() if until else None,
        "more": seat.wrapping_up and not seat.prolonged and policy.wrap_up_more > 0,
        "owes": [*sorted(seat.owes)],
        "case": seat.case,
        "role": seat.role.value if seat.role else None,
    }
