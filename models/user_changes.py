"""Staff as an administrator changes them from a page: one form with all that an account is. `people.py` has the record,
passwords and locks; every change is on the audit log and ends the user's sessions where it takes or gives rights."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.database import Database
from models.elder_forms import FieldProblem
from models.org import OrgUnit
from models.people import (
    User,
    UserProblem,
    UserRole,
    check_duties,
    create_user,
    set_active,
    set_password,
    set_roles,
)
from models.refusing import refuse
from models.register import FormRefused
from models.seats import Seat
from models.versions import NoSuchRecord, VersionConflict, fingerprint

MOST_NAME = 40
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class UserForm:
    """What can be changed of an account. `seat`: where the person usually sits; `org_unit_id`: None, the centre."""

    name: str
    roles: tuple[str, ...]
    seat: str | None = None
    org_unit_id: int | None = None
    language: str = "zh"


def version_of(user: User) -> int:
    """The version that a change is made from."""
    return fingerprint(user.name, sorted(user.roles), user.seat, user.org_unit_id, user.language, user.active)


async def open_account(db: Database, username: str, password: str, form: UserForm, *, by: str) -> User:
    """A new account. Raises FormRefused: the name is taken or malformed, or something in the form is wrong."""
    async with db.read() as session:
        form = await _checked(session, form, username="")
    try:
        return await create_user(
            db,
            username,
            password,
            name=form.name,
            roles=form.roles,
            seat=form.seat,
            org_unit_id=form.org_unit_id,
            language=form.language,
            by=by,
        )
    except UserProblem as problem:
        raise FormRefused((FieldProblem.of("username", problem),)) from None


async def change_account(
    db: Database, username: str, form: UserForm, *, version: int, by: str, by_username: str
) -> None:
    """Another name, other duties, another seat or place. Nobody takes the duty of administrator from themselves: there
    would be nobody to give it back.

    Raises:
        NoSuchRecord: there is no such user.
        VersionConflict: somebody else changed the account meanwhile.
        FormRefused: something in the form is wrong.
    """
    async with db.write() as session:
        user = await _user(session, username)
        if version != version_of(user):
            raise VersionConflict(version_of(user))
        form = await _checked(session, form, username=user.username)
        lost = set(user.roles) - set(form.roles)
        if user.username == by_username and lost:
            refuse("roles", "不能取消自己的角色，请由其他管理员办理", "have another administrator take your own roles")
        before = _shown(user)
        user.name, user.seat, user.language = form.name, form.seat, form.language
        if _shown(user) != before:
            audit(session, by, "user.change", f"user:{user.id}", before=before, after=_shown(user))
        other_duties = set(user.roles) != set(form.roles) or user.org_unit_id != form.org_unit_id
    if other_duties:
        await set_roles(db, username, form.roles, org_unit_id=form.org_unit_id, by=by)


async def close_account(db: Database, username: str, active: bool, *, version: int, by: str, by_username: str) -> None:
    """Close the account or open it again; nobody closes their own.

    Raises:
        NoSuchRecord: there is no such user.
        VersionConflict: somebody else changed the account meanwhile.
        FormRefused: it is one's own.
    """
    async with db.read() as session:
        user = await _user(session, username, lock=False)
        if version != version_of(user):
            raise VersionConflict(version_of(user))
    if not active and user.username == by_username:
        refuse("active", "不能停用自己的账号", "nobody closes their own account")
    await set_active(db, username, active, by=by)


async def give_password(db: Database, username: str, password: str, *, by: str) -> None:
    """Raises NoSuchRecord."""
    try:
        await set_password(db, username, password, by=by)
    except UserProblem as problem:
        raise NoSuchRecord from problem


async def _user(session: AsyncSession, username: str, *, lock: bool = True) -> User:
    wanted = select(User).where(User.username == username)
    user = await session.scalar(wanted.with_for_update() if lock else wanted)
    if user is None:
        raise NoSuchRecord
    return user


async def _checked(session: AsyncSession, form: UserForm, *, username: str) -> UserForm:
    name = form.name.strip()
    if not name or len(name) > MOST_NAME:
        refuse("name", f"请填写姓名，最多{MOST_NAME}个字", f"a name of {MOST_NAME} characters at most is needed")
    roles = tuple(str(role) for role in UserRole if role in form.roles)
    if not roles or len(roles) < len(set(form.roles)):
        refuse("roles", "请至少选择一个角色", "choose one role at least")
    if form.seat is not None:
        await _check_seat(session, form.seat, username)
    if form.org_unit_id is not None and await session.get(OrgUnit, form.org_unit_id) is None:
        refuse("org_unit_id", "没有这个机构", "there is no such place")
    try:
        await check_duties(session, roles, form.org_unit_id)
    except UserProblem as problem:
        raise FormRefused((FieldProblem.of("roles", problem),)) from None
    language = form.language if form.language in LANGUAGES else "zh"
    return UserForm(name, roles, form.seat, form.org_unit_id, language)


async def _check_seat(session: AsyncSession, seat: str, username: str) -> None:
    if await session.get(Seat, seat) is None:
        refuse("seat", f"没有坐席 {seat}", f"there is no seat {seat}")
    taken = select(User.username).where(User.seat == seat, User.username != username, User.active)
    if (other := await session.scalar(taken)) is not None:
        refuse("seat", f"坐席 {seat} 已由 {other} 使用", f"seat {seat} is {other}'s")


def _shown(user: User) -> dict[str, object]:
    """For the audit log, which outlives the account: no names."""
    return {"seat": user.seat, "org_unit_id": user.org_unit_id, "named": fingerprint(user.name)}
