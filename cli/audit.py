"""`yijiantong audit verify`: whether the audit log is whole. The proof is `models/audit_proof.py`'s."""

import asyncio
import json
from dataclasses import asdict

import click

from cli import frame
from cli.platform import database
from models.audit_proof import Verdict
from models.audit_proof import verify as verify_chain


@click.group()
def audit() -> None:
    """审计日志 / the audit log."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="JSON")
def verify(as_json: bool) -> None:
    """核对审计日志，指出第一条有问题的记录 / walk the audit log and name the first entry that does not fit.

    Exit status 1 when the log is not whole. Note the last hash outside of this machine now and then: a log that still
    leads to it was not written anew as a whole either.
    """
    settings = frame.settings()

    async def work() -> Verdict:
        async with database(settings) as db:
            return await verify_chain(db)

    verdict = asyncio.run(work())
    if as_json:
        click.echo(json.dumps({"whole": verdict.broken is None, **asdict(verdict)}, ensure_ascii=False, indent=1))
    else:
        mark = "✓" if verdict.broken is None else "✗"
        zh = f"{mark} {verdict.zh}：核对 {verdict.entries} 条，已到期清理至第 {verdict.pruned} 条"
        en = f"{mark} {verdict.en}: {verdict.entries} entries fit, aged out up to {verdict.pruned}"
        frame.say(settings.lang, zh, en)
        click.echo(f"  #{verdict.last} {verdict.hash}")
    if verdict.broken is not None:
        raise click.exceptions.Exit(1)
