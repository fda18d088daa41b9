"""A SIP softphone that is none of ours (baresip) registers as a seat and takes an SOS call."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drill import voices
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program, find
from home.settings import Settings
from models.seats import list_seats

from .house import ELDER_LINE, House, grandmother, open_house

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
    modules = ("account", "g711", "aufile", "menu")
    config = [
        f"sip_listen {ITS_HOST}:0",
        f"net_interface {ITS_HOST}",
        "call_local_timeout 120",
        f"audio_source aufile,{folder / 'microphone.wav'}",
        f"audio_player aufile,{folder / 'speaker.wav'}",
        f"audio_alert aufile,{folder / 'alert.wav'}",
        f"module_path {program.folders['modules']}",
        *(f"module {name}.so" for name in modules),
        "module_app account.so",
        "module_app menu.so",
    ]
    (folder / "config").write_text("\n".join(config) + "\n")
    server = f"{house.settings.sip_host}:{house.settings.sip_port}"
    account = f"<sip:801@{server}>;auth_user=801;auth_pass={password};answermode=auto;audio_codecs=PCMA;regint=60"
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
