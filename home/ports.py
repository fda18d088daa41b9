"""Ports before they are needed: which are taken, by whom, and by the name of which setting they can be changed."""

import errno
import itertools
import os
import random
import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from home.settings import Settings
from home.values import RtpPorts

Kind = Literal["tcp", "udp"]
_LISTENING = {"tcp": "0A", "udp": "07"}
_FOR_ANYBODY = range(61000, 65536)
# In turn from somewhere, so that a port which has just been left is not asked for again at once.
_next_port = itertools.cycle(random.sample(_FOR_ANYBODY, len(_FOR_ANYBODY)))
_CLAIMS = 128  # ports that one process holds at a time; the oldest has long been left by then
_claims: deque[int] = deque()
_BLOCK = 100  # ports for sound are claimed in blocks
_FOR_SOUND = range(10_000, 32_700, _BLOCK)
MOST_FOR_SOUND = len(_FOR_SOUND) * _BLOCK
_BY_DEFAULT = (range(10_000, 11_000), range(20_000, 21_000))  # of a platform, and of its town: taken last


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Ports in a row, and the open files that claim them."""

    ports: range
    claims: tuple[int, ...]


_sound: dict[str, _Blocks] = {}


class PortInUse(Exception):
    """One line for each port that is taken, with its setting and, where it may be known, its holder."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that we are about to listen on, and the setting that gives it."""

    host: str
    port: int
    setting: str
    kind: Kind = "tcp"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that listens on a port."""

    pid: int
    name: str


def wanted_by(settings: Settings) -> list[Wanted]:
    """Every single port of a platform (the ports for sound are taken from a range when a call needs them)."""
    return [
        Wanted(settings.web_host, settings.web_port, "YJT_WEB_PORT"),
        Wanted("127.0.0.1", settings.ari_port, "YJT_ARI_PORT"),
        Wanted("127.0.0.1", settings.ami_port, "YJT_AMI_PORT"),
        Wanted("127.0.0.1", settings.control_port, "YJT_CONTROL_PORT"),
        Wanted("127.0.0.1", settings.standby_port, "YJT_STANDBY_PORT"),
        Wanted(settings.sip_host, settings.sip_port, "YJT_SIP_PORT", "udp"),
        *([Wanted(settings.sip_host, settings.sip_tls_port, "YJT_SIP_TLS_PORT")] if settings.sip_tls_port else []),
    ]


def check(wanted: Iterable[Wanted]) -> None:
    """Raises PortInUse that names every port which cannot be listened on, and why."""
    problems = [problem for wish in wanted if (problem := _problem(wish))]
    if problems:
        raise PortInUse("\n".join(problems))


def can_listen(wish: Wanted) -> bool:
    """Whether the port could be opened now."""
    return _problem(wish) is None


def holder(port: int, kind: Kind = "tcp") -> Holder | None:
    """Who listens on `port`; None when nobody does or when it is not ours to know."""
    inodes = _inodes(port, kind)
    for folder in Path("/proc").glob("[0-9]*/fd") if inodes else ():
        # What has ended meanwhile or belongs to somebody else tells us nothing.
        with suppress(OSError):
            if any(_target(entry) in inodes for entry in folder.iterdir()):
                name = (folder.parent / "comm").read_text("utf-8", "replace").strip()
                return Holder(int(folder.parent.name), name)
    return None


def free_ports(count: int, *, host: str = "127.0.0.1") -> list[int]:
    """`count` ports that are free for TCP and UDP, and this process's alone among those who ask here. For the town.

    They lie above what Linux hands out by itself, so that no outgoing connection takes one before we listen on it.
    Raises PortInUse when there are not so many.
    """
    found: list[int] = []
    for _ in range(len(_FOR_ANYBODY)):
        port = next(_next_port)
        if _is_ours(port) and all(can_listen(Wanted(host, port, "", kind)) for kind in ("tcp", "udp")):
            found.append(port)
        if len(found) == count:
            return found
    raise PortInUse(
        f"{_FOR_ANYBODY[0]}-{_FOR_ANYBODY[-1]} 之间没有 {count} 个空闲端口 / "
        f"there are no {count} free ports in {_FOR_ANYBODY[0]}-{_FOR_ANYBODY[-1]}"
    )


def sound_ports(name: str, count: int) -> RtpPorts:
    """`count` UDP ports for the sound of the one Asterisk that this process calls `name` now: the same ones each time,
    and no other process's among those who ask here. Were they shared, whoever still sends to a port that its Asterisk
    has left would be heard in another one's call.

    Raises PortInUse when there are not so many.
    """
    size = -(-count // _BLOCK) * _BLOCK
    had = _sound.pop(name, None)
    if had is not None and len(had.ports) != size:
        for claim in had.claims:
            os.close(claim)
        had = None
    _sound[name] = had or _claimed_blocks(size)
    return RtpPorts(_sound[name].ports[0], _sound[name].ports[-1])


def _claimed_blocks(size: int) -> _Blocks:
    """Anywhere, but rather not where a platform has them by default."""
    rows = [range(begin, begin + size) for begin in _FOR_SOUND if begin + size <= _FOR_SOUND.stop]
    random.shuffle(rows)
    for row in sorted(rows, key=lambda row: any(_overlap(row, one) for one in _BY_DEFAULT)):
        claims = [claim for block in row[::_BLOCK] if (claim := _claim(f"sound-{block}")) is not None]
        if len(claims) * _BLOCK == size:
            return _Blocks(row, tuple(claims))
        for claim in claims:
            os.close(claim)
    raise PortInUse(f"没有 {size} 个连续的空闲语音端口 / there are no {size} free ports for sound in a row")


def _overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def _is_ours(port: int) -> bool:
    claim = _claim(f"port-{port}")
    if claim is None:
        return False
    _claims.append(claim)
    if len(_claims) > _CLAIMS:
        os.close(_claims.popleft())
    return True


def _claim(what: str) -> int | None:
    """Ours among those who ask here, as long as this file is open: the name of a socket, which the kernel forgets with
    the process. None when another has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0yijiantong-{what}")
    except OSError:
        claim.close()
        return None
    return claim.detach()


def reachable(host: str) -> str:
    """Where a service that listens on `host` is reached from this machine: all addresses are not an address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _problem(wish: Wanted) -> str | None:
    family = socket.AF_INET6 if ip_address(wish.host).version == 6 else socket.AF_INET
    style = socket.SOCK_STREAM if wish.kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, style) as trial:
        if wish.kind == "tcp":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((wish.host, wish.port))
            if wish.kind == "tcp":
                trial.listen(1)
        except PermissionError:
            return (
                f"端口 {wish.port}（{wish.setting}）小于 1024，需要权限 / port {wish.port} ({wish.setting}) "
                "needs privileges; choose one above 1023"
            )
        except OSError as error:
            by = holder(wish.port, wish.kind)
            zh, en = (f"，进程 {by.pid} {by.name}", f" by pid {by.pid} {by.name}") if by else ("", "")
            if error.errno == errno.EADDRNOTAVAIL:
                name = wish.setting.replace("_PORT", "_HOST")
                return f"本机没有地址 {wish.host}（{name}）/ {wish.host} ({name}) is no address of this machine"
            return (
                f"端口 {wish.port}（{wish.setting}）已被占用{zh} / "
                f"port {wish.port} ({wish.setting}) is in use{en}; stop it or change the setting"
            )
    return None


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        return ""


def _inodes(port: int, kind: Kind) -> set[str]:
    found = set()
    for table in (Path("/proc/net") / kind, Path("/proc/net") / f"{kind}6"):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == _LISTENING[kind] and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
