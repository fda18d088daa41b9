"""`yijiantong drill storm`: the storm on a platform of the drill's own, with real SIP and RTP on loopback.

It ends by itself: after the last call the agents go on for a while, then everybody who still waits is counted, hangs up
in an orderly way, and every case is closed. Nobody outside this machine is reached.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from drill.own_platform import with_own_platform
from drill.printing import say
from drill.rehearsal import telephones, web_address
from drill.settings import TownSettings, refuse_live_trunks
from drill.sip_load import Peer
from drill.storm.agents import Agents, Control, control
from drill.storm.crowd import Crowd
from drill.storm.gauges import Board, Gauges, board, processes
from drill.storm.outcome import Outcome, looked_after, overtaken, reassured
from drill.storm.plan import Arrival, Storm, StormFailed, arrivals
from home.asterisk import AsteriskError, platform_asterisk
from home.asterisk_process import AsteriskProcess
from home.ports import MOST_FOR_SOUND
from home.programs import Program
from home.secrets import Secrets
from home.settings import Settings
from models import demo_crowd
from models.database import Database
from models.demo_district import DemoLogIn
from models.people import UserRole
from models.seats import SeatState, add_seat, set_seat_state

DIALLED = "96890"
DUTY_PHONE = "12000099999"  # nobody is at home
_FIRST_SEAT = 8201
_TELL_EVERY = 5.0
_READY_WITHIN = 30.0
_LEAVE_RATE = 50.0  # callers a second who hang up at the end
_CLOSED_WITHIN = 180.0
_AT_ONCE = 20  # cases that are closed at the same time
_LOOK_EVERY = 2.0
_FILES_EACH, _FILES = 8, 500  # open files of Asterisk for each line, and beside them

P = TypeVar("P", bound=Peer)


def settings_of(storm: Storm) -> dict[str, str]:
    """What the drill's own platform needs for this storm."""
    return {"YJT_POLICY__WRAP_UP": f"{storm.wrap_up:g}", "YJT_DUTY_PHONES": DUTY_PHONE}


def sound_ports_of(storm: Storm) -> int:
    """How many the platform needs: two for each leg, and one case has several."""
    return min(4 * (storm.most_at_once + storm.seats) + 400, MOST_FOR_SOUND)


@dataclass(slots=True)
class Around:
    """Everything around the platform but the agents' buttons: those need the platform."""

    crowd: Crowd
    program: Program


