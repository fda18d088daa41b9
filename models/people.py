"""Staff: users, their duties (S9), logging in. The rule for passwords is `passwords.py`'s, that for failures
`log_in_tries.py`'s. Every change of who may do what is on the audit log and ends the sessions of the user."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import log_in_tries, passwords
from models import roles as roles_module
from models.audit import FAILED_LOG_IN, LOCKED_OUT, audit
from models.base import Base, utc_now
from models.database import Database
from models.org import OrgUnit
from models.seats import Seat
from models.web_sessions import LOG_IN_TOKEN, ApiToken, WebSession

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
NOBODY: Final = "nobody"  # the actor of a log-in that failed
OPERATOR: Final = "operator"  # whoever has the command line

SPLIT: Final = "system:three_admins"  # who ended the days of the one administrator
KEEP: Final = -1  # no unit has this number: theirs stays

generate_password = passwords.generate
UserRole = roles_module.UserRole


class User(Base):
    """`seat` is the extension at which the person usually sits; `org_unit_id` the place whose people they see, None for
    the centre's staff."""

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's name and shape

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="SET NULL"))
    seat: Mapped[str | None] = mapped_column(ForeignKey("seats.extension", ondelete="SET NULL", onupdate="CASCADE"))
    language: Mapped[str] = mapped_column(default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    password_changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


def is_screen(roles: Iterable[str]) -> bool:
    """Whether this is a screen on the wall and nothing else: it shows counts, and changes nothing."""
    return set(roles) == {UserRole.WALLBOARD}


class UserProblem(ValueError):
    """A user cannot be made or changed like this; the text says why, in Chinese and English."""


class LogInRefused(Exception):
    """Not this user with this password. Says no more, so that nobody learns which names exist."""


class LockedOut(LogInRefused):
    """Too many wrong passwords: nobody gets in under this name from this address before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"locked until {until.isoformat(timespec='seconds')}")
        self.until = until


def check_password(password: str, username: str) -> None:
    """Raises UserProblem when the password breaks the rule (`passwords.check`)."""
    try:
        passwords.check(password, username)
    except passwords.WeakPassword as weak:
        raise UserProblem(str(weak)) from None


async def create_user(
    db: Database,
    username: str,
    password: str,
    *,
    name: str,
    roles: Iterable[str],
    seat: str | None = None,
    org_unit_id: int | None = None,
    language: str = "zh",
    by: str = OPERATOR,
) -> User:
    """A new user.

    Raises:
        UserProblem: the name is taken or malformed, the password too weak, a role, the seat or the unit unknown, or
            these duties do not go together or with this place.
    """
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise UserProblem("用户名为2至40位小写字母、数字或._- / a user name is 2 to 40 of a-z 0-9 . _ -")
    duties = _duties(roles)
    hashed = await _hash(password, username)
    async with db.write() as session:
        await check_duties(session, duties, org_unit_id)
        if await session.scalar(select(User.id).where(User.username == username)) is not None:
            raise UserProblem(f"用户名 {username} 已存在 / user name {username} is taken")
        if seat is not None and await session.get(Seat, seat) is None:
            raise UserProblem(f"没有坐席 {seat} / there is no seat {seat}")
        user = User(
            username=username,
            password_hash=hashed,
            name=name.strip() or username,
            roles=duties,
            seat=seat,
            org_unit_id=org_unit_id,
            language=language,
        )
        session.add(user)
        await session.flush()
        after = {"roles": duties, "seat": seat, "org_unit_id": org_unit_id}
        audit(session, by, "user.create", f"user:{user.id}", after=after)
        await _split_admin(session)
    return user


async def set_password(db: Database, username: str, password: str, *, by: str = OPERATOR) -> None:
    """Change it, end what was begun with the old one, and let the user in again after a lock-out.

    Raises:
        UserProblem: there is no such user, or the password is too weak.
    """
    hashed = await _hash(password, username.strip().lower())
    async with db.write() as session:
        user = await named(session, username)
        user.password_hash, user.password_changed_at = hashed, utc_now()
        await log_in_tries.unlock(session, user.username)
        await _end_sessions(session, user.id)
        audit(session, by, "user.password", f"user:{user.id}")


async def set_roles(
    db: Database, username: str, roles: Iterable[str], *, org_unit_id: int | None = KEEP, by: str = OPERATOR
) -> None:
    """Other duties from now on, and another place when one is given; whoever is logged in logs in again.

    Raises:
        UserProblem: no such user, role or unit, or they do not go together.
    """
    duties = _duties(roles)
    async with db.write() as session:
        user = await named(session, username)
        await _put(session, user, duties, user.org_unit_id if org_unit_id == KEEP else org_unit_id, by=by)
        await _split_admin(session)


async def set_place(db: Database, username: str, org_unit_id: int | None, *, by: str = OPERATOR) -> None:
    """Sees the people of another place from now on; None: all, as the centre does. Raises UserProblem."""
    async with db.write() as session:
        user = await named(session, username)
        await _put(session, user, list(user.roles), org_unit_id, by=by)


async def set_active(db: Database, username: str, active: bool, *, by: str = OPERATOR) -> None:
    """Close the account, or open it again. Tokens of a closed account count for nothing. Raises UserProblem."""
    async with db.write() as session:
        user = await named(session, username)
        if active:
            await check_duties(session, user.roles, user.org_unit_id)
        before, user.active = user.active, active
        if not active:
            await _end_sessions(session, user.id)
        audit(session, by, "user.active", f"user:{user.id}", before={"active": before}, after={"active": active})
        await _split_admin(session)


async def unlock(session: AsyncSession, username: str, *, by: str = OPERATOR) -> None:
    """Let the user try again at once, from wherever. Raises UserProblem: there is no such user."""
    user = await named(session, username)
    await log_in_tries.unlock(session, user.username)
    audit(session, by, "user.unlock", f"user:{user.id}")


async def verify_password(db: Database, username: str, password: str, *, address: str = "") -> User:
    """The user whose password this is. Takes as long for a name that nobody has.

    Raises:
        LockedOut: too many wrong ones lately; the password was not even looked at.
        LogInRefused: unknown or inactive user, or a wrong password.
    """
    username = username.strip().lower()
    async with db.read() as session:
        until = await log_in_tries.locked_until(session, username, address)
        user = await session.scalar(select(User).where(User.username == username))
    if until is not None:
        raise LockedOut(until)
    known = passwords.NOBODY if user is None else user.password_hash
    right = await passwords.matches(known, password)
    if right and user is not None and user.active:
        anew = await passwords.hashed(password) if passwords.is_outdated(known) else None
        async with db.write() as session:
            await log_in_tries.succeeded(session, username, address)
            if anew is not None:
                same = update(User).where(User.id == user.id, User.password_hash == known)
                await session.execute(same.values(password_hash=anew))
            audit(session, f"user:{user.id}", "log_in", f"user:{user.id}")
        return user
    async with db.write() as session:
        until = await log_in_tries.failed(session, username, address)
        action = FAILED_LOG_IN if until is None else LOCKED_OUT
        audit(session, NOBODY, action, "" if user is None else f"user:{user.id}")
    raise LogInRefused("refused") if until is None else LockedOut(until)


async def list_users(session: AsyncSession) -> list[User]:
    """All users by name."""
    return list((await session.scalars(select(User).order_by(User.username))).all())


async def named(session: AsyncSession, username: str) -> User:
    """Raises UserProblem: there is no such user."""
    username = username.strip().lower()
    user = await session.scalar(select(User).where(User.username == username))
    if user is None:
        raise UserProblem(f"没有用户 {username} / there is no user {username}")
    return user


async def _end_sessions(session: AsyncSession, user_id: int) -> None:
    """Sessions, and tokens that came with a log-in. A program's own token stays, for a gateway that a new password shut
    out would hand in no alarm any more; `token revoke` ends it."""
    await session.execute(delete(WebSession).where(WebSession.user_id == user_id))
    await session.execute(delete(ApiToken).where(ApiToken.user_id == user_id, ApiToken.name == LOG_IN_TOKEN))


async def _hash(password: str, username: str) -> str:
    check_password(password, username)
    return await passwords.hashed(password)


def _duties(roles: Iterable[str]) -> list[str]:
    try:
        return roles_module.duties_of(roles)
    except roles_module.DutiesRefused as refused:
        raise UserProblem(str(refused)) from None


async def check_duties(session: AsyncSession, duties: Collection[str], org_unit_id: int | None) -> None:
    """Before an account gets these duties at this place; every way to change one asks here.

    Raises:
        UserProblem: there is no such unit, they do not go together, or there is no `admin` any more.
    """
    if org_unit_id is not None and await session.get(OrgUnit, org_unit_id) is None:
        raise UserProblem(f"没有编号为 {org_unit_id} 的机构 / there is no unit {org_unit_id}")
    try:
        roles_module.duties_of(duties)
        roles_module.check_place(duties, org_unit_id)
    except roles_module.DutiesRefused as refused:
        raise UserProblem(str(refused)) from None
    if UserRole.ADMIN in duties and _complete(await _roles(session)):
        raise UserProblem("三员已分设，不再有 admin / there are three administrators, so there is no admin any more")


async def _put(session: AsyncSession, user: User, duties: list[str], org_unit_id: int | None, *, by: str) -> None:
    """These duties at this place, and log in again. On record each where it changed."""
    await check_duties(session, duties, org_unit_id)
    roles, place = list(user.roles), user.org_unit_id
    user.roles, user.org_unit_id = duties, org_unit_id
    await _end_sessions(session, user.id)
    record = f"user:{user.id}"
    if roles != duties or place == org_unit_id:
        audit(session, by, "user.roles", record, before={"roles": roles}, after={"roles": duties})
    if place != org_unit_id:
        audit(session, by, "user.place", record, before={"org_unit_id": place}, after={"org_unit_id": org_unit_id})


async def _split_admin(session: AsyncSession) -> None:
    """When all three administrators are there, nobody is all of them any more: `admin` keeps the machine."""
    if not _complete(await _roles(session)):
        return
    for user in await list_users(session):
        if UserRole.ADMIN in user.roles:
            await _put(session, user, roles_module.split(user.roles), user.org_unit_id, by=SPLIT)


async def _roles(session: AsyncSession) -> list[list[str]]:
    """The duties of every account that is open."""
    await session.flush()
    return list(await session.scalars(select(User.roles).where(User.active)))


def _complete(roles: Iterable[Collection[str]]) -> bool:
    """Whether all three separate administrators are there."""
    present = {role for of_one in roles for role in of_one}
    return present.issuperset(roles_module.THE_THREE)
