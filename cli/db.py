"""`yijiantong db upgrade|backup|restore`. Migrations are `models`' and `migrations`', copies are `home/backup.py`'s."""

import asyncio
from pathlib import Path

import click

from cli import frame
from home import backup as copies
from models.database import revision_state
from models.database import upgrade as upgrade_schema


@click.group()
def db() -> None:
    """数据库 / the database."""


@db.command()
def upgrade() -> None:
    """升级到本版本的结构 / bring the schema to this version. `up` does it by itself."""
    settings = frame.settings()
    settings.prepare_home()

    async def work() -> str | None:
        await upgrade_schema(settings.database_url)
        return (await revision_state(settings.database_url)).current

    click.echo(f"✓ {asyncio.run(work())}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """备份到一个文件，可在运行中进行 / copy the database to FILE, also while the platform runs."""
    size = copies.backup(frame.settings(), file)
    click.echo(f"✓ {file}  {size / 1e6:.1f} MB")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--yes", is_flag=True, help="不询问 / do not ask")
def restore(file: Path, yes: bool) -> None:
    """从备份恢复，须先停止平台 / replace the database by the backup FILE; the platform must be stopped."""
    if not yes:
        click.confirm("现有数据将被替换，继续 / the present data will be replaced, go on", abort=True)
    settings = frame.settings()
    kept = copies.restore(settings, file)
    click.echo(f"✓ {file}")
    if kept:
        frame.say(settings.lang, f"原数据库保存为 {kept}", f"the database that was there is kept as {kept}")
