"""`yijiantong systemd`: the unit that runs this platform as a service, with this machine's folders filled in."""

import getpass
import re
import sys
from pathlib import Path

import click

from cli import frame
from home.settings import CHECKOUT

TEMPLATE = Path(__file__).with_name("yijiantong.service")
# systemd reads spaces, quotes, % and $ in a path as something else.
_PLAIN_PATH = re.compile(r"/[\w./@+,:=~-]*")


class UnitError(Exception):
    """A path or a name cannot stand in a unit; the text says which."""


@click.command()
@click.option("--user", default=None, help="以此用户运行，默认当前用户 / run as this user, default: who asks")
@click.option("--stand-by", is_flag=True, help="另一台机器的备用 / for the spare machine (docs/two-machines.md)")
def systemd(user: str | None, stand_by: bool) -> None:
    """打印 systemd 单元文件 / print the systemd unit.

    \b
    yijiantong systemd --user yijiantong | sudo tee /etc/systemd/system/yijiantong.service
    sudo systemctl enable --now yijiantong
    """
    click.echo(unit(home=frame.settings().home, user=user or getpass.getuser(), stand_by=stand_by), nl=False)


def unit(
    *, home: Path, user: str, stand_by: bool = False, python: Path = Path(sys.executable), checkout: Path = CHECKOUT
) -> str:
    """The text of the unit.

    Raises:
        UnitError: a value would be read as something else by systemd.
    """
    paths = {"home": home.absolute(), "python": python.absolute(), "checkout": checkout.absolute()}
    for path in paths.values():
        if not _PLAIN_PATH.fullmatch(str(path)):
            raise UnitError(f"路径中有 systemd 不能原样读取的字符 / systemd would not read this path as it is: {path}")
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,30}", user):
        raise UnitError(f"不是系统用户名 / not the name of a system user: {user!r}")
    text = TEMPLATE.read_text("utf-8")
    words = {name: str(path) for name, path in paths.items()}
    for name, value in {**words, "user": user, "command": "up --stand-by" if stand_by else "up"}.items():
        text = text.replace("{" + name + "}", value)
    return text
