"""Hundreds of acts in any order, on real Asterisk: afterwards nothing is left, and every case came to its end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from home.programs import Program
from models.elder_forms import ContactForm, ElderForm, TerminalForm

from .aftermath import all_come_to_an_end, nothing_is_left
from .house import open_house
from .walk import Walk

SEED = int(os.environ.get("WALK_SEED", "1"))
ACTS = int(os.environ.get("WALK_ACTS", "400"))
SEATS = ("801", "802", "803", "804")
HOUSES = range(1, 6)
QUICK = {
    "YJT_POLICY__SEAT_RING": "4",
    "YJT_POLICY__SILENCE": "5",
    "YJT_POLICY__SILENCE_DECIDES": "10",
    "YJT_POLICY__CALL_BACK_RING": "15",
    "YJT_POLICY__CALL_BACK_PAUSE": "1",
    "YJT_POLICY__REDIAL_PAUSE": "1",
    "YJT_POLICY__CONTACT_RING": "10",
    "YJT_POLICY__CONTACT_KEY": "15",
    "YJT_POLICY__WRAP_UP": "1",
}


def household(number: int) -> ElderForm:
    """An elder with a child and a neighbour, all plainly fictitious."""
    line = f"0211000000{number}"
    return ElderForm(
        name=f"演示·老人{number}",
        home_phone=line,
        terminals=(TerminalForm(line=line),),
        contacts=(
            ContactForm(name="演示·孩子", phones=(f"1200000001{number}", f"1200000002{number}")),
            ContactForm(name="演示·邻居", phones=(f"1200000003{number}",)),
        ),
    )


@pytest.mark.slow
async def test_anything_may_happen_and_nothing_is_left(tmp_path: Path, asterisk_program: Program) -> None:
    elders = [household(number) for number in HOUSES]
    contacts = [phone for elder in elders for contact in elder.contacts for phone in contact.phones]
    async with open_house(tmp_path, asterisk_program, elders=elders, seats=SEATS, environment=QUICK) as house:
        for seat in SEATS:
            await house.agent(seat).is_ready()
        walk = Walk(house, SEED, [elder.terminals[0].line for elder in elders], SEATS, contacts)
        try:
            await walk.go(ACTS, pause=0.1)
            await all_come_to_an_end(house, within=60)
            await nothing_is_left(house)
        except BaseException:
            print(f"again with WALK_SEED={SEED} WALK_ACTS={ACTS}", *walk.told, sep="\n")
            raise
        assert len(walk.done) > 5, f"too little was done for a proof: {walk.done}"
