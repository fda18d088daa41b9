"""The policy in force, for pages: a desk shows its limits while the database is away."""

from functools import partial

from aiohttp import web

from ivr.policy import Policy
from models.database import Database
from models.house_policy import Fixed, policy_in_force
from web.remembered import Remembered


class PolicyNow(Remembered[Policy]):
    def __init__(self, database: Database, fixed: Fixed) -> None:
        super().__init__(database, partial(policy_in_force, fixed=fixed), Policy.of(fixed.policy))


POLICY_NOW = web.AppKey("policy_now", PolicyNow)
