"""Users: who they are, who is locked out; accounts opened, changed, closed, given another password."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import Field
from sqlalchemy import select

from models.log_in_tries import locks
from models.people import User, UserProblem, UserRole, generate_password, list_users, unlock
from models.user_changes import (
    MOST_NAME,
    UserForm,
    change_account,
    close_account,
    give_password,
    open_account,
    version_of,
)
from models.versions import NoSuchRecord
from web.api.kit import Done, Input, Operations, Output, RecordId, answer, read_body
from web.guard import account_of
from web.keys import DATABASE
from web.problems import NotFound
from web.rights import Right
from web.telling import tell

operations = Operations("users")


@dataclass(frozen=True, slots=True)
class UserView:
    """`locked_until`: the latest end of a lock-out, from wherever; null when there is none."""

    username: str
    name: str
    roles: tuple[str, ...]
    seat: str | None
    active: bool
    locked_until: datetime | None
    org_unit_id: int | None
    language: str
    version: int


class UserList(Output):
    items: list[UserView]
    next: None = None


@operations("GET", "/users", "Users, and who is locked out", right=Right.MANAGE_USERS, result=UserList)
async def get_users(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        people = await list_users(session)
        locked = await locks(session, [person.username for person in people])
    return answer(UserList(items=[_view(person, locked.get(person.username)) for person in people]))


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


class UserIn(Input):
    """`seat`: where the person usually sits; `org_unit_id` null: the centre."""

    name: str = Field(min_length=1, max_length=MOST_NAME)
    roles: list[UserRole] = Field(min_length=1)
    seat: str | None = Field(None, max_length=5)
    org_unit_id: RecordId | None = None
    language: Literal["zh", "en"] = "zh"

    def form(self) -> UserForm:
        return UserForm(self.name, tuple(self.roles), self.seat, self.org_unit_id, self.language)


class NewUser(UserIn):
    username: str = Field(min_length=2, max_length=40)


class UserPatch(UserIn):
    """The whole account, and the `version` that was read. `active` false closes it, true opens it again."""

    version: int = Field(ge=0)
    active: bool | None = None


class PasswordTold(Output):
    """It is told this once."""

    username: str
    password: str


@operations(
    "POST",
    "/users",
    "Open an account; its password is told this once",
    right=Right.MANAGE_USERS,
    body=NewUser,
    result=PasswordTold,
    status=201,
)
async def post_user(request: web.Request) -> web.StreamResponse:
    wanted, password = await read_body(request, NewUser), generate_password()
    by = account_of(request).actor
    user = await open_account(request.app[DATABASE], wanted.username, password, wanted.form(), by=by)
    await tell(request, asterisk=False)
    return answer(PasswordTold(username=user.username, password=password), status=201)


@operations("PATCH", "/users/{username}", "Change an account", right=Right.MANAGE_USERS, body=UserPatch, result=Done)
async def patch_user(request: web.Request) -> web.StreamResponse:
    wanted, username, db = await read_body(request, UserPatch), request.match_info["username"], request.app[DATABASE]
    who = account_of(request)
    await change_account(db, username, wanted.form(), version=wanted.version, by=who.actor, by_username=who.username)
    if wanted.active is not None:
        async with db.read() as session:
            now = await session.scalar(select(User).where(User.username == username))
        if now is None:
            raise NoSuchRecord
        if now.active is not wanted.active:
            await close_account(
                db, username, wanted.active, version=version_of(now), by=who.actor, by_username=who.username
            )
    await tell(request, asterisk=False)
    return answer(Done())


@operations(
    "POST",
    "/users/{username}/password",
    "Give a user another password; it is told this once",
    right=Right.MANAGE_USERS,
    result=PasswordTold,
)
async def post_password(request: web.Request) -> web.StreamResponse:
    username, password = request.match_info["username"], generate_password()
    await give_password(request.app[DATABASE], username, password, by=account_of(request).actor)
    return answer(PasswordTold(username=username, password=password))


def _view(user: User, locked_until: datetime | None) -> UserView:
    return UserView(
        username=user.username,
        name=user.name,
        roles=tuple(user.roles),
        seat=user.seat,
        active=user.active,
        locked_until=locked_until,
        org_unit_id=user.org_unit_id,
        language=user.language,
        version=version_of(user),
    )
