"""The only place where the controller is put together, started and stopped."""

from __future__ import annotations

import asyncio
import secrets as chance
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

import aiohttp
import structlog

from ari_app import control
from ari_app.ari import Backoff, Client
from ari_app.background import Background
from ari_app.board import Board
from ari_app.bus import Bus
from ari_app.care.carrier import Carrier
from ari_app.care.records import CareRecords
from ari_app.care.words import Words
from ari_app.care.writing import Writing
from ari_app.controller import Controller
from ari_app.desk import Desk, Seat
from ari_app.desk_file import DeskFile
from ari_app.dialled import DialledNumbers
from ari_app.figures import Figures
from ari_app.gateways import gateway_of
from ari_app.handsets import lifting
from ari_app.journal import Journal
from ari_app.keeping import keep_house
from ari_app.ladder import Ladder
from ari_app.lease import Ownership, Unshared
from ari_app.lines import Lines
from ari_app.listener import UNHEARD, Listener
from ari_app.offers.records import OfferRecords
from ari_app.outbox import Outbox
from ari_app.phones import Phones
from ari_app.prompt_takes import PromptTakes
from ari_app.recovery import open_cases
from ari_app.register import Register, warm_up
from ari_app.returning import Returning
from ari_app.rules import Rules
from ari_app.seats import SeatRecords
from ari_app.showing import show_life
from ari_app.side_calls import SideCalls
from ari_app.sip_watch import watch_of
from ari_app.snapshot import keep_fresh
from ari_app.spill import Spill
from ari_app.star_codes import star_codes
from ari_app.switchboard import Routes, Switchboard
from ari_app.taking_over import take_over
from ari_app.tape_watch import TapeWatch
from ari_app.watch import Watch
from home.asterisk_platform import (
    after_a_prompt,
    beep,
    desk_file,
    ladder_dir,
    prompts_dir,
    recordings_dir,
    snapshot_file,
)
from home.secrets import Secrets
from home.settings import Settings
from ivr.events import Event
from ivr.policy import Policy
from ivr.vocabulary import CaseKind
from models.database import Database, DatabaseUnavailable
from models.queries.journals import lately_closed
from models.recordings import Keep
from models.terminal_tests import record_test

log = structlog.get_logger(__name__)
LAST_WORDS = 5.0  # seconds for the journal to be written when we stop
RESTORE_WITHIN = 5.0  # seconds for which a start waits for what a former boot left
LEAVES_WITHIN = 1.0  # seconds in which a look at the records comes to its end
SET_ASIDE = "journal-set-aside.jsonl"
SPILL = "journal-waiting.jsonl"


def boot_name(node: str) -> str:
    """One Stasis application for each boot: a new controller never hears the old one's calls by accident."""
    return f"sos-{node}-{chance.token_hex(3)}"


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
        controller, records, rules = _assemble(settings, app, client, database, background, clock, ownership, figures)
        # The other way round at the end: nobody is heard, nothing is decided any more, then the journal is written out.
        journal = asyncio.create_task(controller.journal.run(), name="journal")
        stack.push_async_callback(_end, journal)
        spilling = asyncio.create_task(controller.journal.keep_spill(), name="spill")
        stack.push_async_callback(_end, spilling)
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
        stack.push_async_callback(_end, asyncio.create_task(outbox.run(), name="outbox"))
        tapes = controller.tape_watch
        watching = asyncio.create_task(tapes.run(), name="tape-watch")
        stack.push_async_callback(_end, watching)
        if tapes.here:
            keeping = keep_house(database, recordings_dir(settings), Keep.of(settings))
            stack.push_async_callback(_end, asyncio.create_task(keeping, name="keeping"))
        watch = Watch(client, controller.desk, settings=settings)
        controller.sip_watch = sip_watch = watch_of(
            settings, keys, client, database, now=Controller.now, banned=figures.banned
        )
        controller.watched = (
            lambda: watch.problems,
            lambda: controller.tape_watch.problems,
            lambda: sip_watch.problems,
        )
        stack.push_async_callback(_end, asyncio.create_task(watch.run(), name="watch"))
        stack.push_async_callback(_end, asyncio.create_task(figures.watch_the_loop(), name="loop-lag"))
        stack.push_async_callback(_end, asyncio.create_task(sip_watch.run(), name="sip-watch"))
        look = rules.keep(partial(records.load, if_new=True))
        stack.push_async_callback(_end, asyncio.create_task(look, name="rules"))

        async def reload() -> None:
            await records.load()
            await rules.load()

        for_the_ladder = (
            ("snapshot", keep_fresh(settings, database)),
            ("desk-file", controller.desk_file.keep()),
            ("showing", show_life(client)),
            ("ladder", Ladder(ladder_dir(settings), client=client, database=database, house=controller).watch()),
        )
        for name, work in for_the_ladder:
            stack.push_async_callback(_end, asyncio.create_task(work, name=name))
        assert controller.care is not None
        carrying = asyncio.create_task(controller.care.run(), name="care")
        stack.push_async_callback(_end, carrying)
        stack.push_async_callback(asyncio.wait, {carrying}, timeout=LEAVES_WITHIN)
        stack.callback(controller.care.leave)
        hearing = asyncio.create_task(_hear(client, controller), name="hear")
        stack.push_async_callback(_end, hearing)
        port = control_port or settings.control_port
        api = control.make_app(controller, token=keys.control_token, reload=reload, seat_chose=records.chose)
        await stack.enter_async_context(control.listening(api, port))
        background.spawn(warm_up(database), "warm-up")
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


