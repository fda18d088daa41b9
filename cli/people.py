"""`yijiantong user|seat|org`: the nouns of who works where. Rules and texts are those of `models`."""

import asyncio
from collections.abc import Mapping, Sequence

import click

from cli import frame
from cli.platform import apply_seats, database
from ivr.vocabulary import Skill
from models.log_in_tries import locks
from models.org import OrgKind, UnknownOrgUnit, add_unit, list_units, set_manager_phone
from models.people import (
    KEEP,
    UserRole,
    create_user,
    generate_password,
    list_users,
    set_active,
    set_password,
    set_place,
    set_roles,
    unlock,
)
from models.seats import add_seat, list_seats

ROLES = [str(role) for role in UserRole]
as_json = click.option("--json", "as_json", is_flag=True, help="JSON")


@click.group()
def user() -> None:
    """用户 / people who log in."""


@user.command("add")
@click.argument("username")
@click.option("--name", default="", help="姓名 / name shown to others")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), default=[str(UserRole.AGENT)])
@click.option("--seat", help="常用坐席 / extension at which the person usually sits")
@click.option("--org", "unit", type=int, help="所属机构编号，不填为中心 / unit whose people are seen; none: all")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
def user_add(
    username: str, name: str, roles: tuple[str, ...], seat: str | None, unit: int | None, language: str
) -> None:
    """新增用户并显示密码 / add a user and show the generated password."""
    password = generate_password()

    async def work() -> None:
        async with database(frame.settings()) as db:
            await create_user(
                db,
                username,
                password,
                name=name,
                roles=roles,
                seat=seat,
                org_unit_id=unit,
                language=language,
                by=frame.operator(),
            )

    asyncio.run(work())
    click.echo(f"✓ {username}  {password}")


@user.command("list")
@as_json
def user_list(as_json: bool) -> None:
    """列出用户 / list users."""

    async def work() -> list[Mapping[str, object]]:
        async with database(frame.settings()) as db, db.read() as session:
            people = await list_users(session)
            locked = await locks(session, [person.username for person in people])
            return [
                {
                    "username": person.username,
                    "name": person.name,
                    "roles": person.roles if as_json else ",".join(person.roles),
                    "org": person.org_unit_id,
                    "seat": person.seat,
                    "active": person.active,
                    "locked_until": locked.get(person.username),
                }
                for person in people
            ]

    frame.show(asyncio.run(work()), as_json=as_json)


@user.command("passwd")
@click.argument("username")
@click.option("--ask", is_flag=True, help="自己输入 / type one instead of generating it")
def user_passwd(username: str, ask: bool) -> None:
    """重设密码 / give a user a new password; it also ends a lock-out."""
    typed = click.prompt("新密码 / new password", hide_input=True, confirmation_prompt=True) if ask else ""
    password = typed or generate_password()

    async def work() -> None:
        async with database(frame.settings()) as db:
            await set_password(db, username, password, by=frame.operator())

    asyncio.run(work())
    click.echo(f"✓ {username}" if typed else f"✓ {username}  {password}")


@user.command("roles")
@click.argument("username")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@click.option("--org", "unit", type=int, default=KEEP, help="所属机构编号，不填不变 / id of the unit; none: as it is")
def user_roles(username: str, roles: tuple[str, ...], unit: int) -> None:
    """改变角色，已登录的须重新登录 / change what a user may do; ends the user's sessions."""

    async def work() -> None:
        async with database(frame.settings()) as db:
            await set_roles(db, username, roles, org_unit_id=unit, by=frame.operator())

    asyncio.run(work())
    click.echo(f"✓ {username}  {','.join(roles)}")


@user.command("place")
@click.argument("username")
@click.option("--org", "unit", type=int, help="机构编号，不填为中心 / id of the unit; none: the centre, which sees all")
def user_place(username: str, unit: int | None) -> None:
    """改变所属机构，已登录的须重新登录 / change whose people a user sees; ends the user's sessions."""

    async def work() -> None:
        async with database(frame.settings()) as db:
            await set_place(db, username, unit, by=frame.operator())

    asyncio.run(work())
    click.echo(f"✓ {username}  {unit or ''}".rstrip())


@user.command("unlock")
@click.argument("username")
def user_unlock(username: str) -> None:
    """解除登录锁定 / let a user who mistyped the password too often try again at once."""

    async def work() -> None:
        async with database(frame.settings()) as db, db.write() as session:
            await unlock(session, username, by=frame.operator())

    asyncio.run(work())
    click.echo(f"✓ {username}")


