"""At the SIP door: strangers learn nothing, are counted, and are banned by address; those who belong here never are."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import pytest
from sqlalchemy import select

from ari_app.ami import AmiLink
from ari_app.ari import Client
from ari_app.sip_watch import SipWatch
from ari_app.strangers import BanLimits, Strangers
from home.asterisk import platform_asterisk as process_of
from home.asterisk import render_platform
from home.programs import Program
from home.secrets import Secrets
from models.base import utc_now
from models.database import Database, upgrade
from models.sip_bans import SipBan

from .conftest import SEATS, TRUNK_HOST, PlatformAsterisk, platform_settings
from .raw_sip import RawSip, proof, status
from .sip_phone import SipPhone

LIMITS = BanLimits(failures=10)
METHODS = ("REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "NOTIFY", "PUBLISH", "INFO", "REFER", "UPDATE", "X")
SCANNER, OFFICE, ANOTHER = "127.0.0.21", "127.0.0.22", "127.0.0.23"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'watch.db'}"
    await upgrade(url)
    made = Database(url)
    yield made
    await made.close()


@asynccontextmanager
async def watching(asterisk: PlatformAsterisk, database: Database, folder: Path) -> AsyncIterator[SipWatch]:
    """A watch that spares the trunk alone, so that addresses of this machine can be banned; what it has banned is
    lifted at the end."""
    keys, settings = asterisk.secrets, asterisk.settings
    async with Client(asterisk.url, username=keys.ari_user, password=keys.ari_password) as client:
        watch = SipWatch(
            client,
            database,
            ami=partial(AmiLink, settings.ami_port, user=keys.ami_user, password=keys.ami_password),
            strangers=Strangers(LIMITS, [ip_network(TRUNK_HOST)]),
            ban_log=folder / "sip-bans.log",
            now=utc_now,
        )
        running = asyncio.create_task(watch.run(), name="watch")
        try:
            await until(lambda: watch.linked)
            yield watch
            for ban in watch.banned():
                assert await watch.lift(ban.network, "test")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until(happened: Callable[[], bool], deadline: float = 15.0) -> None:
    async with asyncio.timeout(deadline):
        while not happened():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.02)


async def heard_from(sip: RawSip, wanted: int, deadline: float = 15.0) -> None:
    """Asks until the answer has this status: a ban is made beside the call path, not on it."""
    async with asyncio.timeout(deadline):
        while status(await sip.ask("OPTIONS")) != wanted:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


def faceless(answer: str) -> str:
    """An answer without what differs from one to the next, and without the stranger's own words."""
    own = re.compile(r"^(Via|From|To|Call-ID|CSeq):.*\r\n", re.MULTILINE)
    return re.sub(r'(nonce|opaque)="[^"]*"', r'\1=""', own.sub("", answer))


@pytest.mark.parametrize("method", METHODS)
async def test_an_unknown_user_and_a_seat_get_the_same_answer(platform_asterisk: PlatformAsterisk, method: str) -> None:
    async with RawSip.at(ANOTHER, platform_asterisk.sip) as sip:
        stranger, seat = await sip.ask(method, user="999"), await sip.ask(method, user="801")
    assert status(stranger) == 401
    assert faceless(stranger) == faceless(seat)
    assert not re.search("asterisk|yijiantong|pjsip|22\\.", stranger, re.IGNORECASE)


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(
    platform_asterisk: PlatformAsterisk, method: str
) -> None:
    answers = []
    async with RawSip.at(ANOTHER, platform_asterisk.sip) as sip:
        for user in ("999", "801"):
            asked = await sip.ask(method, user=user)
            uri = f"sip:100@{sip.server[0]}:{sip.server[1]}"
            mine = proof(asked, method, uri, user=user, password="guessed")
            answers.append(await sip.ask(method, user=user, uri=uri, extra=mine))
    assert status(answers[0]) == 401
    assert faceless(answers[0]) == faceless(answers[1])


async def test_the_time_of_an_answer_tells_nothing(platform_asterisk: PlatformAsterisk) -> None:
    took: dict[str, list[float]] = {"999": [], "801": []}
    async with RawSip.at(ANOTHER, platform_asterisk.sip) as sip:
        for _ in range(60):
            for user, times in took.items():
                began = time.perf_counter()
                await sip.ask("REGISTER", user=user)
                times.append(time.perf_counter() - began)
    unknown, seat = (statistics.median(times) for times in took.values())
    assert abs(unknown - seat) < 0.005, f"{unknown * 1000:.2f} ms and {seat * 1000:.2f} ms"


@pytest.mark.parametrize("method", ["ACK", "BYE", "CANCEL"])
async def test_what_belongs_to_no_call_tells_nothing(platform_asterisk: PlatformAsterisk, method: str) -> None:
    async with RawSip.at(ANOTHER, platform_asterisk.sip) as sip:
        for user in ("999", "801"):
            if method == "ACK":
                sip.send(sip.request(method, user=user))
                assert await sip.silence(0.3)
            else:
                assert status(await sip.ask(method, user=user)) == 481


