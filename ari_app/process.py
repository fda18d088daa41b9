"""The controller's process: it stands by until the lease is its own, is the active controller as long as it is, and
stands by again. A home may have two of them, so that calls go on when one dies or hangs.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import itertools
import os
import secrets as chance
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from ari_app import control
from ari_app.ari import Client
from ari_app.background import Background
from ari_app.bootstrap import running
from ari_app.controller import Controller
from ari_app.former_boots import boot_name
from ari_app.lease import Lease
from ari_app.listener import UNHEARD
from ari_app.memory import give_back
from ari_app.porter import Porter
from ari_app.register import warm_up
from home.asterisk_platform import ladder_dir, prompts_dir
from home.secrets import Secrets
from home.settings import Settings
from ivr.policy import Policy
from ivr.vocabulary import CaseState
from models import leases
from models.database import Database
from models.leases import Candidate

log = structlog.get_logger(__name__)
BEAT_WITHIN = 1.0  # seconds that a beat waits for whoever writes
ANSWERS_WITHIN = 2.0  # seconds in which a controller that lives says so, however much it has to do


class AlreadyRunning(Exception):
    """Another controller works in this place of the home; the text names its process."""


class Broken(Exception):
    """A part that must never end has ended: this process is of no use any more and is to be started anew."""


class Place(StrEnum):
    """The two controllers that a home may have; which of them is the active one is for the lease to say."""

    FIRST = "controller"
    SECOND = "stand-by"

    def port(self, settings: Settings) -> int:
        return settings.control_port if self is Place.FIRST else settings.standby_port

    @property
    def other(self) -> Place:
        return Place.SECOND if self is Place.FIRST else Place.FIRST

    @property
    def setting(self) -> str:
        """Which setting gives its control port."""
        return "YJT_CONTROL_PORT" if self is Place.FIRST else "YJT_STANDBY_PORT"


@contextmanager
def only_controller(home: Path, place: Place = Place.FIRST) -> Iterator[None]:
    """Hold this place's lock; it goes with the process, however that ends."""
    with (home / f"{place}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(
                f"{home} 中已有控制器在运行，进程 {file.read().strip()} / a controller already runs in this home"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


async def run(settings: Settings, keys: Secrets, place: Place = Place.FIRST) -> None:
    """Until SIGTERM or SIGINT.

    Raises:
        AlreadyRunning: another controller works in this place.
        Broken: a vital part has ended by itself.
        PolicyError: a value of the policy cannot be used.
        DatabaseUnavailable: the records cannot be read when the lease is ours.
        OSError: the control port cannot be listened on.
    """
    policy = Policy.of(settings.policy, duty_phones=settings.duty_phones)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with only_controller(settings.home, place):
        await _can_read(settings)
        while not stop.is_set():
            await _one_life(settings, keys, policy, place, stop)


async def _can_read(settings: Settings) -> None:
    """Whoever starts us wants to know at once that there is no database, or not the right one."""
    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            await leases.holder(session, settings.node)
    finally:
        await database.close()


async def _one_life(settings: Settings, keys: Secrets, policy: Policy, place: Place, stop: asyncio.Event) -> None:
    """From standing by to the end of being active: told to stop, the lease lost, or something broken."""
    database = Database(settings.database_url, busy_timeout=BEAT_WITHIN)
    lease = Lease(
        database,
        Candidate(
            place=f"{socket.gethostname()}:{settings.home}:{place}",
            node=settings.node,
            beat=chance.randbelow(2**20),  # a number that the boot before has not shown last
        ),
        linked=lambda: False,
        beat_every=policy.lease_beat,
        runs_out=policy.lease_runs_out,
        patience=policy.lease_patience,
        blocked=partial(_end_a_hung_one, settings.home, place.other, place.other.port(settings)),
    )
    active: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with _beside(_mind_the_door(settings, keys, lease, active), "door"), _closing(database, lease):
        api = control.make_stand_by_app(token=keys.control_token)
        async with control.listening(api, place.port(settings)), _beside(warm_up(database), "warm-up"):
            if not await lease.still_ours() and await _first(stop.wait(), lease.until_ours()) == 0:
                return
        async with (
            _beside(lease.keep(), "lease") as keeping,  # from now on, or somebody else takes it while we start
            running(settings, keys, control_port=place.port(settings), ownership=lease) as controller,
        ):
            lease.linked = lambda: not controller.link_problem
            lease.working_as(controller.app)
            active.set_result(controller.app)
            if lease.taken_from:
                log.warning("the controller that was active is missed: its calls are ours now", place=lease.taken_from)
                controller.figures.took_over()
            await _be_active(controller, lease, keeping, stop)


async def _be_active(controller: Controller, lease: Lease, keeping: asyncio.Task[None], stop: asyncio.Event) -> None:
    async with (
        _beside(stop.wait(), "stop") as stopping,
        _beside(_collect_in_quiet_moments(controller), "tidy") as tidying,
    ):
        vital = (*controller.vital, tidying)
        await asyncio.wait({stopping, keeping, *vital}, return_when=asyncio.FIRST_COMPLETED)
        ended = [task.get_name() for task in vital if task.done()]
        if ended and not lease.lost:
            raise Broken(f"the controller has lost a vital part ({', '.join(ended)}) and must be started anew")


async def _end_a_hung_one(home: Path, place: Place, port: int) -> None:
    """The other controller of this home may have stopped in the middle of writing; then SQLite takes nothing from
    anybody until it is gone. One that answers is left alone: the database is away, or somebody else writes."""
    pid = _holder(home / f"{place}.lock")
    if pid is None or await _answers(port):
        return
    log.error("the other controller does not answer and the database takes nothing: it is ended", pid=pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _holder(lock: Path) -> int | None:
    """The process that holds this lock, on this machine."""
    with suppress(FileNotFoundError), lock.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read().strip()
            return int(text) if text.isdecimal() else None
    return None


async def _answers(port: int) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)) as http,
            http.get(f"http://127.0.0.1:{port}/health"),
        ):
            return True
    except TimeoutError:
        return False
    except aiohttp.ClientError:
        return True  # it is starting or ending, and will be done in a moment