@user.command("close")
@click.argument("username")
@click.option("--reopen", is_flag=True, help="重新启用 / open the account again")
def user_close(username: str, reopen: bool) -> None:
    """停用账号 / close an account: who leaves no longer gets in, and the records keep the name."""

    async def work() -> None:
        async with database(frame.settings()) as db:
            await set_active(db, username, reopen, by=frame.operator())

    asyncio.run(work())
    click.echo(f"✓ {username}")


@click.group()
def seat() -> None:
    """坐席分机 / seats and their telephones."""


@seat.command("add")
@click.argument("extension")
@click.option("--name", default="", help="名称 / shown on other telephones")
@click.option("--skill", "skills", multiple=True, help="技能 / what can be asked of it (agent, doctor ...)")
@click.option("--org", "unit", type=int, help="所属社区编号，不填为中心 / id of its community; none: a central seat")
def seat_add(extension: str, name: str, skills: tuple[str, ...], unit: int | None) -> None:
    """新增坐席，显示 SIP 密码 / add a seat and show what its telephone needs to register."""
    settings = frame.settings()

    async def work() -> tuple[str, bool]:
        async with database(settings) as db:
            async with db.write() as session:
                made = await add_seat(session, extension, name=name, skills=skills or (Skill.AGENT,), org_unit_id=unit)
                password = made.sip_password
            return password, await apply_seats(settings, db)

    password, applied = asyncio.run(work())
    click.echo(f"✓ {extension}  sip:{extension}@{settings.sip_host}:{settings.sip_port}  {password}")
    if not applied:
        frame.say(settings.lang, "平台启动时生效", "takes effect when the platform starts")


@seat.command("list")
@click.option("--passwords", is_flag=True, help="显示 SIP 密码 / show the SIP passwords")
@as_json
def seat_list(passwords: bool, as_json: bool) -> None:
    """列出坐席 / list seats."""

    async def work() -> list[Mapping[str, object]]:
        async with database(frame.settings()) as db, db.read() as session:
            return [
                {
                    "extension": one.extension,
                    "name": one.name,
                    "skills": one.skills if as_json else ",".join(one.skills),
                    "org": one.org_unit_id,
                    "state": str(one.state) if one.active else "disabled",
                    **({"sip_password": one.sip_password} if passwords else {}),
                }
                for one in await list_seats(session)
            ]

    frame.show(asyncio.run(work()), as_json=as_json)


@click.group()
def org() -> None:
    """区、街道、社区 / districts, streets, communities."""


@org.command("add")
@click.argument("kind", type=click.Choice([str(kind) for kind in OrgKind]))
@click.argument("name")
@click.option("--parent", type=int, help="上级编号 / id of the unit above")
def org_add(kind: str, name: str, parent: int | None) -> None:
    """新增机构 / add a unit of the tree."""

    async def work() -> int:
        async with database(frame.settings()) as db, db.write() as session:
            try:
                return (await add_unit(session, OrgKind(kind), name, parent=parent)).id
            except ValueError as error:
                raise click.ClickException(str(error)) from error

    click.echo(f"✓ {asyncio.run(work())}  {name}")


@org.command("phone")
@click.argument("unit", type=int)
@click.argument("number")
def org_phone(unit: int, number: str) -> None:
    """设置社区负责人手机，"" 为清除 / the mobile of a community's manager; "" takes it away."""
    settings = frame.settings()

    async def work() -> str:
        async with database(settings) as db, db.write() as session:
            try:
                return (await set_manager_phone(session, unit, number, area_code=settings.area_code)).manager_phone
            except (UnknownOrgUnit, ValueError) as error:
                raise click.ClickException(str(error)) from error

    click.echo(f"✓ {unit}  {asyncio.run(work())}".rstrip())


@org.command("list")
@as_json
def org_list(as_json: bool) -> None:
    """列出机构 / list the tree."""

    async def work() -> Sequence[Mapping[str, object]]:
        async with database(frame.settings()) as db, db.read() as session:
            units = await list_units(session)
        return [
            {"id": u.id, "parent": u.parent_id, "kind": str(u.kind), "name": u.name, "phone": u.manager_phone}
            for u in units
        ]

    frame.show(asyncio.run(work()), as_json=as_json)