class StormDrill:
    """One storm on one platform of its own."""

    def __init__(self, storm: Storm, platform: Settings, town: TownSettings) -> None:
        self._storm = storm
        self._platform = platform
        self._town = town
        self._address = (platform.sip_host, platform.sip_port)

    async def run(self) -> Outcome | None:
        """What became of everybody; None when it was stopped before the end. Raises StormFailed, LiveTrunk."""
        refuse_live_trunks(self._platform, self._town)
        _allow_open_files(_FILES_EACH * self._storm.most_at_once + _FILES)
        town = self._town
        return await with_own_platform(
            self._platform, town, wanted=town.wanted()[:2], surroundings=self._surroundings, play=self._play
        )

    async def _surroundings(self, program: Program) -> AbstractAsyncContextManager[Around]:
        await self._people()
        return self._carrier(program)

    async def _people(self) -> None:
        """The callers' files, and a seat for each agent."""
        db = Database(self._platform.database_url)
        try:
            await demo_crowd.add(db, self._storm.callers, area_code=self._platform.area_code)
            async with db.write() as session:
                for extension in self._extensions:
                    await add_seat(session, extension, name="storm")
                    await set_seat_state(session, extension, SeatState.READY)
        finally:
            await db.close()

    @property
    def _extensions(self) -> list[str]:
        return [str(_FIRST_SEAT + number) for number in range(self._storm.seats)]

    @asynccontextmanager
    async def _carrier(self, program: Program) -> AsyncIterator[Around]:
        crowd = await _peer(lambda: Crowd(self._address, dialled=DIALLED), self._town.carrier_host, self._town.sip_port)
        try:
            yield Around(crowd, program)
        finally:
            crowd.close()

    # --- the storm ----------------------------------------------------------------------------------------------

    async def _play(self, around: Around, log_ins: Sequence[DemoLogIn]) -> Outcome:
        lead = next(user for user in log_ins if user.role is UserRole.LEAD)
        token = Secrets.load_or_create(self._platform.home).control_token
        async with (
            control((self._platform.control_port, self._platform.standby_port), token) as buttons,
            board(web_address(self._platform), username=lead.username, password=lead.password) as screens,
            self._agents(around.crowd, buttons) as agents,
        ):
            gauges = Gauges(processes(self._platform))
            await gauges.look(buttons)
            watching = asyncio.create_task(gauges.watch(buttons), name="gauges")
            try:
                await self._blow(around.crowd, agents, gauges, screens)
                outcome = await self._count(around.crowd, buttons, gauges, screens)
                outcome.problems = agents.problems
                try:
                    await self._calm(around.crowd, buttons)
                except StormFailed as problem:  # what became of everybody is known all the same
                    outcome.problems.append(str(problem))
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await self._let_go(buttons, gauges, platform_asterisk(self._platform, around.program))
            return outcome

    @asynccontextmanager
    async def _agents(self, crowd: Crowd, buttons: Control) -> AsyncIterator[Agents]:
        storm = self._storm

        def agents() -> Agents:
            return Agents(
                self._address,
                crowd,
                control=buttons,
                ring=storm.ring,
                talk=storm.talk,
                answered=crowd.listen_for_voice,
                heard_by=crowd.has_heard,
            )

        made = await _peer(agents, self._town.seats_host, self._town.sip_port)
        try:
            lines = await telephones(self._platform, self._extensions)
            await made.register({line.extension: line.password for line in lines})
            await _until_ready(buttons, storm.seats)
            staying = asyncio.create_task(made.stay_registered(), name="seats-stay-registered")
            try:
                yield made
            finally:
                staying.cancel()
                await asyncio.gather(staying, return_exceptions=True)
        finally:
            await made.stop()

    async def _blow(self, crowd: Crowd, agents: Agents, gauges: Gauges, screens: Board) -> None:
        """Everybody calls, and the agents do what they can."""
        storm, began = self._storm, time.perf_counter()
        say(
            (
                f"风暴：{storm.callers} 人呼叫，{storm.seats} 个坐席",
                f"a storm: {storm.callers} callers, {storm.seats} seats",
            )
        )
        telling = asyncio.create_task(_tell(crowd, agents, gauges, began), name="telling")
        try:
            async with asyncio.TaskGroup() as callers:
                for arrival in arrivals(storm):
                    await asyncio.sleep(max(0.0, began + arrival.at - time.perf_counter()))
                    callers.create_task(_call(crowd, arrival))
                await screens.open_another()
                await self._until_over(crowd, began + storm.arrivals + storm.goes_on)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _until_over(self, crowd: Crowd, at: float) -> None:
        """The agents go on for a while: until this moment of `time.perf_counter`."""
        await asyncio.sleep(max(0.0, at - time.perf_counter()))

    async def _count(self, crowd: Crowd, buttons: Control, gauges: Gauges, screens: Board) -> Outcome:
        """Who was helped, and who looks after the others."""
        for extension in self._extensions:
            await buttons.pause(extension)
        cases: list[dict[str, Any]] = (await buttons.read("/state"))["cases"]
        screens.screen.rests()
        after = {case["caller"][-8:] for case in cases if looked_after(case)}
        callers = list(crowd.callers.values())
        lost = [caller for caller in callers if caller.person_at is None and caller.number[-8:] not in after]
        seen = screens.seen.values()
        return Outcome(callers, lost, overtaken(seen), reassured(seen), crowd.rung, gauges, screens.screen)

    async def _calm(self, crowd: Crowd, buttons: Control) -> None:
        """Everybody hangs up, and somebody files an outcome for each of them."""
        say(("风暴结束，逐一挂机、结案…", "the storm is over: everybody hangs up, every case is closed ..."))
        crowd.over = True
        async with _in_time(_CLOSED_WITHIN, "事件没有全部结案", "not every case could be closed"):
            while cases := [case for case in (await buttons.read("/state"))["cases"] if case["state"] != "closed"]:
                for caller in [caller for caller in crowd.callers.values() if caller.on_the_line]:
                    crowd.leave(caller)
                    await asyncio.sleep(1 / _LEAVE_RATE)
                turn = asyncio.Semaphore(_AT_ONCE)
                await asyncio.gather(*(_in_turn(turn, buttons.close(case["id"], "user:1")) for case in cases))
                await asyncio.sleep(1.0)

    async def _let_go(self, buttons: Control, gauges: Gauges, asterisk: AsteriskProcess) -> None:
        """What is left when everything is over: a closed case stays for a few seconds, memory goes back at the next
        tidying."""
        say(("等待恢复原状…", "waiting until everything is as it was ..."))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._storm.settles):
                while not gauges.settled:
                    await asyncio.sleep(_LOOK_EVERY)
                    with suppress(AsteriskError):  # what the allocator keeps
                        await asterisk.cli("malloc trim")
                    await gauges.look(buttons)


