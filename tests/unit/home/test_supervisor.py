"""Processes that are watched: started in order, restarted when they die, and never left behind, whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from home import children
from home.supervisor import Pace, Service, ServiceFailed, Supervisor, Unresponsive

DEADLINE = 10.0
QUICK = Pace(first=0.01, longest=0.05)
STUBBORN = "trap '' TERM; echo up; while :; do sleep 1; done"


class Told:
    """What the supervisor says, and a way to wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, zh: str, en: str) -> None:
        self.lines.append(en)
        self._more.set()

    async def until(self, part: str, count: int = 1) -> None:
        async with asyncio.timeout(DEADLINE):
            while sum(part in line for line in self.lines) < count:
                self._more.clear()
                await self._more.wait()


async def until(condition: Callable[[], bool]) -> None:
    """For what other processes do: nobody tells us, so it is looked at until the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def shell(name: str, script: str, folder: Path, **more: object) -> Service:
    return Service(name, ["/bin/sh", "-c", script], dict(os.environ), folder / f"{name}.log", **more)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_child_that_ignores_term_is_killed_with_all_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "stubborn.log"
    async with Supervisor(Told()) as supervisor:
        await supervisor.start(shell("stubborn", STUBBORN, tmp_path, grace=0.2))
        await until(lambda: log.exists() and "up" in log.read_text())
        leader = supervisor.pid("stubborn")
        assert leader
        (grandchild,) = await asyncio.to_thread(_children_of, leader)
    assert not alive(leader)
    await until(lambda: not alive(grandchild))


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    told = Told()
    async with Supervisor(told, QUICK) as supervisor:
        await supervisor.start(shell("brief", "sleep 1000", tmp_path))
        first = supervisor.pid("brief")
        assert first
        os.kill(first, signal.SIGKILL)
        await told.until("✓ brief", 2)
        second = supervisor.pid("brief")
        assert second not in (None, first)
    assert any("SIGKILL" in line for line in told.lines)


async def test_what_never_stays_up_is_tried_more_and_more_rarely(tmp_path: Path) -> None:
    told = Told()
    async with Supervisor(told, Pace(first=0.01, longest=0.04)) as supervisor:
        await supervisor.start(shell("broken", "exit 3", tmp_path))
        await told.until("starts again in 0.04 s", 2)
    waits = [line.rpartition("in ")[2] for line in told.lines if "again" in line]
    assert waits[:4] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s"]
    assert "status 3" in "".join(told.lines)


async def test_a_first_start_that_fails_shows_the_last_lines_of_the_log(tmp_path: Path) -> None:
    async with Supervisor(Told()) as supervisor:
        service = shell("wrong", "echo the reason; exit 7", tmp_path, ready=asyncio.Event().wait)
        with pytest.raises(ServiceFailed, match=r"wrong: .*status 7[\s\S]*the reason"):
            await supervisor.start(service)


async def test_what_is_not_ready_in_time_is_given_up(tmp_path: Path) -> None:
    async with Supervisor(Told()) as supervisor:
        service = shell("slow", "sleep 1000", tmp_path, ready=asyncio.Event().wait, ready_within=0.1)
        with pytest.raises(ServiceFailed, match=r"not ready within 0\.1 s"):
            await supervisor.start(service)
        pid = supervisor.pid("slow")
    assert pid
    assert not alive(pid)


async def test_a_stop_while_something_starts_is_heeded_at_once(tmp_path: Path) -> None:
    async with Supervisor(Told()) as supervisor:
        service = shell("slow", "sleep 1000", tmp_path, ready=asyncio.Event().wait, ready_within=1000.0)
        starting = asyncio.create_task(supervisor.start(service))
        await until(lambda: supervisor.pid("slow") is not None)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(DEADLINE):
            await starting
            await supervisor.until_stopped()
        await supervisor.start(shell("late", "sleep 1000", tmp_path))
        assert supervisor.pid("late") is None


async def test_an_impatient_second_signal_kills(tmp_path: Path) -> None:
    log = tmp_path / "stubborn.log"
    supervisor = Supervisor(Told())
    async with supervisor:
        await supervisor.start(shell("stubborn", STUBBORN, tmp_path, grace=1000.0))
        await until(lambda: log.exists() and "up" in log.read_text())
        pid = supervisor.pid("stubborn")
        assert pid
        supervisor.stop()
        asyncio.get_running_loop().call_later(0.1, supervisor.stop)
    assert not alive(pid)


async def test_children_die_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    """The supervisor of a process of its own gets `kill -9`; nobody is left to tell its child."""
    script = textwrap.dedent(
        """
        import asyncio, os, sys
        from home import children

        async def main():
            process = await children.spawn(["/bin/sleep", "1000"], env=dict(os.environ))
            print(process.pid, flush=True)
            await process.wait()

        asyncio.run(main())
        """
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE)
    assert parent.stdout
    async with asyncio.timeout(DEADLINE):
        child = int(await parent.stdout.readline())
        assert alive(child)
        parent.kill()
        await parent.wait()
    await until(lambda: not alive(child))


async def test_a_log_that_has_grown_is_turned_over(tmp_path: Path) -> None:
    log = tmp_path / "chatty.log"
    pace = Pace(housekeeping=0.02, log_bytes=100)
    async with Supervisor(Told(), pace) as supervisor:
        await supervisor.start(shell("chatty", "seq 1 100; exec sleep 1000", tmp_path))
        await until(lambda: log.with_name("chatty.log.1").exists() and log.stat().st_size == 0)
    assert log.with_name("chatty.log.1").read_text().startswith("1\n2\n")


async def test_housekeeping_that_fails_is_told_and_ends_nothing(tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError("disk is full")

    told = Told()
    async with Supervisor(told, Pace(housekeeping=0.02)) as supervisor:
        await supervisor.start(shell("steady", "sleep 1000", tmp_path, housekeeping=fail))
        await told.until("disk is full", 2)
        assert supervisor.pid("steady")


async def test_who_gives_way_does_so_to_all_of_us_and_to_nobody_less(tmp_path: Path) -> None:
    """In a session of its own it would have a share of the processor for itself, however nice it is."""
    async with Supervisor(Told()) as supervisor:
        await supervisor.start(shell("telephone", "sleep 1000", tmp_path))
        await supervisor.start(shell("web", "sleep 1000", tmp_path, gives_way=5))
        first, web = supervisor.pid("telephone"), supervisor.pid("web")
        assert first
        assert web
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        assert [os.getpriority(os.PRIO_PROCESS, pid) for pid in (first, web)] == [ours, min(ours + 5, 19)]
        assert {os.getsid(pid) for pid in (first, web)} == {os.getsid(0)}
        assert {os.getpgid(pid) for pid in (first, web)} == {first, web}


async def test_output_is_appended_to_a_private_log(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "child.log"
    for word in ("one", "two"):
        process = await children.spawn(["/bin/echo", word], env={}, log=log)
        await process.wait()
    assert log.read_text() == "one\ntwo\n"
    assert log.stat().st_mode & 0o777 == 0o600


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_whoever_asks_is_told_of_each_death(tmp_path: Path) -> None:
    deaths: list[tuple[str, str]] = []
    told = Told()
    async with Supervisor(told, QUICK, ended=lambda name, how: deaths.append((name, how))) as supervisor:
        await supervisor.start(shell("short", "sleep 0.1; exit 3", tmp_path))
        await told.until("✓ short", 2)
    assert deaths[0] == ("short", "status 3")


# --- what hangs -------------------------------------------------------------------------------------------------------

WATCHFUL = Pace(first=0.01, longest=0.05, ask=0.01, answer=0.2, last_chance=0.05)


class Answering:
    """A service's answers: `deaf` and it never answers, `problem` and it refuses."""

    def __init__(self) -> None:
        self.deaf = False
        self.problem: Exception | None = None
        self.asked = 0

    async def __call__(self) -> None:
        self.asked += 1
        if self.problem:
            raise self.problem
        if self.deaf:
            await asyncio.Event().wait()


