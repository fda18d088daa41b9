"""The only place where the controller is started and stopped; of which parts it is made: `assembly.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import structlog

from ari_app import control
from ari_app.ari import Backoff, Client
from ari_app.assembly import assemble
from ari_app.background import Background
from ari_app.controller import Controller
from ari_app.figures import Figures
from ari_app.former_boots import boot_name, forget_former_boots
from ari_app.gateways import gateway_of
from ari_app.journal import Journal
from ari_app.keeping import keep_house
from ari_app.ladder import Ladder
from ari_app.lease import Ownership, Unshared
from ari_app.listener import UNHEARD, Listener
from ari_app.outbox import Outbox
from ari_app.recovery import open_cases
from ari_app.register import warm_up
from ari_app.showing import show_life
from ari_app.sip_watch import watch_of
from ari_app.snapshot import keep_fresh
from ari_app.taking_over import take_over
from ari_app.watch import Watch
from home.asterisk_platform import (
    ladder_dir,
    recordings_dir,
)
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database
from models.queries.journals import lately_closed
from models.recordings import Keep

log = structlog.get_logger(__name__)
LAST_WORDS = 5.0  # seconds for the journal to be written when we stop
RESTORE_WITHIN = 5.0  # seconds for which a start waits for what a former boot left
LEAVES_WITHIN = 1.0  # seconds in which a look at the records comes to its end


@asynccontextmanager
async def running(
    settings: Settings,
    keys: Secrets,
    *,
    clock: Callable[[], datetime] = Controller.now,
    control_port: int | None = None,
    ownership: Ownership | None = None,
) -> AsyncIterator[Controller]:
    """The active controller, connected or connecting; everything that was started is stopped at the end. `clock` tells
    the time of day for the working hours (H2), and nothing else. `ownership` stops it when another has taken over.

    Raises:
        DatabaseUnavailable: the records cannot be read.
        OSError: the control port cannot be listened on.
    """
    ownership = ownership or Unshared()
    app = boot_name(settings.node)
    figures = Figures()
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        background = Background()
        stack.push_async_callback(background.close)
        client = Client(
            settings.ari_url,
            username=keys.ari_user,
            password=keys.ari_password,
            app=app,
            unwanted=UNHEARD,
            backoff=Backoff(most=0.5),  # it is on this machine, and elders wait for its return
            interlock=ownership.interlock,
            measured=figures.asked,
        )
        await stack.enter_async_context(client)

        def goes_on(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
            """Until the end, in its turn."""
            task = asyncio.create_task(work, name=name)
            stack.push_async_callback(_end, task)
            return task

        controller, records, rules = assemble(settings, app, client, database, background, clock, ownership, figures)
        # The other way round at the end: nobody is heard, nothing is decided any more, then the journal is written out.
        journal = goes_on(controller.journal.run(), "journal")
        spilling = goes_on(controller.journal.keep_spill(), "spill")
        stack.push_async_callback(controller.journal.drain, LAST_WORDS)
        stack.push_async_callback(controller.close)
        await _restore(controller.journal)
        await records.load()
        await rules.load()
        left = await open_cases(database, controller.policy, controller.journal.waiting)
        await _remember_the_last(controller, database)
        take_over(controller, left)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        outbox = Outbox(
            database,
            gateway_of(settings, keys, session),
            policy=lambda: controller.policy,
            lang=settings.lang,
            phone=settings.platform_number or ("一键通" if settings.lang == "zh" else "Yijiantong"),
            now=Controller.now,
        )
        goes_on(outbox.run(), "outbox")
        goes_on(controller.tape_watch.run(), "tape-watch")
        if controller.tape_watch.here:
            goes_on(keep_house(database, recordings_dir(settings), Keep.of(settings)), "keeping")
        watch = Watch(client, controller.desk, settings=settings)
        controller.sip_watch = sip_watch = watch_of(
            settings, keys, client, database, now=Controller.now, banned=figures.banned
        )
        controller.watched = (
            lambda: watch.problems,
            lambda: controller.tape_watch.problems,
            lambda: sip_watch.problems,
        )
        goes_on(watch.run(), "watch")
        goes_on(figures.watch_the_loop(), "loop-lag")
        goes_on(sip_watch.run(), "sip-watch")
        goes_on(rules.keep(partial(records.load, if_new=True)), "rules")

        async def reload() -> None:
            await records.load()
            await rules.load()

        goes_on(keep_fresh(settings, database), "snapshot")
        goes_on(controller.desk_file.keep(), "desk-file")
        goes_on(show_life(client), "showing")
        ladder = Ladder(ladder_dir(settings), client=client, database=database, house=controller)
        goes_on(ladder.watch(), "ladder")
        assert controller.care is not None
        carrying = goes_on(controller.care.run(), "care")
        stack.push_async_callback(asyncio.wait, {carrying}, timeout=LEAVES_WITHIN)
        stack.callback(controller.care.leave)
        hearing = goes_on(_hear(client, controller), "hear")
        port = control_port or settings.control_port
        api = control.make_app(
            controller,
            token=keys.control_token,
            interlock=ownership.interlock,
            reload=reload,
            seat_chose=records.chose,
        )
        await stack.enter_async_context(control.listening(api, port))
        background.spawn(warm_up(database), "warm-up")
        background.spawn(forget_former_boots(client, settings.node), "former-boots")
        log.info("controller started", app=app, control_port=port)
        controller.vital = (journal, spilling, hearing)
        yield controller


async def _restore(journal: Journal) -> None:
    """What a former boot could not put on record comes first: its open cases are read from the records."""
    try:
        waiting = await journal.restore()
    except OSError as problem:
        log.error("what a former boot left cannot be read", reason=type(problem).__name__)
        with suppress(OSError):
            journal.spill.put_away()
        return
    if waiting:
        log.warning("a former boot left entries that were not on record", entries=waiting)
        await journal.drain(RESTORE_WITHIN)


async def _remember_the_last(controller: Controller, database: Database) -> None:
    """Cases that were closed just before: who calls again now is known as calling again (H12)."""
    window = timedelta(minutes=controller.policy.again_window)
    async with database.read() as session:
        for case in await lately_closed(session, Controller.now() - window):
            controller.reception.was_over(*case)


async def _hear(client: Client, controller: Controller) -> None:
    """The one reader of the event stream; translating never waits."""
    listener = Listener(controller.lines, controller)
    async for event in client.events():
        controller.figures.heard()
        try:
            listener.hear(event)
        except Exception:
            # The outermost guard: one odd event must not deafen the controller.
            log.exception("an ARI event could not be understood", event_type=type(event).__name__)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled() and (failure := task.exception()) is not None:
        log.error("a vital task had failed", task=task.get_name(), exc_info=failure)
