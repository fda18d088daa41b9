"""Staff: users, their duties (S9), passwords with lock-out. Passwords are only ever kept as argon2 hashes."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ForeignKey, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now
from models.database import Database
from models.seats import Seat

FAILURES_ALLOWED: Final = 5
LOCK_OUT: Final = timedelta(minutes=15)
MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 200
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_hasher = PasswordHasher()
# What an unknown user's password is checked against, so that the answer takes as long as for a known one.
_NOBODY: Final = _hasher.hash(secrets.token_urlsafe(16))


class UserRole(StrEnum):
    """The duties of S9, the one who looks after the machine, and `gateway`: a device, which hands in alarms."""

    ADMIN = "admin"
    LEAD = "lead"
    AGENT = "agent"
    PROFESSIONAL = "professional"
    REVIEWER = "reviewer"
    DISPATCHER = "dispatcher"
    MAINTENANCE = "maintenance"
    GATEWAY = "gateway"


class User(Base):
    """`seat` is the extension at which the person usually sits."""

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
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    password_changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class UserProblem(ValueError):
    """A user cannot be made or changed like this; the text says why, in Chinese and English."""


class LogInRefused(Exception):
    """Not this user with this password. Says no more, so that nobody learns which names exist."""


class LockedOut(LogInRefused):
    """Too many wrong passwords: nobody gets in under this name before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"locked until {until.isoformat(timespec='seconds')}")
        self.until = until


def check_password(password: str, username: str) -> None:
    """The rule: 10 characters at least, of three kinds (lower, upper, digits, others), without the user name.

    Raises:
        UserProblem: the password breaks the rule.
    """
    kinds = sum(any(char in kind for char in password) for kind in _CLASSES)
    kinds += any(all(char not in kind for kind in _CLASSES) for char in password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or kinds < 3 or username.lower() in password.lower():
        raise UserProblem(
            f"密码至少{MIN_PASSWORD}位, 含大写、小写、数字、符号中的三类, 且不得包含用户名 / a password has at least "
            f"{MIN_PASSWORD} characters of three kinds (lower, upper, digits, others) and not the user name in it"
        )


def generate_password() -> str:
    """One that fulfils the rule and can be read out over the phone: no 0/O, 1/l/I."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    groups = ["".join(secrets.choice(letters + "23456789") for _ in range(4)) for _ in range(3)]
    return "-".join([secrets.choice(letters).upper() + secrets.choice("23456789"), *groups])


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
) -> User:
    """A new user.

    Raises:
        UserProblem: the name is taken or malformed, the password too weak, a role or the seat unknown.
    """
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise UserProblem("用户名为2至40位小写字母、数字或._- / a user name is 2 to 40 of a-z 0-9 . _ -")
    duties = [str(_role(role)) for role in roles]
    if not duties:
        raise UserProblem(f"至少需要一个角色 / at least one role is needed: {', '.join(UserRole)}")
    hashed = await _hash(password, username)
    async with db.write() as session:
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
    return user


async def set_password(db: Database, username: str, password: str) -> None:
    """Change it, and let the user in again after a lock-out.

    Raises:
        UserProblem: there is no such user, or the password is too weak.
    """
    username = username.strip().lower()
    hashed = await _hash(password, username)
    async with db.write() as session:
        user = await session.scalar(select(User).where(User.username == username))
        if user is None:
            raise UserProblem(f"没有用户 {username} / there is no user {username}")
        user.password_hash, user.password_changed_at = hashed, utc_now()
        user.failed_logins, user.locked_until = 0, None


async def verify_password(db: Database, username: str, password: str) -> User:
    """The user whose password this is.

    Raises:
        LockedOut: too many wrong ones lately; the password was not even looked at.
        LogInRefused: unknown or inactive user, or a wrong password.
    """
    username = username.strip().lower()
    async with db.read() as session:
        user = await session.scalar(select(User).where(User.username == username))
    if user is not None and user.locked_until is not None and user.locked_until > utc_now():
        raise LockedOut(user.locked_until)
    right = await asyncio.to_thread(_matches, _NOBODY if user is None else user.password_hash, password)
    if user is None or not user.active:
        raise LogInRefused("refused")
    async with db.write() as session:
        if right:
            reset = update(User).where(User.id == user.id).values(failed_logins=0, locked_until=None)
            await session.execute(reset)
            return user
        locked_until = await _count_failure(session, user.id)
    if locked_until is not None:
        raise LockedOut(locked_until)
    raise LogInRefused("refused")


async def list_users(session: AsyncSession) -> list[User]:
    """All users by name."""
    return list((await session.scalars(select(User).order_by(User.username))).all())


async def _count_failure(session: AsyncSession, user_id: int) -> datetime | None:
    """One more wrong password; the end of the lock-out when it was one too many."""
    counted = (
        update(User)
        .where(User.id == user_id)
        .values(failed_logins=User.failed_logins + 1)
        .returning(User.failed_logins)
    )
    if ((await session.execute(counted)).scalar_one()) < FAILURES_ALLOWED:
        return None
    until = utc_now() + LOCK_OUT
    await session.execute(update(User).where(User.id == user_id).values(failed_logins=0, locked_until=until))
    return until


async def _hash(password: str, username: str) -> str:
    check_password(password, username)
    return await asyncio.to_thread(_hasher.hash, password)


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password[:MAX_PASSWORD])
    except (Argon2Error, InvalidHashError):
        return False


def _role(name: str) -> UserRole:
    try:
        return UserRole(name)
    except ValueError:
        known = ", ".join(UserRole)
        raise UserProblem(f"没有角色 {name!r} / unknown role {name!r}: {known}") from None