async def _mind_the_door(settings: Settings, keys: Secrets, lease: Lease, active: asyncio.Future[str]) -> None:
    """Take calls that nobody takes, until this process is active and has them all."""
    app, background = boot_name(settings.node), Background()
    client = Client(settings.ari_url, username=keys.ari_user, password=keys.ari_password, app=app, unwanted=UNHEARD)
    try:
        async with client:
            lease.linked = lambda: client.connected
            porter = Porter(
                client,
                lease,
                background,
                app=app,
                prompts=prompts_dir(settings),
                ladder=ladder_dir(settings),
            )
            async with porter.at_the_door():
                await porter.hand_all_to(await active)
    finally:
        await background.close()


@asynccontextmanager
async def _closing(database: Database, lease: Lease) -> AsyncIterator[None]:
    """However this life ends, the others learn of it."""
    try:
        yield
    finally:
        await lease.leave()
        await database.close()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, Any], name: str) -> AsyncIterator[asyncio.Task[Any]]:
    """The work goes on beside what is inside, and ends with it. What went wrong with it is in the log."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("a part of the controller has failed", task=name, exc_info=failure)


async def _first(*works: Coroutine[Any, Any, Any]) -> int:
    """Do these at once until one is done; the number of that one. Raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return min(tasks.index(task) for task in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _collect_in_quiet_moments(controller: Controller) -> None:
    """A full garbage collection stops every call, for a third of a second when there is much to walk: leave out what
    was loaded at the start and stays for ever, and do it when nobody is being answered, or else every ten minutes.
    What a storm has left of memory goes back to the system."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1_000_000)
    for minute in itertools.count(1):
        await asyncio.sleep(60)
        waiting = {CaseState.ARRIVING, CaseState.RINGING_SEATS}
        if minute % 10 == 0 or not any(run.case.state in waiting for run in controller.runs.values()):
            gc.collect()
            give_back()
