"""`yijiantong drill …`: rehearsals with the simulated town, for operators. Refuses to run beside live trunks."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from drill.faults.catalogue import FAULTS
from drill.faults.run import try_faults
from drill.faults.table import as_json as row_json
from drill.faults.table import terminal
from drill.faults.trial import Row
from drill.faults.wire import with_a_wire
from drill.leaving import faults_run, leave, now, soak_run, storm_run, story_run
from drill.own_platform import ELDERS_LINE, PROBLEMS, agents, on_own_platform, own_settings, ports_of_its_own
from drill.printing import Timeline, say, show
from drill.rehearsal import AgentLogIn, rehearsal, telephones
from drill.report import StoryReport
from drill.scripts import DEFAULT, SCRIPTS
from drill.settings import LiveTrunk, TownSettings, refuse_outside
from drill.storm.drill import StormDrill, settings_of, sound_ports_of
from drill.storm.outcome import Outcome
from drill.storm.plan import Storm, StormFailed
from drill.storm.soak import Soak, soak_of
from drill.telling import columns, pad
from drill.town import Town
from home.locks import HomeInUse, running_in
from home.programs import find
from home.settings import Settings
from models.demo_district import DemoLogIn
from models.phone_numbers import InvalidNumber, dialable

_USUAL = Storm()


class ScriptName(click.Choice[str]):
    """The name of a story; a wrong one is told with all that there are."""

    def __init__(self) -> None:
        super().__init__(list(SCRIPTS))

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        return f"没有 {value!r} 这个演练 / there is no such story; there are {', '.join(SCRIPTS)}"


def _stories() -> str:
    """Each story with its sentence, for --help."""
    name_width = max(columns(name) for name in SCRIPTS) + 2
    rows = (f"  {pad(name, name_width)}{script.words[0]} / {script.words[1]}" for name, script in SCRIPTS.items())
    return "\n".join(["\b", "演练内容 / Stories:", *rows])


@click.group()
def drill() -> None:
    """演练小镇 / rehearse with the simulated town. Never beside live trunks."""


@drill.command(epilog=_stories())
@click.option("--script", type=ScriptName(), default=DEFAULT, show_default=True, help="演练哪一段 / which story")
@click.option("--line", help="老人的线路号码，须在名册中 / the line of an elder in the register")
@click.option(
    "--agent",
    "log_ins",
    multiple=True,
    metavar="USER:PASSWORD",
    help="两名有坐席的用户 / two users who have seats; give it twice",
)
def sos(script: str, line: str | None, log_ins: tuple[str, ...]) -> None:
    """演练一次求助呼叫 / play one SOS call and check each of its steps.

    不写 --line 和 --agent：在 YJT_HOME/drill 中另起一个演练平台，等待时间较短 / without --line and --agent: on a
    platform of the drill's own in YJT_HOME/drill, with shorter waits.

    写明 --line 和两次 --agent：用本目录中正在运行的平台 / with --line, and --agent twice: with the platform that runs
    in this home.
    """
    people, began_at = _agents(line, log_ins), now()
    try:
        settings = Settings.load()
        playing = _beside(settings, script, line, people) if line else _by_itself(settings, script)
        report = asyncio.run(playing)
    except (*PROBLEMS, LiveTrunk, HomeInUse, InvalidNumber) as problem:
        raise click.ClickException(str(problem)) from problem
    if report is None:
        raise click.Abort
    show(report)
    leave(settings.home, story_run(script, began_at, report))
    if not report.passed:
        raise click.ClickException("; ".join(step.words[1] for step in report.missing))


@drill.command()
@click.argument("names", nargs=-1, metavar="[FAULT]...")
@click.option("--json", "as_json", is_flag=True, help="逐行输出 JSON / one JSON object for each fault")
def faults(names: tuple[str, ...], as_json: bool) -> None:
    """在通话中制造故障 / break things during calls, and count who was lost.

    在 YJT_HOME/drill 中另起一个平台，依次制造故障，每次都有一位老人在通话、一位在等待、一位正打进来 / on a platform of
    the drill's own in YJT_HOME/drill; each time one elder talks, one waits, one calls just then.
    """
    for name in names:
        if name not in FAULTS:
            raise click.BadParameter(f"没有 {name!r} 这种故障 / there is no such fault; there are {', '.join(FAULTS)}")
    told, began_at = _tell_json if as_json else _tell_row, now()
    try:
        settings = Settings.load()
        refuse_outside(settings)
        home = _fresh(settings.home / "drill" / "faults")
        rows = asyncio.run(try_faults(home, names or tuple(FAULTS), told))
    except (*PROBLEMS, LiveTrunk, HomeInUse) as problem:
        raise click.ClickException(str(problem)) from problem
    if rows is None:
        raise click.Abort
    if not as_json:
        click.echo("\n" + "\n".join(terminal(rows)))
    leave(settings.home, faults_run(began_at, rows))
    if failed := [row.fault for row in rows if not row.passed]:
        raise click.ClickException(", ".join(failed))


def _tell_json(row: Row) -> None:
    click.echo(json.dumps(row_json(row), ensure_ascii=False))


def _tell_row(row: Row) -> None:
    zh, en = FAULTS[row.fault].words
    say((f"{'✓' if row.passed else '✗'} {zh}", f"{en}: {row.lost} lost, whole again after {row.whole:.1f} s"))
    for problem in row.problems:
        say(("  ", problem))


@drill.command()
@click.option(
    "--calls", type=click.IntRange(1, 2000), default=_USUAL.calls, show_default=True, help="最初的呼叫 / calls at first"
)
@click.option(
    "--seconds", type=click.FloatRange(0.1, 600), default=_USUAL.seconds, show_default=True, help="其时长 / their time"
)
@click.option(
    "--rate", type=click.FloatRange(0.1, 200), default=_USUAL.rate, show_default=True, help="此后每秒 / then a second"
)
@click.option(
    "--during", type=click.FloatRange(0, 600), default=_USUAL.during, show_default=True, help="其时长 / for so long"
)
@click.option("--seats", type=click.IntRange(1, 99), default=_USUAL.seats, show_default=True, help="坐席数 / agents")
def storm(calls: int, seconds: float, rate: float, during: float, seats: int) -> None:
    """演练停电风暴 / a power cut: hundreds call at once, and few seats are there.

    在 YJT_HOME/drill 中另起一个演练平台，约四分钟自行结束；有人丢失时返回非零 / on a platform of the drill's own in
    YJT_HOME/drill; it ends by itself after about four minutes, with an exit status that is not 0 when anybody is lost.
    """
    blown, began_at = Storm(calls=calls, seconds=seconds, rate=rate, during=during, seats=seats), now()
    try:
        settings = Settings.load()
        outcome = asyncio.run(_storm(settings, blown))
    except (*PROBLEMS, StormFailed, LiveTrunk, HomeInUse) as problem:
        raise click.ClickException(str(problem)) from problem
    except TimeoutError:
        raise click.ClickException("平台没有及时回应 / the platform did not answer in time") from None
    if outcome is None:
        raise click.Abort
    click.echo(str(outcome))
    leave(settings.home, storm_run(began_at, outcome))
    if not outcome.passed:
        raise click.ClickException("; ".join(row.words[1] for row in outcome.rows() if row.good is False))


@drill.command()
@click.option("--minutes", type=click.FloatRange(0.5, 600), default=30.0, show_default=True, help="多久 / for how long")
@click.option(
    "--rate", type=click.FloatRange(0.1, 20), default=2.0, show_default=True, help="每秒呼叫 / calls a second"
)
@click.option("--seed", type=int, default=1, show_default=True, help="随机种子 / what is broken when")
def soak(minutes: float, rate: float, seed: int) -> None:
    """边通话边不断制造故障 / callers on and on, while something is killed every few seconds.

    在 YJT_HOME/drill 中另起一个演练平台；有人丢失时返回非零 / on a platform of the drill's own in YJT_HOME/drill; the
    exit status is not 0 when anybody is lost.
    """
    began_at = now()
    try:
        settings = Settings.load()
        outcome, blows = asyncio.run(_soak(settings, soak_of(60 * minutes, rate=rate), seed))
    except (*PROBLEMS, StormFailed, LiveTrunk, HomeInUse) as problem:
        raise click.ClickException(str(problem)) from problem
    if outcome is None:
        raise click.Abort
    click.echo(f"{outcome}\n  " + ", ".join(f"{name} {count}" for name, count in sorted(blows.items())))
    leave(settings.home, soak_run(began_at, outcome, blows))
    if outcome.lost:
        raise click.ClickException(f"丢失 {len(outcome.lost)} 人 / {len(outcome.lost)} callers were lost")


async def _soak(settings: Settings, plan: Storm, seed: int) -> tuple[Outcome | None, Mapping[str, int]]:
    refuse_outside(settings)
    ports, town = ports_of_its_own(os.environ, sound=sound_ports_of(plan))
    home = _fresh(settings.home / "drill" / "soak")
    own = own_settings(home, town, os.environ, own={**ports, **with_a_wire(), **settings_of(plan)})
    drilled = Soak(plan, own, town, seed=seed)
    return await drilled.run(), drilled.blows


async def _storm(settings: Settings, blown: Storm) -> Outcome | None:
    """On a platform of the drill's own, made afresh."""
    refuse_outside(settings)
    ports, town = ports_of_its_own(os.environ, sound=sound_ports_of(blown))
    home = _fresh(settings.home / "drill" / "storm")
    own = own_settings(home, town, os.environ, own={**ports, **settings_of(blown)})
    return await StormDrill(blown, own, town).run()


