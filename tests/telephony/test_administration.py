"""Seats, policy and prompts are changed from the web while people talk: nobody hears it, and it is live at once."""

from __future__ import annotations

import asyncio
import itertools
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from drill.ear import Ear
from drill.people import people_talk
from home.asterisk_platform import prompts_dir, recordings_dir
from home.programs import Program
from models.elder_forms import ElderForm, TerminalForm
from models.people import UserRole, create_user, generate_password
from models.seats import Seat
from web.app import make_app

from .house import ELDER_LINE, House, grandmother, open_house
from .sip_phone import SipPhone

GRANDPA_LINE = "02110000002"
HEARD_AS_A_GAP = 1.0  # seconds without sound coming in; less is the test machine


def grandfather() -> ElderForm:
    return ElderForm(name="演示·李爷爷", home_phone=GRANDPA_LINE, terminals=(TerminalForm(line=GRANDPA_LINE),))


class Office:
    """An administrator at the web of this house."""

    def __init__(self, client: TestClient[web.Request, web.Application], token: str) -> None:
        self._client = client
        self._head = {"Authorization": f"Bearer {token}"}

    async def page(self, method: str, path: str) -> tuple[str, str]:
        """Where it has led to, and what stands there."""
        async with self._client.request(method, path, headers=self._head) as answer:
            assert answer.status == 200, await answer.text()
            return answer.url.path, await answer.text()

    async def asks(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        more = {"json": body} if body else {}
        async with self._client.request(method, f"/api/v1/{path}", headers=self._head, **more) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()  # type: ignore[no-any-return]


@asynccontextmanager
async def office(house: House, *, seat: str | None = None) -> AsyncIterator[Office]:
    password = generate_password()
    await create_user(house.database, "boss", password, name="演示管理员", roles=[UserRole.ADMIN], seat=seat)
    async with TestClient(TestServer(make_app(house.settings, house.secrets))) as client:
        answer = await client.post("/api/v1/login", json={"username": "boss", "password": password})
        yield Office(client, (await answer.json())["token"])


@asynccontextmanager
async def phone_of(house: House, extension: str, password: str, host: str) -> AsyncIterator[SipPhone]:
    server = (house.settings.sip_host, house.settings.sip_port)
    async with SipPhone.plugged_in(host, server, user=extension, password=password) as phone:
        assert await phone.register() == 200
        await house.told("seat", extension=extension, registered=True)
        yield phone


def longest_gap(phone: SipPhone, since: float) -> float:
    """Seconds in which nothing at all came in."""
    times = [since, *(at for at, _ in phone.ear.frames if at > since), time.monotonic()]
    return max(later - earlier for earlier, later in itertools.pairwise(times))


@pytest.mark.clause("H1")
async def test_a_seat_is_added_while_others_talk_and_takes_the_next_call(
    tmp_path: Path, asterisk_program: Program
) -> None:
    elders = [grandmother(), grandfather()]
    async with (
        open_house(tmp_path, asterisk_program, elders=elders, seats=("801",), phones=()) as house,
        office(house) as admin,
    ):
        async with house.database.read() as session:
            password = (await session.get_one(Seat, "801")).sip_password
        async with phone_of(house, "801", password, "127.0.0.5") as first:
            await house.agent("801").is_ready()
            await house.town.elder(ELDER_LINE).press_key()
            await first.answer()
            talking = await house.case(state="talking")
            await people_talk(1)
            since = time.monotonic()

            made = await admin.asks("POST", "seat-records", extension="802", name="新坐席", skills=["agent"])
            assert made["live"] == "now"
            await admin.asks("PUT", "policy/seat_ring", value=25, version=0)
            await admin.asks("PUT", "duty-phones", phones=["12000000008"], version=0)
            assert house.controller.policy.seat_ring == 25
            assert "12000000008" in await house.asterisk.cli("dialplan show globals")
            renewed = (await admin.asks("POST", "seat-records/802/password"))["sip_password"]
            async with SipPhone.plugged_in("127.0.0.7", first.server, user="802", password=made["sip_password"]) as old:
                assert await old.register() != 200
            async with phone_of(house, "802", renewed, "127.0.0.6") as second:
                await house.agent("802").is_ready()
                await house.town.elder(GRANDPA_LINE).press_key()
                await second.answer()
                await house.told("case", caller=GRANDPA_LINE, state="talking")
                assert longest_gap(first, since) < HEARD_AS_A_GAP
                assert not first.ended.is_set()
                assert house.latest(talking["id"])["state"] == "talking"
                second_case = next(one for one in house.controller.runs.values() if one.case.caller == GRANDPA_LINE)
                asked = {"outcome": "consultation", "note": ""}
                assert (await house.agent("802").asks("close", second_case.case.id, **asked))[0] == 200
                await house.told("case", within=20, id=second_case.case.id, state="closed")
                await house.told("seat", within=5, extension="802", case=None, state="wrap_up")
                record = next(
                    one for one in (await admin.asks("GET", "seat-records"))["items"] if one["extension"] == "802"
                )
                await admin.asks("DELETE", f"seat-records/802?version={record['version']}")
                assert "802" not in house.controller.desk.seats
                assert await second.register() != 200
            assert longest_gap(first, since) < HEARD_AS_A_GAP
            assert (await house.agent("801").asks("close", talking["id"], outcome="consultation", note=""))[0] == 200
            await house.told("case", within=20, id=talking["id"], state="closed")


async def test_a_prompt_is_spoken_into_the_phone_and_heard_by_the_next_caller(
    tmp_path: Path, asterisk_program: Program
) -> None:
    elders = [grandmother()]
    async with (
        open_house(tmp_path, asterisk_program, elders=elders, seats=("801",)) as house,
        office(house, seat="801") as admin,
    ):
        at, page = await admin.page("POST", "/admin/prompts/zh/welcome/takes")
        assert "正在振铃" in page
        speaker = house.town.seat("801", voice="doctor")
        call = await speaker.answer()
        await until(admin, at, "正在录制")
        await people_talk(4)
        await speaker.press("#")
        await call.ended(within=5)
        await until(admin, at, "录制完成")
        _, page = await admin.page("POST", at)
        assert "本地录音" in page
        played = prompts_dir(house.settings) / "welcome.wav"
        with wave.open(str(played)) as sound:
            assert 3 < sound.getnframes() / sound.getframerate() < 6
        assert not list((recordings_dir(house.settings) / "prompt-takes").iterdir())
        grandma = house.town.elder(ELDER_LINE)
        await grandma.press_key()
        await people_talk(4)
        await house.agent("801").is_ready()
        await house.town.seat("801").answer()
        await house.case(state="talking")
        assert (await house.agent("801").asks("close", outcome="consultation", note=""))[0] == 200
        await house.case(within=20, state="closed")
        heard = await asyncio.to_thread(Ear.of_the_town().listen, grandma.line.ear)
    assert heard.voice("doctor") > 2, str(heard)
    assert heard.prompt("welcome") == 0, str(heard)


async def until(admin: Office, path: str, words: str) -> None:
    async with asyncio.timeout(10):
        while words not in (await admin.page("GET", path))[1]:  # noqa: ASYNC110 (a browser reads it again as well)
            await asyncio.sleep(0.2)
