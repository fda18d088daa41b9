"""The faults that are tried, each with how it strikes. What it must not do to a call is for `trial.py` to say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from drill.faults.patient import CONTROLLERS, Patient
from drill.telling import Words


@dataclass(frozen=True, slots=True)
class Fault:
    """`strikes`: inside, the cause stands; it is removed at the end, where it does not go by itself. `lasts`: seconds
    for which it stands. `cuts`: calls that are up break off, and the elders are rung back."""

    words: Words
    strikes: Callable[[Patient], AbstractAsyncContextManager[None]]
    lasts: float = 0.0
    cuts: bool = False


@asynccontextmanager
async def _controller_killed(platform: Patient) -> AsyncIterator[None]:
    platform.kill(await platform.active_controller())
    yield


@asynccontextmanager
async def _both_controllers_killed(platform: Patient) -> AsyncIterator[None]:
    platform.kill(*CONTROLLERS)
    yield


@asynccontextmanager
async def _controller_hangs(platform: Patient) -> AsyncIterator[None]:
    with platform.frozen(await platform.active_controller()):
        yield


@asynccontextmanager
async def _both_controllers_hang(platform: Patient) -> AsyncIterator[None]:
    first, second = CONTROLLERS
    with platform.frozen(first), platform.frozen(second):
        yield


@asynccontextmanager
async def _nobody_but_the_dialplan(platform: Patient) -> AsyncIterator[None]:
    async with platform.without_script(), _both_controllers_hang(platform):
        yield


@asynccontextmanager
async def _web_killed(platform: Patient) -> AsyncIterator[None]:
    platform.kill("web")
    yield


@asynccontextmanager
async def _database_locked(platform: Patient) -> AsyncIterator[None]:
    async with platform.locked_database():
        yield


@asynccontextmanager
async def _disk_full(platform: Patient) -> AsyncIterator[None]:
    with platform.full_disk():
        yield


@asynccontextmanager
async def _link_cut(platform: Patient) -> AsyncIterator[None]:
    await platform.cut_the_links()
    yield


@asynccontextmanager
async def _link_silent(platform: Patient) -> AsyncIterator[None]:
    platform.wire.swallow()
    try:
        yield
    finally:
        platform.wire.mend()


@asynccontextmanager
async def _asterisk_killed(platform: Patient) -> AsyncIterator[None]:
    platform.kill("asterisk")
    yield


@asynccontextmanager
async def _asterisk_stopped(platform: Patient) -> AsyncIterator[None]:
    await platform.stop_asterisk()
    yield


@asynccontextmanager
async def _asterisk_hangs(platform: Patient) -> AsyncIterator[None]:
    with platform.frozen("asterisk"):
        yield


@asynccontextmanager
async def _recordings_gone(platform: Patient) -> AsyncIterator[None]:
    with platform.without_recordings():
        yield


@asynccontextmanager
async def _recordings_closed(platform: Patient) -> AsyncIterator[None]:
    with platform.closed_recordings():
        yield


FAULTS: Mapping[str, Fault] = {
    "controller-killed": Fault(("主控制器被杀", "the active controller is killed (-9)"), _controller_killed),
    "controller-hangs": Fault(("主控制器卡住", "the active controller hangs"), _controller_hangs, lasts=8.0),
    "controllers-killed": Fault(("两个控制器都被杀", "both controllers are killed (-9)"), _both_controllers_killed),
    "controllers-hang": Fault(("两个控制器都卡住", "both controllers hang"), _both_controllers_hang, lasts=12.0),
    "last-rung": Fault(
        ("控制器卡住，兜底脚本也坏", "both controllers hang, the ladder's script breaks"),
        _nobody_but_the_dialplan,
        lasts=12.0,
    ),
    "web-killed": Fault(("网页进程被杀", "the web is killed (-9)"), _web_killed),
    "database-locked": Fault(("数据库不能写", "the database takes nothing"), _database_locked, lasts=12.0),
    "disk-full": Fault(("磁盘写满", "the disk is full"), _disk_full, lasts=8.0),
    "link-cut": Fault(("ARI 连接断开", "the links to Asterisk break"), _link_cut),
    "link-silent": Fault(("ARI 连接无声中断", "the links to Asterisk are silently dead"), _link_silent, lasts=8.0),
    "asterisk-killed": Fault(("Asterisk 被杀", "Asterisk is killed (-9)"), _asterisk_killed, cuts=True),
    "asterisk-stopped": Fault(("Asterisk 被重启", "Asterisk is stopped and starts anew"), _asterisk_stopped, cuts=True),
    "asterisk-hangs": Fault(("Asterisk 卡住", "Asterisk hangs"), _asterisk_hangs, lasts=30.0, cuts=True),
    "recordings-gone": Fault(("录音文件夹不见了", "the folder for recordings is gone"), _recordings_gone, lasts=5.0),
    "recordings-closed": Fault(
        ("录音文件夹没有写权限", "the folder for recordings may not be written to"), _recordings_closed, lasts=5.0
    ),
}
