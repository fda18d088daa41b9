"""What outsiders write into their messages: no word of it reaches the dialplan, a shell, a controller or a log."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import SEATS, TRUNK_HOST, PlatformAsterisk
from .raw_sip import RawSip, acknowledgement, header, status
from .sip_phone import SipPhone
from .test_dialplan import controller_of, quiet

MARK = "qzx"  # stands in every hostile value, and nowhere else
CALLER = "02177661234"
SEAT_HOST = "127.0.0.3"
VALUES = {
    "dialplan": MARK + "${{SHELL(touch {canary})}}$[1/0]%x%n",
    "shell": MARK + "`touch {canary}`$(touch {canary});touch {canary}|touch {canary}&&touch {canary}",
    "dial": MARK + "500&PJSIP/120@trunk,30,gU(sos)^1",
    "quotes": MARK + '"a\\"; <sip:120@x>, "c\\\\',
    "controls": MARK + "\x01\x08\x1b[31mred\x7f\t",
    "emoji": MARK + "奶奶👵🏽🔥",
    "markup": MARK + "<script>alert(1)</script>{{{{7*7}}}}",
    "long": MARK + "长" * 3400,
}
HEADERS = (
    "Subject",
    "User-Agent",
    "Organization",
    "X-Name",
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
    "Alert-Info",
    "Call-Info",
    "Reason",
    "P-Charging-Vector",
)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that only a command out of a message would make."""
    yield tmp_path / "canary"
    assert not (tmp_path / "canary").exists()


def logs_of(asterisk: PlatformAsterisk) -> str:
    """What was logged by whatever part, but for security.log, which the names of strangers are for."""
    files = [file for file in asterisk.process.log.parent.glob("*.log*") if not file.name.startswith("security")]
    return "".join(file.read_text("utf-8", "replace") for file in files)


def hostile(name: str, canary: Path) -> str:
    return VALUES[name].format(canary=canary)


def in_every_header(value: str) -> str:
    """A line for each header; short enough that the message stays one datagram."""
    return "".join(f"{one}: {value[:400]}\r\n" for one in HEADERS)


def leaked(asterisk: PlatformAsterisk) -> list[str]:
    """Lines of the logs with a hostile word or the caller's number in them, but for one kind: Asterisk itself complains
    of a name that is longer than 79 bytes or no UTF-8 (docs/security.md, what remains)."""
    lines = [line for line in logs_of(asterisk).splitlines() if MARK in line or CALLER in line]
    return [line for line in lines if "set_id_from_hdr: CallerID Name" not in line]


