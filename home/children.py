"""How a child process is started and ended so that it never outlives us: own process group, tied to our life.

Not a session of its own: Linux shares the processor among sessions first (sched(7), autogroup), and within each by
nice. A program that gives way in a session of its own gives way to nobody, and the threads of an Asterisk that carry a
telephone's sound would wait for the turns of all sessions, too long for one packet in 20 ms.

Linux tells the child when its parent is gone, even after `kill -9`. Start from the main thread: the tie is to the
thread that forks.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def tied_to(parent: int, number: int = signal.SIGTERM, *, gives_way: int = 0) -> Callable[[], None]:
    """For `preexec_fn`: the child gets signal `number` when process `parent` dies in whatever way, and is `gives_way`
    nicer than we are.
    """

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the line above
            os.kill(os.getpid(), signal.SIGKILL)
        os.nice(gives_way)

    return tie


async def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path | None = None,
    cwd: Path | None = None,
    user: tuple[int, int] | None = None,
    gives_way: int = 0,
    umask: int = -1,
) -> asyncio.subprocess.Process:
    """Start `argv` without a terminal, its output appended to `log` (or shown as ours when there is none).

    `user`: the user and group id to run as, for which we must be root. `gives_way`: nice.
    `umask`: of the files that it makes; without it ours.
    """
    output = None
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            env=dict(env),
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            umask=umask,
            user=user[0] if user else None,
            group=user[1] if user else None,
            extra_groups=[] if user else None,
            preexec_fn=tied_to(os.getpid(), gives_way=gives_way),
        )
    finally:
        if output is not None:
            os.close(output)


async def end(process: asyncio.subprocess.Process, *, grace: float) -> None:
    """TERM to the whole group, KILL after `grace` seconds, and KILL for what its leader left behind."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def kill(process: asyncio.subprocess.Process) -> None:
    """KILL to the whole group, at once; `end` must still be awaited."""
    _signal_group(process.pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
