"""The policy in force, for pages: remembered, so that a desk shows its limits while the database is away."""

from aiohttp import web

from ivr.policy import Policy
from models.database import Database, DatabaseUnavailable
from models.house_policy import Fixed, policy_in_force


class PolicyNow:
    """`known` is what was read last: `read` is for pages that are opened, not for each ring."""

    def __init__(self, database: Database, fixed: Fixed) -> None:
        self._database = database
        self._fixed = fixed
        self.known = Policy.of(fixed.policy)

    async def read(self) -> Policy:
        try:
            async with self._database.read() as session:
                self.known = await policy_in_force(session, self._fixed)
        except DatabaseUnavailable:
            pass  # what was known before goes on to count
        return self.known


POLICY_NOW = web.AppKey("policy_now", PolicyNow)
