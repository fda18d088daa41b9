"""The controller and all its parts, made and joined; nothing is started here (`bootstrap.py` does that)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from ari_app.ari import Client
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
from ari_app.handsets import lifting
from ari_app.journal import Journal
from ari_app.lease import Ownership
from ari_app.lines import Lines
from ari_app.offers.records import OfferRecords
from ari_app.phones import Phones
from ari_app.prompt_takes import PromptTakes
from ari_app.register import Register
from ari_app.returning import Returning
from ari_app.rules import Rules
from ari_app.seats import SeatRecords
from ari_app.side_calls import SideCalls
from ari_app.spill import SET_ASIDE, SPILL, Spill
from ari_app.star_codes import star_codes
from ari_app.switchboard import Routes, Switchboard
from ari_app.tape_watch import TapeWatch
from home.asterisk_platform import (
    after_a_prompt,
    beep,
    desk_file,
    prompts_dir,
    recordings_dir,
    snapshot_file,
)
from home.settings import Settings
from ivr.events import Event
from ivr.policy import Policy
from ivr.vocabulary import CaseKind
from models.database import Database, DatabaseUnavailable
from models.terminal_tests import record_test

log = structlog.get_logger(__name__)


def assemble(
    settings: Settings,
    app: str,
    client: Client,
    database: Database,
    background: Background,
    clock: Callable[[], datetime],
    ownership: Ownership,
    figures: Figures,
) -> tuple[Controller, SeatRecords, Rules]:
    """With the records of seats and the rules, which are read before anybody is heard. `app`: its Stasis application;
    `clock`: the time of day for the working hours (H2)."""
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
