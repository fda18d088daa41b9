"""`yijiantong recordings list|check|prune`: what is recorded, whether every file is whole, and what is over age."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from cli import frame
from cli.platform import database
from home.asterisk import recordings_dir
from home.settings import Settings
from models.recordings import Finding, Keep, Kept, Trouble, check, kept, prune

_SAID: dict[Trouble, tuple[str, str]] = {
    Trouble.MISSING: ("文件丢失", "the file is lost"),
    Trouble.CHANGED: ("通话结束后文件被改动", "changed after the call"),
    Trouble.UNFINISHED: ("尚未校验（如通话未结束）", "not checked yet: the call may still run"),
    Trouble.STRAY: ("无对应记录，不会自动删除", "no record tells of this file; never removed by itself"),
}


@click.group()
def recordings() -> None:
    """录音：列表、校验、按期限清理 / list, check, remove what is over age."""


@recordings.command("list")
@click.option("--case", default="", help="只列此事件 / of this case only")
@click.option("--json", "as_json", is_flag=True, help="JSON")
def list_(case: str, as_json: bool) -> None:
    """现存录音及其保存期限 / the recordings that are kept, and until when."""
    settings = frame.settings()
    found = asyncio.run(_list(settings, case))
    frame.show([_row(one) for one in found], as_json=as_json, columns=_COLUMNS)


@recordings.command("check")
@click.option("--json", "as_json", is_flag=True, help="JSON")
def check_(as_json: bool) -> None:
    """核对每个文件与记录，不作改动 / every file against its record, by its hash; changes nothing. Exit status 1 when
    something is lost or changed."""
    settings = frame.settings()
    findings = asyncio.run(_check(settings))
    said = 0 if settings.lang == "zh" else 1
    rows = [
        {
            "trouble": finding.trouble.value,
            "recording": finding.recording,
            "path": finding.path,
            "meaning": _SAID[finding.trouble][said],
        }
        for finding in findings
    ]
    frame.show(rows, as_json=as_json)
    if not findings and not as_json:
        frame.say(settings.lang, "全部录音与记录一致", "every recording is as it was made")
    if any(finding.trouble in {Trouble.MISSING, Trouble.CHANGED} for finding in findings):
        raise click.exceptions.Exit(1)


@recordings.command("prune")
@click.option("--dry-run", is_flag=True, help="只列出，不删除 / say what would go, remove nothing")
@click.option("--json", "as_json", is_flag=True, help="JSON")
def prune_(dry_run: bool, as_json: bool) -> None:
    """删除超过保存期限的录音文件，记录保留 / remove the files that are over age; their records stay."""
    settings = frame.settings()
    removed = asyncio.run(_prune(settings, dry_run=dry_run))
    frame.show([_row(one) for one in removed], as_json=as_json, columns=_COLUMNS)
    if not as_json:
        zh, en = ("将删除", "would be removed") if dry_run else ("已删除", "removed")
        frame.say(settings.lang, f"{zh} {len(removed)} 个录音", f"{len(removed)} recordings {en}")


_COLUMNS = ("id", "started_at", "seconds", "problem", "kept_as", "until", "held", "path")


def _row(one: Kept) -> dict[str, object]:
    return {
        "id": one.id,
        "case": one.case,
        "started_at": one.started_at.astimezone().isoformat(timespec="seconds"),
        "seconds": one.seconds,
        "problem": one.problem,
        "sha256": one.sha256,
        "kept_as": one.kept_as.value,
        "until": one.until.astimezone().date().isoformat(),
        "held": one.held,
        "path": one.path,
    }


async def _list(settings: Settings, case: str) -> Sequence[Kept]:
    async with database(settings) as db:
        return [one async for one in kept(db, Keep.of(settings), case=case)]


class RecordingsElsewhere(Exception):
    """This machine has no recordings; the text says where they are."""


def _folder(settings: Settings) -> Path:
    if not settings.recordings_here:
        raise RecordingsElsewhere(
            "录音不在这台机器上：请在运行 Asterisk 的机器上执行 / "
            "no recordings on this machine: run this where Asterisk runs"
        )
    return recordings_dir(settings)


async def _check(settings: Settings) -> Sequence[Finding]:
    async with database(settings) as db:
        return [finding async for finding in check(db, _folder(settings), Keep.of(settings), at=datetime.now(UTC))]


async def _prune(settings: Settings, *, dry_run: bool) -> Sequence[Kept]:
    async with database(settings) as db:
        return await prune(db, _folder(settings), Keep.of(settings), at=datetime.now(UTC), dry_run=dry_run)
