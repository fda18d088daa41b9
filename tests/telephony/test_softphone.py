"""A SIP softphone that is none of ours (baresip) registers as a seat and takes an SOS call."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drill import voices
from drill.ear import Ear
from drill.people import people_talk
from home.ports import free_ports
from home.programs import Program, find
from home.settings import Settings
from models.seats import list_seats

from .house import ELDER_LINE, House, grandmother, open_house
from .sip_phone import SipPhone

ITS_HOST = "127.0.0.4"
MINUTE = 60


def _spoken(path: Path, voice: str) -> None:
    """A minute of this voice: baresip ends the call when its file ends."""
    with wave.open(str(voices.clip(voice)), "rb") as clip, wave.open(str(path), "wb") as long:
        sound = clip.readframes(clip.getnframes())
        long.setparams(clip.getparams())
        long.writeframes(sound * (MINUTE * clip.getframerate() // clip.getnframes() + 1))


def _configure(folder: Path, program: Program, house: House, password: str) -> None:
    folder.mkdir()
    _spoken(folder / "microphone.wav", "agent_a")
    encrypted = house.settings.sip_tls_port is not None
    # what an account names must be there before the account is read
    modules = (*(("srtp", "sndfile", "aubridge") if encrypted else ()), "account", "g711", "aufile", "menu")
    config = [
        f"sip_listen {ITS_HOST}:0",
        f"net_interface {ITS_HOST}",
        "call_local_timeout 120",
        f"audio_source aufile,{folder / 'microphone.wav'}",
        # sndfile keeps what is heard, where there is somewhere to play it to
        f"audio_player {'aubridge,nobody' if encrypted else f'aufile,{folder}/speaker.wav'}",
        f"snd_path {folder}",
        f"audio_alert aufile,{folder / 'alert.wav'}",
        f"module_path {program.folders['modules']}",
        *(f"module {name}.so" for name in modules),
        "module_app account.so",
        "module_app menu.so",
    ]
    (folder / "config").write_text("\n".join(config) + "\n")
    server = f"{house.settings.sip_host}:{house.settings.sip_tls_port or house.settings.sip_port}"
    way, sound = (";transport=tls", ";mediaenc=srtp-mand") if encrypted else ("", "")
    account = f"<sip:801@{server}{way}>;auth_user=801;auth_pass={password};answermode=auto;audio_codecs=PCMA;regint=60"
    account += sound
    (folder / "accounts").write_text(account + "\n")
    (folder / "contacts").write_text("")


@asynccontextmanager
async def softphone(folder: Path, house: House) -> AsyncIterator[None]:
    """baresip, registered as seat 801 and answering by itself."""
    program = find("baresip", Settings.load())
    async with house.database.read() as session:
        password = next(seat.sip_password for seat in await list_seats(session) if seat.extension == "801")
    _configure(folder, program, house, password)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *program.argv("-f", str(folder)), env=program.environment(), stdin=-3, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_it_registers_and_takes_the_call(tmp_path: Path, asterisk_program: Program) -> None:
    async with (
        open_house(
            tmp_path / "home", asterisk_program, elders=[grandmother()], seats=("801", "802"), phones=("802",)
        ) as house,
        softphone(tmp_path / "baresip", house),
    ):
        await house.told("seat", within=10, extension="801", registered=True)
        await house.agent("801").is_ready()
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key()
        await house.case(state="talking")
        await people_talk(4)
        await house.agent("801").asks("close", outcome="consultation", note="")
        await house.case(within=20, state="closed")
        heard = await asyncio.to_thread(Ear.of_the_town().listen, grandma.line.ear)
    assert heard.voice("agent_a") > 2, str(heard)


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, str]:
    """The settings of a platform whose seats must encrypt, with a certificate of its own making."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here to make a certificate")
    certificate, key = tmp_path / "sip.crt", tmp_path / "sip.key"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run([openssl, *made, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return {
        "YJT_SIP_TLS_PORT": str(free_ports(1)[0]),
        "YJT_SIP_TLS_CERTIFICATE": str(certificate),
        "YJT_SIP_TLS_KEY": str(key),
        "YJT_SIP_SRTP": "required",
    }


async def test_over_tls_and_srtp_both_hear_each_other(
    tmp_path: Path, asterisk_program: Program, tls: dict[str, str]
) -> None:
    async with (
        open_house(
            tmp_path / "home",
            asterisk_program,
            elders=[grandmother()],
            seats=("801", "802"),
            phones=(),
            environment=tls,
        ) as house,
        softphone(tmp_path / "baresip", house),
    ):
        await house.told("seat", within=15, extension="801", registered=True)
        await house.agent("801").is_ready()
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key()
        await house.case(within=10, state="talking")
        seat = next(one for one in await house.ari.channels.list() if one.name.startswith("PJSIP/801"))
        for way in ("CHANNEL(rtp,secure)", "CHANNEL(pjsip,secure)"):
            answer = await house.ari.channels.getChannelVar(channelId=seat.id, variable=way)
            assert answer.value == "1", way
        await people_talk(5)
        await house.agent("801").asks("close", outcome="consultation", note="")
        await house.case(within=20, state="closed")
        async with house.database.read() as session:
            password = next(one.sip_password for one in await list_seats(session) if one.extension == "802")
        server = (house.settings.sip_host, house.settings.sip_port)
        async with SipPhone.plugged_in("127.0.0.5", server, user="802", password=password) as plain:
            assert await plain.register() == 200
            assert await plain.call("*40") == 488
    by_grandma = await asyncio.to_thread(Ear.of_the_town().listen, grandma.line.ear)
    assert by_grandma.voice("agent_a") > 2, str(by_grandma)
    (heard,) = (tmp_path / "baresip").glob("dump-*-dec.wav")
    by_agent = await asyncio.to_thread(Ear.of_the_town().listen, heard)
    assert by_agent.voice("elder_help") > 2, str(by_agent)