def _assemble(
    settings: Settings,
    app: str,
    client: Client,
    database: Database,
    background: Background,
    clock: Callable[[], datetime],
    ownership: Ownership,
    figures: Figures,
) -> tuple[Controller, SeatRecords, Rules]:
    lines, phones = Lines(), Phones()

    def use(policy: Policy) -> None:
        controller.use(policy)

    rules = Rules(settings, database, use=use, clock=clock)
    routes = Routes(
        trunk=settings.trunk_contact,
        emergency=settings.emergency_route == "trunk",
        caller_id=settings.platform_number,
        phone=phones.choose,
    )

    def tell(case: str, event: Event) -> None:
        controller.post(case, event)

    switchboard = Switchboard(
        client, lines, app=app, routes=routes, prompts=prompts_dir(settings), music=after_a_prompt(), tell=tell
    )
    controller = Controller(
        client=client,
        app=app,
        lines=lines,
        switchboard=switchboard,
        register=Register(
            database,
            snapshot=snapshot_file(settings),
            area_code=settings.area_code,
            now=Controller.now,
            in_hours=rules.in_hours,
        ),
        dialled=DialledNumbers(
            {CaseKind.ORDINARY: settings.ordinary_numbers, CaseKind.COMPLAINT: settings.complaint_numbers},
            area_code=settings.area_code,
        ),
        background=background,
        policy=rules.policy,
        recordings_folder=recordings_dir(settings),
        figures=figures,
        phones=phones,
        lift=lifting(settings),
    )
    controller.bus = Bus(controller.picture, first=time.time_ns() // 1_000_000)
    controller.board = Board(
        controller.bus, callers_first=controller.callers_first, background=background, now=Controller.now
    )
    controller.journal = Journal(
        database,
        area_code=settings.area_code,
        written=controller.written,
        set_aside=settings.home / SET_ASIDE,
        spill=Spill(settings.home / SPILL),
        callers_first=controller.callers_first,
        ownership=ownership,
    )

    def seat_changed(seat: Seat) -> None:
        controller.seat_changed(seat)
        records.changed(seat)

    controller.desk = Desk(
        now=Controller.now,
        reserved=controller.seat_reserved,
        changed=seat_changed,
        wrap_up=controller.wrap_ups.started,
    )
    controller.returning = Returning(
        controller.desk,
        phones,
        within=rules.policy.page_returns,
        reserved=controller.seat_reserved,
        find=controller.find_seat,
    )
    controller.tape_watch = TapeWatch(
        recordings_dir(settings),
        controller,
        client,
        lines,
        room=settings.recordings_room * 1_000_000,
        here=settings.recordings_here,
    )
    controller.desk_file = DeskFile(
        desk_file(settings), lambda: controller.policy, lambda: [*controller.desk.seats.values()]
    )
    records = SeatRecords(
        database,
        controller.desk,
        client,
        background,
        registered=lambda phone, there: controller.seat_registered(phone, is_registered=there),
    )

    async def tested(caller: str) -> None:
        try:
            async with database.write() as session:
                await record_test(session, caller, area_code=settings.area_code, at=Controller.now())
        except DatabaseUnavailable as away:
            log.warning("a terminal's test is not on record", reason=str(away))

    controller.side_calls = SideCalls(
        client,
        background,
        star_codes=star_codes(controller, records.chose),
        tested=lambda caller: background.spawn(tested(caller), "terminal-test"),
        prompts=prompts_dir(settings),
    )
    writing = Writing(database, caller=app, ownership=ownership, callers_first=controller.callers_first)
    controller.care = Carrier(
        controller,
        client=client,
        app=app,
        switchboard=switchboard,
        records=CareRecords(writing),
        offer_records=OfferRecords(writing),
        words=Words(settings, prompts_dir(settings)),
        background=background,
        can_dial=bool(settings.trunk_contact),
    )
    controller.prompt_takes = PromptTakes(client, background, app=app, beep=beep())
    return controller, records, rules


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
