"""`yijiantong doctor`: what is missing, wrong or running, in plain words, and what to do. It only looks; it changes
nothing and dials nobody. With `--test-alarm` it sends one message to maintenance."""

import asyncio
import os
from collections.abc import AsyncIterator

import click

from cli import examine_home, examine_running, frame
from cli.findings import Finding, note, ok, show, wrong
from home import alarm_sending, locks, ports
from home.alarm_sending import NotSent
from home.secrets import Secrets, SecretsError
from home.settings import Settings, SettingsError
from web.texts import LANGS, load_texts


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON")
@click.option("--test-alarm", is_flag=True, help="给维护人员发一条测试告警 / send one test alarm to maintenance")
def doctor(as_json: bool, test_alarm: bool) -> None:
    """检查：缺什么、错在哪、什么在运行 / what is missing, wrong or running. Exit status 1 when something is wrong."""
    try:
        settings = frame.settings()
    except SettingsError as error:
        lang = os.environ.get("YJT_LANG", "zh")
        findings = [wrong("settings", problem, problem) for problem in error.problems]
    else:
        lang = settings.lang
        findings = asyncio.run(_all(settings, test_alarm=test_alarm))
    show(findings, lang=lang, as_json=as_json)
    if any(finding.state == "wrong" for finding in findings):
        raise click.exceptions.Exit(1)


async def _all(settings: Settings, *, test_alarm: bool) -> list[Finding]:
    findings = await examine(settings)
    if test_alarm:
        findings += [finding async for finding in _test_alarm(settings)]
    return findings


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at from outside the running processes."""
    findings = [
        *examine_home.folder(settings),
        *examine_home.secrets(settings),
        *examine_home.journal_files(settings),
        *examine_home.asterisk(settings),
        *examine_home.trunk(settings),
        *examine_home.links(settings),
    ]
    findings += [finding async for finding in examine_home.database(settings)]
    findings += await asyncio.to_thread(lambda: list(examine_home.maintenance(settings)))
    running = locks.running_in(settings.home)
    if running is None:
        return [*findings, *_ports(settings), note("platform", "未运行", "not running", *["yijiantong up"] * 2)]
    findings.append(ok("platform", f"正在运行，进程 {running}", f"running, pid {running}"))
    return [*findings, *[finding async for finding in examine_running.look(settings)]]


def _ports(settings: Settings) -> list[Finding]:
    try:
        ports.check(ports.wanted_by(settings))
    except ports.PortInUse as error:
        return [wrong("ports", line, line) for line in str(error).splitlines()]
    return [ok("ports", "空闲", "free")]


async def _test_alarm(settings: Settings) -> AsyncIterator[Finding]:
    """To each address, and what became of it."""
    try:
        urls = Secrets.load_or_create(settings.home).maintenance_urls.split() if settings.home.exists() else []
    except SecretsError:
        return  # told already
    if not urls:
        yield wrong("test-alarm", "没有告警地址，未发送", "there is no address, nothing was sent", *_WHERE)
        return
    texts = load_texts()
    title = " / ".join(texts[lang]("maintenance.event", node=settings.node) for lang in LANGS)
    body = "\n".join(texts[lang]("maintenance.test") for lang in LANGS)
    for number, url in enumerate(urls, 1):
        try:
            await alarm_sending.send(url, title=title, body=body)
        except NotSent as problem:
            yield wrong("test-alarm", f"第 {number} 个地址发送失败：{problem}", f"address {number}: {problem}")
        else:
            yield ok("test-alarm", f"第 {number} 个地址已送达", f"address {number} took it")


_WHERE = examine_home.WHERE_ADDRESSES_GO
