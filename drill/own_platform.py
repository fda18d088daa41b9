"""A platform of the drill's own, for the demo and for rehearsals: a made-up district in a folder of its own, and a town
that is its only carrier.

Must never touch the home, the database or the trunk of a real platform: of the environment only what is named here is
taken.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeVar

import aiohttp

from drill.chronicle import NotSeen
from drill.console import Refused
from drill.printing import say
from drill.rehearsal import telephones, web_address
from drill.settings import TownSettings
from drill.town import Town
from home.asterisk import AsteriskError
from home.ports import PortInUse, Wanted, check, free_ports, sound_ports, wanted_by
from home.programs import Program, ProgramMissing, find
from home.settings import Settings, SettingsError
from home.supervisor import Service, ServiceFailed, Supervisor
from models import demo_district
from models.database import Database, DatabaseUnavailable, revision_state, upgrade
from models.demo_district import DemoDistrict, DemoLogIn
from models.people import UserRole

S = TypeVar("S")
T = TypeVar("T")
Play = Callable[[Town, Sequence[DemoLogIn]], Awaitable[T]]
District = Callable[..., Awaitable[DemoDistrict]]

ELDERS_LINE = "10000001"  # the first elder of the demo district


class UsedDatabase(Exception):
    """The database that the drill was given holds something already: perhaps real people's records."""


# What has one clear line to say; anything else is a mistake of ours and shows where it is.
PROBLEMS = (
    SettingsError,
    PortInUse,
    ProgramMissing,
    ServiceFailed,
    AsteriskError,
    DatabaseUnavailable,
    UsedDatabase,
    NotSeen,
    Refused,
    aiohttp.ClientError,
)
_START_SECONDS = 60.0
_KEPT = ("LANG", "PARTS_DIR", "ASTERISK", "RTP_PORTS")
SOUND_PORTS = 400  # two for each line
PORTS = ("WEB_PORT", "SIP_PORT", "ARI_PORT", "AMI_PORT", "CONTROL_PORT", "STANDBY_PORT")


def own_settings(
    home: Path, town: TownSettings, env: Mapping[str, str], *, kept: Sequence[str] = (), own: Mapping[str, str]
) -> Settings:
    """The drill's own platform: its home holds nothing else, its only carrier is the town. `kept`: names that are taken
    from the environment `env` as well; `own`: settings of this drill. Raises SettingsError."""
    taken = {f"YJT_{name}": env[f"YJT_{name}"] for name in (*_KEPT, *kept) if env.get(f"YJT_{name}")}
    always = {
        "YJT_HOME": str(home.absolute()),
        "YJT_EMERGENCY_ROUTE": "trunk",
        "YJT_PLATFORM_NUMBER": "02110009689",
        "YJT_AREA_CODE": "021",
        **town.platform_environment(),
        "YJT_DATABASE_URL": town.database_url,
    }
    # The demo's elders have care plans: a call that comes by itself would be taken for part of the story.
    return Settings.load({**taken, "YJT_POLICY__CARE_AT_ONCE": "0", **own, **always})


def ports_of_its_own(env: Mapping[str, str], *, sound: int = SOUND_PORTS) -> tuple[dict[str, str], TownSettings]:
    """Free ports for a platform and its town, whatever else runs on this machine; `sound`: how many for the platform's
    calls."""
    *platform, town_sip, town_ari = map(str, free_ports(len(PORTS) + 2))
    town = {"YJT_TOWN_SIP_PORT": town_sip, "YJT_TOWN_ARI_PORT": town_ari}
    town["YJT_TOWN_RTP_PORTS"] = str(sound_ports("town", SOUND_PORTS))
    own = {f"YJT_{name}": port for name, port in zip(PORTS, platform, strict=True)}
    own["YJT_RTP_PORTS"] = str(sound_ports("platform", sound))
    return own, TownSettings.load({**env, **town})


async def on_own_platform(
    platform: Settings,
    town: TownSettings,
    play: Play[T],
    *,
    district: District = demo_district.make_for_calls,
    extensions: Sequence[str] | None = None,
) -> T | None:
    """What `play` returns, on a living platform with its town and its log-ins; None when it was stopped before the end.

    `district`: who lives there, `demo_district.make` for one that is looked at as well. `extensions`: the seats whose
    telephones are in the town; without it all. Everything is stopped at the end.
    """

    async def people(program: Program) -> AbstractAsyncContextManager[Town]:
        return Town.open(platform=platform, town=town, seats=await telephones(platform, extensions), program=program)

    return await with_own_platform(
        platform, town, district=district, wanted=town.wanted(), surroundings=people, play=play
    )


async def with_own_platform(
    platform: Settings,
    town: TownSettings,
    *,
    wanted: Sequence[Wanted],
    surroundings: Callable[[Program], Awaitable[AbstractAsyncContextManager[S]]],
    play: Callable[[S, Sequence[DemoLogIn]], Awaitable[T]],
    district: District = demo_district.make_for_calls,
) -> T | None:
    """The same for whatever is around the platform; `wanted` are its ports."""
    platform.prepare_home()
    check([*wanted_by(platform), *wanted])
    program = find("asterisk", platform)
    say(("准备演示区…", "preparing the demo district ..."))
    if town.database_url and (await revision_state(platform.database_url)).current is not None:
        raise UsedDatabase(
            "YJT_TOWN_DATABASE_URL：演练只用空的数据库 / this database is in use; a drill takes an empty one only"
        )
    log_ins = await _prepare(platform, district)
    # The town is there first: a carrier that does not answer when the platform starts counts as dead for a while.
    async with (
        Supervisor(lambda zh, en: say((zh, en if en != zh else ""))) as supervisor,
        await surroundings(program) as around,
    ):
        say(("启动平台…", "starting the platform ..."))
        await supervisor.start(_platform_service(platform))
        if supervisor.stopping:
            return None
        playing = asyncio.ensure_future(play(around, log_ins))
        stopping = asyncio.create_task(supervisor.until_stopped())
        try:
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await playing if playing.done() else None
        finally:
            for task in (playing, stopping):
                task.cancel()
            await asyncio.gather(playing, stopping, return_exceptions=True)
            say(("正在停止…", "stopping ..."))


def agents(log_ins: Sequence[DemoLogIn]) -> list[DemoLogIn]:
    """Those who have a seat."""
    return [user for user in log_ins if user.role is UserRole.AGENT]


async def _prepare(platform: Settings, district: District) -> tuple[DemoLogIn, ...]:
    await upgrade(platform.database_url)
    db = Database(platform.database_url)
    try:
        return (await district(db, area_code=platform.area_code)).log_ins
    finally:
        await db.close()


def _platform_service(platform: Settings) -> Service:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
    return Service(
        "platform",
        [sys.executable, "-m", "cli", "up"],
        {**inherited, **platform.environment(), "PYTHONUNBUFFERED": "1"},
        platform.home / "log" / "up.log",
        ready=lambda: _until_ready(f"{web_address(platform)}/ready"),
        ready_within=_START_SECONDS,
        grace=20.0,
    )


async def _until_ready(url: str) -> None:
    """Returns when the platform says that it can handle calls."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)
