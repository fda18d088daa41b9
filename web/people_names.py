"""Names of those who acted, for pages: `user:7` becomes a name where the database can say it."""

from collections.abc import Iterable

from aiohttp import web
from sqlalchemy import select

from models.database import DatabaseUnavailable
from models.people import User
from models.queries.suppliers import names_of_suppliers
from web.keys import DATABASE


async def names_of_users(request: web.Request, actors: Iterable[str]) -> dict[str, str]:
    """Actor to name, for the users among the actors; empty while the database is away."""
    wanted = {int(number) for actor in actors if (number := actor.removeprefix("user:")).isdecimal()}
    if not wanted:
        return {}
    try:
        async with request.app[DATABASE].read() as session:
            rows = await session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
            return {f"user:{number}": name for number, name in rows}
    except DatabaseUnavailable:
        return {}


async def names_of_firms(request: web.Request) -> dict[str, str]:
    """`supplier:7` to the name of that supplier, which is no secret. Raises DatabaseUnavailable."""
    async with request.app[DATABASE].read() as session:
        return {f"supplier:{number}": name for number, name in (await names_of_suppliers(session)).items()}


async def names_of_everybody(request: web.Request) -> dict[str, str]:
    """The same for all users: for a table of which nobody knows yet who stands in it. Raises DatabaseUnavailable."""
    async with request.app[DATABASE].read() as session:
        rows = await session.execute(select(User.id, User.name))
        return {f"user:{number}": name for number, name in rows}
