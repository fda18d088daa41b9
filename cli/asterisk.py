"""`yijiantong asterisk fetch|render|start|cli`: the exchange by itself. What it does lives in `home/`."""

import click

from cli import frame
from home.apt import AptError
from home.programs import ProgramMissing, obtain

FOR_TESTS = ("postgres", "baresip", "fonts", "chromium")


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
        frame.say(f"✓ {name} {program.version}  {program.argv_prefix[-1]}")
