"""Malformed SIP by the hundred, from strangers, from the trunk and from a seat's address: Asterisk lives on, calls are
served during it and after it, and memory does not run away."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from home.asterisk import platform_asterisk, render_platform
from home.programs import Program
from home.secrets import Secrets

from .conftest import SEATS, TRUNK_HOST, PlatformAsterisk, platform_settings
from .raw_sip import RawSip, status
from .sip_fuzz import damaged, torture
from .sip_phone import SipPhone
from .test_dialplan import quiet

SEED = 20261125
DAMAGED = 150  # random messages from each place, after the written ones
PLACES = {"stranger": "127.0.0.31", "trunk": TRUNK_HOST, "seat": "127.0.0.32"}
GROWTH = 64_000  # kB that a few hundred messages may cost: pools that Asterisk keeps, not one of them for each message


@pytest.fixture
async def asterisk(tmp_path: Path, asterisk_program: Program) -> AsyncIterator[PlatformAsterisk]:
    """One of its own: what is left of broken calls must not be in the way of other tests."""
    settings = platform_settings(tmp_path / "home")
    keys = Secrets.load_or_create(settings.home)
    render_platform(settings, keys, SEATS, program=asterisk_program)
    process = platform_asterisk(settings, asterisk_program)
    async with process.run():
        yield PlatformAsterisk(settings, keys, process)


def memory(asterisk: PlatformAsterisk) -> int:
    """kB of it that are in use."""
    found = re.search(r"^VmRSS:\s+([0-9]+) kB", Path(f"/proc/{asterisk.process.pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


async def a_call_is_served(asterisk: PlatformAsterisk) -> None:
    async with SipPhone.plugged_in(TRUNK_HOST, asterisk.sip) as caller:
        assert await caller.call("*99", deadline=20) == 200


async def pour(asterisk: PlatformAsterisk, sip: RawSip, messages: list[bytes]) -> None:
    """Sends them in handfuls, each after Asterisk has answered a sound one: none is lost in a full buffer unread."""
    for start in range(0, len(messages), 25):
        for message in messages[start : start + 25]:
            sip.send(message)
        async with RawSip.at("127.0.0.33", asterisk.sip) as healthy:
            assert status(await healthy.ask("OPTIONS", deadline=20)) == 401
        while not sip.answers.empty():
            sip.answers.get_nowait()


async def test_malformed_messages_harm_nobody(asterisk: PlatformAsterisk) -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    await a_call_is_served(asterisk)
    before, pid = memory(asterisk), asterisk.process.pid
    async with SipPhone.plugged_in(PLACES["seat"], asterisk.sip, user="801", password=SEATS[0].password) as seat:
        assert await seat.register() == 200
        sent = 0
        for host in PLACES.values():
            async with RawSip.at(host, asterisk.sip) as sip:
                messages = [*torture(sip), *damaged(sip, chance, DAMAGED)]
                await asyncio.gather(pour(asterisk, sip, messages), a_call_is_served(asterisk))
                sent += len(messages)
            await asterisk.process.cli("channel request hangup all")
        print(f"{sent} messages, memory {before} -> {memory(asterisk)} kB")
        assert asterisk.process.running
        assert asterisk.process.pid == pid
        assert await seat.register() == 200
    await quiet(asterisk, 60)
    await a_call_is_served(asterisk)
    assert memory(asterisk) - before < GROWTH
