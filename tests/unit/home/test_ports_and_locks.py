"""A port or a home that is taken is told with what takes it and what to change."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from home import locks, ports
from home.ports import MOST_FOR_SOUND, PortInUse, Wanted, check, free_ports, sound_ports
from home.settings import Settings
from home.values import parse_rtp_ports


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_taken_port_is_named_with_its_setting_and_its_holder(kind: ports.Kind) -> None:
    style = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, style) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp":
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as caught:
            check([Wanted("127.0.0.1", port, "YJT_WEB_PORT", kind)])
    told = str(caught.value)
    assert f"port {port} (YJT_WEB_PORT) is in use by pid {os.getpid()}" in told


def test_all_taken_ports_are_named_at_once() -> None:
    with socket.socket() as one, socket.socket() as two:
        for taken in (one, two):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        wanted = [Wanted("127.0.0.1", s.getsockname()[1], name) for s, name in ((one, "YJT_A"), (two, "YJT_B"))]
        with pytest.raises(PortInUse) as caught:
            check(wanted)
    assert [("YJT_A" in line, "YJT_B" in line) for line in str(caught.value).splitlines()] == [
        (True, False),
        (False, True),
    ]


def test_free_ports_may_be_used() -> None:
    found = free_ports(5)
    assert len(set(found)) == 5
    check(Wanted("127.0.0.1", port, "YJT_WEB_PORT", kind) for port in found for kind in ("tcp", "udp"))


def test_a_port_is_given_to_one_process_until_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    asks = "from home.ports import free_ports; print(*free_ports(3), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", asks], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = [int(port) for port in other.stdout.readline().split()]
        monkeypatch.setattr(ports, "_next_port", itertools.cycle(theirs))
        with pytest.raises(PortInUse):
            free_ports(1)
        other.communicate("\n")
    assert sorted(free_ports(3)) == sorted(theirs)


def test_ports_for_sound_are_one_process_own_and_the_same_each_time() -> None:
    asks = "from home.ports import sound_ports; print(sound_ports('one', 300), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", asks], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        theirs = parse_rtp_ports(process.stdout.readline())
        ours, other = sound_ports("one", 300), sound_ports("another", 250)
        rows = [range(one.first, one.last + 1) for one in (theirs, ours, other)]
        assert [len(row) for row in rows] == [300, 300, 300]
        assert len({port for row in rows for port in row}) == 900
        assert sound_ports("one", 300) == ours
        process.communicate("\n")


def test_who_asks_for_more_sound_than_there_is_is_told_and_gets_less_afterwards() -> None:
    assert sound_ports("one", 1_000).last - sound_ports("one", 1_000).first == 999
    with pytest.raises(PortInUse, match="free ports for sound"):
        sound_ports("one", MOST_FOR_SOUND + 1)
    assert sound_ports("one", 100).last - sound_ports("one", 100).first == 99


def test_a_long_run_may_ask_again_and_again() -> None:
    assert all(len(free_ports(7)) == 7 for _ in range(40))


def test_an_address_of_another_machine_names_the_host_setting() -> None:
    with pytest.raises(PortInUse, match="YJT_SIP_HOST"):
        check([Wanted("192.0.2.1", 5060, "YJT_SIP_PORT", "udp")])


def test_every_port_setting_is_checked_before_the_start() -> None:
    every = Settings.load({}).model_copy(update={"sip_tls_port": 5061})
    names = {wish.setting for wish in ports.wanted_by(every)}
    fields = {f"YJT_{name.upper()}" for name in Settings.model_fields if name.endswith("_port")}
    assert names == fields - {"YJT_ARI_LINK_PORT"}  # on which somebody else listens


def test_a_second_platform_in_one_home_is_told_of_the_first(tmp_path: Path) -> None:
    assert locks.running_in(tmp_path) is None
    with locks.only_one(tmp_path):
        assert locks.running_in(tmp_path) == os.getpid()
        with pytest.raises(locks.HomeInUse, match=str(os.getpid())), locks.only_one(tmp_path):
            pass
    assert locks.running_in(tmp_path) is None
    with locks.only_one(tmp_path):
        assert locks.running_in(tmp_path) == os.getpid()