def _agents(line: str | None, log_ins: Iterable[str]) -> list[AgentLogIn]:
    pairs = [text.partition(":") for text in log_ins]
    if line is None and pairs:
        raise click.BadParameter("写了 --agent 也要写 --line / --agent needs --line as well: whose call is it?")
    if line is not None and (len(pairs) < 2 or not all(user and password for user, _, password in pairs)):
        raise click.BadParameter("两次 --agent 用户:密码 / give --agent USER:PASSWORD twice")
    return [AgentLogIn(user, password) for user, _, password in pairs]


async def _beside(settings: Settings, script: str, line: str, people: Sequence[AgentLogIn]) -> StoryReport:
    """With the platform that runs in this home, and its waits."""
    town, number = TownSettings.load(), dialable(line, settings.area_code)
    seats, program = await telephones(settings), find("asterisk", settings)
    async with Town.open(platform=settings, town=town, seats=seats, program=program) as opened:
        return await _tell(settings, script, number, opened, people)


async def _by_itself(settings: Settings, script: str) -> StoryReport | None:
    """On a platform of the drill's own, made afresh; it is kept afterwards, to be looked at."""
    refuse_outside(settings)
    ports, town = ports_of_its_own(os.environ)
    home = _fresh(settings.home / "drill" / script)
    own = own_settings(home, town, os.environ, own={**SCRIPTS[script].story.settings, **ports})

    async def play(opened: Town, log_ins: Sequence[DemoLogIn]) -> StoryReport:
        people = [AgentLogIn(user.username, user.password) for user in agents(log_ins)]
        return await _tell(own, script, dialable(ELDERS_LINE, own.area_code), opened, people)

    return await on_own_platform(own, town, play)


def _fresh(home: Path) -> Path:
    """An open case of an earlier drill would be taken up again: begin with nothing."""
    if (pid := running_in(home)) is not None:
        raise HomeInUse(f"演练正在进行，进程 {pid} / this drill runs already, pid {pid} ({home})")
    shutil.rmtree(home, ignore_errors=True)
    return home


async def _tell(platform: Settings, script: str, number: str, town: Town, people: Sequence[AgentLogIn]) -> StoryReport:
    async with rehearsal(platform, town, agents=people) as stage:
        return await stage.story(script, number, Timeline().tell).run()
