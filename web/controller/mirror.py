"""A copy of what the controller holds now: open cases, seats, whose screen shows what. Read by pages without any I/O,
so that they work while the database is away. One task writes it; nobody else may."""

import asyncio
import json
import random
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from home.failures import where_it_failed
from ivr.vocabulary import CaseState, LegKind, LegState, Role
from web.controller.client import Controller, ControllerUnreachable
from web.controller.shapes import LiveCase, SeatView, State, parse_case, parse_seat, parse_state
from web.feed import Audience, Feed
from web.logs import log

FIRST_WAIT, LONGEST_WAIT, WATCH_EVERY = 0.2, 5.0, 5.0
CLOSED_KEPT = 200
STILL_IN_HAND = timedelta(hours=1)


class Mirror:
    """`reachable` is False from a lost link until the whole state was read again."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.reachable = False
        self.degraded: tuple[str, ...] = ()
        self.cases: dict[str, LiveCase] = {}
        self.seats: dict[str, SeatView] = {}
        self._screens: dict[str, str] = {}
        self._closed: OrderedDict[str, LiveCase] = OrderedDict()

    # --- what pages ask ---------------------------------------------------------------------------------------------

    def open_cases(self) -> list[LiveCase]:
        """Oldest first."""
        return sorted(self.cases.values(), key=lambda case: (case.view.opened_at is None, case.view.opened_at))

    def just_closed(self, case_id: str) -> LiveCase | None:
        """A case that was closed lately: it may not be on record yet, or the records may be away."""
        return self._closed.get(case_id)

    def find(self, case_id: str) -> LiveCase | None:
        """The open case of this id, or the one that was closed lately."""
        return self.cases.get(case_id) or self._closed.get(case_id)

    def on_screen(self, extension: str) -> LiveCase | None:
        """The case that belongs on this seat's screen: the one it rings or talks for, else one it has to finish."""
        seat = self.seats.get(extension)
        for case_id in (seat.case if seat else None, self._screens.get(extension)):
            if case_id and case_id in self.cases:
                return self.cases[case_id]
        return next(self.unfinished(extension), None)

    def unfinished(self, extension: str) -> Iterator[LiveCase]:
        """Open cases that this seat took as A and that nobody else has taken since."""
        return (case for case in self.open_cases() if _taker(case) == extension)

    def has_case(self, extension: str, case_id: str) -> bool:
        """Whether this open case is the seat's: it is in it, is being rung for it, or has to finish it."""
        case, seat = self.cases.get(case_id), self.seats.get(extension)
        if case is None:
            return False
        lines = (leg for leg in case.view.legs if leg.kind == LegKind.SEAT and leg.state != LegState.ENDED)
        shown = case_id in (seat.case if seat else None, self._screens.get(extension))
        return shown or _taker(case) == extension or any(leg.number == extension for leg in lines)

    def is_in_hand(self, extension: str, case: LiveCase) -> bool:
        """Whether this case is the seat's (`has_case`), or was until it was closed, within the last hour: the file is
        brought up to date then (S1.7)."""
        if case.id in self.cases:
            return self.has_case(extension, case.id)
        if case.view.closed_at is None or case.view.closed_at < datetime.now(UTC) - STILL_IN_HAND:
            return False
        return any(leg.kind == LegKind.SEAT and leg.number == extension and leg.answered_at for leg in case.view.legs)

    def in_hand(self, extension: str) -> list[LiveCase]:
        """All cases that are."""
        known = (*self.cases.values(), *self._closed.values())
        return [case for case in known if self.is_in_hand(extension, case)]

    # --- the one task that writes -----------------------------------------------------------------------------------

    async def run(self, controller: Controller) -> None:
        """Follow the controller for ever, reconnecting with growing pauses. Ends by cancellation only."""
        wait = FIRST_WAIT
        while True:
            try:
                state = await controller.state()
                async with await controller.listen(state.seq) as stream, asyncio.TaskGroup() as both:
                    self._take_all(state)
                    wait = FIRST_WAIT
                    watching = both.create_task(self._watch(controller))
                    await self._follow(stream)
                    watching.cancel()
            except* ControllerUnreachable:
                log.debug("controller_unreachable")
            except* Exception as errors:  # noqa: BLE001 - the task's outermost guard: the board must come back by itself
                log.error("mirror_failed", **where_it_failed(errors.exceptions[0]))
            self._lost()
            controller.try_another()  # it may hang; one that stands by says so at once
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            wait = min(wait * 2, LONGEST_WAIT)

    async def _follow(self, stream: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in stream:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            message = json.loads(frame.data)
            if message["kind"] == "state":
                self._take_all(parse_state(message["data"]))
            else:
                self._take(message["kind"], message["data"])

    async def _watch(self, controller: Controller) -> None:
        """What does not work is asked for: the stream tells of cases and seats only."""
        while True:
            await asyncio.sleep(WATCH_EVERY)
            _, degraded = await controller.readiness()
            if degraded != self.degraded:
                self.degraded = degraded
                self._feed.publish("degraded", {"degraded": list(degraded)})

    def _take_all(self, state: State) -> None:
        self.cases = {case.id: case for case in state.cases if case.view.state != CaseState.CLOSED}
        self.seats = {seat.extension: seat for seat in state.seats}
        self._screens = {seat.extension: seat.case for seat in state.seats if seat.case}
        self.degraded, self.reachable = state.degraded, True
        log.info("controller_reached", cases=len(self.cases), seats=len(self.seats))
        self._feed.publish("state", {})

    def _take(self, kind: str, data: dict[str, Any]) -> None:
        audience = Audience()
        match kind:
            case "case":
                case = parse_case(data)
                audience = Audience(case=case.id)
                self.cases[case.id] = case
                if case.view.state == CaseState.CLOSED:
                    self._forget(case.id)
            case "alarm":
                audience = Audience(case=data.get("case") or None)
            case "closed":
                audience = Audience(case=data["id"])
                self._forget(data["id"])
            case "seat":
                seat = parse_seat(data)
                self.seats[seat.extension] = seat
                if seat.case is None:
                    self._screens.pop(seat.extension, None)
            case "screen":
                audience = Audience(case=data["case"], extension=data["extension"])
                self._screens[data["extension"]] = data["case"]
        self._feed.publish(kind, data, audience)

    def _forget(self, case_id: str) -> None:
        case = self.cases.pop(case_id, None)
        if case is not None:
            self._closed[case_id] = case
            while len(self._closed) > CLOSED_KEPT:
                self._closed.popitem(last=False)
        for extension in [ext for ext, case in self._screens.items() if case == case_id]:
            del self._screens[extension]

    def _lost(self) -> None:
        if self.reachable:
            self.reachable = False
            log.warning("controller_lost")
            self._feed.publish("controller", {"reachable": False})

    def snapshot(self, cases: list[dict[str, Any]], seats: Iterable[SeatView]) -> dict[str, Any]:
        """What a live client is told that cannot resume; `cases` and `seats` as that client may see them."""
        return {
            "reachable": self.reachable,
            "degraded": list(self.degraded),
            "cases": cases,
            "seats": [seat_json(seat) for seat in seats],
        }


def _taker(case: LiveCase) -> str | None:
    """The seat that took the case as A last."""
    seats = (leg for leg in reversed(case.view.legs) if leg.kind == LegKind.SEAT and leg.role == Role.A)
    return next((leg.number for leg in seats if leg.answered_at), None)


def seat_json(seat: SeatView) -> dict[str, Any]:
    return {
        "extension": seat.extension,
        "name": seat.name,
        "agent": seat.agent,
        "skills": list(seat.skills),
        "place": seat.place,
        "registered": seat.registered,
        "phone": seat.phone,
        "muted": seat.muted,
        "state": seat.state,
        "reason": seat.reason,
        "by": seat.by,
        "since": seat.since.isoformat() if seat.since else None,
        "case": seat.case,
        "role": seat.role,
        "needed": seat.needed,
        "until": seat.until.isoformat() if seat.until else None,
        "more": seat.more,
        "owes": list(seat.owes),
    }
