"""The pages of accounts: opened, changed, closed, let in again, given another password, which is shown this once."""

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.log_in_tries import locks
from models.people import User, UserRole, generate_password, list_users, unlock
from models.register import FormRefused
from models.seats import list_seats
from models.user_changes import UserForm, change_account, close_account, give_password, open_account, version_of
from models.versions import NoSuchRecord, VersionConflict
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, Typed, done, page, refusal, typed
from web.place_names import place_names
from web.rights import Right
from web.telling import Live, tell

routes = web.RouteTableDef()
NEW = "new"


@routes.get("/admin/users")
@needs(Right.MANAGE_USERS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request)


@routes.post("/admin/users")
@needs(Right.MANAGE_USERS)
async def add(request: web.Request) -> web.StreamResponse:
    sent, password = await typed(request), generate_password()
    try:
        by = account_of(request).actor
        user = await open_account(request.app[DATABASE], sent.text("username"), password, _form(sent), by=by)
    except FormRefused as why:
        return await _list(request, refusal(request, NEW, sent, why))
    live = await tell(request, asterisk=False)
    return await _one(request, user.username, password=password, live=live)


@routes.get("/admin/users/{username}")
@needs(Right.MANAGE_USERS)
async def show_one(request: web.Request) -> web.StreamResponse:
    return await _one(request, request.match_info["username"])


@routes.post("/admin/users/{username}")
@needs(Right.MANAGE_USERS)
async def change(request: web.Request) -> web.StreamResponse:
    username, sent, account = request.match_info["username"], await typed(request), account_of(request)
    try:
        await change_account(
            request.app[DATABASE],
            username,
            _form(sent),
            version=sent.version,
            by=account.actor,
            by_username=account.username,
        )
    except (FormRefused, VersionConflict) as why:
        return await _one(request, username, refusal(request, username, sent, why))
    raise done("/admin/users", await tell(request, asterisk=False))


@routes.post("/admin/users/{username}/active")
@needs(Right.MANAGE_USERS)
async def close(request: web.Request) -> web.StreamResponse:
    username, sent, account = request.match_info["username"], await typed(request), account_of(request)
    try:
        await close_account(
            request.app[DATABASE],
            username,
            sent.text("active") == "yes",
            version=sent.version,
            by=account.actor,
            by_username=account.username,
        )
    except (FormRefused, VersionConflict) as why:
        return await _one(request, username, refusal(request, "active", sent, why))
    raise done("/admin/users", await tell(request, asterisk=False))


@routes.post("/admin/users/{username}/password")
@needs(Right.MANAGE_USERS)
async def renew(request: web.Request) -> web.StreamResponse:
    username, password = request.match_info["username"], generate_password()
    await give_password(request.app[DATABASE], username, password, by=account_of(request).actor)
    return await _one(request, username, password=password, live=Live.NOW)


@routes.post("/admin/users/{username}/unlock")
@needs(Right.MANAGE_USERS)
async def let_in(request: web.Request) -> web.StreamResponse:
    username = request.match_info["username"]
    async with request.app[DATABASE].write() as session:
        await _user(session, username)
        await unlock(session, username, by=account_of(request).actor)
    raise done(f"/admin/users/{username}", Live.NOW)


def _form(sent: Typed) -> UserForm:
    return UserForm(
        name=sent.text("name"),
        roles=sent.every("roles"),
        seat=sent.text("seat") or None,
        org_unit_id=sent.number("org_unit_id"),
        language=sent.text("language"),
    )


async def _list(request: web.Request, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        people = await list_users(session)
        locked = await locks(session, [person.username for person in people])
        context = {"people": people, "locked": locked, **await _choices(session)}
    return page(request, "users", context, refused=refused)


async def _one(
    request: web.Request, username: str, refused: Refused | None = None, *, password: str = "", live: str = ""
) -> web.Response:
    async with request.app[DATABASE].read() as session:
        user = await _user(session, username)
        locked = await locks(session, [username])
        context = {
            "user": user,
            "version": version_of(user),
            "locked_until": locked.get(username),
            "password": password,
            "is_self": user.id == account_of(request).id,
            **await _choices(session),
        }
    more = {"live": live} if live else {}
    return page(request, "users", context, refused=refused, template="user", **more)


async def _choices(session: AsyncSession) -> dict[str, object]:
    seats = [seat.extension for seat in await list_seats(session)]
    return {"roles": tuple(UserRole), "seats": seats, "places": await place_names(session)}


async def _user(session: AsyncSession, username: str) -> User:
    user = await session.scalar(select(User).where(User.username == username))
    if user is None:
        raise NoSuchRecord
    return user
