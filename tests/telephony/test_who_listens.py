"""Where a running platform can be reached: ARI, AMI and control on loopback only, SIP and sound where it was told."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from ari_app import bootstrap
from home.asterisk import AsteriskProcess, platform_asterisk, render_platform
from home.asterisk_platform import CONF_TEMPLATES
from home.programs import Program
from home.secrets import Secrets
from models.database import upgrade

from .conftest import SEATS, TRUNK_HOST, platform_settings
from .raw_sip import RawSip
from .sip_phone import SipPhone

SIP_HOST = "127.0.0.7"  # an address of its own, so that it differs from what listens on 127.0.0.1
_LISTEN, _UDP_OPEN = "0A", "07"


def sockets_of(pid: int) -> set[tuple[str, str, int]]:
    """(tcp or udp, address, port) of every socket of this process that takes what comes in."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[([0-9]+)\]", str(link.readlink()))
        except FileNotFoundError:
            continue  # closed while we looked
        if found:
            inodes.add(found[1])
    return {(kind, host, port) for kind, host, port, inode in _all_sockets() if inode in inodes}


def _all_sockets() -> Iterator[tuple[str, str, int, str]]:
    for kind, wanted in (("tcp", _LISTEN), ("udp", _UDP_OPEN)):
        for table in (kind, f"{kind}6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == wanted:
                    host, port = local.split(":")
                    yield kind, _address(host), int(port, 16), rest[5]


def _address(text: str) -> str:
    """`0100007F` is 127.0.0.1: words of four bytes, each in the order of this machine."""
    if len(text) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))
    return text  # IPv6: any value fails the tests below


async def test_ari_ami_and_control_are_on_loopback_and_sip_where_it_was_told(
    tmp_path: Path, asterisk_program: Program
) -> None:
    settings = platform_settings(tmp_path / "home", YJT_SIP_HOST=SIP_HOST)
    keys = Secrets.load_or_create(settings.home)
    await upgrade(settings.database_url)
    render_platform(settings, keys, SEATS, program=asterisk_program)
    asterisk = platform_asterisk(settings, asterisk_program)
    async with asterisk.run(), bootstrap.running(settings, keys):
        assert asterisk.pid is not None
        local = {("tcp", "127.0.0.1", settings.ari_port), ("tcp", "127.0.0.1", settings.ami_port)}
        door = {("udp", SIP_HOST, settings.sip_port)}
        seen = sockets_of(asterisk.pid)
        assert seen - _questions_for_dns(seen) == local | door
        for _, _, port in _questions_for_dns(seen):
            async with RawSip.at("127.0.0.33", ("127.0.0.1", port)) as stranger:
                stranger.send(stranger.request("OPTIONS"))
                assert await stranger.silence(0.3)
        async with SipPhone.plugged_in(TRUNK_HOST, (SIP_HOST, settings.sip_port)) as caller:
            assert await caller.call("*99") == 200
            sound = sockets_of(asterisk.pid) - seen
            assert sound
            assert all(kind == "udp" and host == SIP_HOST for kind, host, _ in sound), sound
            assert all(port in settings.rtp_ports for _, _, port in sound), sound
        mine = {place for place in sockets_of(os.getpid()) if place[2] == settings.control_port}
        assert mine == {("tcp", "127.0.0.1", settings.control_port)}
        await _wrong_passwords_are_refused(f"http://127.0.0.1:{settings.ari_port}/ari/asterisk/info", keys.ari_user)
        await _wrong_passwords_are_refused(f"http://127.0.0.1:{settings.control_port}/state", "")
    _nobody_else_can_read(settings.home, asterisk)


def _questions_for_dns(seen: set[tuple[str, str, int]]) -> set[tuple[str, str, int]]:
    """The SIP stack asks for names from a socket for each kind of address; it hears nothing there but answers."""
    found = {place for place in seen if place[:2] in {("udp", "0.0.0.0"), ("udp", "0" * 32)}}
    assert len(found) <= 2
    return found


async def _wrong_passwords_are_refused(url: str, user: str) -> None:
    wrong = {"Authorization": aiohttp.encode_basic_auth(user, "wrong") if user else "Bearer wrong"}
    async with aiohttp.ClientSession() as http:
        for headers in ({}, wrong):
            async with http.get(url, headers=headers) as answer:
                assert answer.status == 401


def _nobody_else_can_read(home: Path, asterisk: AsteriskProcess) -> None:
    for file in (home / "secrets.toml", *asterisk.etc.glob("*.conf")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    for folder in (home, asterisk.etc, asterisk.log.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_every_home_has_passwords_of_its_own(tmp_path: Path) -> None:
    made = [Secrets.load_or_create(tmp_path / name) for name in ("one", "two")]
    for name in ("ari_password", "ami_password", "control_token", "session_key"):
        assert getattr(made[0], name) != getattr(made[1], name)
        assert len(getattr(made[0], name)) >= 40


def test_ami_may_look_but_not_act() -> None:
    text = (CONF_TEMPLATES / "manager.conf").read_text()
    assert re.findall(r"^(read|write) = (.*)$", text, re.MULTILINE) == [
        ("read", "system,security,reporting"),
        ("write", "reporting"),
    ]
