"""`yijiantong asterisk fetch|render|start|cli`: the exchange by itself. What it does lives in `home/`."""

import asyncio
import os

import click

from cli import frame
from home.apt import AptError
from home.programs import ProgramMissing, obtain

FOR_TESTS = ("postgres", "baresip", "fonts", "libatomic", "chromium", "chromium-headless-shell", "espeak-ng", "sox")


@click.group()
def asterisk() -> None:
    """下载、配置、运行 Asterisk / the telephone exchange by itself."""


@asterisk.command()
@click.option("--for-tests", is_flag=True, help="也取测试用的程序 / also what the tests need")
@click.option("--part", "parts", multiple=True, metavar="NAME", help="只取这一个 / only this program")
def fetch(for_tests: bool, parts: tuple[str, ...]) -> None:
    """取得 Asterisk，不需要 root / get Asterisk without root.

    Uses one that the machine has, when it is new enough. Downloads are kept and resumed.
    """
    settings = frame.settings()
    for name in parts or ("asterisk", *(FOR_TESTS if for_tests else ())):
        try:
            program = obtain(name, settings, lambda text, name=name: frame.progress(f"{name}  {text}"))  # type: ignore[misc]
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        except (AptError, ProgramMissing) as error:
            frame.end_progress()
            raise click.ClickException(f"{name}: {error}") from error
        frame.end_progress()
        click.echo(f"✓ {name} {program.version}  {program.argv_prefix[-1]}")


@asterisk.command()
@click.option("--diff", "only_diff", is_flag=True, help="只看差异，不写 / show what would change, write nothing")
def render(only_diff: bool) -> None:
    """生成配置文件 / write Asterisk's files from settings, secrets and seats.

    Put your own lines into the *_custom.conf files beside them: those are never overwritten.
    """
    from cli.platform import database
    from web.exchange import render_exchange

    settings = frame.settings()

    async def work() -> None:
        async with database(settings) as db:
            changes = await render_exchange(settings, db, write=not only_diff)
        for change in changes:
            click.echo(change.diff() if only_diff else f"✓ {change.path}")
        if not changes:
            frame.say(settings.lang, "没有变化", "nothing has changed")

    asyncio.run(work())


@asterisk.command()
def start() -> None:
    """只在前台运行 Asterisk / run Asterisk alone, in the foreground."""
    from cli.platform import exchange
    from home.locks import only_one

    settings = frame.settings()
    process = exchange(settings)
    if not (process.etc / "asterisk.conf").exists():
        raise click.ClickException("先运行 yijiantong asterisk render / run `yijiantong asterisk render` first")
    with only_one(settings.home):
        process.prepare()
    os.execve(process.argv[0], process.argv, process.program.environment())


@asterisk.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True)
def cli(command: tuple[str, ...]) -> None:
    """在运行中的 Asterisk 上执行命令 / one command on the running Asterisk, e.g. `core show channels`."""
    from cli.platform import exchange

    click.echo(asyncio.run(exchange(frame.settings()).cli(" ".join(command))), nl=False)
