"""`yijiantong token`: keys for programs, such as the gateway of the sensors."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import click

from cli import frame
from cli.people import as_json
from cli.platform import database
from models.api_tokens import issue_token, list_tokens, revoke_token


@click.group()
def token() -> None:
    """接口令牌 / tokens for programs, such as the gateway of the sensors."""


@token.command("add")
@click.argument("username")
@click.option("--name", default="", help="用途 / what it is for")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="有效天数 / valid for days")
def token_add(username: str, name: str, days: int) -> None:
    """为用户生成令牌，只显示一次 / make a token for a user; it is shown this once."""

    async def work() -> tuple[str, datetime]:
        async with database(frame.settings()) as db:
            return await issue_token(db, username, name=name, life=timedelta(days=days), by=frame.operator())

    made, expires_at = asyncio.run(work())
    click.echo(f"✓ {username}  {made}  → {expires_at:%Y-%m-%d}")


@token.command("list")
@as_json
def token_list(as_json: bool) -> None:
    """列出令牌 / list tokens, without what makes them valid."""

    async def work() -> list[Mapping[str, object]]:
        async with database(frame.settings()) as db, db.read() as session:
            return [dict(one) for one in await list_tokens(session)]

    frame.show(asyncio.run(work()), as_json=as_json)


@token.command("revoke")
@click.argument("number", type=int)
def token_revoke(number: int) -> None:
    """作废令牌，编号见 list / end a token by its number in the list."""

    async def work() -> bool:
        async with database(frame.settings()) as db, db.write() as session:
            return await revoke_token(session, number, by=frame.operator())

    if not asyncio.run(work()):
        raise click.ClickException(f"没有令牌 {number} / there is no token {number}")
    click.echo(f"✓ {number}")
