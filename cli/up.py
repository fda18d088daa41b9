"""`yijiantong up`: everything of one home, in the foreground, until Ctrl-C. Watching them is `home/supervisor.py`'s."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
import click

from cli import frame
from cli.platform import database, exchange, first_admin
from cli.watchman import Watchman
from home import ports, service_manager
from home.locks import only_one
from home.secrets import Secrets
from home.settings import Settings
from home.supervisor import Say, Service, Supervisor, Unresponsive
from models.database import upgrade
from web.exchange import render_exchange

_POLL = 0.05
_WEB_GIVES_WAY = 5  # nice: a third of a telephone's or a controller's turns, where there are not enough for all


@click.command()
@click.option(
    "--stand-by", is_flag=True, help="另一台机器的备用：只有控制器和网页 / for another machine: controller and web only"
)
def up(stand_by: bool) -> None:
    """启动平台，Ctrl-C 停止 / run the platform in the foreground until Ctrl-C.

    Asterisk, controllers and web are started, watched, restarted when they die, and stopped together.
    """
    settings = frame.settings()
    settings.prepare_home()
    with only_one(settings.home):
        ours = {"YJT_WEB_PORT", "YJT_STANDBY_PORT"} if stand_by else None
        ports.check(wish for wish in ports.wanted_by(settings) if ours is None or wish.setting in ours)
        asyncio.run(run_platform(settings, partial(frame.say, settings.lang), stand_by=stand_by))


async def run_platform(settings: Settings, say: Say, *, stand_by: bool = False) -> None:
    """Prepare the home, start every process, return when all of them have been stopped. `stand_by`: beside the Asterisk
    of another machine, which is reached on this one's loopback (docs/two-machines.md)."""
    if stand_by and not settings.recordings:
        settings = settings.model_copy(update={"recordings": "elsewhere"})
    password = None if stand_by else await prepare(settings)
    if password:
        say(
            f"管理员登录：admin  {password}（只显示这一次，请记下）",
            f"admin log-in: admin  {password} (shown this once only, write it down)",
        )
    watchman = Watchman(settings, Secrets.load_or_create(settings.home), say, stand_by=stand_by)
    async with Supervisor(say, ended=watchman.ended) as supervisor:
        for service in services_of_a_stand_by(settings) if stand_by else services(settings):
            await supervisor.start(service)
        if not supervisor.stopping:
            address = f"http://{_url_host(settings.web_host)}:{settings.web_port}/"
            say(f"网址：{address}  按 Ctrl-C 停止", f"web address: {address}  Ctrl-C stops everything")
        async with watchman.watching(), service_manager.told():
            await supervisor.until_stopped()
        say("正在停止……", "stopping ...")
    say("已停止", "stopped")


async def prepare(settings: Settings) -> str | None:
    """Database, first admin and Asterisk's files; returns the admin's password when one was made."""
    await upgrade(settings.database_url)
    async with database(settings) as db:
        password = await first_admin(db)
        await render_exchange(settings, db)
    return password


def services(settings: Settings) -> list[Service]:
    """The processes of the platform, in the order in which they need each other."""
    asterisk = exchange(settings)
    keys = Secrets.load_or_create(settings.home)
    return [
        Service(
            "asterisk",
            asterisk.argv,
            asterisk.program.environment(),
            asterisk.directory / "log" / "console.log",
            ready=asterisk.wait_fully_booted,
            ready_within=30.0,
            housekeeping=asterisk.rotate_log,
            alive=_answers(f"http://127.0.0.1:{settings.ari_port}/ari/asterisk/ping", keys.ari_user, keys.ari_password),
            at_once=True,
        ),
        _python(settings, "controller", ["ari_app"], settings.control_port),
        *services_of_a_stand_by(settings),
    ]


def services_of_a_stand_by(settings: Settings) -> list[Service]:
    """What runs on a second machine."""
    return [
        _python(settings, "stand-by", ["ari_app", "--second"], settings.standby_port),
        _python(settings, "web", ["web"], settings.web_port, gives_way=_WEB_GIVES_WAY),
    ]


def _python(settings: Settings, name: str, module: list[str], port: int, *, gives_way: int = 0) -> Service:
    env = {**settings.environment(), "PYTHONUNBUFFERED": "1"}
    host = ports.reachable(settings.web_host) if name == "web" else "127.0.0.1"
    return Service(
        name,
        [sys.executable, "-m", *module],
        {**_inherited(), **env},
        settings.home / "log" / f"{name}.log",
        ready=partial(_until_listening, host, port),
        ready_within=30.0,
        alive=_answers(f"http://{_url_host(host)}:{port}/health"),
        silent_for=30.0,  # one that takes over reads the records first; calls do not wait for it meanwhile
        gives_way=gives_way,
    )


def _answers(url: str, user: str = "", password: str = "") -> Callable[[], Awaitable[None]]:
    """Asks once, over a connection of its own. Any answer will do: whoever says no is not dead."""
    auth = aiohttp.BasicAuth(user, password) if user else None

    async def ask() -> None:
        try:
            async with aiohttp.ClientSession(auth=auth) as http, http.get(url) as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError) as problem:
            raise Unresponsive(str(problem)) from problem

    return ask


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}


async def _until_listening(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_POLL)
        else:
            writer.close()
            return


def _url_host(host: str) -> str:
    host = ports.reachable(host)
    return f"[{host}]" if ":" in host else host
