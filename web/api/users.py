"""Users as far as an administrator must reach them from a browser: who is locked out, and letting them in again.
Accounts are made and changed with `yijiantong user`."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from models.log_in_tries import locks
from models.people import UserProblem, list_users, unlock
from web.api.kit import Done, Operations, Output, answer
from web.guard import account_of
from web.keys import DATABASE
from web.problems import NotFound
from web.rights import Right

operations = Operations("users")


@dataclass(frozen=True, slots=True)
class UserView:
    """`locked_until`: the latest end of a lock-out, from wherever; null when there is none."""

    username: str
    name: str
    roles: tuple[str, ...]
    org_unit_id: int | None
    seat: str | None
    active: bool
    locked_until: datetime | None


class UserList(Output):
    items: list[UserView]
    next: None = None


@operations("GET", "/users", "Users, and who is locked out", right=Right.MANAGE_USERS, result=UserList)
async def get_users(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        people = await list_users(session)
        locked = await locks(session, [person.username for person in people])
    views = [
        UserView(p.username, p.name, tuple(p.roles), p.org_unit_id, p.seat, p.active, locked.get(p.username))
        for p in people
    ]
    return answer(UserList(items=views))


@operations(
    "POST", "/users/{username}/unlock", "Let a user who is locked out try again", right=Right.MANAGE_USERS, result=Done
)
async def post_unlock(request: web.Request) -> web.StreamResponse:
    try:
        async with request.app[DATABASE].write() as session:
            await unlock(session, request.match_info["username"], by=account_of(request).actor)
    except UserProblem as error:
        raise NotFound from error
    return answer(Done())
