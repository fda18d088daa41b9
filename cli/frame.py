"""The frame of the command line: nouns found by name, settings read once, our errors as one clear line.

No noun is implemented here.
"""

import getpass
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import click

from home.settings import Settings

_ROOMS = ("ivr", "ari_app", "models", "migrations", "web", "home", "cli", "drill")

# noun -> (module, attribute, what it is for)
_NOUNS: Mapping[str, tuple[str, str, str]] = {
    "up": ("cli.up", "up", "启动平台 / run the platform in the foreground"),
    "systemd": ("cli.systemd", "systemd", "打印 systemd 单元 / print the unit for running as a service"),
    "doctor": ("cli.doctor", "doctor", "检查：缺什么、错在哪 / what is missing, wrong or running"),
    "db": ("cli.db", "db", "数据库：升级、备份、恢复 / upgrade, backup, restore"),
    "user": ("cli.people", "user", "用户 / people who log in"),
    "audit": ("cli.audit", "audit", "审计日志 / the audit log: is it whole?"),
    "token": ("cli.tokens", "token", "接口令牌 / tokens for programs"),
    "seat": ("cli.people", "seat", "坐席分机 / seats, their telephones"),
    "sip": ("cli.sip", "sip", "被封的地址 / addresses that are banned"),
    "org": ("cli.people", "org", "区、街道、社区 / districts, streets, communities"),
    "import": ("cli.register", "import_", "导入名册 / import a register"),
    "export": ("cli.register", "export", "导出名册 / export a register"),
    "care-procedure": (
        "cli.care_procedure",
        "care_procedure",
        "打印关爱电话流程 / the care call's procedure as a page",
    ),
    "procedure": ("cli.procedure", "procedure", "打印处置流程 / the procedure as a page, read from its code"),
    "recordings": ("cli.recordings", "recordings", "录音：列表、校验、清理 / recordings: list, check, prune"),
    "drill": ("drill.command", "drill", "演练小镇 / rehearse with the simulated town"),
    "asterisk": ("cli.asterisk", "asterisk", "下载、配置、运行 Asterisk / fetch, render, start, cli"),
}


class Nouns(click.Group):
    """The top level: imports a noun's module only when the noun is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _NOUNS:
            return None
        module, attribute, _ = _NOUNS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("命令 / Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _NOUNS.items()])


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--home", type=click.Path(path_type=Path), help="平台文件夹 / home folder (YJT_HOME, ./var)")
@click.version_option(package_name="yijiantong")
def yijiantong(home: Path | None) -> None:
    """一键通：老人紧急呼叫平台 / emergency calls for elderly people, one key away."""
    if home is not None:
        os.environ["YJT_HOME"] = str(home)


def operator() -> str:
    """Who is at the command line, as the audit log names them."""
    return f"cli:{getpass.getuser()}"


def settings() -> Settings:
    """The settings of this command. Raises SettingsError."""
    return Settings.load()


def say(lang: str, zh: str, en: str) -> None:
    """One line in the reader's language."""
    click.echo(zh if lang == "zh" else en)


def progress(text: str) -> None:
    """A line that replaces the last one on a terminal; elsewhere a line for each tenth of the way."""
    global _told  # noqa: PLW0603 - what was told last is one for the process, as its screen is
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text[:100]}", nl=False, err=True)
        return
    tenth = re.sub(r"([0-9]*)[0-9] %.*", r"\1", text)
    if tenth != _told:
        click.echo(text[:100], err=True)
    _told = tenth


_told = ""


def end_progress() -> None:
    """Leave the line of `progress`."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool, columns: Iterable[str] | None = None) -> None:
    """A list as a table, or as JSON with all of its columns."""
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=1, default=str))
        return
    names = list(columns or (rows[0] if rows else ()))
    table = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max((_width(row[i]) for row in table), default=0) for i in range(len(names))]
    for row in table:
        click.echo(
            "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _cell(value: object) -> str:
    return "" if value is None else "✓" if value is True else "✗" if value is False else str(value)


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status; errors of ours are told without a traceback."""
    try:
        outcome = yijiantong.main(arguments, prog_name="yijiantong", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:  # the outermost guard
        if type(error).__module__.split(".")[0] in _ROOMS or isinstance(error, OSError):
            end_progress()
            click.echo(f"✗ {error}", err=True)
            return 1
        raise
