"""`yijiantong sip bans [lift ADDRESS]`: the addresses that get no hearing at the SIP door. Rules are `ari_app`'s."""

import asyncio
from collections.abc import Mapping, Sequence

import click

from ari_app.strangers import Network, parse_network
from cli import frame
from cli.platform import ask_controller, database
from home import locks
from home.settings import Settings
from models.base import utc_now
from models.sip_bans import all_bans, bans_now, end_ban


@click.group()
def sip() -> None:
    """被封的地址 / addresses that are banned."""


@sip.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="包括已结束的 / also those that are over")
@click.option("--json", "as_json", is_flag=True, help="JSON")
@click.pass_context
def bans(context: click.Context, everything: bool, as_json: bool) -> None:
    """列出被封的地址 / list the addresses that are banned."""
    if context.invoked_subcommand is not None:
        return
    settings = frame.settings()

    async def work() -> Sequence[Mapping[str, object]]:
        async with database(settings) as db, db.read() as session:
            at = utc_now()
            rows = await (all_bans(session) if everything else bans_now(session, at))
            return [
                {
                    "network": row.network,
                    "since": row.since.astimezone().isoformat(timespec="seconds"),
                    "until": row.until.astimezone().isoformat(timespec="seconds"),
                    "failures": row.failures,
                    "times": row.times,
                    "holds": row.until > at,
                    "lifted_by": row.lifted_by,
                }
                for row in rows
            ]

    rows = asyncio.run(work())
    if not rows and not as_json:
        frame.say(settings.lang, "没有被封的地址", "no address is banned")
        return
    frame.show(rows, as_json=as_json)


@bans.command()
@click.argument("address")
def lift(address: str) -> None:
    """解封一个地址 / end the ban of an address, at once."""
    try:
        network = parse_network(address)
    except ValueError:
        raise click.BadParameter(f"{address!r} 不是 IP 地址 / is no IP address") from None
    if not asyncio.run(_lift(frame.settings(), network)):
        raise click.ClickException(f"{network} 没有被封 / is not banned")
    click.echo(f"✓ {network}")


async def _lift(settings: Settings, network: Network) -> bool:
    """By the controller, which also tells Asterisk; while the platform stands still, in the records."""
    if locks.running_in(settings.home) is not None:
        answer = await ask_controller(settings, "/sip/lift", {"address": str(network), "by": "cli"})
        return bool(answer.get("lifted"))
    async with database(settings) as db, db.write() as session:
        return await end_ban(session, str(network), at=utc_now(), by="cli")
