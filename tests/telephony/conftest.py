"""What every telephony test stands on: a real Asterisk, configured as the platform configures it, on free ports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drill.own_platform import SOUND_PORTS
from home.asterisk import AsteriskProcess, SeatLine, render_platform
from home.asterisk import platform_asterisk as process_of
from home.ports import free_ports, sound_ports
from home.programs import Program, find
from home.secrets import Secrets
from home.settings import Settings
from tests.databases import new_records

TRUNK_HOST = "127.0.0.2"
SEATS = (SeatLine("801", "password-801", "坐席一"), SeatLine("802", "password-802", 'odd "name"; <801>'))


@dataclass(frozen=True, slots=True)
class PlatformAsterisk:
    """A running Asterisk with everything that it was made from."""

    settings: Settings
    secrets: Secrets
    process: AsteriskProcess
    start_problems: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.ari_port}"

    @property
    def sip(self) -> tuple[str, int]:
        return (self.settings.sip_host, self.settings.sip_port)

    def sos_log(self) -> str:
        """What the dialplan did by itself."""
        path = self.process.log.with_name("sos.log")
        return path.read_text("utf-8") if path.exists() else ""


def platform_settings(home: Path, **changes: str) -> Settings:
    """Settings of a platform in `home` on free ports; `changes` are environment variables."""
    web, sip, ari, ami, control, standby, far_end = free_ports(7)
    return Settings.load(
        {
            "YJT_HOME": str(home),
            "YJT_WEB_PORT": str(web),
            "YJT_SIP_PORT": str(sip),
            "YJT_ARI_PORT": str(ari),
            "YJT_AMI_PORT": str(ami),
            "YJT_CONTROL_PORT": str(control),
            "YJT_STANDBY_PORT": str(standby),
            "YJT_RTP_PORTS": str(sound_ports("of the session", SOUND_PORTS)),
            "YJT_TRUNK_MATCH": TRUNK_HOST,
            "YJT_TRUNK_CONTACT": f"sip:{TRUNK_HOST}:{far_end}",
            **new_records(),
            **changes,
        }
    )


@pytest.fixture(scope="session")
def asterisk_program() -> Program:
    """The Asterisk to test with; `make test` has fetched it."""
    return find("asterisk", Settings.load())


@pytest.fixture(scope="session")
def platform_asterisk(
    asterisk_program: Program, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlatformAsterisk]:
    """One for the whole session: a test that stops or breaks it must start its own."""
    settings = platform_settings(tmp_path_factory.mktemp("platform"))
    secrets = Secrets.load_or_create(settings.home)
    render_platform(settings, secrets, SEATS, program=asterisk_program)
    process = process_of(settings, asterisk_program)
    with asyncio.Runner() as runner:
        try:
            runner.run(process.start())
            runner.run(process.wait_fully_booted())
            yield PlatformAsterisk(settings, secrets, process, tuple(process.log_problems()))
        finally:
            runner.run(process.stop())
