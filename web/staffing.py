"""What the page and the API of staffing show (S10): the calls of the past weeks, and every quarter of the week with the
seats that it needs and those that are planned."""

import asyncio
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from models.base import local_today
from models.queries.staffing import bins_between
from models.staffing.needs import Quarter, Target, Volume, quarters, volume, weeks_before
from models.staffing.shifts import PlannedShift, planned, shifts
from web.keys import DATABASE
from web.policy_now import POLICY_NOW


@dataclass(frozen=True, slots=True)
class Staffing:
    """`first`: the first day of the calls that it follows."""

    first: date
    target: Target
    volume: Volume
    quarters: list[Quarter]
    shifts: list[PlannedShift]


async def read_staffing(request: web.Request) -> Staffing:
    policy = await request.app[POLICY_NOW].read()
    weeks = int(policy.staffing_weeks)
    first, after = weeks_before(local_today(), weeks)
    async with request.app[DATABASE].read() as session:
        bins = await bins_between(session, first, after)
        rows = await shifts(session)
    target, found = Target.of(policy), volume(bins, weeks=weeks)
    needed = await asyncio.to_thread(quarters, found, planned(rows), target)
    return Staffing(first, target, found, needed, rows)
