"""All trials, one after the other, on one platform of the drill's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from drill.faults.catalogue import FAULTS
from drill.faults.patient import Patient
from drill.faults.trial import Row, Trial
from drill.faults.wire import wire_of, with_a_wire
from drill.own_platform import agents, on_own_platform, own_settings, ports_of_its_own
from drill.rehearsal import AgentLogIn, rehearsal
from drill.town import Town
from home.settings import Settings
from models.demo_district import DemoLogIn
from models.phone_numbers import dialable

# Shorter than in real use, so that nobody waits for what is not tried here.
_POLICY = {
    "YJT_POLICY__WRAP_UP": "0",
    "YJT_POLICY__CALL_BACK_PAUSE": "1",
    "YJT_POLICY__AGAIN_WINDOW": "1",
}
_CALLERS = 3  # of each trial: elders of the demo district, each rings in one trial only


async def try_faults(home: Path, names: Sequence[str], told: Callable[[Row], None]) -> list[Row] | None:
    """One row for each of these faults; None when it was stopped before the end. `told` gets each row at once.

    Raises what is in `own_platform.PROBLEMS`.
    """
    ports, town = ports_of_its_own(os.environ)
    platform = own_settings(home, town, os.environ, own={**_POLICY, **ports, **with_a_wire()})
    wire = wire_of(platform)
    rows: list[Row] = []

    async def play(opened: Town, log_ins: Sequence[DemoLogIn]) -> list[Row]:
        people = [AgentLogIn(user.username, user.password) for user in agents(log_ins)]
        for number, name in enumerate(names):
            row = await _one(Patient(platform, wire), opened, people, name, _lines(platform, number))
            rows.append(row)
            told(row)
        return rows

    async with wire:
        return await on_own_platform(platform, town, play)


async def _one(patient: Patient, town: Town, people: Sequence[AgentLogIn], name: str, lines: Sequence[str]) -> Row:
    async with rehearsal(patient.settings, town, agents=people) as stage:
        try:
            return await Trial(name, FAULTS[name], patient, stage, lines).run()
        finally:
            await town.hang_up_all()


def _lines(platform: Settings, trial: int) -> list[str]:
    first = trial * _CALLERS + 1
    return [dialable(f"1000{number:04d}", platform.area_code) for number in range(first, first + _CALLERS)]
