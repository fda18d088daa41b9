"""The watchman: what becomes of the platform reaches a real receiver once, in words, and is never lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cli.watchman import Watchman, WatchPace
from home import alarm_book, alarm_sending
from home.alarm_sending import NotSent, send, understood
from home.ports import free_ports
from home.secrets import Secrets
from home.settings import Settings

DEADLINE = 30.0  # each message takes a process of its own
QUICK = WatchPace(look=0.02, lasting=0.0, gone=0.0, again_first=0.02, again_longest=0.1)
NUMBER = "13800000000"


@dataclass
class Receiver:
    """A service outside that takes messages, or refuses so many of them first."""

    url: str = ""
    refuses: int = 0
    refused: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        async with self._changed:
            if self.refused < self.refuses:
                self.refused += 1
            else:
                self.messages.append(await request.json())
            self._changed.notify_all()
            taken = bool(self.messages)
        return web.Response(status=200 if taken else 503)

    async def until(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


@dataclass
class Web:
    """The platform's web as the watchman asks it."""

    codes: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    async def ready(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"reasons": [{"code": code} for code in self.codes]}, status=503 if self.codes else 200
        )

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(text="".join(f"{name} {value}\n" for name, value in self.figures.items()))


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[TestServer]:
    async with TestServer(app, port=port) as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/{any:.*}", made.take)
    async with serving(app) as server:
        made.url = f"json://127.0.0.1:{server.port}/alarms"
        yield made


@dataclass
class Platform:
    web: Web
    settings: Settings
    said: list[str] = field(default_factory=list)

    def watchman(self, *urls: str, stand_by: bool = False) -> Watchman:
        keys = Secrets(maintenance_urls=" ".join(urls))
        return Watchman(self.settings, keys, lambda zh, en: self.said.append(en), stand_by=stand_by, pace=QUICK)

    async def until_said(self, part: str) -> None:
        async with asyncio.timeout(DEADLINE):
            while not any(part in line for line in self.said):  # noqa: ASYNC110 - the list tells nobody
                await asyncio.sleep(0.01)


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """Its web answers; faults are told at once and over at once."""
    web_port, control_port = free_ports(2)
    env = {"YJT_HOME": str(tmp_path), "YJT_WEB_PORT": str(web_port), "YJT_CONTROL_PORT": str(control_port)}
    made = Platform(Web(), Settings.load(env))
    app = web.Application()
    app.add_routes([web.get("/ready", made.web.ready), web.get("/metrics", made.web.metrics)])
    async with serving(app, web_port):
        yield made


async def until_nothing_is_owed(watchman: Watchman) -> None:
    """A message that was taken is known to be so a moment later."""
    async with asyncio.timeout(DEADLINE):
        while any(watchman._book.next_for(name) for name in watchman._urls):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_a_fault_and_its_end_are_told_in_both_languages(platform: Platform, receiver: Receiver) -> None:
    async with platform.watchman(receiver.url).watching():
        platform.web.codes = ["database"]
        (fault,) = await receiver.until(1)
        platform.web.codes = []
        _, over = await receiver.until(2)
    assert fault["title"] == "一键通 a：故障 / Yijiantong a: fault"
    words = fault["message"].splitlines()
    assert words[:2] == ["数据库不可用", "no database"]
    assert "YJT_DATABASE_URL" in words[2]
    assert "YJT_DATABASE_URL" in words[3]
    assert over["title"] == "一键通 a：恢复 / Yijiantong a: works again"
    assert (fault["type"], over["type"]) == ("failure", "success")


async def test_what_the_operator_has_set_up_so_is_no_alarm(platform: Platform, receiver: Receiver) -> None:
    async with platform.watchman(receiver.url).watching():
        platform.web.codes = ["emergency_route", "no_seat", "recordings_low"]
        (fault,) = await receiver.until(1)
    assert "录音磁盘空间不足" in fault["message"]


@pytest.mark.parametrize("spare", [True, False])
async def test_to_stand_by_is_a_fault_where_calls_are_to_be_handled(platform: Platform, spare: bool) -> None:
    platform.web.codes = ["stand_by", "recordings_low"]
    async with platform.watchman(stand_by=spare).watching():
        await platform.until_said("the disk with the recordings is nearly full")
        await platform.until_said("fault")
    assert any("stands by" in line for line in platform.said) is not spare


async def test_counters_that_grow_are_events_and_a_new_start_is_none(platform: Platform, receiver: Receiver) -> None:
    platform.web.figures = {
        'yjt_recordings_total{result="failed"}': 0.0,
        'yjt_recordings_total{result="ok"}': 7.0,
        "yjt_exception_reports_total": 3.0,
    }
    async with platform.watchman(receiver.url).watching():
        (late,) = await receiver.until(1)
        assert "超过 180 秒无人接听，异常报告已自动生成（3 次）" in late["message"]
        platform.web.figures["yjt_controller_process_start_time_seconds"] = 5.0
        platform.web.figures["yjt_exception_reports_total"] = 0.0
        platform.web.figures['yjt_recordings_total{result="failed"}'] = 1.0
        _, failed = await receiver.until(2)
    assert "a recording failed: it is missing or cut off\n" in failed["message"]


