"""The web process of a test: forked from a server that has loaded everything once, because loading is most of a start.

What the fork does is `web.__main__.main`, in an environment of its own, as `python -m web` does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

_SERVER = get_context("forkserver")


def warm_up() -> None:
    """Start the server that forks, before any test counts its processes."""
    _SERVER.set_forkserver_preload(["web.__main__"])
    first = _SERVER.Process(target=_nothing)
    first.start()
    first.join()


def start(env: Mapping[str, str], log: Path) -> BaseProcess:
    """`python -m web` with exactly this environment, its errors in `log`."""
    process = _SERVER.Process(target=_serve, args=(dict(env), str(log)))
    process.start()
    return process


def _nothing() -> None:
    return


def _serve(env: dict[str, str], log: str) -> None:
    from web.__main__ import main

    os.environ.clear()
    os.environ.update(env)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), sys.stderr.fileno())
    sys.exit(main())