@pytest.mark.parametrize("problem", [None, Unresponsive("refused")])
async def test_what_hangs_is_killed_and_started_anew(tmp_path: Path, problem: Exception | None) -> None:
    told, answering = Told(), Answering()
    async with Supervisor(told, WATCHFUL) as supervisor:
        await supervisor.start(shell("hung", STUBBORN, tmp_path, alive=answering, silent_for=0.05, grace=0.1))
        first = supervisor.pid("hung")
        assert first
        answering.deaf, answering.problem = problem is None, problem
        await told.until("has not answered for")
        answering.deaf, answering.problem = False, None
        await told.until("✓ hung", 2)
        assert not alive(first)
        assert supervisor.pid("hung") not in (None, first)


async def test_a_stopped_process_is_replaced(tmp_path: Path) -> None:
    """As `kill -STOP` leaves it: it heeds no TERM."""
    told, answering = Told(), Answering()
    async with Supervisor(told, WATCHFUL) as supervisor:
        await supervisor.start(shell("stopped", "sleep 1000", tmp_path, alive=answering, silent_for=0.05))
        first = supervisor.pid("stopped")
        assert first
        os.kill(first, signal.SIGSTOP)
        answering.deaf = True
        await told.until("has not answered for")
        answering.deaf = False
        await told.until("✓ stopped", 2)
        assert not alive(first)


