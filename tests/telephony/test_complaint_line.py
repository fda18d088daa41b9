"""The complaint line (H5): a number of its own, answered at the centre at any hour; closing a call leaves a draft."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from home.programs import Program
from models.complaints import Complaint
from models.follow_ups import FollowUp

from .house import ELDER_LINE, House, grandmother, open_house

NUMBERS = {"YJT_SOS_NUMBERS": "96890", "YJT_COMPLAINT_NUMBERS": "96892"}


async def complaining(house: House) -> None:
    """The elder speaks with an agent on the complaint line."""
    grandma = house.town.elder(ELDER_LINE)
    await grandma.press_key(number="96892")
    await house.town.seat("801").answer()
    case = await house.case(state="talking", elder=bool)
    assert (case["kind"], case["topic"]) == ("complaint", "complaint")


@pytest.mark.clause("H5")
async def test_a_complaint_is_answered_at_the_centre_and_leaves_a_draft(
    tmp_path: Path, asterisk_program: Program
) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=NUMBERS) as house:
        await house.agent("801").is_ready()
        await complaining(house)
        assert (await house.agent("801").asks("close", outcome="complaint", note="送餐晚了两个小时"))[0] == 200
        closed = await house.case(within=20, state="closed")
        await house.on_record(closed["id"], closed["timeline"][-1]["seq"])
        async with house.database.read() as session:
            draft = (await session.scalars(select(Complaint))).one()
            owed = (await session.scalars(select(FollowUp))).one()
        assert (draft.case_id, draft.words, draft.drafted_by) == (closed["id"], "送餐晚了两个小时", "seat:801")
        assert (draft.state, draft.elder_id, owed.kind) == ("draft", closed["elder"]["id"], "complaint")
        await house.nothing_is_left()


async def test_an_alarm_on_its_own_number_stays_one(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], environment=NUMBERS) as house:
        await house.agent("801").is_ready()
        await house.town.elder(ELDER_LINE).press_key(number="96890")
        await house.town.seat("801").answer()
        assert (await house.case(state="talking"))["kind"] == "sos"