def test_each_controller_counts_from_its_own_start(platform: Platform) -> None:
    """The second take-over is seen although the other controller had counted one as well."""
    watchman = platform.watchman()

    def grown(started: float, take_overs: float) -> list[tuple[str, int]]:
        figures = {"yjt_controller_process_start_time_seconds": started, "yjt_take_overs_total": take_overs}
        return list(watchman._grown("".join(f"{name} {value}\n" for name, value in figures.items())))

    assert grown(5.0, 0.0) == []
    assert grown(6.0, 1.0) == [("taken_over", 1)]
    assert grown(5.0, 1.0) == [("taken_over", 1)]
    assert grown(5.0, 1.0) == []


async def test_the_death_of_a_process_is_told_by_its_name(platform: Platform, receiver: Receiver) -> None:
    watchman = platform.watchman(receiver.url)
    async with watchman.watching():
        watchman.ended("controller", "signal SIGKILL")
        (told,) = await receiver.until(1)
    assert "the process controller has ended (signal SIGKILL) and is started again" in told["message"]
    assert any("controller has ended" in line for line in platform.said)


async def test_without_a_web_the_controller_is_asked(
    platform: Platform, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    watchman = platform.watchman(receiver.url)
    monkeypatch.setattr(type(watchman), "_web", "http://127.0.0.1:1")

    async def ready(request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Bearer ")
        return web.json_response({"ready": True, "degraded": ["trunk: does not answer"]})

    app = web.Application()
    app.router.add_get("/ready", ready)
    async with serving(app, platform.settings.control_port), watchman.watching():
        await platform.until_said("does not answer")
    assert watchman._book.next_for(next(iter(watchman._urls))) is not None


async def test_a_message_that_is_not_taken_is_sent_again(platform: Platform, receiver: Receiver) -> None:
    receiver.refuses = 2
    watchman = platform.watchman(receiver.url)
    async with watchman.watching():
        watchman.ended("web", "status 1")
        await receiver.until(1)
    assert receiver.refused == 2
    assert sum("the address did not take the message" in line for line in platform.said) == 2


async def test_one_address_that_does_not_take_messages_keeps_none_from_another(
    platform: Platform, receiver: Receiver
) -> None:
    watchman = platform.watchman("nonsense", "json://127.0.0.1:1/nobody", receiver.url)
    async with watchman.watching():
        watchman.ended("web", "status 1")
        watchman.ended("controller", "status 2")
        await receiver.until(2)
        await platform.until_said("the address is not understood")
    assert len(receiver.messages) == 2


async def test_what_was_owed_is_sent_by_the_next_life_which_says_how_the_last_one_ended(
    platform: Platform, receiver: Receiver
) -> None:
    first = platform.watchman(receiver.url)
    first.ended("web", "status 1")
    first._keep(running=True)
    second = platform.watchman(receiver.url)
    async with second.watching():
        await receiver.until(2)
        await until_nothing_is_owed(second)
    assert "the process web has ended" in receiver.messages[0]["message"]
    assert "平台上次没有正常停止" in receiver.messages[1]["message"]
    async with platform.watchman(receiver.url).watching():
        platform.web.codes = ["recordings_low"]
        await receiver.until(3)
    assert "磁盘" in receiver.messages[2]["message"]


async def test_the_file_names_no_address(platform: Platform) -> None:
    watchman = platform.watchman("json://user:secret-password@127.0.0.1:1/nobody")
    async with watchman.watching():
        watchman.ended("web", "status 1")
    text = (platform.settings.home / alarm_book.FILE).read_text("utf-8")
    assert json.loads(text)["owed"][0]["notice"]["code"] == "process_ended"
    assert "secret-password" not in text
    assert "secret-password" not in "".join(platform.said)


async def test_a_service_that_never_answers_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_sending, "WITHIN", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotSent, match="not within"):
            await send(f"json://127.0.0.1:{port}/", title="t", body="b")


def test_addresses_are_shown_without_their_keys() -> None:
    shown = understood(["json://user:hidden@127.0.0.1:9/x", "nonsense", "dingtalk://abcdefghijkl@13800000000"])
    assert shown[1] is None
    assert shown[0] == "json://user:****@127.0.0.1:9/x"
    assert shown[2] is not None
    assert "abcdefghijkl" not in shown[2]


async def test_nonsense_in_the_figures_is_said_once_and_watching_goes_on(
    platform: Platform, receiver: Receiver
) -> None:
    platform.web.figures = {"yjt_ladder_calls_total not": 1.0}
    async with platform.watchman(receiver.url).watching():
        await platform.until_said("the watchman failed: ValueError")
        platform.web.codes = ["recordings_low"]
        await receiver.until(1)
    assert sum("the watchman failed" in line for line in platform.said) == 1