async def test_a_scanner_is_banned_and_everybody_else_served(
    platform_asterisk: PlatformAsterisk, database: Database, tmp_path: Path
) -> None:
    async with (
        watching(platform_asterisk, database, tmp_path) as watch,
        RawSip.at(SCANNER, platform_asterisk.sip) as scanner,
        SipPhone.plugged_in(TRUNK_HOST, platform_asterisk.sip) as trunk,
        SipPhone.plugged_in(OFFICE, platform_asterisk.sip, user="801", password=SEATS[0].password) as seat,
    ):
        for number in range(LIMITS.failures):
            await scanner.ask("REGISTER", user=str(100 + number))
        await heard_from(scanner, 403)
        assert [str(ban.network) for ban in watch.banned()] == [f"{SCANNER}/32"]
        assert watch.counted["PJSIP.ChallengeSent"] >= LIMITS.failures
        assert await seat.register() == 200
        assert await trunk.call("*99") == 200
        await until((tmp_path / "sip-bans.log").exists)
        line = (tmp_path / "sip-bans.log").read_text()
        assert re.fullmatch(rf"[0-9: -]{{19}} sip-ban {SCANNER}/32 for 600 s after 10 failures\n", line)
        async with database.read() as session:
            row = await session.scalar(select(SipBan))
        assert row is not None
        assert (row.network, row.failures, row.times) == (f"{SCANNER}/32", 10, 1)
        assert await watch.lift(ip_network(SCANNER), "user:1")
        await heard_from(scanner, 401)
        assert not await watch.lift(ip_network(SCANNER), "user:1")


async def test_neither_the_trunk_nor_the_address_of_a_seat_is_ever_banned(
    platform_asterisk: PlatformAsterisk, database: Database, tmp_path: Path
) -> None:
    async with (
        watching(platform_asterisk, database, tmp_path) as watch,
        SipPhone.plugged_in(OFFICE, platform_asterisk.sip, user="801", password=SEATS[0].password) as seat,
        RawSip.at(OFFICE, platform_asterisk.sip) as mistaken,
        RawSip.at(SCANNER, platform_asterisk.sip) as scanner,
    ):
        assert await seat.register() == 200
        uri = f"sip:{mistaken.server[0]}"
        for _ in range(2 * LIMITS.failures):
            asked = await mistaken.ask("REGISTER", user="802", uri=uri)
            mine = proof(asked, "REGISTER", uri, user="802", password="mistyped")
            assert status(await mistaken.ask("REGISTER", user="802", uri=uri, extra=mine)) == 401
        # Whoever came after them has been judged after them: the one mailbox keeps the order.
        for _ in range(LIMITS.failures):
            await scanner.ask("REGISTER")
        await heard_from(scanner, 403)
        assert [str(ban.network) for ban in watch.banned()] == [f"{SCANNER}/32"]
        assert any(OFFICE in problem for problem in watch.problems)
        assert await seat.register() == 200


async def test_nobody_can_have_another_address_banned(
    platform_asterisk: PlatformAsterisk, database: Database, tmp_path: Path
) -> None:
    """An account name with line breaks in it is written into AMI's stream as it is."""
    forged = [
        f"x%0d%0aRemoteAddress:%20IPV4/UDP/{ANOTHER[:8]}",
        "%0d%0aRemoteAddress:IPV4/UDP/1.2.3.4/5",
        "%0d%0a%0d%0aEvent: ChallengeSent%0d%0a".replace(" ", "%20"),
        "%0d%0a%0d%0aRemoteAddress:%20IPV4/UDP/9/1",
        "x%0aRemoteAddress%3a%20IPV4/UDP/9.9.9.9/1",
        "x%0d%0aRemoteAddress%3a%20IPV4/UDP/9.9.9.9/1",
        "%0d%0a%0d%0a",
    ]
    async with (
        watching(platform_asterisk, database, tmp_path) as watch,
        RawSip.at(SCANNER, platform_asterisk.sip) as scanner,
    ):
        for _ in range(LIMITS.failures):
            for user in forged:
                scanner.send(scanner.request("REGISTER", user=user))
        await heard_from(scanner, 403)
        assert [str(ban.network) for ban in watch.banned()] == [f"{SCANNER}/32"]


@pytest.mark.slow
async def test_bans_outlive_asterisk_and_controller(
    tmp_path: Path, asterisk_program: Program, database: Database
) -> None:
    settings = platform_settings(tmp_path / "home")
    secrets = Secrets.load_or_create(settings.home)
    render_platform(settings, secrets, SEATS, program=asterisk_program)
    process = process_of(settings, asterisk_program)
    asterisk = PlatformAsterisk(settings, secrets, process)
    try:
        await process.start()
        await process.wait_fully_booted()
        async with watching(asterisk, database, tmp_path) as watch, RawSip.at(SCANNER, asterisk.sip) as scanner:
            for _ in range(LIMITS.failures):
                await scanner.ask("REGISTER")
            await heard_from(scanner, 403)
            await process.kill()
            await process.start()
            await process.wait_fully_booted()
            await heard_from(scanner, 403, 30)
            assert watch.banned()
            async with database.read() as session:
                assert await session.scalar(select(SipBan.network)) == f"{SCANNER}/32"
            await process.kill()
            await process.start()
            await process.wait_fully_booted()
            # A watch that starts anew, beside a fresh Asterisk, knows of it from the record.
            async with watching(asterisk, database, tmp_path):
                await heard_from(scanner, 403, 30)
    finally:
        await process.stop()


async def test_a_wrong_password_opens_no_link_to_ami(platform_asterisk: PlatformAsterisk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", platform_asterisk.settings.ami_port)
    writer.write(f"Action: Login\r\nUsername: {platform_asterisk.secrets.ami_user}\r\nSecret: wrong\r\n\r\n".encode())
    said = await asyncio.wait_for(reader.readuntil(b"Authentication failed"), 5)
    assert b"Response: Error" in said
    writer.close()
    await writer.wait_closed()