def quoted(value: str) -> str:
    """As a display name: a quoted string of SIP."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Dialog:
    """One call that a test writes by hand."""

    def __init__(self, sip: RawSip, **wanted: str) -> None:
        self.sip = sip
        self.wanted = {"tag": secrets.token_hex(4), "call_id": secrets.token_hex(8), **wanted}
        self.sequence = 1

    async def invite(self, extra: str = "") -> str:
        invite = self.sip.request("INVITE", **self.wanted, extra=extra, body=self.sip.sdp())
        self.sip.send(invite)
        answer = await self.sip.answer_to(invite, deadline=8)
        if status(answer) != 200:
            self.sip.send(acknowledgement(invite, answer))
            return answer
        self.wanted["to"] = header(answer, "To")
        self.sip.send(self.sip.request("ACK", **self.wanted))
        return answer

    async def ask(self, method: str, *, deadline: float = 5.0, **more: str) -> int:
        """The status of a request inside the call."""
        return status(await self.sip.answer_to(self.say(method, **more), deadline=deadline))

    def say(self, method: str, **more: str) -> str:
        """Sends a request inside the call, and waits for no answer; the request."""
        self.sequence += 1
        message = self.sip.request(method, **{**self.wanted, "sequence": str(self.sequence), **more})
        self.sip.send(message)
        return message

    async def is_not_done(self, method: str, **more: str) -> bool:
        """Whether such a request is refused; Asterisk says nothing at all to some that it has no module for."""
        try:
            return await self.ask(method, deadline=0.4, **more) >= 400
        except TimeoutError:
            return True


async def next_call_is_served(asterisk: PlatformAsterisk) -> None:
    async with SipPhone.plugged_in(TRUNK_HOST, asterisk.sip) as caller:
        assert await caller.call("*99") == 200


@pytest.mark.parametrize("name", VALUES)
async def test_no_word_of_the_trunk_goes_further(platform_asterisk: PlatformAsterisk, name: str, canary: Path) -> None:
    value = hostile(name, canary)
    lines = in_every_header(value)
    async with controller_of(platform_asterisk) as controller, RawSip.at(TRUNK_HOST, platform_asterisk.sip) as sip:
        dialog = Dialog(sip, user=CALLER, display=quoted(value))
        inviting = asyncio.create_task(dialog.invite(lines))
        call = await controller.next_call()
        assert all(re.fullmatch(r"[0-9A-Za-z+*#/._-]*", word) for word in call.args), call.args
        assert call.args[2] == CALLER
        assert MARK not in repr(call)
        await controller.client.channels.answer(channelId=call.channel.id)
        assert status(await inviting) == 200
        assert await dialog.ask("INFO", kind="application/dtmf-relay", body=f"Signal={value}\r\nDuration=160\r\n") < 700
        assert await dialog.ask("INFO", kind="application/dtmf", body=value) < 700
        dialog.say("MESSAGE", kind="text/plain", body=value, extra=lines)
        dialog.say("REFER", extra=f"Refer-To: <sip:120@{TRUNK_HOST}>\r\n{lines}")
        assert await dialog.ask("UPDATE", extra=lines, display=quoted(value)) < 700
        assert await dialog.ask("OPTIONS", extra=lines) < 700
        assert await dialog.ask("BYE", extra=f"Reason: Q.850;cause=16;text={quoted(value)}\r\n{lines}") == 200
    await quiet(platform_asterisk)
    await next_call_is_served(platform_asterisk)
    assert leaked(platform_asterisk) == []


@pytest.mark.parametrize("name", VALUES)
async def test_no_dialled_word_of_a_seat_goes_further(
    platform_asterisk: PlatformAsterisk, name: str, canary: Path
) -> None:
    value = hostile(name, canary)
    dialled = "".join(f"%{byte:02x}" for byte in value[:300].encode())
    async with RawSip.at(SEAT_HOST, platform_asterisk.sip) as sip:
        server = f"{sip.server[0]}:{sip.server[1]}"
        for uri in (f"sip:{dialled}@{server}", f"sip:*40@{server};x={dialled}", f"sip:*4{dialled}@{server}"):
            answer = await sip.ask_as_seat(
                "INVITE",
                user="801",
                password=SEATS[0].password,
                uri=uri,
                display=quoted(value),
                extra=in_every_header(value),
                body=sip.sdp(),
            )
            assert status(answer) in (200, 404, 484, 488, 603)
        for method, kind in (("MESSAGE", "text/plain"), ("INFO", "application/dtmf-relay"), ("SUBSCRIBE", "")):
            answer = await sip.ask_as_seat(
                method, user="801", password=SEATS[0].password, body=value if kind else "", kind=kind
            )
            assert status(answer) >= 400
    await platform_asterisk.process.cli("channel request hangup all")
    await quiet(platform_asterisk)
    await next_call_is_served(platform_asterisk)
    assert leaked(platform_asterisk) == []


@pytest.mark.parametrize("name", VALUES)
async def test_a_strangers_words_are_in_no_log(platform_asterisk: PlatformAsterisk, name: str, canary: Path) -> None:
    value = hostile(name, canary)
    async with RawSip.at("127.0.0.24", platform_asterisk.sip) as sip:
        for method in ("REGISTER", "INVITE", "MESSAGE"):
            escaped = "".join(f"%{byte:02x}" for byte in value[:100].encode())
            lines = in_every_header(value)
            sip.send(sip.request(method, user=escaped, display=quoted(value), extra=lines))
            sip.send(sip.request(method, user=value, extra=lines))
        assert status(await sip.ask("OPTIONS")) == 401
    await next_call_is_served(platform_asterisk)
    assert leaked(platform_asterisk) == []


async def test_a_call_with_a_name_of_ten_kilobytes_is_served(platform_asterisk: PlatformAsterisk) -> None:
    async with (
        controller_of(platform_asterisk) as controller,
        SipPhone.plugged_in(TRUNK_HOST, platform_asterisk.sip) as caller,
    ):
        calling = asyncio.create_task(caller.call("12349", sender=f'"{MARK * 3400}" <sip:{CALLER}@{{host}}>'))
        call = await controller.next_call()
        assert call.channel.caller.name == ""
        await controller.client.channels.hangup(channelId=call.channel.id)
        assert await calling >= 400
    assert leaked(platform_asterisk) == []