@asynccontextmanager
async def _in_time(seconds: float, zh: str, en: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise StormFailed(f"{seconds:g} 秒内{zh} / {en} within {seconds:g} s") from None


def _allow_open_files(wanted: int) -> None:
    """For this process and those that it starts: each caller is a few sockets and a recording."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise StormFailed(
            f"打开文件数上限 {hard} 太小，需要 {wanted}（ulimit -n）；或减少 --calls、--rate / "
            f"{hard} open files are too few, {wanted} are needed (ulimit -n); or give fewer --calls, a lower --rate"
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _peer(make: Callable[[], P], host: str, port: int) -> P:
    _, peer = await asyncio.get_running_loop().create_datagram_endpoint(make, local_addr=(host, port))
    return peer


async def _call(crowd: Crowd, arrival: Arrival) -> None:
    """One caller, who hangs up when nobody has spoken to them for too long."""
    number = f"021{demo_crowd.line_of(arrival.number)}"
    await crowd.press_key(number, arrival.patience)
    if arrival.patience is None:
        return
    await asyncio.sleep(arrival.patience)
    caller = crowd.caller(number)
    if caller is not None and caller.person_at is None and caller.on_the_line:
        crowd.loses_patience(caller)


async def _in_turn(turn: asyncio.Semaphore, work: Coroutine[Any, Any, bool]) -> bool:
    async with turn:
        try:
            return await work
        except (aiohttp.ClientError, TimeoutError):
            return False  # asked again in the next round


async def _until_ready(buttons: Control, seats: int) -> None:
    """Every agent's telephone is known as free."""
    async with _in_time(_READY_WITHIN, "坐席没有就绪", "the seats did not become ready"):
        while sum(seat["state"] == "ready" for seat in (await buttons.read("/seats"))["seats"]) < seats:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def _tell(crowd: Crowd, agents: Agents, gauges: Gauges, began: float) -> None:
    """How it goes, every few seconds, until cancelled."""
    while True:
        await asyncio.sleep(_TELL_EVERY)
        callers = crowd.callers.values()
        up, person = sum(c.picked_up is not None for c in callers), sum(c.person_at is not None for c in callers)
        seconds, waiting = time.perf_counter() - began, gauges.now.get("in_the_row", 0)
        zh = f"{seconds:5.0f} s  呼叫 {len(callers)}  接通 {up}  已通话 {person}  排队 {waiting:.0f}"
        say((zh, "called, answered, spoken with, in the row"))
