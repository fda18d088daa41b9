"""`yijiantong db upgrade|backup|restore`. Migrations are `models`' and `migrations`', copies are `home/backup.py`'s."""

import asyncio
import sys
from pathlib import Path

import click

from ari_app.process import Place
from ari_app.spill import SPILL
from cli import frame
from home import backup as copies
from home.settings import Settings
from models.database import known_revisions, revision_state
from models.database import upgrade as upgrade_schema


@click.group()
def db() -> None:
    """数据库 / the database."""


@db.command()
def upgrade() -> None:
    """升级到本版本的结构 / bring the schema to this version. `up` does it by itself."""
    settings = frame.settings()
    settings.prepare_home()
    click.echo(f"✓ {_upgraded(settings)}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """备份到一个文件，可在运行中进行 / copy database and scans to FILE, also while the platform runs.

    含上传的扫描件、预案和照片，不含 secrets.toml 和录音 / with scans, plans and photos that were uploaded, without
    secrets.toml and recordings.
    """
    size = copies.backup(frame.settings(), file)
    click.echo(f"✓ {file}  {size / 1e6:.1f} MB")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--yes", is_flag=True, help="替换现有数据，不询问 / replace what is there, do not ask")
def restore(file: Path, yes: bool) -> None:
    """从备份恢复，须先停止平台 / replace database and scans by the backup FILE; the platform must be stopped.

    现有数据先存为旁边的文件；旧版本的备份随即升级 / what is there is kept as a file beside; a backup of an older
    version is upgraded.
    """
    settings = frame.settings()
    settings.prepare_home()
    if copies.holds_records(settings) and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("数据库中已有数据，替换须加 --yes / the database holds data: --yes replaces it")
        click.confirm("现有数据将被替换，继续 / the present data will be replaced, go on", abort=True)
    held = [f"{place}.lock" for place in Place]
    kept = copies.restore(settings, file, known=known_revisions(), beside=(SPILL,), held=held)
    click.echo(f"✓ {file}  {_upgraded(settings)}")
    if kept:
        frame.say(settings.lang, f"原数据保存为 {kept}", f"what was there before is kept as {kept}")


def _upgraded(settings: Settings) -> str | None:
    """The revision that the schema has now."""

    async def work() -> str | None:
        await upgrade_schema(settings.database_url)
        return (await revision_state(settings.database_url)).current

    return asyncio.run(work())
