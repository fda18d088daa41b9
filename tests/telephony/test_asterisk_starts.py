"""The platform's Asterisk on real Asterisk: it starts clean, listens where it should, and lets in nobody else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

from ari_app.ari import Client
from home.asterisk import AsteriskError, AsteriskProcess, render_platform
from home.programs import Program
from home.secrets import Secrets

from .conftest import SEATS, TRUNK_HOST, PlatformAsterisk, platform_settings
from .sip_phone import SipPhone

STRANGER_HOST = "127.0.0.9"


async def test_the_start_is_without_a_warning_and_every_module_runs(platform_asterisk: PlatformAsterisk) -> None:
    modules = platform_asterisk.process.etc.joinpath("modules.conf").read_text("utf-8")
    wanted = set(re.findall(r"^load = (\S+)$", modules, re.MULTILINE))
    shown = await platform_asterisk.process.cli("module show")
    running = {line.split()[0] for line in shown.splitlines() if " Running " in line}
    assert wanted <= running
    assert platform_asterisk.start_problems == ()


async def test_a_second_start_of_the_same_files_is_clean_too(asterisk_program: Program, tmp_path: Path) -> None:
    settings = platform_settings(tmp_path)
    secrets = Secrets.load_or_create(settings.home)
    assert render_platform(settings, secrets, SEATS, program=asterisk_program) != []
    process = AsteriskProcess(asterisk_program, settings.home / "asterisk")
    for _ in range(2):
        async with process.run():
            assert process.log_problems() == []
        assert not process.running
    assert render_platform(settings, secrets, SEATS, program=asterisk_program) == []


async def test_the_log_is_rotated_and_only_the_newest_are_kept(asterisk_program: Program, tmp_path: Path) -> None:
    settings = platform_settings(tmp_path)
    render_platform(settings, Secrets.load_or_create(settings.home), SEATS, program=asterisk_program)
    async with AsteriskProcess(asterisk_program, settings.home / "asterisk").run() as process:
        assert not await process.rotate_log()
        for _ in range(12):
            assert await process.rotate_log(over=0)
        kept = sorted(path.name for path in process.log.parent.glob("messages.log*"))
    assert kept == ["messages.log", *(f"messages.log.{number}" for number in range(9))]


async def test_an_asterisk_that_ends_at_once_says_why(asterisk_program: Program, tmp_path: Path) -> None:
    process = AsteriskProcess(asterisk_program, tmp_path)
    process.prepare()
    process.etc.joinpath("asterisk.conf").write_text(
        f"[directories]\nastetcdir => {process.etc}\nastmoddir => /nowhere\nastlogdir => {tmp_path}/log\n"
        f"astrundir => {tmp_path}/run\nastdatadir => {asterisk_program.folders['data']}\nastdbdir => {tmp_path}/lib\n"
    )
    try:
        await process.start()
        with pytest.raises(AsteriskError, match=r"messages\.log"):
            await process.wait_fully_booted(8.0)
    finally:
        await process.stop()


async def test_ari_and_ami_listen_on_loopback_only(platform_asterisk: PlatformAsterisk) -> None:
    settings = platform_asterisk.settings
    listening = _listening(Path(f"/proc/{platform_asterisk.process.pid}"))
    assert listening == {("0100007F", settings.ari_port), ("0100007F", settings.ami_port)}


def _listening(process: Path) -> set[tuple[str, int]]:
    """The TCP addresses, as the kernel writes them, and ports on which a process waits for connections."""
    names = {link.readlink().name for link in (process / "fd").iterdir() if link.is_symlink()}
    rows = [line.split() for table in ("tcp", "tcp6") for line in (process / "net" / table).read_text().splitlines()]
    places = [row[1].split(":") for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in names]
    return {(address, int(port, 16)) for address, port in places}


async def test_a_wrong_ari_password_is_refused_and_nothing_else_is_served(platform_asterisk: PlatformAsterisk) -> None:
    user, password = platform_asterisk.secrets.ari_user, platform_asterisk.secrets.ari_password
    url = platform_asterisk.url
    async with aiohttp.ClientSession() as session:

        async def status(path: str, *, auth: tuple[str, str] | None = None) -> int:
            async with session.get(
                url + path, headers={"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
            ) as answer:
                return answer.status

        assert await status("/ari/channels", auth=(user, password)) == 200
        assert await status("/ari/channels", auth=(user, "wrong")) == 401
        assert await status("/ari/channels", auth=("asterisk", "asterisk")) == 401
        assert await status("/ari/channels") == 401
        assert [await status(path) for path in ("/httpstatus", "/static/index.html", "/amanager", "/")] == [404] * 4


async def test_ami_lets_us_look_but_not_act(platform_asterisk: PlatformAsterisk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", platform_asterisk.settings.ami_port)

    async def ask(**fields: str) -> str:
        writer.write("".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n")
        while "Response:" not in (packet := (await reader.readuntil(b"\r\n\r\n")).decode()):
            pass
        return packet

    async with asyncio.timeout(10):
        try:
            assert "Error" in await ask(Action="Login", Username=platform_asterisk.secrets.ami_user, Secret="wrong")
            reader, writer = await _again(writer, platform_asterisk.settings.ami_port)
            secrets = platform_asterisk.secrets
            assert "Success" in await ask(Action="Login", Username=secrets.ami_user, Secret=secrets.ami_password)
            assert "Success" in await ask(Action="Ping")
            for action in ("Originate", "Command", "Redirect", "Setvar", "UpdateConfig"):
                packet = await ask(Action=action, Channel="PJSIP/801", Command="core stop now", Variable="A", Value="1")
                assert "Permission denied" in packet
        finally:
            writer.close()
            await writer.wait_closed()


async def _again(writer: asyncio.StreamWriter, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    writer.close()
    await writer.wait_closed()
    return await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize("sender", ["", '"x" <sip:801@{host}>', "<sip:trunk@{host}>"])
async def test_an_unknown_caller_gets_nothing(platform_asterisk: PlatformAsterisk, sender: str) -> None:
    before = platform_asterisk.sos_log()
    async with SipPhone.plugged_in(STRANGER_HOST, platform_asterisk.sip) as stranger:
        assert await stranger.call("12349", sender=sender) == 401
    assert platform_asterisk.sos_log() == before


async def test_a_seat_registers_with_its_password_only(platform_asterisk: PlatformAsterisk) -> None:
    async with SipPhone.plugged_in(STRANGER_HOST, platform_asterisk.sip, user="801", password="password-802") as phone:
        assert await phone.register() in (401, 403)
    for seat in SEATS:
        async with SipPhone.plugged_in(
            STRANGER_HOST, platform_asterisk.sip, user=seat.extension, password=seat.password
        ) as phone:
            assert await phone.register() == 200


async def test_ari_sees_trunk_and_seats(platform_asterisk: PlatformAsterisk) -> None:
    secrets = platform_asterisk.secrets
    async with Client(platform_asterisk.url, username=secrets.ari_user, password=secrets.ari_password) as client:
        found = {endpoint.resource for endpoint in await client.endpoints.list()}
    assert found == {"trunk", "801", "801-page", "802", "802-page"}
    assert TRUNK_HOST in await platform_asterisk.process.cli("pjsip show identifies")