async def test_two_answers_that_are_missing_end_nothing(tmp_path: Path) -> None:
    told, asked = Told(), 0

    async def busy() -> None:
        nonlocal asked
        asked += 1
        if asked % 3:
            raise Unresponsive("busy")

    async with Supervisor(told, WATCHFUL) as supervisor:
        await supervisor.start(shell("busy", "sleep 1000", tmp_path, alive=busy, silent_for=0.0))
        first = supervisor.pid("busy")
        await until(lambda: asked > 12)
        assert supervisor.pid("busy") == first
    assert not any("answered" in line for line in told.lines)


async def test_a_question_that_cannot_be_asked_is_told_and_ends_nothing(tmp_path: Path) -> None:
    told, answering = Told(), Answering()
    answering.problem = RuntimeError("a mistake of ours")
    async with Supervisor(told, WATCHFUL) as supervisor:
        await supervisor.start(shell("steady", "sleep 1000", tmp_path, alive=answering))
        first = supervisor.pid("steady")
        await told.until("a mistake of ours", 5)
        assert supervisor.pid("steady") == first


async def test_what_calls_hang_on_is_restarted_at_once_but_not_without_end(tmp_path: Path) -> None:
    told = Told()
    async with Supervisor(told, Pace(first=0.01, longest=0.02)) as supervisor:
        await supervisor.start(shell("exchange", "exit 3", tmp_path, at_once=True))
        await told.until("starts again in 0.02 s")
    restarts = [line.rpartition(", ")[2] for line in told.lines if "again" in line]
    assert restarts[:3] == ["starts again at once", "starts again in 0.01 s", "starts again in 0.02 s"]


async def test_what_refuses_for_a_moment_only_is_not_killed(tmp_path: Path) -> None:
    """A controller that takes over listens to nobody while it reads the records."""
    told, answering = Told(), Answering()
    answering.problem = Unresponsive("refused")
    async with Supervisor(told, WATCHFUL) as supervisor:
        await supervisor.start(shell("reads", "sleep 1000", tmp_path, alive=answering, silent_for=1000.0))
        first = supervisor.pid("reads")
        await until(lambda: answering.asked > 3 * WATCHFUL.misses)
        assert supervisor.pid("reads") == first


def test_asterisk_is_replaced_in_time_and_a_busy_one_has_three_chances() -> None:
    pace, silent_for = Pace(), Service("", (), {}, Path()).silent_for
    assert pace.misses >= 3
    assert silent_for + pace.ask + pace.answer + pace.last_chance < 15
